"""Finds the alerting rule behind an alert."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.domain.alert import Alert
from bot.domain.context import ContextRequest
from integrations.prometheus.wire import AlertingRule

CLOSE = timedelta(minutes=10)  # a rule that fires for this service this close to the onset is taken for the alert's


def rule_of(request: ContextRequest, rules: Sequence[AlertingRule], service_label: str) -> AlertingRule | None:
    """By its name, by its summary, else the one that fires for this service."""
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
