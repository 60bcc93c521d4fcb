"""The axes: round numbers, and times in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.domain.chart.paper import LEFT, MUTED, RIGHT, SMALL, Scale, line, text
from bot.domain.plaintext import plain
from bot.domain.quantity import quantity
from bot.domain.ticks import time_ticks, value_ticks

GRID = "#e6e8eb"
MOST_VALUES, MOST_TIMES = 4, 7
LABEL_LIMIT = 10
UNIT_LIMIT = 16
_SYMBOLS = frozenset({"", "ratio", "%", "s", "bytes", "bytes/s", "1/s"})


def value_axis(scale: Scale, unit: str) -> list[str]:
    parts = []
    is_share, is_binary = unit == "ratio", unit.startswith("bytes")
    for value in value_ticks(scale.low, scale.high, is_binary=is_binary, is_share=is_share, most=MOST_VALUES):
        y = scale.y(value)
        parts.append(line(LEFT, y, RIGHT, y, GRID))
        parts.append(
            text(LEFT - 7, y + 4.5, plain(worded(value, unit), LABEL_LIMIT), anchor="end", muted=True, size=SMALL)
        )
    return parts


def worded(value: float, unit: str) -> str:
    return quantity(value, "" if word_of(unit) else unit)


def word_of(unit: str) -> str:
    """A unit that is a word is written once, beside the title; "" for those that stand at each number."""
    return "" if unit in _SYMBOLS else plain(unit, UNIT_LIMIT)


def time_axis(scale: Scale, *, has_days: bool = False) -> list[str]:
    """`has_days`: it spans several, and midnight bears the day's name."""
    parts = [line(LEFT, scale.bottom, RIGHT, scale.bottom, MUTED)]
    for at in time_ticks(scale.start, scale.end, most=MOST_TIMES):
        x = scale.x(at)
        parts.append(line(x, scale.bottom, x, scale.bottom + 5, MUTED))
        moment = datetime.fromtimestamp(at, tz=UTC)
        is_midnight = has_days and not (moment.hour or moment.minute)
        label = f"{moment.day} {moment:%b}" if is_midnight else f"{moment:%H:%M}"
        parts.append(text(min(x, RIGHT - 8), scale.bottom + 20, label, anchor="middle", muted=True, size=SMALL))
    parts.append(text(14, scale.bottom + 20, "UTC", muted=True, size=SMALL))
    return parts
