"""The chart for those who hear it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.chart.samples import drawable, usable
from bot.domain.evidence import TriggerChart
from bot.domain.plaintext import plain
from bot.domain.quantity import quantity

TITLE_LIMIT = 84
MARK_LIMIT = 60
MOST_TOLD = 3  # changes, the newest


def title_of(chart: TriggerChart) -> str:
    return plain(chart.title, TITLE_LIMIT) or "The alert's expression"


def alt_text(chart: TriggerChart) -> str:
    """One sentence with the chart's numbers, and what its lines mark."""
    title, onset, samples = title_of(chart), chart.onset, _samples(chart)
    if not samples:
        return f"Chart of {title}: no samples around {onset:%H:%M} UTC."
    since = chart.began or onset
    parts = [_range(before, chart.unit, when) for before, when in zip(_split(samples, since), _WHEN, strict=True)]
    whence = f"the trouble began at {since:%H:%M} UTC by the data, the alert fired" if chart.began else "the alert"
    threshold = usable(chart.threshold)
    limit = f"; the alert fires at {quantity(threshold, chart.unit)}" if threshold is not None else ""
    return f"Chart of {title}: {', '.join(parts)} {whence} at {onset:%H:%M} UTC{limit}{_changes(chart)}."


_WHEN = ("before", "since")


def _samples(chart: TriggerChart) -> list[tuple[float, float]]:
    return [point for series in drawable(chart.series) for point in series.points]


def _split(samples: Sequence[tuple[float, float]], at: datetime) -> tuple[list[float], list[float]]:
    edge = at.timestamp()
    return [v for when, v in samples if when < edge], [v for when, v in samples if when >= edge]


def _range(values: Sequence[float], unit: str, when: str) -> str:
    if not values:
        return f"no samples {when}"
    low, high = quantity(min(values), unit), quantity(max(values), unit)
    return f"{low} {when}" if low == high else f"{low} to {high} {when}"


def _changes(chart: TriggerChart) -> str:
    told = [f"{plain(mark.label, MARK_LIMIT)} at {mark.at:%H:%M} UTC" for mark in chart.marks[: -MOST_TOLD - 1 : -1]]
    return f"; changed: {', '.join(told)}" if told else ""
