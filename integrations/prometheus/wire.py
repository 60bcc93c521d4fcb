"""Prometheus's JSON, and the values it becomes: https://prometheus.io/docs/prometheus/latest/querying/api/"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from bot.domain.moment import read_moment

_Number = str | float | int | None


class Matrix(msgspec.Struct):
    metric: dict[str, str] = {}
    values: list[tuple[float, _Number]] = []


class Vector(msgspec.Struct):
    metric: dict[str, str] = {}
    value: tuple[float, _Number] = (0.0, None)


class Alert(msgspec.Struct, rename="camel"):
    labels: dict[str, str]
    state: str = ""
    active_at: str | None = None


class Rule(msgspec.Struct):
    name: str
    query: str
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    type: str = "alerting"
    alerts: list[Alert] = []


class Group(msgspec.Struct):
    rules: list[Rule] = []


class Groups(msgspec.Struct):
    groups: list[Group] = []


class Alerts(msgspec.Struct):
    alerts: list[Alert] = []


class RulesAnswer(msgspec.Struct):
    data: Groups


class AlertsAnswer(msgspec.Struct):
    data: Alerts


@dataclass(frozen=True, kw_only=True)
class LabelledSeries:
    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]  # finite values only, ascending


@dataclass(frozen=True, kw_only=True)
class LabelledValue:
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, kw_only=True)
class FiringAlert:
    labels: Mapping[str, str]
    since: datetime | None


@dataclass(frozen=True, kw_only=True)
class AlertingRule:
    name: str
    query: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    firing: tuple[FiringAlert, ...]


def series(item: Matrix) -> LabelledSeries:
    points = ((at, finite(value)) for at, value in item.values)
    return LabelledSeries(labels=item.metric, points=tuple((at, v) for at, v in points if v is not None))


def finite(value: Any) -> float | None:
    """Values are strings on the wire: "0.5", "NaN", "+Inf"."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def rule(item: Rule) -> AlertingRule:
    return AlertingRule(
        name=item.name,
        query=item.query,
        labels=item.labels,
        annotations=item.annotations,
        firing=firing(item.alerts),
    )


def firing(alerts: Sequence[Alert]) -> tuple[FiringAlert, ...]:
    return tuple(
        FiringAlert(labels=alert.labels, since=read_moment(alert.active_at))
        for alert in alerts
        if alert.state == "firing"
    )
