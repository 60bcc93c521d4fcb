"""Moments as vertical lines, each up to its label. No label covers another, and no line crosses one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain.chart.paper import INK, LEFT, PLUM, RIGHT, ROW, SMALL, Scale, line, place, text, width_of
from bot.domain.evidence import Mark, TriggerChart
from bot.domain.plaintext import plain

MOST_MARKS = 3  # the newest: more lines than these hide the samples
MOST_ROWS = 4  # of labels above the plot
LABEL_LIMIT = 24
SAME = 4.0  # pixels: moments closer than this are one line
GAP = 8.0  # pixels between two labels of a row, and between a label and a foreign line
EDGE = 6.0


@dataclass(frozen=True, kw_only=True)
class Moment:
    at: float  # unix seconds
    label: str
    colour: str = INK
    dashes: str = ""
    weight: int = 700
    row: int = 0  # 0 is next to the plot
    x: float = 0.0
    left: float = 0.0  # of the label
    right: float = 0.0


def moments_of(chart: TriggerChart, start: float, end: float) -> list[Moment]:
    """The alert, the onset and the newest changes within the window; the least important last."""
    alert = Moment(at=chart.onset.timestamp(), label=f"alert {chart.onset:%H:%M}")
    found = [alert]
    if chart.began:
        began = chart.began.timestamp()
        if abs(place(began, start, end) - place(alert.at, start, end)) < SAME:
            found = [replace(alert, label=f"began {chart.began:%H:%M}, alert {chart.onset:%H:%M}")]
            if f"{chart.began:%H:%M}" == f"{chart.onset:%H:%M}":
                found = [replace(alert, label=f"began, alert {chart.onset:%H:%M}")]
        elif start <= began <= end:
            found.append(Moment(at=began, label=f"began {chart.began:%H:%M}", dashes="2 3"))
    marks = [mark for mark in chart.marks if start <= mark.at.timestamp() <= end]
    return found + [_mark(mark) for mark in marks[: -MOST_MARKS - 1 : -1]]


def _mark(mark: Mark) -> Moment:
    return Moment(at=mark.at.timestamp(), label=plain(mark.label, LABEL_LIMIT), colour=PLUM, dashes="6 3", weight=400)


def rows_of(moments: Sequence[Moment], start: float, end: float) -> tuple[Moment, ...]:
    """With a row for each label; the least important moments are left out where there are not enough rows."""
    placed = [_placed(moment, start, end) for moment in moments]
    while placed:
        rows = _stairs(sorted(placed, key=lambda moment: moment.x))
        if rows is not None:
            return rows
        placed.pop()
    return ()


def _placed(moment: Moment, start: float, end: float) -> Moment:
    """The label ends at its line, so that it stands over what was before; it begins there where there is no room."""
    x = place(moment.at, start, end)
    width = width_of(moment.label, SMALL)
    left = x - width + 3 if x - width > EDGE else x - 3
    left = min(left, RIGHT + LEFT - EDGE - width) if left + width > RIGHT + EDGE else left
    return replace(moment, x=x, left=left, right=left + width)


def _stairs(moments: Sequence[Moment]) -> tuple[Moment, ...] | None:
    """From left to right, each on the lowest row where nothing is in its way."""
    rows: list[Moment] = []
    for moment in moments:
        row = next((n for n in range(MOST_ROWS) if all(_is_clear(replace(moment, row=n), one) for one in rows)), None)
        if row is None:
            return None
        rows.append(replace(moment, row=row))
    return tuple(rows)


def _is_clear(one: Moment, other: Moment) -> bool:
    """Whether their labels stand apart, and the line of the higher one passes the label of the lower one."""
    if one.row == other.row:
        return one.left >= other.right + GAP or other.left >= one.right + GAP
    lower, higher = (one, other) if one.row < other.row else (other, one)
    return not lower.left - 2 < higher.x < lower.right + 2


def drawn(moments: Sequence[Moment], scale: Scale) -> list[str]:
    parts = []
    for moment in moments:
        foot = scale.top - 5 - ROW * moment.row
        stroke = line(moment.x, foot + 3, moment.x, scale.bottom, moment.colour, width=1.6, dashes=moment.dashes)
        label = text(moment.left, foot, moment.label, fill=moment.colour, size=SMALL, weight=moment.weight)
        parts += [stroke, label]
    return parts
