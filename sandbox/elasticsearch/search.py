"""One search: its body read, its rows found, its answer written."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from sandbox.elasticsearch import dates
from sandbox.elasticsearch.aggregations.run import run
from sandbox.elasticsearch.aggregations.scope import Scope
from sandbox.elasticsearch.columns import Floats, Rows
from sandbox.elasticsearch.errors import ElasticError, illegal_argument, parsing
from sandbox.elasticsearch.index import View, like, nested
from sandbox.elasticsearch.query import Match, evaluate
from sandbox.elasticsearch.shards import ONE_SHARD, Shards
from sandbox.elasticsearch.sorting import Ordered, sort_rows

MAX_RESULT_WINDOW = 10_000
DEFAULT_TOTAL_HITS = 10_000
_SHARD_ERRORS = ("parse_exception", "query_shard_exception")  # what only the data can tell to be wrong
_WRONG_TYPES = (TypeError, ValueError, AttributeError, KeyError, OverflowError)
_KEYS = ("query", "aggs", "aggregations", "size", "from", "sort", "search_after", "_source", "fields",
         "docvalue_fields", "stored_fields", "track_total_hits", "track_scores", "terminate_after", "timeout",
         "post_filter", "min_score", "version", "seq_no_primary_term", "explain", "profile", "stats")  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Found:
    rows: Rows  # what aggregations see
    hits: Rows  # after post_filter
    scores: Floats
    terminated: bool


def search(body: Mapping[str, Any], view: View, *, shards: Shards = ONE_SHARD) -> dict[str, Any]:
    """Raises ElasticError."""
    started = time.perf_counter()
    _check(body)
    with _in_its_words(view):
        found = _find(body, view)
        aggregations = _aggregate(body, found, view)
        hits = _hits(body, found, view)
    took = int((time.perf_counter() - started) * 1000)
    answer: dict[str, Any] = {"took": took, "timed_out": shards.timed_out}
    if "terminate_after" in body:
        answer["terminated_early"] = found.terminated
    answer |= {"_shards": shards.as_json(view.index.name), "hits": hits}
    return answer | ({"aggregations": aggregations} if aggregations is not None else {})


def count(body: Mapping[str, Any], view: View, *, shards: Shards = ONE_SHARD) -> dict[str, Any]:
    for name in body:
        if name != "query":
            raise parsing(f"request does not support [{name}]")
    with _in_its_words(view):
        match = _query(body, view)
    return {"count": int(np.count_nonzero(match.mask)), "_shards": shards.as_json(view.index.name)}


@contextmanager
def _in_its_words(view: View) -> Iterator[None]:
    """Errors as the server tells them. Raises ElasticError."""
    try:
        yield
    except ElasticError as error:
        if error.kind in _SHARD_ERRORS:
            raise error.on_shard(view.index.name) from None
        raise
    except _WRONG_TYPES as error:  # a value of the wrong JSON type; not every reader checks what it is given
        raise ElasticError("x_content_parse_exception", f"[1:1] failed to parse the request: {error}") from error


def _check(body: Mapping[str, Any]) -> None:
    for name, value in body.items():
        if name not in _KEYS:
            raise parsing(f"Unknown key for a {_token(value)} in [{name}].")
    size, start = _whole(body, "size", 10), _whole(body, "from", 0)
    if size < 0 or start < 0:
        name, value = ("size", size) if size < 0 else ("from", start)
        raise illegal_argument(f"[{name}] parameter cannot be negative, found [{value}]")
    if size + start > MAX_RESULT_WINDOW:
        raise illegal_argument(
            f"Result window is too large, from + size must be less than or equal to: [{MAX_RESULT_WINDOW}] but was "
            f"[{size + start}]. See the scroll api for a more efficient way to request large data sets. This limit "
            "can be set by changing the [index.max_result_window] index level setting."
        )
    if "search_after" in body and start > 0:
        raise illegal_argument("`from` parameter must be set to 0 when `search_after` is used.")
    if "timeout" in body and str(body["timeout"]) != "-1":
        dates.interval_millis(body["timeout"], setting="timeout")


def _token(value: Any) -> str:
    match value:
        case dict():
            return "START_OBJECT"
        case list():
            return "START_ARRAY"
        case bool():
            return "VALUE_BOOLEAN"
        case str():
            return "VALUE_STRING"
        case None:
            return "VALUE_NULL"
        case _:
            return "VALUE_NUMBER"


def _whole(body: Mapping[str, Any], name: str, default: int) -> int:
    try:
        return int(body.get(name, default))
    except (TypeError, ValueError):
        raise parsing(f"Unknown key for a {_token(body[name])} in [{name}].") from None


def _query(body: Mapping[str, Any], view: View) -> Match:
    return evaluate(body["query"] if body.get("query") is not None else {"match_all": {}}, view)


def _find(body: Mapping[str, Any], view: View) -> _Found:
    match = _query(body, view)
    rows = np.flatnonzero(match.mask)
    if body.get("min_score") is not None:
        rows = rows[match.score[rows] >= float(body["min_score"])]
    limit = _whole(body, "terminate_after", 0)
    terminated = 0 < limit < len(rows)
    rows = rows[:limit] if terminated else rows
    hits = rows[evaluate(body["post_filter"], view).mask[rows]] if body.get("post_filter") is not None else rows
    return _Found(rows, hits, match.score, terminated)


def _aggregate(body: Mapping[str, Any], found: _Found, view: View) -> dict[str, Any] | None:
    given = body.get("aggs", body.get("aggregations"))
    if given is None:
        return None
    scope = Scope("", "", {}, {}, found.rows, view, found.scores, lambda row, option: _hit(row, option, view), run=run)
    return run(given, scope)


def _hits(body: Mapping[str, Any], found: _Found, view: View) -> dict[str, Any]:
    size, start = _whole(body, "size", 10), _whole(body, "from", 0)
    ordered = sort_rows(body.get("sort"), found.hits, found.scores, view, body.get("search_after"))
    shown = [_shown_hit(row, place, body, ordered, view) for row, place in ordered.page(start, size)]
    scored = [hit["_score"] for hit in shown if hit["_score"] is not None]
    answer: dict[str, Any] = {"max_score": max(scored, default=None), "hits": shown}
    tracked = body.get("track_total_hits", DEFAULT_TOTAL_HITS)
    if tracked is False:
        return answer
    total, cap = len(found.hits), len(found.hits) if tracked is True else int(tracked)
    return {"total": {"value": min(total, cap), "relation": "gte" if total > cap else "eq"}, **answer}


def _shown_hit(
    row: int, place: Mapping[str, Any], body: Mapping[str, Any], ordered: Ordered, view: View
) -> dict[str, Any]:
    hit = _hit(row, body.get("_source"), view)
    hit["_score"] = float(ordered.scores[row]) if ordered.by_score or body.get("track_scores") else None
    wanted = [*(body.get("fields") or ()), *(body.get("docvalue_fields") or ())]
    if wanted:
        hit["fields"] = _fields(row, wanted, view)
    return {**hit, **place}


def _hit(row: int, source: Any, view: View) -> dict[str, Any]:
    hit: dict[str, Any] = {"_index": view.index.name, "_id": view.index.document_id(row), "_score": None}
    if source is False:
        return hit
    return {**hit, "_source": nested(_filtered(view.index.flat(row), source))}


def _filtered(flat: Mapping[str, Any], source: Any) -> Mapping[str, Any]:
    if source in (None, True):
        return flat
    if isinstance(source, dict):
        for name in source:
            if name not in ("includes", "include", "excludes", "exclude"):
                raise parsing(f"Unknown key for a {_token(source[name])} in [{name}].")
        includes = _patterns(source.get("includes", source.get("include")))
        excludes = _patterns(source.get("excludes", source.get("exclude")))
    else:
        includes, excludes = _patterns(source), []
    return {
        name: value
        for name, value in flat.items()
        if (not includes or _named(name, includes)) and not _named(name, excludes)
    }


def _patterns(given: Any) -> list[str]:
    if given is None:
        return []
    return [str(item) for item in given] if isinstance(given, list) else [str(given)]


def _named(name: str, patterns: list[str]) -> bool:
    """A pattern names a field, or an object with all that is in it."""
    parts = name.split(".")
    prefixes = [".".join(parts[: end + 1]) for end in range(len(parts))]
    return any(like(pattern, prefix) for pattern in patterns for prefix in prefixes)


def _fields(row: int, wanted: list[Any], view: View) -> dict[str, list[Any]]:
    flat = view.index.flat(row)
    found: dict[str, list[Any]] = {}
    for item in wanted:
        pattern = item if isinstance(item, str) else str(item.get("field", ""))
        form = None if isinstance(item, str) else item.get("format")
        for name, value in flat.items():
            if not like(pattern, name):
                continue
            values = list(value) if isinstance(value, (list, tuple)) else [value]
            column = view.column(name)
            if form and column is not None and column.kind == "date":
                values = [dates.formatted(dates.parse(v, now=view.now), form) for v in values]
            found[name] = values
    return found


def body_of(raw: bytes) -> dict[str, Any]:
    """A request's JSON object; empty where there is none. Raises ElasticError."""
    if not raw.strip():
        return {}
    try:
        given = json.loads(raw)
    except ValueError as error:
        raise ElasticError("x_content_parse_exception", f"[1:1] {error}") from None
    if not isinstance(given, dict):
        raise parsing("Expected [START_OBJECT] but found [START_ARRAY]")
    return given
