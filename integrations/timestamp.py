"""Times as monitors without a standard write them, beyond what `bot.domain.moment` reads."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from bot.domain.moment import read_moment

_LONGEST = 60  # characters; no way to write a time needs more, and a megabyte is not searched for one
_ZONE = re.compile(r"\s*(?:\(?\b(?:UTC|GMT|Z)\b\)?)$", re.IGNORECASE)
_SLASHES = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?=[ T]|$)")
_ODD_OFFSET = re.compile(r"([+-]\d{2})[.](\d{2})$")  # "+01.00"
_COMPACT = re.compile(r"(?:19|20)\d{12}")  # 20260304091243; as an epoch it would be centuries away
_STRPTIME = (
    "%a %b %d %H:%M:%S %Y",  # date(1), ctime
    "%a %d %b %Y %H:%M:%S",
    "%b %d, %Y %H:%M:%S",
    "%b %d, %Y %I:%M:%S %p",
    "%b %d %Y %H:%M:%S",
    "%d %b %Y %H:%M:%S",
    "%Y.%m.%d %H:%M:%S",
    "%Y%m%d%H%M%S",
    "%Y-%m-%d %H:%M:%S %z",
)
_IN_TEXT = re.compile(
    r"\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?"
    r"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2}(?: GMT| UTC| [+-]\d{4})?"
)


def read_timestamp(value: object) -> datetime | None:
    """Any time a monitor writes: ISO 8601, epochs, RFC 2822, ctime, slashes, a zone spelled out. A bare day is none.

    Days before months and months before days cannot be told apart, so 03/04/2026 is not read.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return read_moment(value)
    if not isinstance(value, str) or not 8 <= len(value.strip()) <= _LONGEST:
        return None
    text = value.strip()
    if text.count("-") == 2 and len(text) == 10:
        return None  # a day is no onset
    if _COMPACT.fullmatch(text):
        return _spelled_out(text)
    spelled = _ODD_OFFSET.sub(r"\1:\2", _SLASHES.sub(_iso_day, _ZONE.sub("", text)))
    return read_moment(text) or read_moment(spelled) or _mail_time(text) or _spelled_out(text)


def timestamp_in(text: str) -> datetime | None:
    """The first time that stands in a sentence; None where there is none."""
    found = _IN_TEXT.search(text[:4_000])
    return read_timestamp(found[0]) if found else None


def _iso_day(day: re.Match[str]) -> str:
    return f"{day[1]}-{int(day[2]):02}-{int(day[3]):02}"


def _mail_time(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _spelled_out(text: str) -> datetime | None:
    bare = " ".join(part for part in text.split() if part.upper() not in ("UTC", "GMT"))
    for shape in _STRPTIME:
        try:
            parsed = datetime.strptime(bare, shape)  # noqa: DTZ007  (the next line sets the zone)
            return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None
