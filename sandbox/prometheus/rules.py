"""The scenario's alerting rules and what they say now: each expression is evaluated when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.prometheus.promql.frame import NAME, Frame, Value, without
from sandbox.prometheus.wire import go_exponent
from sandbox.scenario.model import AlertRule

GROUP, FILE, INTERVAL = "services", "/etc/prometheus/rules/services.yaml", 15.0
Evaluate = Callable[[str], Value]


def describe(rules: Sequence[AlertRule], evaluate: Evaluate, now: float) -> dict[str, Any]:
    """As `/api/v1/rules` does; without a group where no rule is left."""
    described = [_rule(rule, evaluate, now) for rule in rules]
    group = {
        "name": GROUP,
        "file": FILE,
        "rules": described,
        "interval": INTERVAL,
        "limit": 0,
        "evaluationTime": 0.0012,
        "lastEvaluation": rfc3339(now),
    }
    return {"groups": [group] if described else []}


def alerts(rules: Iterable[AlertRule], evaluate: Evaluate, now: float) -> list[dict[str, Any]]:
    return [alert for rule in rules for alert in _alerts(rule, evaluate, now)]


def _rule(rule: AlertRule, evaluate: Evaluate, now: float) -> dict[str, Any]:
    active = _alerts(rule, evaluate, now)
    states = {alert["state"] for alert in active}
    return {
        "state": "firing" if "firing" in states else "pending" if states else "inactive",
        "name": rule.name,
        "query": rule.query,
        "duration": rule.duration,
        "keepFiringFor": 0,
        "labels": dict(rule.labels),
        "annotations": dict(rule.annotations),
        "alerts": active,
        "health": "ok",
        "evaluationTime": 0.0004,
        "lastEvaluation": rfc3339(now),
        "type": "alerting",
    }


def _alerts(rule: AlertRule, evaluate: Evaluate, now: float) -> list[dict[str, Any]]:
    value = evaluate(rule.query)
    if not isinstance(value, Frame):
        return []
    since = rule.firing_since
    firing = since is not None and since <= now
    active_at = now if since is None else min(now, since - rule.duration)
    return [
        {
            "labels": dict(sorted({**without(labels, NAME), "alertname": rule.name, **rule.labels}.items())),
            "annotations": dict(rule.annotations),
            "state": "firing" if firing else "pending",
            "activeAt": rfc3339(active_at),
            "value": go_exponent(float(sample)),
        }
        for labels, sample, there in zip(value.labels, value.values[:, 0], value.present[:, 0], strict=True)
        if there
    ]


def rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
