"""When a follow-up is due, as people say it. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORDS = {"today": 0, "tonight": 0, "tomorrow": 1}
_DAY = "|".join(f"{day[:3]}(?:{day[3:]})?" for day in _DAYS)
# Before the end of what is typed: "by friday", "until 2026-11-30", "due tomorrow", "in 3 days".
DUE = re.compile(
    rf"(?:^|\s)(?:(?:by|until|till|due|before|on)\s+(?P<when>(?:next\s+)?(?:{_DAY}|week)|today|tonight|tomorrow|"
    r"\d{4}-\d{1,2}-\d{1,2})|in\s+(?P<count>\d{1,3}|a|one)\s+(?P<unit>day|week|month)s?)[.,;]?$",
    re.IGNORECASE,
)
LONGEST = timedelta(days=366)  # what is due later than that is a wish
_SPAN = {"day": 1, "week": 7, "month": 30}


def read_due(found: re.Match[str], today: date) -> date | str:
    """The day; a sentence where it cannot be one. A weekday is the next one that comes, never today."""
    when = (found["when"] or "").lower()
    if not when:
        count = 1 if found["count"].lower() in ("a", "one") else int(found["count"])
        return _checked(today + timedelta(days=count * _SPAN[found["unit"].lower()]), today)
    if when in _WORDS:
        return today + timedelta(days=_WORDS[when])
    if when[0].isdigit():
        return iso_day(when, today)
    name = when.removeprefix("next").strip()
    if name == "week":
        return today + timedelta(days=7 - today.weekday())  # its Monday
    wanted = next(place for place, day in enumerate(_DAYS) if day.startswith(name[:3]))
    return today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)


def iso_day(text: str, today: date) -> date | str:
    """ "2026-11-30"; a sentence where that is no day to come."""
    year, month, day = (int(part) for part in text.split("-"))
    try:
        found = date(year, month, day)
    except ValueError:
        return f"{text} is no day: write it as 2026-11-30."
    return _checked(found, today)


def _checked(found: date, today: date) -> date | str:
    if found < today:
        return f"{found} is past already; today is {today}."
    if found - today > LONGEST:
        return f"{found} is more than a year away: take a nearer day."
    return found
