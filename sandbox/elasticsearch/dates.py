"""Dates as Elasticsearch reads and writes them: ISO, epoch, date math, intervals. All moments in epoch milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.elasticsearch.errors import ElasticError, illegal_argument

DEFAULT_FORMAT = "strict_date_optional_time||epoch_millis"
MILLIS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_INTERVAL = re.compile(r"(\d+)(ms|s|m|h|d)")
_EPOCH = re.compile(r"-?\d+(?:\.\d+)?")
_MATH = re.compile(r"([+-])(\d*)([yMwdhHms])|/([yMwdhHms])")
_ISO = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](?:(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?)?"
    r"(Z|[+-]\d\d:?(?:\d\d)?)?)?)?)?"
)
_UNITS = {"w": timedelta(weeks=1), "d": timedelta(days=1), "h": timedelta(hours=1), "H": timedelta(hours=1),
          "m": timedelta(minutes=1), "s": timedelta(seconds=1)}  # fmt: skip
_ONE_MILLI = timedelta(milliseconds=1)
_PATTERN = re.compile(r"'([^']*)'|yyyy|uuuu|MM|dd|HH|mm|ss|S+|XXX|X|Z+|[^A-Za-z']|[A-Za-z]+")


def iso(millis: float) -> str:
    """As `strict_date_optional_time` prints it: 2026-11-20T10:00:00.000Z"""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(millis))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def interval_millis(text: Any, *, setting: str) -> int:
    """A fixed interval such as 30s. Raises ElasticError."""
    match = _INTERVAL.fullmatch(str(text))
    if match is None:
        raise illegal_argument(
            f"failed to parse setting [{setting}] with value [{text}] as a time value: unit is missing or unrecognized"
        )
    millis = int(match[1]) * MILLIS[match[2]]
    if millis <= 0:
        raise illegal_argument("Zero or negative time interval not supported")
    return millis


def zone(name: str | None) -> tzinfo:
    """An offset or a name of the time zone database. Raises ElasticError."""
    if name in (None, "UTC", "Z"):
        return UTC
    if match := re.fullmatch(r"([+-])(\d\d):?(\d\d)", str(name)):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(offset if match[1] == "+" else -offset)
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError):
        raise illegal_argument(f"Unknown time-zone ID: {name}") from None


def parse(value: Any, *, now: int, up: bool = False, form: str | None = None, time_zone: str | None = None) -> int:
    """A date with optional math. `up` fills missing parts and rounds to the last millisecond of the unit.

    Raises ElasticError.
    """
    forms = (form or DEFAULT_FORMAT).split("||")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value * 1000) if "epoch_second" in forms else int(value)
    text = str(value).strip()
    where = zone(time_zone)
    if text.startswith("now"):
        base, math = datetime.fromtimestamp(now // 1000, where) + timedelta(milliseconds=now % 1000), text[3:]
    else:
        literal, _, math = text.partition("||")
        base = _literal(literal, forms, up=up and not math, where=where, shown=form or DEFAULT_FORMAT)
    return _millis(_apply(base, math, up=up, shown=text))


def formatted(millis: float, form: str | None) -> str:
    """Raises ElasticError for a pattern that is not understood."""
    first = (form or "strict_date_optional_time").split("||")[0]
    if first in ("strict_date_optional_time", "date_optional_time", "strict_date_time", "date_time", "iso8601"):
        return iso(millis)
    if first == "epoch_millis":
        return str(int(millis))
    if first == "epoch_second":
        return str(int(millis) // 1000)
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(millis))
    return "".join(_piece(match, moment, first) for match in _PATTERN.finditer(first))


def _piece(match: re.Match[str], moment: datetime, form: str) -> str:
    text = match[0]
    if text.startswith("'"):
        return match[1] or "'"
    codes = {"yyyy": "%Y", "uuuu": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
    if text in codes:
        return moment.strftime(codes[text])
    if set(text) == {"S"}:
        return f"{moment.microsecond:06d}"[: len(text)].ljust(len(text), "0")
    if text in ("X", "XXX"):
        return "Z"
    if set(text) == {"Z"}:
        return "+0000"
    if text.isalpha():
        raise illegal_argument(f"Invalid format: [{form}]: Unknown pattern letter: {text[0]}")
    return text


def _literal(text: str, forms: list[str], *, up: bool, where: tzinfo, shown: str) -> datetime:
    if _EPOCH.fullmatch(text) and "epoch_second" in forms:
        return datetime.fromtimestamp(float(text), UTC)
    if _EPOCH.fullmatch(text) and "epoch_millis" in forms and len(text) != 4:
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(float(text)))
    match = _ISO.fullmatch(text)
    if match is None:
        raise _unreadable(text, shown)
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    zoned = where if offset is None else zone(offset if len(offset) != 3 else offset + "00")
    try:
        start = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
                         int((fraction or "0")[:6].ljust(6, "0")), tzinfo=zoned)  # fmt: skip
    except ValueError:
        raise _unreadable(text, shown) from None
    if not up or fraction is not None:
        return start
    missing = next((u for u, part in zip("yMdhm", (month, day, hour, minute, second), strict=True) if not part), "s")
    return _next(start, missing) - _ONE_MILLI


def _apply(base: datetime, math: str, *, up: bool, shown: str) -> datetime:
    position = 0
    while position < len(math):
        match = _MATH.match(math, position)
        if match is None:
            raise ElasticError("parse_exception", f"operator not supported for date math [{shown}]")
        sign, count, unit, rounding = match.groups()
        if rounding:
            base = _floor(base, rounding)
            base = _next(base, rounding) - _ONE_MILLI if up else base
        else:
            base = _add(base, (int(count or 1)) * (1 if sign == "+" else -1), unit)
        position = match.end()
    return base


def _add(moment: datetime, count: int, unit: str) -> datetime:
    if unit in _UNITS:
        return moment + count * _UNITS[unit]
    months = moment.year * 12 + moment.month - 1 + count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    last = (datetime(year + (month == 11), (month + 1) % 12 + 1, 1, tzinfo=UTC) - timedelta(days=1)).day
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def _next(moment: datetime, unit: str) -> datetime:
    return _add(moment, 1, unit)


def _floor(moment: datetime, unit: str) -> datetime:
    names = {"s": 0, "m": 1, "h": 2, "H": 2, "d": 3, "w": 3, "M": 4, "y": 5}
    zeroes: tuple[tuple[str, int], ...] = (("second", 0), ("minute", 0), ("hour", 0), ("day", 1), ("month", 1))
    floored = moment.replace(**{"microsecond": 0, **dict(zeroes[: names[unit]])})  # type: ignore[arg-type]
    return floored - timedelta(days=floored.weekday()) if unit == "w" else floored


def _millis(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // _ONE_MILLI


def _unreadable(text: str, form: str) -> ElasticError:
    return ElasticError(
        "parse_exception",
        f"failed to parse date field [{text}] with format [{form}]: [failed to parse date field [{text}] "
        f"with format [{form}]]",
    )
