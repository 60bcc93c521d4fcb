"""Prometheus and what speaks its API (Thanos, Mimir, VictoriaMetrics): https://prometheus.io/docs/prometheus/latest/querying/api/"""

from __future__ import annotations

from bot.domain.errors import SourceError
from bot.domain.ports import ContextSource
from integrations.descriptor import CheckResult, CheckState, Integration, Tools
from integrations.failure import as_check
from integrations.prometheus.actions import actions
from integrations.prometheus.client import PrometheusClient
from integrations.prometheus.settings import PrometheusSettings
from integrations.prometheus.source import PrometheusSource

SUBJECT = "Prometheus"


def _sources(settings: PrometheusSettings, tools: Tools) -> tuple[ContextSource, ...]:
    return (PrometheusSource(settings, tools),) if settings.url else ()


async def _check(settings: PrometheusSettings, tools: Tools) -> tuple[CheckResult, ...]:
    if not settings.url:
        detail = "PROMETHEUS_URL is not set: briefings come without metrics"
        return (CheckResult(subject=SUBJECT, state=CheckState.NOT_SET_UP, detail=detail),)

    def ask() -> tuple[int, int]:
        with PrometheusClient(settings, deadline=tools.source_deadline) as client:
            answer = client.instant("vector(1)", at=tools.clock.now())
            if [one.value for one in answer] != [1]:
                raise client.vendor.nonsense("vector(1) is not 1")
            return len(client.rules()), len(client.firing())

    try:
        rules, firing = await tools.threads.run(ask)
    except SourceError as error:
        return (as_check(SUBJECT, error),)
    detail = f"answers at {settings.url}: {rules} alerting rules, {firing} alerts firing"
    return (CheckResult(subject=SUBJECT, state=CheckState.OK, detail=detail),)


INTEGRATION = Integration(
    name="prometheus",
    title="Prometheus",
    settings=PrometheusSettings,
    sources=_sources,
    actions=actions,
    check=_check,
)
