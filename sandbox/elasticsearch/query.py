"""The query DSL: what matches, and how well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sandbox.elasticsearch import fulltext, querystring, termlevel
from sandbox.elasticsearch.columns import Floats, Mask
from sandbox.elasticsearch.errors import illegal_argument, parsing, unknown_field, unknown_query
from sandbox.elasticsearch.index import View

_BOOL_OCCURS = ("must", "should", "filter", "must_not")
_BOOL_OPTIONS = (*_BOOL_OCCURS, "minimum_should_match", "adjust_pure_negative", "boost", "_name")


@dataclass(frozen=True, eq=False)
class Match:
    """Over all documents of the index; scores are zero where nothing matches."""

    mask: Mask
    score: Floats


def evaluate(query: Any, view: View) -> Match:
    """Only documents of the view match. Raises ElasticError."""
    found = _evaluate(query, view)
    seen = view.seen
    return Match(found.mask & seen, np.where(seen, found.score, 0.0))


def _evaluate(query: Any, view: View) -> Match:
    if not isinstance(query, dict):
        raise parsing("[_na] query malformed, must start with start_object")
    if not query:
        raise illegal_argument("query malformed, empty clause found")
    name, *others = query
    known = (*_LEAVES, *_COMPOUNDS, *_STRINGS)
    if name not in known:
        raise unknown_query(name, known)
    if others:
        raise parsing(f"[{name}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]")
    body = query[name]
    if not isinstance(body, dict):
        raise parsing(f"[{name}] query malformed, no start_object after query name")
    if name in _COMPOUNDS:
        return _COMPOUNDS[name](body, view)
    if name in _STRINGS:
        return _boosted(_evaluate(_STRINGS[name](body), view), body.get("boost"))
    mask, score = _LEAVES[name](body, view)
    return Match(mask, np.where(mask, score, 0.0))


def _bool(body: Mapping[str, Any], view: View) -> Match:
    for name in body:
        if name not in _BOOL_OPTIONS:
            raise unknown_field("bool", name)
    found = {occur: [_evaluate(item, view) for item in _clauses(body.get(occur))] for occur in _BOOL_OCCURS}
    size = view.index.size
    mask: Mask = np.ones(size, dtype=np.bool_)
    score: Floats = np.zeros(size)
    for match in found["filter"]:
        mask &= match.mask
    for match in found["must_not"]:
        mask &= ~match.mask
    for match in found["must"]:
        mask &= match.mask
        score += match.score
    optional = found["should"]
    for match in optional:
        score += match.score
    default = 1 if optional and not found["must"] and not found["filter"] else 0
    needed = fulltext.least(body.get("minimum_should_match", default), len(optional))
    if needed > 0:
        mask &= sum((match.mask.astype(np.int64) for match in optional), np.zeros(size, dtype=np.int64)) >= needed
    return _boosted(Match(mask, np.where(mask, score, 0.0)), body.get("boost"))


def _constant_score(body: Mapping[str, Any], view: View) -> Match:
    if "filter" not in body:
        raise parsing("[constant_score] requires a 'filter' element")
    for name in body:
        if name not in ("filter", "boost", "_name"):
            raise parsing(f"[constant_score] query does not support [{name}]")
    mask = _evaluate(body["filter"], view).mask
    return _boosted(Match(mask, mask.astype(np.float64)), body.get("boost"))


def _dis_max(body: Mapping[str, Any], view: View) -> Match:
    for name in body:
        if name not in ("queries", "tie_breaker", "boost", "_name"):
            raise parsing(f"[dis_max] query does not support [{name}]")
    matches = [_evaluate(item, view) for item in _clauses(body.get("queries"))]
    if not matches:
        raise parsing("[dis_max] requires 'queries' field with at least one clause")
    mask = np.logical_or.reduce([match.mask for match in matches])
    best = np.maximum.reduce([match.score for match in matches])
    others = sum((match.score for match in matches), np.zeros(view.index.size)) - best
    return _boosted(Match(mask, best + float(body.get("tie_breaker", 0)) * others), body.get("boost"))


def _function_score(body: Mapping[str, Any], view: View) -> Match:
    """With `random_score` alone: a draw that is the same for the same seed."""
    for name in body:
        if name not in ("query", "random_score", "boost_mode", "score_mode", "boost", "max_boost", "min_score"):
            raise parsing(f"[function_score] query does not support [{name}]")
    match = _evaluate(body.get("query", {"match_all": {}}), view)
    if "random_score" not in body:
        return match
    given = body["random_score"]
    if "seed" in given and "field" not in given:
        raise illegal_argument("random_score requires that a [field] parameter is provided when a [seed] is set")
    drawn = np.random.default_rng(int(given.get("seed", 0))).random(view.index.size)
    score = drawn if body.get("boost_mode") == "replace" else match.score * drawn
    return _boosted(Match(match.mask, np.where(match.mask, score, 0.0)), body.get("boost"))


def _multi_match(body: Mapping[str, Any], view: View) -> Match:
    return _dis_max({"queries": fulltext.per_field(body, view)}, view)


def _clauses(given: Any) -> Sequence[Any]:
    if given is None:
        return ()
    return given if isinstance(given, list) else (given,)


def _boosted(match: Match, boost: Any) -> Match:
    return match if boost is None else Match(match.mask, match.score * float(boost))


_COMPOUNDS: Mapping[str, Callable[[Mapping[str, Any], View], Match]] = {
    "bool": _bool,
    "constant_score": _constant_score,
    "dis_max": _dis_max,
    "function_score": _function_score,
    "multi_match": _multi_match,
}
_STRINGS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "query_string": querystring.query_string,
    "simple_query_string": querystring.simple_query_string,
}
_LEAVES: Mapping[str, Callable[[Mapping[str, Any], View], tuple[Mask, Any]]] = {
    **termlevel.QUERIES,
    **fulltext.QUERIES,
}
