"""Other alerts of the same Prometheus that fire now."""

from __future__ import annotations

from bot.domain.context import ContextRequest
from bot.domain.evidence import AlertFact, Evidence
from bot.domain.plaintext import plain
from integrations.prometheus.told import Told
from integrations.prometheus.wire import FiringAlert
from integrations.prometheus.wording import SOURCE

SHOWN = 12
NAME_LIMIT = 120


def other_alerts(request: ContextRequest, told: Told, service_label: str, link: str) -> list[Evidence]:
    """Those of the burning service and its neighbours first, then the newest."""
    own = {(name, alert.service) for alert in request.alerts for name in (alert.labels.get("alertname"), alert.title)}
    own.add((told.sides.rule, request.service_name))
    near = [service.name for service in request.services]
    facts = dict.fromkeys(fact for alert in told.alerts or () if (fact := _fact(alert, service_label)))
    others = [fact for fact in facts if (fact.name, fact.service) not in own]
    others.sort(key=lambda f: (near.index(f.service) if f.service in near else len(near), -f.since.timestamp()))
    return [_evidence(fact, request, link) for fact in others[:SHOWN]]


def _fact(alert: FiringAlert, service_label: str) -> AlertFact | None:
    if alert.since is None:
        return None
    service = alert.labels.get(service_label) or alert.labels.get("job") or ""
    return AlertFact(
        name=plain(alert.labels.get("alertname", "an alert without a name"), NAME_LIMIT),
        service=plain(service, NAME_LIMIT) or None,
        since=alert.since,
        severity=plain(alert.labels.get("severity", ""), NAME_LIMIT),
    )


def _evidence(fact: AlertFact, request: ContextRequest, link: str) -> Evidence:
    where = f" for {fact.service}" if fact.service else ""
    minutes = (fact.since - request.onset).total_seconds() / 60
    order = f"{abs(minutes):.0f} min {'after' if minutes > 0 else 'before'} this alert"
    text = f"{fact.name} fires{where} as well, since {fact.since:%H:%M:%S} UTC ({order})"
    return Evidence(source=SOURCE, text=text, fact=fact, link=f"{link}/alerts", at=fact.since)
