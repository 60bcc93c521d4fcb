"""Orders rows as a search's `sort` asks, and continues after the last one of the page before."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sandbox.elasticsearch import dates
from sandbox.elasticsearch.columns import MISSING, Floats, KeywordColumn, Mask, NumberColumn, Rows, TextColumn
from sandbox.elasticsearch.errors import ElasticError, illegal_argument, no_fielddata, parsing
from sandbox.elasticsearch.index import View

_OPTIONS = ("order", "missing", "unmapped_type", "format", "mode", "numeric_type")


@dataclass(frozen=True, kw_only=True)
class _Key:
    field: str
    descending: bool
    missing_first: bool
    unmapped_type: str | None
    form: str | None


@dataclass(frozen=True, eq=False)
class Ordered:
    rows: Rows
    by_score: bool  # without a sort the score orders, and is shown
    keys: Sequence[_Key]
    view: View
    scores: Floats

    def page(self, start: int, size: int) -> list[tuple[int, dict[str, Any]]]:
        """Rows, each with what a hit tells about its place."""
        rows = self.rows[start : start + size].tolist()
        return [(row, {"sort": [self._value(key, row) for key in self.keys]} if self.keys else {}) for row in rows]

    def _value(self, key: _Key, row: int) -> Any:
        if key.field == "_score":
            return float(self.scores[row])
        if key.field in ("_doc", "_shard_doc"):
            return row
        column = self.view.column(key.field)
        if isinstance(column, KeywordColumn):
            code = int(column.codes[row])
            return None if code == MISSING else column.words[code]
        if not isinstance(column, NumberColumn) or np.isnan(column.values[row]):
            return None
        value = float(column.values[row])
        if column.kind == "date" and key.form:
            return dates.formatted(value, key.form)
        return value if column.kind == "double" else int(value)


def sort_rows(sort: Any, rows: Rows, scores: Floats, view: View, after: Any = None) -> Ordered:
    """Raises ElasticError."""
    keys = _read(sort)
    if not keys:
        if after is not None:
            raise illegal_argument("Sort must contain at least one field.")
        return Ordered(rows[np.argsort(-scores[rows], kind="stable")], True, (), view, scores)
    columns = [_comparable(key, rows, scores, view) for key in keys]
    if after is not None:
        kept = _beyond(columns, _limits(after, keys, view))
        rows, columns = rows[kept], [column[kept] for column in columns]
    ordered = rows[np.lexsort(columns[::-1])]
    return Ordered(ordered, [key.field for key in keys] == ["_score"], keys, view, scores)


def _read(sort: Any) -> list[_Key]:
    if sort is None:
        return []
    return [_key(item) for item in (sort if isinstance(sort, list) else [sort])]


def _key(item: Any) -> _Key:
    if isinstance(item, str):
        item = {item: {}}
    if not isinstance(item, dict) or len(item) != 1:
        raise illegal_argument(
            "malformed sort format, within the sort array, an object, or an actual string are allowed"
        )
    ((field, given),) = item.items()
    options: Mapping[str, Any] = given if isinstance(given, dict) else {"order": given}
    for name in options:
        if name not in _OPTIONS:
            raise ElasticError("x_content_parse_exception", f"[1:1] [field_sort] unknown field [{name}]")
    order = str(options.get("order", "desc" if field == "_score" else "asc")).lower()
    if order not in ("asc", "desc"):
        raise illegal_argument(f"Unknown SortOrder [{order}]")
    return _Key(
        field=field,
        descending=order == "desc",
        missing_first=options.get("missing") == "_first",
        unmapped_type=options.get("unmapped_type"),
        form=options.get("format"),
    )


def _comparable(key: _Key, rows: Rows, scores: Floats, view: View) -> Floats:
    """Numbers that ascend in the order asked for."""
    if key.field == "_score":
        values = scores[rows]
    elif key.field in ("_doc", "_shard_doc"):
        values = rows.astype(np.float64)
    else:
        values = _field_values(key, rows, view)
    ascending = -values if key.descending else values
    return np.where(np.isnan(ascending), -np.inf if key.missing_first else np.inf, ascending)


def _field_values(key: _Key, rows: Rows, view: View) -> Floats:
    column = view.column(key.field)
    if isinstance(column, TextColumn):
        raise no_fielddata(key.field, view.index.name)
    if isinstance(column, KeywordColumn):
        codes = column.codes[rows].astype(np.float64)
        return np.where(codes == MISSING, np.nan, codes)
    if column is not None:
        return column.values[rows]
    if key.unmapped_type is None and view.index.size:
        raise ElasticError(
            "query_shard_exception",
            f"No mapping found for [{key.field}] in order to sort on",
            extra={"index_uuid": "_na_", "index": view.index.name},
            shard_index=view.index.name,
        )
    return np.full(len(rows), np.nan)


def _limits(after: Any, keys: Sequence[_Key], view: View) -> list[float]:
    if not isinstance(after, list):
        raise parsing("[search_after] must be an array")
    if len(after) != len(keys):
        raise illegal_argument(f"search_after has {len(after)} value(s) but sort has {len(keys)}.")
    return [_limit(value, key, view) for value, key in zip(after, keys, strict=True)]


def _limit(value: Any, key: _Key, view: View) -> float:
    if value is None:
        return -np.inf if key.missing_first else np.inf
    column = view.column(key.field)
    try:
        if isinstance(column, KeywordColumn):
            known = column.code_of.get(str(value))
            number = float(known) if known is not None else bisect_left(column.words, str(value)) - 0.5
        elif isinstance(column, NumberColumn) and column.kind == "date":
            number = float(dates.parse(value, now=view.now, form=key.form))
        else:
            number = float(value)
    except ValueError:
        raise illegal_argument(f"Failed to parse search_after value for field [{key.field}].") from None
    return -number if key.descending else number


def _beyond(columns: Sequence[Floats], limits: Sequence[float]) -> Mask:
    beyond: Mask = np.zeros(len(columns[0]), dtype=np.bool_)
    equal: Mask = ~beyond
    for column, limit in zip(columns, limits, strict=True):
        beyond |= equal & (column > limit)
        equal &= column == limit
    return beyond
