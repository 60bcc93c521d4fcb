"""The chart of the alert's own expression around the onset, as SVG. Drawn for Slack's width: few words, thick lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from bot.domain.evidence import Series, TriggerChart
from bot.domain.plaintext import plain
from bot.domain.quantity import quantity
from bot.domain.ticks import time_ticks, value_ticks

WIDTH, HEIGHT = 800, 300
LEFT, RIGHT, TOP, BOTTOM = 84, 784, 56, 262  # the plot's edges
LEGEND_TOP = 76  # the plot begins lower where there is a legend
MOST_SERIES = 5
MOST_POINTS = 700  # one a pixel; more cannot be seen
# Okabe and Ito's palette, told apart with any colour vision; yellow and sky blue are too pale on white.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56607a")
INK, MUTED, GRID, CALM, ALARM = "#1d1c1d", "#5f6368", "#e6e8eb", "#f2f6fa", "#b3261e"
TITLE_LIMIT = 84
LABEL_LIMIT = 26
_SYMBOLS = frozenset({"", "ratio", "%", "s", "bytes", "bytes/s", "1/s"})
HUGE = 1e300  # beyond it a scale overflows


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """From time and value to pixels."""

    start: float
    end: float
    low: float
    high: float
    top: float

    def x(self, at: float) -> float:
        share = (at - self.start) / (self.end - self.start)
        return round(LEFT + share * (RIGHT - LEFT), 1)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(BOTTOM - share * (BOTTOM - self.top), 1)


def svg(chart: TriggerChart) -> str:
    """800 by 300; text is escaped, so that nothing from outside becomes markup. Needs the font family Roboto."""
    series = _drawable(chart.series)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="Roboto, sans-serif" font-size="13" fill="{INK}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(16, 27, plain(chart.title, TITLE_LIMIT) or "The alert's expression", size=17, weight=700),
    ]
    if series:
        parts += _plot(chart, series)
    else:
        parts.append(_text(WIDTH / 2, HEIGHT / 2, "No samples in this window", anchor="middle", fill=MUTED, size=15))
    return "".join([*parts, "</svg>"])


def alt_text(chart: TriggerChart) -> str:
    """The chart as a sentence with its numbers, for those who hear it."""
    title, onset = plain(chart.title, TITLE_LIMIT) or "The alert's expression", chart.onset
    samples = [point for s in _drawable(chart.series) for point in s.points]
    if not samples:
        return f"Chart of {title}: no samples around {onset:%H:%M} UTC."
    before = [value for at, value in samples if at < onset.timestamp()]
    since = [value for at, value in samples if at >= onset.timestamp()]
    parts = [_range(before, chart.unit, "before"), _range(since, chart.unit, "since")]
    threshold = _usable(chart.threshold)
    limit = f"; the alert fires at {quantity(threshold, chart.unit)}" if threshold is not None else ""
    return f"Chart of {title}: {', '.join(parts)} the alert at {onset:%H:%M} UTC{limit}."


def _range(values: Sequence[float], unit: str, when: str) -> str:
    if not values:
        return f"no samples {when}"
    low, high = quantity(min(values), unit), quantity(max(values), unit)
    return f"{low} {when}" if low == high else f"{low} to {high} {when}"


def _usable(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) and abs(value) < HUGE else None


def _drawable(series: Sequence[Series]) -> list[Series]:
    """The series with the highest peaks, without samples that are no numbers, thinned to what can be seen."""
    found = []
    for one in series:
        points = tuple((at, v) for at, v in one.points if _usable(v) is not None and math.isfinite(at))
        if points:
            found.append(Series(name=one.name, points=_thinned(points)))
    found.sort(key=lambda s: -max(v for _, v in s.points))
    return found[:MOST_SERIES]


def _thinned(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Lowest and highest of each bucket, so that a spike of one sample is never lost."""
    if len(points) <= MOST_POINTS:
        return points
    size = math.ceil(len(points) / (MOST_POINTS // 2))
    kept: list[tuple[float, float]] = []
    for start in range(0, len(points), size):
        bucket = points[start : start + size]
        extremes = {min(bucket, key=lambda p: p[1]), max(bucket, key=lambda p: p[1])}
        kept += sorted(extremes)
    return tuple(kept)


def _plot(chart: TriggerChart, series: Sequence[Series]) -> list[str]:
    scale = _scale(chart, series)
    onset = chart.onset.timestamp()
    baseline = min(max(scale.x(onset), LEFT), RIGHT)
    parts = [_rect(LEFT, scale.top, baseline - LEFT, BOTTOM - scale.top, CALM)]
    parts += _value_axis(scale, chart.unit)
    parts += _time_axis(scale)
    parts += [_line_of(one, PALETTE[n], scale) for n, one in enumerate(series)]
    if (threshold := _usable(chart.threshold)) is not None:
        parts += _threshold(threshold, chart.unit, scale)
    parts += _onset(baseline, chart.onset, scale)
    parts.append(_peak(series, chart.unit, scale))
    if len(series) > 1:
        parts += _legend(series)
    return parts


def _scale(chart: TriggerChart, series: Sequence[Series]) -> _Scale:
    times = [at for one in series for at, _ in one.points] + [chart.onset.timestamp()]
    values = [v for one in series for _, v in one.points]
    if (threshold := _usable(chart.threshold)) is not None:
        values.append(threshold)
    low, high = min(0.0, *values), max(0.0, *values)
    room = (high - low) * 0.12 or 1.0
    start, end = min(times), max(times)
    if end - start < 60:  # a single sample, or samples of less than a minute
        start, end = start - 300, end + 300
    top = LEGEND_TOP if len(series) > 1 else TOP
    return _Scale(start=start, end=end, low=low - (room if low < 0 else 0), high=high + room, top=top)


def _value_axis(scale: _Scale, unit: str) -> list[str]:
    parts, is_word = [], unit not in _SYMBOLS  # a word is written once, above the axis
    for value in value_ticks(scale.low, scale.high, is_binary=unit.startswith("bytes"), is_share=unit == "ratio"):
        y = scale.y(value)
        parts.append(f'<line x1="{LEFT}" y1="{y}" x2="{RIGHT}" y2="{y}" stroke="{GRID}"/>')
        label = plain(quantity(value, "" if is_word else unit), 14)
        parts.append(_text(LEFT - 8, y + 4.5, label, anchor="end", fill=MUTED, size=12))
    if is_word:
        parts.append(_text(LEFT - 8, scale.top - 5, plain(unit, 12), anchor="end", fill=MUTED, size=12))
    return parts


def _time_axis(scale: _Scale) -> list[str]:
    parts = [f'<line x1="{LEFT}" y1="{BOTTOM}" x2="{RIGHT}" y2="{BOTTOM}" stroke="{MUTED}"/>']
    for at in time_ticks(scale.start, scale.end):
        x = scale.x(at)
        parts.append(f'<line x1="{x}" y1="{BOTTOM}" x2="{x}" y2="{BOTTOM + 5}" stroke="{MUTED}"/>')
        label = f"{datetime.fromtimestamp(at, tz=UTC):%H:%M}"
        parts.append(_text(x, BOTTOM + 21, label, anchor="middle", fill=MUTED, size=12))
    parts.append(_text(LEFT - 8, BOTTOM + 21, "UTC", anchor="end", fill=MUTED, size=12))
    return parts


def _line_of(series: Series, colour: str, scale: _Scale) -> str:
    if len(series.points) == 1:
        (at, value), *_ = series.points
        return f'<circle cx="{scale.x(at)}" cy="{scale.y(value)}" r="4" fill="{colour}"/>'
    path = " ".join(f"{scale.x(at)},{scale.y(value)}" for at, value in series.points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.2" stroke-linejoin="round"/>'


def _threshold(value: float, unit: str, scale: _Scale) -> list[str]:
    y = scale.y(value)
    label = f"alert at {plain(quantity(value, unit), LABEL_LIMIT)}"
    return [
        f'<line x1="{LEFT}" y1="{y}" x2="{RIGHT}" y2="{y}" stroke="{ALARM}" stroke-width="1.5" '
        'stroke-dasharray="7 5"/>',
        _text(LEFT + 6, y - 6 if y - 6 > scale.top + 8 else y + 15, label, fill=ALARM, size=12),
    ]


def _onset(x: float, onset: datetime, scale: _Scale) -> list[str]:
    is_left = x > (LEFT + RIGHT) / 2  # the label, above the plot, stays within its width
    return [
        f'<line x1="{x}" y1="{scale.top}" x2="{x}" y2="{BOTTOM}" stroke="{INK}" stroke-width="1.5"/>',
        _text(
            x,
            scale.top - 5,
            f"alert {onset:%H:%M}",
            anchor="end" if is_left else "start",
            size=12,
            weight=700,
        ),
    ]


def _peak(series: Sequence[Series], unit: str, scale: _Scale) -> str:
    """The highest sample, in words."""
    at, value = max((point for one in series for point in one.points), key=lambda p: p[1])
    x, y = scale.x(at), scale.y(value)
    anchor, shift = ("end", -9) if x > RIGHT - 110 else ("start", 9)
    dot = f'<circle cx="{x}" cy="{y}" r="3.5" fill="{INK}"/>'
    label = f"max {plain(quantity(value, unit), LABEL_LIMIT)}"
    return dot + _text(x + shift, max(y - 7, scale.top + 11), label, anchor=anchor, size=12.5, weight=700, halo=True)


def _legend(series: Sequence[Series]) -> list[str]:
    step = (WIDTH - 32) / len(series)
    limit = max(8, int(step / 8) - 3)
    parts = []
    shared = len(_shared_start([one.name for one in series]))
    for n, one in enumerate(series):
        x = 16 + n * step
        parts.append(_rect(x, 43, 12, 4, PALETTE[n]))
        parts.append(_text(x + 18, 50, plain(one.name[shared:], limit) or f"series {n + 1}", size=12))
    return parts


def _shared_start(names: Sequence[str]) -> str:
    """What all names begin with, in whole words: it tells nothing apart."""
    first, last = min(names), max(names)
    same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[: max((n + 1 for n in range(same) if not first[n].isalnum()), default=0)]


def _rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" fill="{fill}"/>'


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    fill: str = INK,
    size: float = 13,
    weight: int = 400,
    halo: bool = False,
) -> str:
    """`halo`: a white edge, so that it reads on top of lines."""
    edge = ' stroke="#ffffff" stroke-width="4" paint-order="stroke" stroke-linejoin="round"' if halo else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-size="{size}" '
        f'font-weight="{weight}"{edge}>{escape(text)}</text>'
    )
