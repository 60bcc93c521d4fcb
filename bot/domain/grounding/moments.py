"""Times and dates in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.grounding.span import Span

ABOUT_MINUTES = 2  # "about 14:05" is said of 14:03 to 14:07
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_CLOCK = re.compile(r"(?<![\d:.])(?P<h>[01]?\d|2[0-3])[:.](?P<m>[0-5]\d)(?::(?P<s>[0-5]\d)(?:\.\d+)?)?(?![\d:.]?\d)")
_DATE = re.compile(
    rf"\b(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})(?=\b|T)|\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\.? (?P<mon>{_MONTH})\b"
    rf"|\b(?P<mon2>{_MONTH}) (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"(?:\babout|\baround|\bapproximately|\broughly|\bsome|\bnear|~|\bca\.?)\s*$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Clock(Span):
    seconds: int  # of the day
    is_exact: bool  # its seconds are told
    is_about: bool = False


@dataclass(frozen=True, kw_only=True)
class Day(Span):
    month: int
    day: int


def clocks(text: str) -> tuple[Clock, ...]:
    """ "14:05", "14:05:31"; with a full stop only where a zone follows, as "2.31" is a number."""
    return tuple(
        Clock(
            start=m.start(),
            end=m.end(),
            seconds=int(m["h"]) * 3600 + int(m["m"]) * 60 + int(m["s"] or 0),
            is_exact=m["s"] is not None,
            is_about=bool(_ABOUT.search(text[: m.start()])),
        )
        for m in _CLOCK.finditer(text)
        if ":" in m[0] or re.match(r"\s*(?:UTC|h\b|Uhr)", text[m.end() :])
    )


def days(text: str) -> tuple[Day, ...]:
    return tuple(_day(m) for m in _DATE.finditer(text))


def _day(m: re.Match[str]) -> Day:
    if m["iso"]:
        return Day(start=m.start(), end=m.end(), month=int(m["iso"][5:7]), day=int(m["iso"][8:10]))
    word, day = (m["mon"], m["d"]) if m["mon"] else (m["mon2"], m["d2"])
    return Day(start=m.start(), end=m.end(), month=_MONTHS.index(word[:3].lower()) + 1, day=int(day))


def seconds_of(times: Iterable[datetime]) -> tuple[int, ...]:
    return tuple(t.hour * 3600 + t.minute * 60 + t.second for t in times)


def same_clock(said: Clock, shown: int, *, shown_exact: bool) -> bool:
    """Cut to the minute, or rounded to it. A shown time without seconds stands for all of its minute."""
    if said.is_about:
        return abs(said.seconds - shown) <= ABOUT_MINUTES * 60
    if said.is_exact and shown_exact:
        return abs(said.seconds - shown) <= 1
    if said.is_exact:
        return 0 <= said.seconds - shown < 60
    return said.seconds == shown - shown % 60 or said.seconds == (shown + 30) // 60 * 60


def same_day(said: Day, shown: Iterable[Day], times: Iterable[datetime]) -> bool:
    wanted = (said.month, said.day)
    return any(wanted == (day.month, day.day) for day in shown) or any(wanted == (t.month, t.day) for t in times)


def apart(shown: Sequence[int]) -> tuple[float, ...]:
    """Seconds between any two of the times."""
    day = timedelta(days=1).total_seconds()
    gaps = {abs(a - b) for n, a in enumerate(shown) for b in shown[n + 1 :]}
    return tuple(float(min(gap, day - gap)) for gap in gaps if gap)
