"""All combinations of several values, in pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sandbox.elasticsearch.aggregations.histograms import date_rounding
from sandbox.elasticsearch.aggregations.scope import Scope
from sandbox.elasticsearch.columns import KeywordColumn, NumberColumn, Rows, TextColumn
from sandbox.elasticsearch.dates import formatted
from sandbox.elasticsearch.errors import illegal_argument, no_fielddata, parsing, unknown_field


def _composite(scope: Scope) -> dict[str, Any]:
    scope.only("sources", "size", "after")
    sources = [_source(item) for item in scope.body.get("sources") or ()]
    if not sources:
        raise illegal_argument("Composite [sources] cannot be null or empty")
    combined: dict[tuple[Any, ...], list[int]] = {}
    for row, *key in zip(scope.rows.tolist(), *(_values(*source, scope) for source in sources), strict=True):
        if None not in key:
            combined.setdefault(tuple(key), []).append(row)
    keys = _sorted(combined, sources)
    names = [name for name, _, _ in sources]
    if "after" in scope.body:
        after = tuple(scope.body["after"].get(name) for name in names)
        with_after = _sorted({*keys, after}, sources)
        keys = with_after[with_after.index(after) + 1 :]
    page = keys[: int(scope.body.get("size", 10))]
    buckets = [
        scope.bucket(np.array(combined[key], dtype=np.int64), {"key": dict(zip(names, key, strict=True))})
        for key in page
    ]
    return ({"after_key": buckets[-1]["key"]} if buckets else {}) | {"buckets": buckets}


def _source(item: Any) -> tuple[str, str, Mapping[str, Any]]:
    """Name, kind and body of one source."""
    if not isinstance(item, dict) or len(item) != 1:
        raise parsing("[composite] failed to parse field [sources]")
    ((name, given),) = item.items()
    ((kind, body),) = given.items()
    if kind not in ("terms", "date_histogram"):
        raise parsing(f"invalid source type: {kind}")
    for option in body:
        if option not in ("field", "order", "fixed_interval", "calendar_interval", "offset", "format"):
            raise unknown_field(kind, option)
    return name, kind, body


def _values(_: str, kind: str, body: Mapping[str, Any], scope: Scope) -> Sequence[Any]:
    column, rows = scope.view.column(body["field"]), scope.rows
    if isinstance(column, TextColumn):
        raise no_fielddata(body["field"], scope.view.index.name)
    if isinstance(column, KeywordColumn):
        return [column.words[code] if code >= 0 else None for code in column.codes[rows].tolist()]
    if not isinstance(column, NumberColumn):
        return [None] * len(rows)
    return _numbers(column, kind, body, rows)


def _numbers(column: NumberColumn, kind: str, body: Mapping[str, Any], rows: Rows) -> Sequence[Any]:
    values = column.values[rows]
    if kind == "date_histogram":
        values = date_rounding(body)[0](values)
    whole = column.kind != "double"
    found = [None if value != value else int(value) if whole else value for value in values.tolist()]
    form = body.get("format")
    return [value if value is None else formatted(value, form) for value in found] if form else found


def _sorted(keys: Any, sources: Sequence[tuple[str, str, Mapping[str, Any]]]) -> list[tuple[Any, ...]]:
    ordered = sorted(keys)
    for place, (_, _, body) in reversed(list(enumerate(sources))):
        ordered.sort(key=lambda key: key[place], reverse=body.get("order") == "desc")
    return ordered


KINDS: Mapping[str, Callable[[Scope], dict[str, Any]]] = {"composite": _composite}
