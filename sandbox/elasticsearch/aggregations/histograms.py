"""Buckets of equal width: histogram and date_histogram."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sandbox.elasticsearch.aggregations.scope import MAX_BUCKETS, Budget, Scope, groups
from sandbox.elasticsearch.columns import Floats, NumberColumn, Rows
from sandbox.elasticsearch.dates import MILLIS, formatted, interval_millis
from sandbox.elasticsearch.errors import illegal_argument

_SHARED = ("field", "min_doc_count", "extended_bounds", "hard_bounds", "order", "keyed", "offset", "missing", "format")
_CALENDAR_FIXED = {"second": "s", "1s": "s", "minute": "m", "1m": "m", "hour": "h", "1h": "h", "day": "d", "1d": "d"}
_WEEK, _DAY = 7 * MILLIS["d"], MILLIS["d"]
_MONDAY = 4 * MILLIS["d"]  # 1970-01-05, the first Monday of the epoch
_CALENDAR_MONTHS = {"month": 1, "1M": 1, "quarter": 3, "1q": 3, "year": 12, "1y": 12}


def _histogram(scope: Scope) -> dict[str, Any]:
    scope.only(*_SHARED, "interval")
    interval = float(scope.body.get("interval") or 0)
    if interval <= 0:
        raise illegal_argument("[interval] must be >0 for histogram aggregation [" + scope.name + "]")
    offset = float(scope.body.get("offset", 0))
    values, rows = _values(scope)
    keys = np.floor((values - offset) / interval) * interval + offset
    bounds = _bounds(scope, float)
    low, high = (None if b is None else np.floor((b - offset) / interval) * interval + offset for b in bounds)
    found = dict(groups(keys, rows))
    wanted = _filled(found, low, high, scope, lambda start, end: np.arange(start, end + interval / 2, interval))
    return _listed(scope, [(key, {"key": float(key)}, wanted[key]) for key in sorted(wanted)])


def _date_histogram(scope: Scope) -> dict[str, Any]:
    scope.only(*_SHARED, "fixed_interval", "calendar_interval", "time_zone")
    if scope.body.get("time_zone") not in (None, "UTC", "Z", "+00:00"):
        raise illegal_argument(f"Unknown time-zone ID: {scope.body['time_zone']}")
    floor, steps = date_rounding(scope.body)
    values, rows = _values(scope)
    found = dict(groups(floor(values), rows))
    bounds = _bounds(scope, lambda value: float(scope.moment(value)))
    low, high = (None if b is None else float(floor(np.array([b]))[0]) for b in bounds)
    wanted = _filled(found, low, high, scope, steps)
    form = scope.body.get("format")
    heads = [(key, {"key_as_string": formatted(key, form), "key": int(key)}, wanted[key]) for key in sorted(wanted)]
    return _listed(scope, heads)


def date_rounding(body: Mapping[str, Any]) -> tuple[Callable[[Floats], Floats], Callable[[float, float], Floats]]:
    """How moments are rounded down to their bucket, and all buckets between two of them. Raises ElasticError."""
    fixed, calendar = body.get("fixed_interval"), body.get("calendar_interval")
    if (fixed is None) == (calendar is None):
        raise illegal_argument("Invalid interval specified, must be non-null and non-empty")
    offset = _offset(body.get("offset"))
    if calendar in _CALENDAR_MONTHS:
        return _months(_CALENDAR_MONTHS[calendar])
    if calendar in ("week", "1w"):
        width, offset = _WEEK, offset + _MONDAY
    elif calendar is not None:
        if calendar not in _CALENDAR_FIXED:
            raise illegal_argument(f"The supplied interval [{calendar}] could not be parsed as a calendar interval.")
        width = MILLIS[_CALENDAR_FIXED[calendar]]
    else:
        width = interval_millis(fixed, setting="date_histogram.fixedInterval")
    return (
        lambda moments: np.floor((moments - offset) / width) * width + offset,
        lambda start, end: np.arange(start, end + width / 2, width),
    )


def _months(count: int) -> tuple[Callable[[Floats], Floats], Callable[[float, float], Floats]]:
    def number(moments: Floats) -> np.ndarray[Any, Any]:
        return moments.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64) // count * count

    def millis(months: np.ndarray[Any, Any]) -> Floats:
        return months.astype("datetime64[M]").astype("datetime64[ms]").astype(np.float64)

    def between(start: float, end: float) -> Floats:
        first, last = number(np.array([start, end]))
        return millis(np.arange(first, last + 1, count))

    return (lambda moments: millis(number(moments))), between


def _offset(given: Any) -> int:
    if given in (None, 0):
        return 0
    text = str(given)
    sign = -1 if text.startswith("-") else 1
    return sign * interval_millis(text.lstrip("+-"), setting="date_histogram.offset")


def _values(scope: Scope) -> tuple[Floats, Rows]:
    column = scope.column()
    if column is None:
        return np.empty(0), scope.rows[:0]
    is_date = scope.kind == "date_histogram"
    if not isinstance(column, NumberColumn) or (is_date and column.kind != "date"):
        raise scope.unsupported(column.kind)
    values = column.values[scope.rows]
    hard = scope.body.get("hard_bounds") or {}
    kept = ~np.isnan(values)
    convert: Callable[[Any], float] = (lambda value: float(scope.moment(value))) if is_date else float
    if hard.get("min") is not None:
        kept &= values >= convert(hard["min"])
    if hard.get("max") is not None:
        kept &= values <= convert(hard["max"])
    return values[kept], scope.rows[kept]


def _bounds(scope: Scope, convert: Callable[[Any], float]) -> tuple[float | None, float | None]:
    given = scope.body.get("extended_bounds")
    if given is None:
        return None, None
    if scope.body.get("min_doc_count", 0) != 0:
        return None, None
    low, high = given.get("min"), given.get("max")
    bounds = (None if low is None else convert(low)), (None if high is None else convert(high))
    if bounds[0] is not None and bounds[1] is not None and bounds[0] > bounds[1]:
        raise illegal_argument(f"[extended_bounds.min][{low}] cannot be greater than [extended_bounds.max][{high}] "
                               f"for histogram aggregation [{scope.name}]")  # fmt: skip
    return bounds


def _filled(
    found: dict[float, Rows],
    low: float | None,
    high: float | None,
    scope: Scope,
    steps: Callable[[float, float], Floats],
) -> dict[float, Rows]:
    """With min_doc_count 0 (the default) the empty buckets between the first and the last are there as well."""
    least = int(scope.body.get("min_doc_count", 0))
    if least > 0:
        return {key: rows for key, rows in found.items() if len(rows) >= least}
    ends = [*found, *(bound for bound in (low, high) if bound is not None)]
    if not ends:
        return found
    if low is not None and high is None and not found:
        return found
    keys = steps(min(ends), max(ends))
    if len(keys) > MAX_BUCKETS:
        Budget(used=MAX_BUCKETS).take()
    return {float(key): found.get(float(key), scope.rows[:0]) for key in keys}


def _listed(scope: Scope, heads: list[tuple[float, dict[str, Any], Rows]]) -> dict[str, Any]:
    order = scope.body.get("order") or {"_key": "asc"}
    (by, direction), *_ = (order[0] if isinstance(order, list) else order).items()
    buckets = [scope.bucket(rows, head) for _, head, rows in heads]
    if by == "_count":
        buckets.sort(key=lambda bucket: bucket["doc_count"], reverse=direction == "desc")
    elif by != "_key":
        raise illegal_argument(f"Invalid aggregation order path [{by}]. It is not supported here.")
    elif direction == "desc":
        buckets.reverse()
    if scope.body.get("keyed"):
        return {"buckets": {str(bucket.get("key_as_string", bucket["key"])): bucket for bucket in buckets}}
    return {"buckets": buckets}


KINDS: Mapping[str, Callable[[Scope], dict[str, Any]]] = {"histogram": _histogram, "date_histogram": _date_histogram}
