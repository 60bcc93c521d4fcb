"""Buckets that the request draws itself: filters, ranges, missing, global, samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sandbox.elasticsearch.aggregations.scope import Scope
from sandbox.elasticsearch.columns import NumberColumn, Rows
from sandbox.elasticsearch.dates import formatted
from sandbox.elasticsearch.errors import parsing


def _single(scope: Scope, rows: Rows) -> dict[str, Any]:
    return scope.bucket(rows, {})


def _filter(scope: Scope) -> dict[str, Any]:
    return _single(scope, scope.matching(scope.body))


def _filters(scope: Scope) -> dict[str, Any]:
    scope.only("filters", "other_bucket", "other_bucket_key", "keyed")
    given = scope.body.get("filters")
    if not isinstance(given, (dict, list)) or not given:
        raise parsing("[filters] cannot be empty")
    queries = list(given.items()) if isinstance(given, dict) else [(None, query) for query in given]
    other = scope.body.get("other_bucket_key") or ("_other_" if scope.body.get("other_bucket") else None)
    rest = np.ones(len(scope.rows), dtype=np.bool_)
    found = []
    for key, query in queries:
        inside = scope.mask(query)[scope.rows]
        rest &= ~inside
        found.append((key, scope.bucket(scope.rows[inside], {})))
    if other is not None:
        found.append((other, scope.bucket(scope.rows[rest], {})))
    if not isinstance(given, dict):
        return {"buckets": [bucket for _, bucket in found]}
    if scope.body.get("keyed", True):
        return {"buckets": dict(found)}
    return {"buckets": [{"key": key, **bucket} for key, bucket in found]}


def _range(scope: Scope) -> dict[str, Any]:
    scope.only("field", "ranges", "keyed", "format", "missing", "time_zone")
    is_date = scope.kind == "date_range"
    ranges = scope.body.get("ranges")
    if not isinstance(ranges, list) or not ranges:
        raise parsing(f"No [ranges] specified for the [{scope.name}] aggregation")
    column = scope.column()
    if column is not None and not isinstance(column, NumberColumn):
        raise scope.unsupported(column.kind)
    values = column.values[scope.rows] if column is not None else np.full(len(scope.rows), np.nan)
    buckets = []
    for item in ranges:
        low, high = (_bound(item.get(end), scope) for end in ("from", "to"))
        inside = ~np.isnan(values)
        inside &= (values >= low) if low is not None else True
        inside &= (values < high) if high is not None else True
        buckets.append((low, high, scope.rows[inside], item.get("key")))
    buckets.sort(key=lambda b: (b[0] is not None, b[0] or 0.0, b[1] is None, b[1] or 0.0))
    found = [_shown(*bucket, is_date=is_date, scope=scope) for bucket in buckets]
    if scope.body.get("keyed"):
        return {"buckets": {bucket.pop("key"): bucket for bucket in found}}
    return {"buckets": found}


def _bound(value: Any, scope: Scope) -> float | None:
    if value is None:
        return None
    return float(scope.moment(value)) if scope.kind == "date_range" else float(value)


def _shown(
    low: float | None, high: float | None, rows: Rows, key: str | None, *, is_date: bool, scope: Scope
) -> dict[str, Any]:
    def text(value: float | None) -> str:
        if value is None:
            return "*"
        return formatted(value, scope.body.get("format")) if is_date else str(value)

    head: dict[str, Any] = {"key": key or f"{text(low)}-{text(high)}"}
    for name, value in (("from", low), ("to", high)):
        if value is not None:
            head |= {name: value, f"{name}_as_string": text(value)} if is_date else {name: value}
    return scope.bucket(rows, head)


def _missing(scope: Scope) -> dict[str, Any]:
    scope.only("field", "missing")
    column = scope.view.column(scope.field())
    return _single(scope, scope.rows if column is None else scope.rows[~column.present[scope.rows]])


def _global(scope: Scope) -> dict[str, Any]:
    scope.only()
    return _single(scope, np.flatnonzero(scope.view.seen))


def _sampler(scope: Scope) -> dict[str, Any]:
    """The best-scoring documents of each shard; there is one shard."""
    scope.only("shard_size")
    size = int(scope.body.get("shard_size", 100))
    best = np.argsort(-scope.scores[scope.rows], kind="stable")[:size]
    return _single(scope, np.sort(scope.rows[best]))


KINDS: Mapping[str, Callable[[Scope], dict[str, Any]]] = {
    "filter": _filter,
    "filters": _filters,
    "range": _range,
    "date_range": _range,
    "missing": _missing,
    "global": _global,
    "sampler": _sampler,
}
