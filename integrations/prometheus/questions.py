"""What Prometheus is asked about an incident, and over which time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alert import Alert
from bot.domain.catalog import Signal
from bot.domain.context import ContextRequest
from bot.domain.evidence import SignalKind
from integrations.prometheus.client import AlertingRule

FINEST_STEP = 15  # seconds: the shortest scrape interval in wide use
POINTS = 300  # of one series: enough for a chart and for the statistics; Prometheus refuses more than 11,000
CLOSE = timedelta(minutes=10)  # a rule that fires for this service this close to the onset is taken for the alert's


@dataclass(frozen=True, kw_only=True)
class Span:
    """`step` in seconds."""

    start: datetime
    end: datetime
    step: int


@dataclass(frozen=True, kw_only=True)
class Question:
    service: str
    signal: Signal


def span_of(request: ContextRequest) -> Span:
    """From the start of the baseline until now, at a step that keeps a series below `POINTS` samples."""
    start, end = request.baseline_start, max(request.now, request.onset)
    seconds = (end - start).total_seconds()
    step = max(FINEST_STEP, -(-seconds // POINTS))
    return Span(start=start, end=end, step=int(-(-step // FINEST_STEP) * FINEST_STEP))


def questions(request: ContextRequest, service_label: str) -> Iterator[Question]:
    """Signals of the burning service first, then those of its neighbours in the catalog's order."""
    for service in request.services:
        for signal in service.signals or default_signals(service.name, service_label):
            yield Question(service=service.name, signal=signal)
    if request.service is None and (name := request.service_name):
        for signal in default_signals(name, service_label):
            yield Question(service=name, signal=signal)


def default_signals(service: str, label: str) -> tuple[Signal, ...]:
    """For a service without signals in the catalog: the names that the Prometheus client libraries' guides use."""
    value = service.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    own = f'{label}="{value}"'
    total = f"sum(rate(http_requests_total{{{own}}}[5m]))"
    buckets = f"sum by (le) (rate(http_request_duration_seconds_bucket{{{own}}}[5m]))"
    return (
        Signal(
            name="error ratio",
            kind=SignalKind.ERRORS,
            unit="ratio",
            query=f'sum(rate(http_requests_total{{{own},code=~"5.."}}[5m])) / {total}',
        ),
        Signal(
            name="p95 latency",
            kind=SignalKind.LATENCY,
            unit="s",
            query=f"histogram_quantile(0.95, {buckets})",
        ),
        Signal(name="traffic", kind=SignalKind.TRAFFIC, unit="1/s", query=total),
    )


def rule_of(request: ContextRequest, rules: Sequence[AlertingRule], service_label: str) -> AlertingRule | None:
    """The alerting rule behind the alert: by its name, by its summary, else the one that fires for this service."""
    for alert in request.alerts:
        if rule := _named(alert, rules):
            return rule
    return _firing_for(request, rules, service_label)


def _named(alert: Alert, rules: Sequence[AlertingRule]) -> AlertingRule | None:
    name = alert.labels.get("alertname", "")
    exact = [rule for rule in rules if rule.name in (name, alert.title)]
    told = [rule for rule in rules if rule.annotations.get("summary") == alert.title]
    words = alert.title.replace(":", " ").replace("]", " ").split()
    mentioned = [rule for rule in rules if rule.name in words]
    found = exact or told or mentioned
    # Several rules may share a name (one a severity or a service): the one whose labels the alert carries.
    return max(found, key=lambda rule: _alike(rule, alert), default=None)


def _alike(rule: AlertingRule, alert: Alert) -> tuple[bool, int, bool]:
    shared = sum(alert.labels.get(name) == value for name, value in rule.labels.items())
    return alert.service in rule.labels.values(), shared, bool(rule.firing)


def _firing_for(request: ContextRequest, rules: Sequence[AlertingRule], service_label: str) -> AlertingRule | None:
    service = request.service_name
    if service is None:
        return None
    near: list[tuple[timedelta, str, AlertingRule]] = []
    for rule in rules:
        for alert in rule.firing:
            distance = abs(alert.since - request.onset) if alert.since else timedelta.max
            if alert.labels.get(service_label) == service and distance <= CLOSE:
                near.append((distance, rule.name, rule))
    return min(near, key=lambda item: item[:2])[2] if near else None
