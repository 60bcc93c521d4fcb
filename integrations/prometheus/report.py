"""What Prometheus said about an incident, as an `Answer`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import AlertFact, Answer, Evidence, TriggerChart
from bot.domain.naming import bare_title
from bot.domain.plaintext import plain
from integrations.prometheus.client import FiringAlert
from integrations.prometheus.questions import Question, Span
from integrations.prometheus.wording import SOURCE, Measured, chart, evidence

ALERTS_SHOWN = 12
NAME_LIMIT = 120
QUERY_SHOWN = 200
SILENT_SHOWN = 5


@dataclass
class Told:
    """What came back so far: `signals` by place in `asked`, with their capacity; the trigger with its threshold."""

    span: Span
    asked: tuple[Question, ...]
    trigger: tuple[Measured, float | None] | None = None
    rule: str = ""  # the name of the alert's own rule, where it was found among the rules
    signals: dict[int, tuple[Measured, float | None]] = field(default_factory=dict)
    alerts: Sequence[FiringAlert] = ()
    notes: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)  # what had no samples
    errors: list[SourceError] = field(default_factory=list)
    answered: int = 0
    not_asked: int = 0
    late: int = 0


def report(request: ContextRequest, told: Told, *, service_label: str, link: str) -> Answer:
    """`link` is the address of Prometheus for people."""
    metrics: list[Evidence] = []
    picture: TriggerChart | None = None
    same_as = _same_signal(told)
    if told.trigger:
        found, threshold = told.trigger
        found = _named_after(told.signals[same_as][0], found) if same_as is not None else found
        metrics.append(evidence(_with_service(found, service_label), limit=threshold, link=link))
        picture = chart(found, title=plain(bare_title(request.alert.title), NAME_LIMIT), threshold=threshold)
    # The alert's own expression is told once, unless its signal knows a capacity besides.
    metrics += [
        evidence(found, limit=limit, link=link)
        for index, (found, limit) in sorted(told.signals.items())
        if index != same_as or limit is not None
    ]
    others = _other_alerts(request, told, service_label, link)
    return Answer(evidence=(*metrics, *others), checked=_checked(told), chart=picture)


def _with_service(found: Measured, service_label: str) -> Measured:
    """Where the alert names no service, its series may."""
    if found.subject.service:
        return found
    labels = found.series[0][0].labels
    named = labels.get(service_label) or labels.get("job") or "the service"
    return replace(found, subject=replace(found.subject, service=plain(named, NAME_LIMIT)))


def _same_signal(told: Told) -> int | None:
    """The signal that measures what the alert measures: the same samples, however it is written."""
    if told.trigger is None:
        return None
    own = told.trigger[0]
    samples = own.series[0][0].points
    if len({value for _, value in samples}) == 1:
        return None  # a constant is like any other
    for index, (found, _) in told.signals.items():
        if found.subject.service == own.subject.service and found.series[0][0].points == samples:
            return index
    return None


def _named_after(signal: Measured, trigger: Measured) -> Measured:
    """The catalog's words for it are better than a rule's name."""
    known = signal.subject
    subject = replace(trigger.subject, metric=known.metric, kind=known.kind, unit=known.unit)
    return replace(trigger, subject=subject)


def _other_alerts(request: ContextRequest, told: Told, service_label: str, link: str) -> list[Evidence]:
    """Those of the burning service and its neighbours first, then the newest."""
    own = {(name, alert.service) for alert in request.alerts for name in (alert.labels.get("alertname"), alert.title)}
    own.add((told.rule, request.service_name))
    near = [service.name for service in request.services]
    facts = dict.fromkeys(fact for alert in told.alerts if (fact := _alert_fact(alert, service_label)))
    others = [fact for fact in facts if (fact.name, fact.service) not in own]
    others.sort(key=lambda f: (near.index(f.service) if f.service in near else len(near), -f.since.timestamp()))
    return [_alert_evidence(fact, request, link) for fact in others[:ALERTS_SHOWN]]


def _alert_fact(alert: FiringAlert, service_label: str) -> AlertFact | None:
    if alert.since is None:
        return None
    service = alert.labels.get(service_label) or alert.labels.get("job") or ""
    return AlertFact(
        name=plain(alert.labels.get("alertname", "an alert without a name"), NAME_LIMIT),
        service=plain(service, NAME_LIMIT) or None,
        since=alert.since,
        severity=plain(alert.labels.get("severity", ""), NAME_LIMIT),
    )


def _alert_evidence(fact: AlertFact, request: ContextRequest, link: str) -> Evidence:
    where = f" for {fact.service}" if fact.service else ""
    minutes = (fact.since - request.onset).total_seconds() / 60
    order = f"{abs(minutes):.0f} min {'after' if minutes > 0 else 'before'} this alert"
    text = f"{fact.name} fires{where} as well, since {fact.since:%H:%M:%S} UTC ({order})"
    return Evidence(source=SOURCE, text=text, fact=fact, link=f"{link}/alerts", at=fact.since)


def _checked(told: Told) -> str:
    services = list(dict.fromkeys(question.service for question in told.asked))
    parts = ["the alert's own expression"] if told.trigger else []
    parts.append(f"{len(told.asked)} signals of {', '.join(services)}" if services else "no signals (no service known)")
    parts.append("alerts firing now")
    notes = list(told.notes)
    if told.silent:
        more = f" and {len(told.silent) - SILENT_SHOWN} more" if len(told.silent) > SILENT_SHOWN else ""
        notes.append(f"no samples for {', '.join(told.silent[:SILENT_SHOWN])}{more}")
    if told.not_asked:
        notes.append(f"{told.not_asked} questions were left out, to spare Prometheus")
    if told.late:
        notes.append(f"{told.late} questions had no answer in time")
    if told.errors:
        notes.append(f"{len(told.errors)} queries failed, the first because {told.errors[0].detail.rstrip('.')}")
    window = f"from {told.span.start:%H:%M} to {told.span.end:%H:%M} UTC"
    return "; ".join([f"{', '.join(parts)}, {window}", *notes])
