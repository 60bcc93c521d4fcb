"""Puts an alert into the words of the vendor that sends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus

from sandbox.scenario.model import AlertRule, Webhook
from sandbox.scenario.reading import Node

NEVER = "0001-01-01T00:00:00Z"  # Go's zero time: the alert has not ended
PAGERDUTY_DELAY = 1.3  # seconds from the alert's firing to the incident
PROMETHEUS_ADDRESS = "http://prometheus.example"
ALERTMANAGER_ADDRESS = "http://alertmanager.example"
_FNV_OFFSET, _FNV_PRIME, _SEPARATOR = 14695981039346656037, 1099511628211, 255


def read_webhook(node: Node, rules: Mapping[str, AlertRule], onset: float) -> Webhook:
    source = node.text("source")
    if source == "generic":
        node.only("source", "payload")
        payload = _with_times(node.child("payload"), onset)
        return Webhook(source=source, payload=payload)
    name = node.text("rule")
    if name not in rules:
        raise node.child("rule").error(f"there is no rule {name!r}; rules are {', '.join(rules)}")
    if rules[name].firing_since is None:
        raise node.child("rule").error(f"the rule {name!r} does not fire; give it firing_since")
    if source == "alertmanager":
        return Webhook(source=source, payload=_alertmanager(node, rules[name]), rule=name)
    if source == "pagerduty":
        return Webhook(source=source, payload=_pagerduty(node, rules[name]), rule=name)
    raise node.child("source").error("must be alertmanager, pagerduty or generic")


def resolved(webhook: Webhook, at: float) -> Webhook:
    """What the vendor sends once an alert of one of our rules is over."""
    if webhook.source == "alertmanager":
        alerts = [{**alert, "status": "resolved", "endsAt": timestamp(at)} for alert in webhook.payload["alerts"]]
        return replace(webhook, payload={**webhook.payload, "status": "resolved", "alerts": alerts})
    assert webhook.source == "pagerduty", "of other alerts only their sender knows how that is said"
    event = webhook.payload["event"]
    ended = {
        **event,
        "id": _identity(f"event {event['data']['id']} resolved {at}", 26),
        "event_type": "incident.resolved",
        "occurred_at": timestamp(at),
        "data": {**event["data"], "status": "resolved", "assignees": []},
    }
    return replace(webhook, payload={"event": ended})


def timestamp(at: float, places: int = 3) -> str:
    """RFC 3339 in UTC, with `places` digits after the second."""
    moment = datetime.fromtimestamp(at, UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{moment.microsecond:06d}"[: len(text) + 1 + places] + "Z" if places else f"{text}Z"


def fingerprint(labels: Mapping[str, str]) -> str:
    """Prometheus' own: 64-bit FNV-1a over the sorted names and values, each followed by a separator."""
    total = _FNV_OFFSET
    for name in sorted(labels):
        for byte in (*name.encode(), _SEPARATOR, *labels[name].encode(), _SEPARATOR):
            total = (total ^ byte) * _FNV_PRIME % 2**64
    return f"{total:016x}"


def _alert_labels(rule: AlertRule) -> dict[str, str]:
    return dict(sorted({"alertname": rule.name, **rule.labels}.items()))


def _group(node: Node, labels: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Group labels, and Alertmanager's key of the group."""
    names = node.texts("group_by") or ("alertname",)
    group = {name: labels[name] for name in sorted(names) if name in labels}
    inner = ", ".join(f'{name}="{value}"' for name, value in group.items())
    return group, f"{{}}:{{{inner}}}"


def _alertmanager(node: Node, rule: AlertRule) -> dict[str, Any]:
    """Format version 4: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config"""
    node.only("source", "rule", "receiver", "group_by")
    labels = _alert_labels(rule)
    group, key = _group(node, labels)
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": dict(rule.annotations),
        "startsAt": timestamp(rule.firing_since or 0.0),
        "endsAt": NEVER,
        "generatorURL": f"{PROMETHEUS_ADDRESS}/graph?g0.expr={quote_plus(rule.query)}&g0.tab=1",
        "fingerprint": fingerprint(labels),
    }
    return {
        "receiver": node.text("receiver", "first-responder"),
        "status": "firing",
        "alerts": [alert],
        "groupLabels": group,
        "commonLabels": labels,
        "commonAnnotations": dict(rule.annotations),
        "externalURL": ALERTMANAGER_ADDRESS,
        "version": "4",
        "groupKey": key,
        "truncatedAlerts": 0,
        "routeLabels": {},
        "notification_reason": "first notification",
    }


def _pagerduty(node: Node, rule: AlertRule) -> dict[str, Any]:
    """A v3 webhook: https://developer.pagerduty.com/docs/webhooks-overview"""
    node.only("source", "rule", "group_by", "subdomain", "number", "service", "policy", "priority", "team", "assignee")
    labels = _alert_labels(rule)
    group, key = _group(node, labels)
    site = f"https://{node.text('subdomain')}.pagerduty.com"
    at = (rule.firing_since or 0.0) + PAGERDUTY_DELAY
    identity = _identity(f"{node.path} {rule.name}")
    policy = node.child("policy")
    incident = {
        "id": identity,
        "type": "incident",
        "self": f"https://api.pagerduty.com/incidents/{identity}",
        "html_url": f"{site}/incidents/{identity}",
        "number": node.integer("number"),
        "status": "triggered",
        "incident_key": sha256(key.encode()).hexdigest(),
        "created_at": timestamp(at, 0),
        "title": _subject(group, labels),
        "service": _reference(node.child("service"), "service", "services", site),
        "assignees": [_reference(node.child("assignee"), "user", "users", site)],
        "escalation_policy": _reference(policy, "escalation_policy", "escalation_policies", site),
        "teams": [_reference(node.child("team"), "team", "teams", site)],
        "priority": _reference(node.child("priority"), "priority", "priorities", site),
        "urgency": "high",
        "conference_bridge": None,
        "resolve_reason": None,
        "incident_type": {"name": "incident_default"},
    }
    return {
        "event": {
            "id": _identity(f"event {identity}", 26),
            "event_type": "incident.triggered",
            "resource_type": "incident",
            "occurred_at": timestamp(at + 0.2),
            "agent": None,
            "client": None,
            "data": incident,
        }
    }


def _reference(node: Node, kind: str, collection: str, site: str) -> dict[str, str]:
    node.only("id", "summary")
    identity = node.text("id")
    return {
        "html_url": f"{site}/{collection}/{identity}",
        "id": identity,
        "self": f"https://api.pagerduty.com/{collection}/{identity}",
        "summary": node.text("summary"),
        "type": f"{kind}_reference",
    }


def _subject(group: Mapping[str, str], labels: Mapping[str, str]) -> str:
    """Alertmanager's default description of a PagerDuty event: group values, then the others in brackets."""
    others = " ".join(value for name, value in sorted(labels.items()) if name not in group)
    return f"[FIRING:1] {' '.join(group.values())}" + (f" ({others})" if others else "")


def _identity(seed: str, length: int = 14) -> str:
    return ("Q" + sha256(seed.encode()).hexdigest().upper())[:length]


def _with_times(node: Node, onset: float) -> Any:
    """A copy in which every `{at: 30s}` is that moment as a timestamp."""
    value = node.value
    if isinstance(value, dict) and value.keys() == {"at"}:
        return timestamp(onset + node.seconds("at"))
    if isinstance(value, dict):
        return {key: _with_times(node.child(key), onset) for key in value}
    if isinstance(value, list):
        return [_with_times(item, onset) for item in node.each()]
    return value
