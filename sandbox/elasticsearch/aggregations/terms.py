"""One bucket for each distinct value of a field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.elasticsearch.aggregations.scope import Scope, groups
from sandbox.elasticsearch.columns import Column, KeywordColumn, NumberColumn, Rows
from sandbox.elasticsearch.dates import formatted
from sandbox.elasticsearch.errors import ElasticError, illegal_argument
from sandbox.elasticsearch.termlevel import lucene_pattern

_OPTIONS = ("field", "size", "shard_size", "order", "min_doc_count", "shard_min_doc_count", "include", "exclude",
            "missing", "show_term_doc_count_error", "collect_mode", "execution_hint", "format")  # fmt: skip


def _terms(scope: Scope) -> dict[str, Any]:
    scope.only(*_OPTIONS)
    size = int(scope.body.get("size", 10))
    if size <= 0:
        raise illegal_argument(f"[size] must be greater than 0. Found [{size}] in [{scope.name}]")
    column = scope.column()
    found = _grouped(column, scope)
    least = int(scope.body.get("min_doc_count", 1))
    if least == 0 and isinstance(column, KeywordColumn):
        found = dict.fromkeys(column.words, scope.rows[:0]) | found
    wanted = term_filter(scope.body)
    found = {key: rows for key, rows in found.items() if len(rows) >= least and wanted(str(key))}
    buckets = _ordered(found, column, scope, size)
    others = sum(len(rows) for rows in found.values()) - sum(bucket["doc_count"] for bucket in buckets)
    return {"doc_count_error_upper_bound": 0, "sum_other_doc_count": others, "buckets": buckets}


def _grouped(column: Column | None, scope: Scope) -> dict[Any, Rows]:
    found: dict[Any, Rows] = {}
    if isinstance(column, KeywordColumn):
        rows, codes = column.pairs(scope.rows)
        found = {column.words[code]: inside for code, inside in groups(codes, rows)}
    elif isinstance(column, NumberColumn):
        present = scope.rows[column.present[scope.rows]]
        found = dict(groups(column.values[present], present))
    if "missing" in scope.body:
        absent = scope.rows if column is None else scope.rows[~column.present[scope.rows]]
        if len(absent):
            found[scope.body["missing"]] = absent
    return found


def _head(key: Any, column: Column | None, scope: Scope) -> dict[str, Any]:
    if isinstance(column, KeywordColumn) and column.kind == "boolean":
        return {"key": int(key == "true"), "key_as_string": key}
    if isinstance(column, NumberColumn):
        if column.kind == "date":
            return {"key": int(key), "key_as_string": formatted(key, scope.body.get("format"))}
        return {"key": int(key) if column.kind == "long" else key}
    return {"key": key}


def _ordered(found: Mapping[Any, Rows], column: Column | None, scope: Scope, size: int) -> list[dict[str, Any]]:
    order = scope.body.get("order", {"_count": "desc"})
    steps = [step for item in (order if isinstance(order, list) else [order]) for step in item.items()]
    keys = sorted(found)
    if all(by in ("_count", "_key") for by, _ in steps):
        for by, direction in reversed(steps):  # stable: the last criterion first
            keys.sort(key=(lambda k: len(found[k])) if by == "_count" else (lambda k: k), reverse=direction == "desc")
        return [scope.bucket(found[key], _head(key, column, scope)) for key in keys[:size]]
    buckets = [scope.bucket(found[key], _head(key, column, scope)) for key in keys]
    for by, direction in reversed(steps):
        sign = -1.0 if direction == "desc" else 1.0
        if by == "_key":
            buckets.sort(key=lambda bucket: bucket["key"], reverse=direction == "desc")
        else:
            buckets.sort(key=lambda bucket: sign * _measure(bucket, by, scope))
    return buckets[:size]


def _measure(bucket: Mapping[str, Any], path: str, scope: Scope) -> float:
    """A bucket's number for an order such as "_count", "slowest" or "latency.max"."""
    if path == "_count":
        return float(bucket["doc_count"])
    place: Any = bucket
    for part in path.replace(">", ".").split("."):
        place = place.get(part) if isinstance(place, dict) else None
    if isinstance(place, dict):
        place = place.get("value", place.get("doc_count")) if "value" in place or "doc_count" in place else place
    if place is not None and not isinstance(place, (int, float)):
        place = None
    name = path.replace(">", ".").split(".")[0]
    if name not in scope.subs:
        raise ElasticError(
            "aggregation_execution_exception",
            f"Invalid aggregator order path [{path}]. The provided aggregation [{name}] either does not exist, or is "
            "a pipeline aggregation and cannot be used to sort the buckets.",
            status=500,
            shard_index=scope.view.index.name,
        )
    return float("-inf") if place is None else float(place)


def term_filter(body: Mapping[str, Any]) -> Callable[[str], bool]:
    """What `include` and `exclude` let through: a Lucene pattern or a list of words each."""
    include, exclude = (_fits(body.get(name)) for name in ("include", "exclude"))
    return lambda word: (include is None or include(word)) and not (exclude is not None and exclude(word))


def _fits(given: Any) -> Callable[[str], bool] | None:
    if given is None:
        return None
    if isinstance(given, str):
        pattern = lucene_pattern(given)
        return lambda word: pattern.fullmatch(word) is not None
    if isinstance(given, Sequence):
        words = {str(word) for word in given}
        return lambda word: word in words
    raise illegal_argument("Unrecognized token for an include or exclude; partitions are not supported here")


KINDS: Mapping[str, Callable[[Scope], dict[str, Any]]] = {"terms": _terms}
