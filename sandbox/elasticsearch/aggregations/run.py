"""Reads the aggregations of a search and runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from sandbox.elasticsearch.aggregations import buckets, composite, histograms, metrics, significance, terms
from sandbox.elasticsearch.aggregations.scope import Scope
from sandbox.elasticsearch.errors import needs_licence, parsing, unknown_aggregation

_SUBS = ("aggs", "aggregations")


def run(aggregations: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Results by name. Raises ElasticError."""
    if not isinstance(aggregations, dict):
        raise parsing("Expected [START_OBJECT] under [aggs]")
    return {name: _one(name, given, scope) for name, given in aggregations.items()}


def _one(name: str, given: Any, scope: Scope) -> dict[str, Any]:
    if any(c in name for c in "[]>"):
        raise parsing(
            f"Invalid aggregation name [{name}]. Aggregation names can contain any character except '[', ']', and '>'"
        )
    if not isinstance(given, dict):
        raise parsing(f"Aggregation definition for [{name}] starts with a [VALUE], expected a [START_OBJECT].")
    kinds = [key for key in given if key not in (*_SUBS, "meta")]
    if not kinds:
        raise parsing(f"Missing definition for aggregation [{name}]")
    if len(kinds) > 1:
        raise parsing(f"Found two aggregation type definitions in [{name}]: [{kinds[0]}] and [{kinds[1]}]")
    kind, body = kinds[0], given[kinds[0]]
    if kind not in _KINDS:
        raise unknown_aggregation(kind, _KINDS)
    if not isinstance(body, dict):
        raise parsing(f"Expected [START_OBJECT] under [{kind}], but got a [VALUE] in [{name}]")
    subs = given.get("aggs", given.get("aggregations")) or {}
    if subs and kind in metrics.KINDS:
        raise parsing(f"Aggregator [{name}] of type [{kind}] cannot accept sub-aggregations")
    result = _KINDS[kind](replace(scope, kind=kind, name=name, body=body, subs=subs))
    return {"meta": given["meta"], **result} if "meta" in given else result


def _categorize_text(_: Scope) -> NoReturn:
    raise needs_licence("ml")


_KINDS: Mapping[str, Callable[[Scope], dict[str, Any]]] = {
    **metrics.KINDS,
    **buckets.KINDS,
    **histograms.KINDS,
    **terms.KINDS,
    **significance.KINDS,
    **composite.KINDS,
    "categorize_text": _categorize_text,
}
