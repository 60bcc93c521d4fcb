"""Every shipped template is asked and answered, by the replay server and by a real Prometheus where there is one."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import promql_parser as promql
import pytest

from bot.domain.catalog import Service
from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, ForecastFact, MetricFact
from bot.domain.setting import read
from integrations.prometheus.discovery import Batch, what_exists
from integrations.prometheus.names import Known
from integrations.prometheus.questions import beside, usual_query, with_limit
from integrations.prometheus.settings import PrometheusSettings
from integrations.prometheus.source import PrometheusSource
from integrations.prometheus.templates import ForecastTemplate, Template, filled, templates
from sandbox.prometheus.server import create_app
from sandbox.scenario.load import load
from sandbox.scenario.model import TimeSeries
from sandbox.serve import serving
from tests.integrations.asking import ALERT, ONSET, asked, tools
from tests.sandbox.prometheus.made import made, selectors
from tests.sandbox.prometheus.real import IS_INSTALLED, real_prometheus

NOW = ONSET + timedelta(minutes=4)
UNTIL = NOW.timestamp()
DEADLINE = 60.0  # the machine may be busy with other things
SCENARIO = load("bad-deployment", UNTIL)  # its series are replaced
PAGE = Path(__file__).parents[2] / "docs" / "sources" / "prometheus.md"
FORETOLD = {one.subject: f"forecast of {re.sub(r' ?(of )?[$].*', '', one.subject)}" for one in templates().forecasts}
ALL: list[Template | ForecastTemplate] = [*templates().signals, *templates().forecasts]
TOGETHER = 20  # services on one replay server, which looks through all its series for each query
POD = "7c9f6d8b5d-x2x4z"


@dataclass(frozen=True)
class Case:
    """One template under one of its labels, as a service of its own that has these metrics alone."""

    template: Template | ForecastTemplate
    label: str
    service: str

    @property
    def own(self) -> dict[str, str]:
        return {self.label: f"{self.service}-{POD}" if self.label == "pod" else self.service}

    def rendered(self, query: str) -> str:
        matcher = ",".join(f'{name}="{value}"' for name, value in self.own.items())
        return filled(query, label=self.label, own=matcher, window="5m")

    def series(self) -> list[TimeSeries]:
        template = self.template
        queries = {self.rendered(template.query): False}
        if isinstance(template, Template) and template.limit_query:
            queries[self.rendered(template.limit_query)] = True
        return made(queries, self.own, UNTIL)


def letters(number: int) -> str:
    """No name is the beginning of another's."""
    return f"unit{chr(97 + number // 26)}{chr(97 + number % 26)}"


CASES = [
    Case(template, label, f"{letters(index)}{position}")
    for index, template in enumerate(ALL)
    for position, label in enumerate(("service", *template.labels))
    if position in (1, len(template.labels))
]


def named(case: Case) -> str:
    template = case.template
    return f"{template.exporter}: {template.name if isinstance(template, Template) else template.subject}, {case.label}"


def request_for(service: str) -> ContextRequest:
    alert = replace(ALERT, query=None, service=service, labels={"alertname": "X"})
    return asked(alerts=(alert,), service=Service(name=service), neighbours=(), now=NOW)


async def look(url: str, request: ContextRequest, **environ: str) -> Answer:
    settings = read(PrometheusSettings, {"PROMETHEUS_URL": url, **environ})
    with tools(deadline=DEADLINE) as lent:
        return await PrometheusSource(settings, lent).look(request)


async def look_at_all(url: str, cases: Sequence[Case]) -> dict[str, Answer]:
    """By service; a few at once."""
    slots = asyncio.Semaphore(4)

    async def one(service: str) -> Answer:
        async with slots:
            return await look(url, request_for(service))

    services = [case.service for case in cases]
    return dict(zip(services, await asyncio.gather(*map(one, services)), strict=True))


def replay(series: list[TimeSeries]) -> Any:
    return create_app(replace(SCENARIO, series=tuple(series), rules=()), clock=lambda: UNTIL)


@pytest.fixture(scope="module", params=["the replay server", "a real Prometheus"])
def answers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Answer]:
    async def ask_replay() -> Mapping[str, Answer]:
        found: dict[str, Answer] = {}
        for first in range(0, len(CASES), TOGETHER):
            cases = CASES[first : first + TOGETHER]
            async with serving(replay([one for case in cases for one in case.series()])) as url:
                found |= await look_at_all(url, cases)
        return found

    if request.param == "the replay server":
        return asyncio.run(ask_replay())
    if not IS_INSTALLED:
        pytest.skip("needs the real server: install Debian's prometheus package")
    series = [one for case in CASES for one in case.series()]
    with real_prometheus(series, tmp_path_factory.mktemp("real"), until=UNTIL) as url:
        return asyncio.run(look_at_all(url, CASES))


