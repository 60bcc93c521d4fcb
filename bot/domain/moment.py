"""Times as monitors write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FUTURE_TOLERANCE = timedelta(minutes=10)  # clocks of monitors drift; more than this is a wrong clock or zone
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # before this it is a zero value, not an onset

_EPOCH_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))  # below this many: seconds, ms, us, ns
_NUMBER = re.compile(r"\d{9,19}(\.\d{1,9})?")
_GO_TIME = re.compile(r"(\S+ [\d:.]+) ([+-]\d{4})( \w+)?")  # Go's String(): 2025-02-15 14:59:03.2 +0000 UTC


@dataclass(frozen=True, kw_only=True)
class Moment:
    at: datetime  # aware, UTC
    is_receipt: bool  # True where the stated time was unusable and the time of receipt stands in


def read_moment(value: str | float | None) -> datetime | None:
    """ISO 8601 (nanoseconds are cut, without a zone it is UTC) or epoch seconds, ms, us or ns; None: not a time."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _from_epoch(float(value))
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return _from_epoch(float(text))
    if go := _GO_TIME.fullmatch(text):
        text = f"{go[1]}{go[2]}"
    try:
        parsed = datetime.fromisoformat(text.upper())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def settle(stated: datetime | None, received_at: datetime) -> Moment:
    """The stated time where it can be true, else the time of receipt, marked as such."""
    if stated is None or stated < EARLIEST or stated > received_at + FUTURE_TOLERANCE:
        return Moment(at=received_at, is_receipt=True)
    return Moment(at=stated, is_receipt=False)


def _from_epoch(number: float) -> datetime | None:
    for below, per_second in _EPOCH_UNITS:
        if number < below:
            try:
                return datetime.fromtimestamp(number / per_second, tz=UTC)
            except (ValueError, OverflowError, OSError):
                return None
    return None
