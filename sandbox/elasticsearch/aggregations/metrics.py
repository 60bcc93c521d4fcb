"""Single numbers about the rows of a bucket, and the best of its documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sandbox.elasticsearch.aggregations.scope import Scope
from sandbox.elasticsearch.columns import Floats, KeywordColumn, NumberColumn
from sandbox.elasticsearch.dates import formatted
from sandbox.elasticsearch.errors import ElasticError, illegal_argument
from sandbox.elasticsearch.sorting import sort_rows

_DEFAULT_PERCENTS = (1, 5, 25, 50, 75, 95, 99)
_TOP_HITS_LIMIT = 100  # index.max_inner_result_window


def _numbers(scope: Scope) -> tuple[Floats, str]:
    """The field's values in the bucket, and their kind."""
    column = scope.column()
    if column is None:
        return np.empty(0), "long"
    if not isinstance(column, NumberColumn):
        raise scope.unsupported(column.kind)
    values = column.values[scope.rows]
    if "missing" in scope.body:
        return np.where(np.isnan(values), float(scope.body["missing"]), values), column.kind
    return values[~np.isnan(values)], column.kind


def _single(measure: Callable[[Floats], float | None]) -> Callable[[Scope], dict[str, Any]]:
    def metric(scope: Scope) -> dict[str, Any]:
        scope.only("field", "missing", "format")
        values, kind = _numbers(scope)
        return _shown("value", measure(values), kind, scope)

    return metric


def _shown(name: str, value: float | None, kind: str, scope: Scope) -> dict[str, Any]:
    if kind != "date" or value is None:
        return {name: value}
    return {name: value, f"{name}_as_string": formatted(value, scope.body.get("format"))}


def _least(values: Floats) -> float | None:
    return float(values.min()) if len(values) else None


def _most(values: Floats) -> float | None:
    return float(values.max()) if len(values) else None


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None


def _stats(scope: Scope) -> dict[str, Any]:
    scope.only("field", "missing", "format")
    values, kind = _numbers(scope)
    found: dict[str, Any] = {"count": len(values)}
    for name, measure in (("min", _least), ("max", _most), ("avg", _mean)):
        found |= _shown(name, measure(values), kind, scope)
    return found | _shown("sum", float(values.sum()), kind, scope)


def _value_count(scope: Scope) -> dict[str, Any]:
    scope.only("field", "missing")
    column = scope.column()
    if isinstance(column, KeywordColumn):
        return {"value": len(column.pairs(scope.rows)[0])}
    return {"value": len(_numbers(scope)[0])}


def _cardinality(scope: Scope) -> dict[str, Any]:
    """Exact, as the real one is below its precision threshold."""
    scope.only("field", "missing", "precision_threshold", "execution_hint")
    column = scope.column()
    if isinstance(column, KeywordColumn):
        return {"value": len(np.unique(column.pairs(scope.rows)[1]))}
    return {"value": len(np.unique(_numbers(scope)[0]))}


def _percentiles(scope: Scope) -> dict[str, Any]:
    scope.only("field", "missing", "percents", "keyed", "tdigest", "hdr", "format")
    values, kind = _numbers(scope)
    percents = [float(p) for p in scope.body.get("percents", _DEFAULT_PERCENTS)]
    if not percents or any(not 0 <= p <= 100 for p in percents):
        raise illegal_argument(f"percent must be in [0,100], got [{percents}]: [{scope.name}]")
    found = np.percentile(values, percents).tolist() if len(values) else [None] * len(percents)
    pairs = [(percent, value) for percent, value in zip(percents, found, strict=True)]
    if scope.body.get("keyed", True):
        keyed: dict[str, Any] = {}
        for percent, value in pairs:
            keyed |= _shown(str(percent), value, kind, scope)
        return {"values": keyed}
    return {"values": [{"key": percent, **_shown("value", value, kind, scope)} for percent, value in pairs]}


def _top_hits(scope: Scope) -> dict[str, Any]:
    scope.only("size", "from", "sort", "_source", "track_scores", "version", "explain")
    size, start = int(scope.body.get("size", 3)), int(scope.body.get("from", 0))
    if size + start > _TOP_HITS_LIMIT:
        raise ElasticError(
            "illegal_argument_exception",
            f"Top hits result window is too large, the top hits aggregator [{scope.name}]'s from + size must be less "
            f"than or equal to: [{_TOP_HITS_LIMIT}] but was [{size + start}]. This limit can be set by changing the "
            "[index.max_inner_result_window] index level setting.",
            shard_index=scope.view.index.name,
        )
    ordered = sort_rows(scope.body.get("sort"), scope.rows, scope.scores, scope.view)
    hits = []
    for row, values in ordered.page(start, size):
        hit = scope.source(row, scope.body.get("_source"))
        by_score = ordered.by_score or scope.body.get("track_scores")
        hits.append({**hit, "_score": float(scope.scores[row]) if by_score else None, **values})
    best = max((hit["_score"] for hit in hits if hit["_score"] is not None), default=None)
    total = {"value": len(scope.rows), "relation": "eq"}
    return {"hits": {"total": total, "max_score": best, "hits": hits}}


KINDS: Mapping[str, Callable[[Scope], dict[str, Any]]] = {
    "min": _single(_least),
    "max": _single(_most),
    "avg": _single(_mean),
    "sum": _single(lambda values: float(values.sum())),
    "stats": _stats,
    "value_count": _value_count,
    "cardinality": _cardinality,
    "percentiles": _percentiles,
    "top_hits": _top_hits,
}