def facts(answer: Answer, kind: type[Any]) -> list[Any]:
    return [item.fact for item in answer.evidence if isinstance(item.fact, kind)]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_service_with_the_templates_metrics_gives_its_fact(case: Case, answers: Mapping[str, Answer]) -> None:
    answer, template = answers[case.service], case.template
    assert not any("failed" in gap or "in time" in gap for gap in answer.gaps), answer.gaps
    if isinstance(template, ForecastTemplate):
        (fact,) = [one for one in facts(answer, ForecastFact) if one.unit == template.unit]
        assert (fact.service, fact.limit) == (case.service, template.limit)
        assert "$" not in fact.subject
        assert NOW < fact.runs_out_at <= NOW + timedelta(seconds=template.horizon)
        return
    fact = next(one for one in facts(answer, MetricFact) if one.metric == template.name)
    assert (fact.service, fact.kind, fact.unit) == (case.service, template.kind, template.unit)
    assert fact.before is not None
    assert fact.latest is not None
    assert fact.limit == (100.0 if template.limit_query else template.limit)
    assert case.service in fact.query
    assert "$" not in fact.query
    observed = [one for one in answer.series if one.metric == template.name]
    assert [(one.service, one.signal) for one in observed] == [(case.service, template.series)]
    assert len(observed[0].points) > 200


def test_every_template_says_where_its_metrics_are_described() -> None:
    for template in ALL:
        assert template.page.startswith("https://")
        assert template.needs
        assert template.labels


@pytest.mark.parametrize("template", templates().signals, ids=lambda one: f"{one.exporter}: {one.name}")
def test_what_a_template_needs_is_what_its_query_asks_for(template: Template) -> None:
    def asks(query: str) -> set[str]:
        tree = promql.parse(filled(query, label="job", own='job="x"', window="5m"))
        return {selector.name for selector in selectors(tree)}

    assert asks(template.query) == set(template.needs) & asks(template.query)
    assert asks(template.query) <= set(template.needs)
    if template.limit_query:
        assert asks(template.limit_query) == set(template.limit_needs)


def test_all_common_exporters_are_there() -> None:
    exporters = " ".join(template.exporter for template in ALL)
    for name in (
        "OpenTelemetry HTTP", "Micrometer", "Prometheus client", "gRPC", "cAdvisor", "kube-state-metrics",
        "node exporter", "JVM", "Go", "PostgreSQL", "Redis", "Kafka", "NGINX", "Envoy", "Istio", "blackbox",
    ):  # fmt: skip
        assert name in exporters


def _rendered() -> Iterator[str]:
    services = tuple(Known(service=name, names=(name,)) for name in ("checkout", 'odd"na.me\\'))
    yield what_exists(services, templates(), "service")
    for template in ALL:
        for label in ("service", *template.labels):
            each = {one.service: f'{label}="x"' for one in services}
            batch = Batch(
                template=template, label=label, services=tuple(each), own=f'{label}=~"a|b"', limited=frozenset(each),
                each=each,
            )  # fmt: skip
            yield with_limit(batch, "5m")
            if isinstance(template, Template):
                yield usual_query(batch.query(template.query, "5m", "checkout"))
                if template.histogram:
                    yield beside(batch, "5m")


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs Prometheus's own parser: install its Debian package")
def test_prometheus_itself_reads_every_query(tmp_path: Path) -> None:
    rules = [{"record": f"shipped:{index}", "expr": query} for index, query in enumerate(_rendered())]
    for index, rule in enumerate(rules):
        rule["record"] = f"shipped:{letters(index // 676)}{letters(index % 676)}"
    file = tmp_path / "rules.yaml"
    file.write_bytes(msgspec.yaml.encode({"groups": [{"name": "shipped", "rules": rules}]}))
    ran = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr + ran.stdout
    assert f"{len(rules)} rules found" in ran.stdout


def test_the_page_lists_every_exporter_with_its_signals() -> None:
    page = PAGE.read_text()
    for row in rows():
        assert row in page, f"write it into the table of {PAGE.name}"


def rows() -> Iterator[str]:
    """Of the page's table."""
    for exporter in dict.fromkeys(template.exporter for template in ALL):
        of = [template for template in ALL if template.exporter == exporter]
        told = dict.fromkeys(one.name if isinstance(one, Template) else FORETOLD[one.subject] for one in of)
        labels = ", ".join(f"`{label}`" for label in of[0].labels)
        yield f"| [{exporter}]({of[0].page}) | {', '.join(told)} | {labels} |"
