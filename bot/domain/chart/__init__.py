"""The chart of the alert's own expression around the onset, as SVG. Drawn to be read on a phone: few words, large."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.chart.annotate import annotated
from bot.domain.chart.axes import time_axis, value_axis, word_of
from bot.domain.chart.lines import legend, line_of, notable, threshold_line
from bot.domain.chart.moments import drawn, moments_of, rows_of
from bot.domain.chart.paper import BOTTOM, FONT, LEFT, RIGHT, ROW, WIDTH, Scale, paper, rect, text
from bot.domain.chart.samples import drawable, usable
from bot.domain.chart.words import alt_text, title_of
from bot.domain.evidence import Series, TriggerChart

TOP = 46  # the plot's upper edge where nothing stands between it and the title
LEGEND = 22  # pixels that a legend takes
LEAST_SPAN = 60.0  # seconds: fewer, as of a single sample, get some air around them
AIR = 300.0  # seconds
SHARES = ("ratio", "%")
LEAST_SHARE_SPAN = 0.02  # of 100 %: what wavers by less looks as calm as it is
ROUNDING = 1.005  # what a computed share may be above the whole
HEADROOM = 0.12  # of the values' range

CALM = "#f2f6fa"


def svg(chart: TriggerChart) -> str:
    """`WIDTH` wide; text is escaped, so that nothing from outside becomes markup. Needs the font family Roboto."""
    series = drawable(chart.series)
    if not series:
        middle = text(WIDTH / 2, 150, "No samples in this window", anchor="middle", muted=True)
        return _sheet(chart, 270, [middle])
    legend_room = LEGEND if len(series) > 1 else 0
    start, end = _times(chart, series)
    low, high = _values(chart, series)
    moments = rows_of(moments_of(chart, start, end), start, end)
    rows = max((moment.row for moment in moments), default=0) + 1
    top = TOP + legend_room + ROW * rows
    height = BOTTOM + ROW * (rows - 1) + legend_room
    scale = Scale(start=start, end=end, low=low, high=high, top=top, bottom=height)
    calm = min(max(scale.x(chart.began.timestamp() if chart.began else chart.onset.timestamp()), LEFT), RIGHT)
    parts = [rect(LEFT, top, calm - LEFT, scale.bottom - top, CALM)]
    parts += value_axis(scale, chart.unit)
    parts += time_axis(scale)
    parts += drawn(moments, scale)
    parts += [line_of(one, n, scale) for n, one in enumerate(series)]
    if (threshold := usable(chart.threshold)) is not None:
        parts += threshold_line(threshold, chart.unit, scale)
    parts.append(notable(chart, series, scale, [moment.x for moment in moments]))
    if legend_room:
        parts += legend(series)
    return _sheet(chart, height + FONT * 2, parts)


def _sheet(chart: TriggerChart, height: float, parts: Sequence[str]) -> str:
    return paper(title_of(chart), word_of(chart.unit), height, parts)


def _times(chart: TriggerChart, series: Sequence[Series]) -> tuple[float, float]:
    times = [at for one in series for at, _ in one.points] + [chart.onset.timestamp()]
    start, end = min(times), max(times)
    return (start - AIR, end + AIR) if end - start < LEAST_SPAN else (start, end)


def _values(chart: TriggerChart, series: Sequence[Series]) -> tuple[float, float]:
    """From zero, but for shares that stay in their upper half: of 99.9 % and 97 % only the difference is seen."""
    values = [v for one in series for _, v in one.points]
    if (threshold := usable(chart.threshold)) is not None:
        values.append(threshold)
    low, high = min(values), max(values)
    whole = 1.0 if chart.unit == "ratio" else 100.0
    if chart.unit in SHARES and whole / 2 <= low and high <= whole * ROUNDING:
        span = max(high - low, LEAST_SHARE_SPAN * whole)
        return low - HEADROOM * span, high + HEADROOM * span
    low, high = min(0.0, low), max(0.0, high)
    room = (high - low) * HEADROOM or 1.0
    return low - (room if low < 0 else 0), high + room


__all__ = ["WIDTH", "alt_text", "annotated", "svg"]
