"""Incidents by week: how many of each severity as bars, how long it took to mitigate them as a line above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.domain.alert import Severity
from bot.domain.causes.words import span
from bot.domain.chart.axes import GRID
from bot.domain.chart.paper import INK, LEFT, MUTED, RIGHT, SMALL, line, paper, rect, text
from bot.domain.life.measures import Measure, Week
from bot.domain.life.wording import counted
from bot.domain.plaintext import plain
from bot.domain.ticks import value_ticks

MOST_WEEKS = 26  # half a year: narrower bars cannot be told apart on a phone; the newest are drawn
LABELS = 7  # at most, of weeks
TITLE_LIMIT = 84
# From what alarms to what hardly does: told apart by lightness too.
COLOURS = {Severity.SEV1: "#9b1c1c", Severity.SEV2: "#d9772b", Severity.SEV3: "#5b8db8", Severity.SEV4: "#c3ccd6"}
LINE = "#1d1c1d"
LINE_TOP, LINE_BOTTOM = 76, 148  # pixels: the panel of the line
BARS_TOP, BARS_BOTTOM = 190, 318
HEIGHT = 352
BAR_SHARE = 0.62  # of a week's width
WIDEST = 56.0  # pixels of a bar: of two weeks it would be a wall


def weeks_svg(title: str, weeks: Sequence[Week]) -> str:
    shown = weeks[-MOST_WEEKS:]
    if not shown or not any(week.total for week in shown):
        middle = text((LEFT + RIGHT) / 2, 120, "No incidents in this time", anchor="middle", muted=True)
        return paper(plain(title, TITLE_LIMIT), "", 220, [middle])
    parts = [*_bars(shown), *_medians(shown), *_mondays(shown), *_legend(shown)]
    return paper(plain(title, TITLE_LIMIT), "", HEIGHT, parts)


def weeks_alt(title: str, weeks: Sequence[Week]) -> str:
    shown = weeks[-MOST_WEEKS:]
    total = sum(week.total for week in shown)
    if not total:
        return f"{plain(title, TITLE_LIMIT)}: no incidents."
    busiest = max(shown, key=lambda week: week.total)
    told = [
        f"{counted(total, 'incident')} in {counted(len(shown), 'week')}",
        f"the most, {busiest.total}, in the week of {busiest.monday:%d %b}",
    ]
    medians = [(week.monday, took) for week in shown if (took := week.group.median(Measure.MITIGATE)) is not None]
    if medians:
        told.append(f"half of them were mitigated within {span(medians[-1][1])} in the week of {medians[-1][0]:%d %b}")
    return f"{plain(title, TITLE_LIMIT)}: {'; '.join(told)}."


@dataclass(frozen=True, kw_only=True)
class _Panel:
    top: float
    bottom: float
    high: float

    def y(self, value: float) -> float:
        return round(self.bottom - value / self.high * (self.bottom - self.top), 1)


def _middle(place: int, count: int) -> float:
    return round(LEFT + (place + 0.5) * (RIGHT - LEFT) / count, 1)


def _bars(weeks: Sequence[Week]) -> list[str]:
    highest = max(week.total for week in weeks)
    panel = _Panel(top=BARS_TOP, bottom=BARS_BOTTOM, high=highest * 1.12)
    parts = [text(14, BARS_TOP - 14, "incidents a week", muted=True, size=SMALL)]
    for value in value_ticks(0.0, panel.high, most=3):
        if value == int(value):
            parts += _tick(panel.y(value), f"{int(value)}")
    width = min(BAR_SHARE * (RIGHT - LEFT) / len(weeks), WIDEST)
    for place, week in enumerate(weeks):
        middle, below = _middle(place, len(weeks)), 0
        for severity in reversed(Severity):
            count = week.counts.get(severity, 0)
            top = panel.y(below + count)
            if count:
                parts.append(rect(middle - width / 2, top, width, panel.y(below) - top, COLOURS[severity]))
            below += count
        if below and len(weeks) <= MOST_WEEKS // 2:
            parts.append(text(middle, panel.y(below) - 4, str(below), anchor="middle", size=SMALL, halo=True))
    parts.append(line(LEFT, BARS_BOTTOM, RIGHT, BARS_BOTTOM, MUTED))
    return parts


def _medians(weeks: Sequence[Week]) -> list[str]:
    parts = [text(14, LINE_TOP - 14, "median time to mitigate", muted=True, size=SMALL)]
    found = [
        (_middle(place, len(weeks)), took.total_seconds())
        for place, week in enumerate(weeks)
        if (took := week.group.median(Measure.MITIGATE)) is not None
    ]
    if not found:
        return [*parts, text((LEFT + RIGHT) / 2, LINE_BOTTOM - 30, "not known", anchor="middle", muted=True)]
    highest = max(seconds for _, seconds in found) or 60.0
    panel = _Panel(top=LINE_TOP, bottom=LINE_BOTTOM, high=highest * 1.15)
    for seconds in _round_times(panel.high):
        parts += _tick(panel.y(seconds), _axis(seconds))
    path = " ".join(f"{x},{panel.y(seconds)}" for x, seconds in found)
    parts.append(f'<polyline points="{path}" fill="none" stroke="{LINE}" stroke-width="2" stroke-linejoin="round"/>')
    parts += [f'<circle cx="{x}" cy="{panel.y(seconds)}" r="3.5" fill="{LINE}"/>' for x, seconds in found]
    x, seconds = found[-1]
    anchor = "end" if x > (LEFT + RIGHT) / 2 else "start"
    told = span(timedelta(seconds=seconds))
    parts.append(text(x, panel.y(seconds) - 8, told, anchor=anchor, weight=700, size=SMALL, halo=True))
    return parts


def _round_times(high: float) -> list[float]:
    """Two or three round spans up to `high` seconds, zero among them."""
    steps = (15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0)
    step = next((one for one in steps if high / one <= 3), None)
    if step is None:
        step = 86400.0 * -(-high // (3 * 86400.0))
    return [n * step for n in range(int(high // step) + 1)]


def _axis(seconds: float) -> str:
    if seconds == 0:
        return "0"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    if minutes < 120:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} d"


def _tick(y: float, label: str) -> list[str]:
    return [
        line(LEFT, y, RIGHT, y, GRID),
        text(LEFT - 7, y + 4.5, label, anchor="end", muted=True, size=SMALL),
    ]


def _mondays(weeks: Sequence[Week]) -> list[str]:
    each = -(-len(weeks) // LABELS)
    newest = len(weeks) - 1
    return [
        text(_middle(place, len(weeks)), BARS_BOTTOM + 20, _day(week.monday), anchor="middle", muted=True, size=SMALL)
        for place, week in enumerate(weeks)
        if (newest - place) % each == 0
    ]


def _day(monday: date) -> str:
    return f"{monday.day} {monday:%b}"


def _legend(weeks: Sequence[Week]) -> list[str]:
    parts: list[str] = []
    x = float(RIGHT)
    for severity in reversed(Severity):
        if not any(week.counts.get(severity) for week in weeks):
            continue
        x -= 62
        parts.append(rect(x, BARS_TOP - 24, 12, 12, COLOURS[severity]))
        parts.append(text(x + 17, BARS_TOP - 14, severity.value, size=SMALL, fill=INK))
    return parts
