"""An incident over its whole time: the metric above; below it, lane by lane, what fired, how it stood, what was done.

What was done is numbered, and told beneath: on a phone no sentence fits beside its moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.domain.causes.words import span
from bot.domain.chart.axes import time_axis, value_axis, word_of
from bot.domain.chart.lines import line_of, threshold_line
from bot.domain.chart.paper import INK, LEFT, MUTED, PLUM, RIGHT, SMALL, Scale, line, paper, rect, text, width_of
from bot.domain.chart.samples import drawable, usable
from bot.domain.evidence import Series, TriggerChart
from bot.domain.plaintext import plain

TITLE_LIMIT = 84
LABEL_LIMIT = 40
NOTE_LIMIT = 84  # characters of what is told beneath: the sheet's width
MOST_FIRING = 4  # rows of alerts: the first ones; how many more there are is said
MOST_NOTES = 10  # things that are told beneath: the last ones
PLOT_TOP, PLOT_HEIGHT = 48, 130
LANE, ROW, NOTE = 26, 15, 19  # pixels
HEADROOM = 1.15  # of the highest value
NARROW = 0.46  # of the font's size: small letters of Roboto
SAME_PLACE = 17.0  # pixels: marks closer than this would cover each other

ALERT = "#e4b7b3"
STANDINGS = {
    "triage": "#d7dbe0",
    "investigating": "#f0d9b5",
    "identified": "#c9d9ea",
    "monitoring": "#cfe5d3",
    "resolved": "#ffffff",
    "cancelled": "#ffffff",
}


@dataclass(frozen=True, kw_only=True)
class Firing:
    label: str
    since: datetime
    until: datetime | None  # None: it still fires


@dataclass(frozen=True, kw_only=True)
class Standing:
    status: str  # as `IncidentStatus` names it
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Happened:
    """A deployment, an approval, a step that was done, a change of belief."""

    at: datetime
    text: str
    is_change: bool = False  # of a service: a deployment, a release


@dataclass(frozen=True, kw_only=True)
class IncidentChart:
    title: str
    start: datetime
    end: datetime
    firing: Sequence[Firing]  # in order of `since`
    standings: Sequence[Standing]  # the first one holds from its time on, each until the next
    happened: Sequence[Happened]  # in order of `at`
    metric: TriggerChart | None = None


def incident_svg(chart: IncidentChart) -> str:
    start, end = chart.start.timestamp(), max(chart.end, chart.start + timedelta(minutes=1)).timestamp()
    series = _within(chart.metric, start, end)
    top = PLOT_TOP + PLOT_HEIGHT if series else PLOT_TOP - 10
    parts = _plot(chart.metric, series, start, end) if series and chart.metric else []
    scale = Scale(start=start, end=end, low=0.0, high=1.0, top=top, bottom=top)
    y = top + 14.0
    for lane in (_firing(chart, scale, y), _standings(chart, scale, y + _firing_height(chart))):
        parts += lane
    y += _firing_height(chart) + LANE
    told = chart.happened[-MOST_NOTES:]
    first = len(chart.happened) - len(told) + 1
    marks, rows = _marks(told, first, scale, y)
    parts += marks
    y += ROW * rows + 12
    parts += time_axis(replace(scale, bottom=y), has_days=_spans_days(chart))
    y += 44
    for number, one in enumerate(told, first):
        parts += _note(number, one, y, has_day=_spans_days(chart))
        y += NOTE
    unit = word_of(chart.metric.unit) if chart.metric and series else ""
    return paper(plain(chart.title, TITLE_LIMIT), unit, y + (0 if told else -12), parts)


def incident_alt(chart: IncidentChart) -> str:
    took = span(chart.end - chart.start)
    parts = [f"{len(chart.firing)} alert{'s' if len(chart.firing) != 1 else ''} over {took}"]
    if chart.standings:
        parts.append(", ".join(f"{one.status} from {one.since:%H:%M} UTC" for one in chart.standings))
    changes = [one for one in chart.happened if one.is_change]
    if changes:
        parts.append(f"deployed: {'; '.join(plain(one.text, LABEL_LIMIT) for one in changes[-3:])}")
    done = len(chart.happened) - len(changes)
    if done:
        parts.append(f"{done} other event{'s' if done != 1 else ''}")
    return f"{plain(chart.title, TITLE_LIMIT)}: {'. '.join(parts)}."


# --- the metric ------------------------------------------------------------------------------------------------------


def _within(metric: TriggerChart | None, start: float, end: float) -> list[Series]:
    if metric is None:
        return []
    cut = (
        Series(name=one.name, points=tuple(point for point in one.points if start <= point[0] <= end))
        for one in metric.series
    )
    return drawable(tuple(cut))


def _plot(metric: TriggerChart, series: Sequence[Series], start: float, end: float) -> list[str]:
    values = [value for one in series for _, value in one.points]
    threshold = usable(metric.threshold)
    known = [*values, 0.0, *([threshold] if threshold is not None else [])]
    low, high = min(known) * HEADROOM, max(known) * HEADROOM
    scale = Scale(
        start=start,
        end=end,
        low=low,
        high=high if high > low else low + 1.0,
        top=PLOT_TOP,
        bottom=PLOT_TOP + PLOT_HEIGHT,
    )
    parts = value_axis(scale, metric.unit)
    parts += [line_of(one, place, scale) for place, one in enumerate(series)]
    if threshold is not None:
        parts += threshold_line(threshold, metric.unit, scale)
    return parts


# --- lanes -----------------------------------------------------------------------------------------------------------


def _firing_height(chart: IncidentChart) -> float:
    rows = min(len(chart.firing), MOST_FIRING) + (len(chart.firing) > MOST_FIRING)
    return LANE * max(rows, 1) + 4


def _firing(chart: IncidentChart, scale: Scale, y: float) -> list[str]:
    parts = [_name("alerts", y)]
    for row, one in enumerate(chart.firing[:MOST_FIRING]):
        left = _clamped(scale, one.since)
        right = _clamped(scale, one.until or chart.end)
        parts.append(rect(left, y + LANE * row, max(right - left, 3.0), LANE - 6, ALERT))
        parts.append(_label(one.label, left, y + LANE * row + 14.5))
    if (more := len(chart.firing) - MOST_FIRING) > 0:
        words = f"and {more} more alert{'s' if more != 1 else ''}"
        parts.append(text(LEFT + 4, y + LANE * MOST_FIRING + 14.5, words, muted=True, size=SMALL))
    return parts


def _standings(chart: IncidentChart, scale: Scale, y: float) -> list[str]:
    parts = [_name("status", y)]
    ends = [one.since for one in chart.standings[1:]] + [chart.end]
    first = _clamped(scale, chart.standings[0].since) if chart.standings else LEFT
    for one, until in zip(chart.standings, ends, strict=False):
        left, right = _clamped(scale, one.since), _clamped(scale, until)
        parts.append(rect(left, y, right - left, LANE - 6, STANDINGS.get(one.status, STANDINGS["triage"])))
        parts.append(line(left, y, left, y + LANE - 6, MUTED))
        room = right - left - 8
        word = plain(one.status, LABEL_LIMIT)
        if len(word) * SMALL * NARROW <= room:
            parts.append(text(left + 5, y + 14.5, word, size=SMALL))
        elif one is chart.standings[-1] and first - LEFT > width_of(word, SMALL):  # how it stands now is always told
            parts.append(text(first - 6, y + 14.5, word, size=SMALL, anchor="end"))
    return parts


def _marks(told: Sequence[Happened], first: int, scale: Scale, y: float) -> tuple[list[str], int]:
    """Each on the first row where it covers no other; as many rows as were needed, at least one."""
    parts = [_name("events", y)] if told else []
    rows: list[float] = []
    for number, one in enumerate(told, first):
        x = _clamped(scale, one.at)
        row = next((n for n, last in enumerate(rows) if x - last >= SAME_PLACE), len(rows))
        rows[row : row + 1] = [x]
        parts += _dot(number, one, x, y + ROW * row + 8)
    return parts, max(len(rows), 1)


def _dot(number: int, one: Happened, x: float, y: float) -> list[str]:
    colour = PLUM if one.is_change else INK
    return [
        f'<circle cx="{x}" cy="{y}" r="8" fill="{colour}" stroke="#ffffff" stroke-width="1"/>',
        text(x, y + 3.8, str(number), anchor="middle", fill="#ffffff", size=10.5, weight=700),
    ]


def _note(number: int, one: Happened, y: float, *, has_day: bool) -> list[str]:
    at = f"{one.at.day} {one.at:%b %H:%M}" if has_day else f"{one.at:%H:%M}"
    left = 38
    when = text(left, y, at, muted=True, size=SMALL)
    words = plain(one.text, NOTE_LIMIT - (7 if has_day else 0))
    return [*_dot(number, one, 22, y - 4.5), when, text(left + (88 if has_day else 44), y, words, size=SMALL)]


def _name(word: str, y: float) -> str:
    return text(14, y + 14.5, word, muted=True, size=SMALL)


def _label(words: str, left: float, y: float) -> str:
    """It may stand out of its bar, but not of the sheet."""
    label = plain(words, LABEL_LIMIT)
    width = width_of(label, SMALL)
    x = max(min(left + 5, RIGHT - width), LEFT + 4)
    return text(x, y, label, size=SMALL)


def _clamped(scale: Scale, at: datetime) -> float:
    return min(max(scale.x(at.timestamp()), LEFT), RIGHT)


def _spans_days(chart: IncidentChart) -> bool:
    return chart.start.astimezone(UTC).date() != chart.end.astimezone(UTC).date()


__all__ = ["Firing", "Happened", "IncidentChart", "Standing", "incident_alt", "incident_svg"]
