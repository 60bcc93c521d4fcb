"""The samples themselves, what is notable of them, and the threshold."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bot.domain.chart.axes import worded
from bot.domain.chart.paper import FONT, INK, LEFT, RIGHT, SMALL, WIDTH, Scale, line, rect, text, width_of
from bot.domain.evidence import Series, TriggerChart
from bot.domain.plaintext import plain

# Okabe and Ito's palette, told apart with any colour vision; yellow and sky blue are too pale on white.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56607a")
ALARM = "#b3261e"
LEGEND_Y = 44
DOT = 9  # pixels between a dot and its label
FARTHEST = 260  # pixels from a dot to where its label begins


def line_of(series: Series, place: int, scale: Scale) -> str:
    colour = PALETTE[place]
    if len(series.points) == 1:
        (at, value), *_ = series.points
        return f'<circle cx="{scale.x(at)}" cy="{scale.y(value)}" r="4.5" fill="{colour}"/>'
    path = " ".join(f"{scale.x(at)},{scale.y(value)}" for at, value in series.points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.4" stroke-linejoin="round"/>'


def threshold_line(value: float, unit: str, scale: Scale) -> list[str]:
    y = scale.y(value)
    label = f"alert at {worded(value, unit)}"
    above = y - 6 if y - 6 > scale.top + 10 else y + 16
    return [
        line(LEFT, y, RIGHT, y, ALARM, width=1.6, dashes="7 5"),
        text(LEFT + 6, above, label, fill=ALARM, size=SMALL, halo=True),
    ]


def notable(chart: TriggerChart, series: Sequence[Series], scale: Scale, upright: Sequence[float]) -> str:
    """The highest sample, in words; the lowest where the trouble is a fall. Beside the `upright` lines (pixels)."""
    points = [point for one in series for point in one.points]
    falls = _falls(chart, points)
    at, value = min(points, key=lambda p: p[1]) if falls else max(points, key=lambda p: p[1])
    label = f"{'min' if falls else 'max'} {worded(value, chart.unit)}"
    x, y = scale.x(at), scale.y(value)
    left = _beside(x, width_of(label, FONT), upright)
    height = min(y + 17, scale.bottom - 5) if falls else max(y - 7, scale.top + 13)
    dot = f'<circle cx="{x}" cy="{y}" r="4" fill="{INK}"/>'
    return dot + text(left, height, label, weight=700, halo=True)


def _beside(x: float, width: float, upright: Sequence[float]) -> float:
    """Where the label begins: right of its dot, else left of it, else left of the lines that stand there."""
    if x + DOT + width < RIGHT and not _crossed(x + DOT, width, upright):
        return x + DOT
    left = x - DOT - width
    while (crossed := _crossed(left, width, upright)) and crossed[0] - DOT - width > max(LEFT, x - FARTHEST):
        left = crossed[0] - DOT - width
    return max(left, LEFT + DOT) if x - DOT - width > LEFT else x + DOT


def _crossed(left: float, width: float, upright: Sequence[float]) -> list[float]:
    return sorted(x for x in upright if left - 2 < x < left + width + 2)


def _falls(chart: TriggerChart, points: Sequence[tuple[float, float]]) -> bool:
    began = (chart.began or chart.onset).timestamp()
    before = [value for at, value in points if at < began]
    since = [value for at, value in points if at >= began]
    if not before or not since:
        return False
    normal = median(before)
    return normal - min(since) > max(since) - normal


def legend(series: Sequence[Series]) -> list[str]:
    step = (WIDTH - 28) / len(series)
    limit = max(6, int((step - 24) / (SMALL * 0.55)))
    parts = []
    shared = len(_shared_start([one.name for one in series]))
    for n, one in enumerate(series):
        x = 14 + n * step
        parts.append(rect(x, LEGEND_Y - 3, 14, 4, PALETTE[n]))
        parts.append(text(x + 19, LEGEND_Y + 4, plain(one.name[shared:], limit) or f"series {n + 1}", size=SMALL))
    return parts


def _shared_start(names: Sequence[str]) -> str:
    """What all names begin with, in whole words: it tells nothing apart."""
    first, last = min(names), max(names)
    same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[: max((n + 1 for n in range(same) if not first[n].isalnum()), default=0)]
