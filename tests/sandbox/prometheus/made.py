"""Makes the metrics that a query asks for: its selectors say what their names and labels are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import promql_parser as promql

from sandbox.scenario.model import TimeSeries

EVERY = 60.0  # seconds between two samples
REACH = 6.5 * 3600  # seconds of samples
COUNTED = ("_total", "_bucket", "_sum", "_count", "_requests", "_offset", "_accepted", "_handled", "_rq_xx")
EDGES = ("0.1", "0.5", "1", "5", "+Inf")
USUAL = {
    "instance": "10.0.0.7:8080",
    "container": "app",
    "mountpoint": "/data",
    "resource": "pods",
    "persistentvolumeclaim": "data-0",
    "subject_CN": "shop.example",
    "name": "shop-tls",
}
EXAMPLES = {"5..": "500", "2|4|12|13|14|15": "13", "destination|waypoint": "destination"}

Level = Callable[[float], float]  # share of the time that has passed, 0 to 1, to a value


def made(queries: Mapping[str, bool], own: Mapping[str, str], until: float) -> list[TimeSeries]:
    """`queries` with whether it is one of capacities; `own`: labels of the service."""
    found: dict[tuple[tuple[str, str], ...], TimeSeries] = {}
    count = int(REACH / EVERY)
    times = tuple(until - EVERY * (count - index) for index in range(count + 1))
    for query, is_limit in queries.items():
        for selector in selectors(promql.parse(query)):
            for labels in _labels(selector, own):
                level = _level(labels, is_limit, until)
                values = tuple(level(index / count) for index in range(count + 1))
                found[tuple(sorted(labels.items()))] = TimeSeries(labels=labels, times=times, values=values)
    return list(found.values())


def selectors(tree: Any) -> Iterator[Any]:
    if isinstance(tree, promql.VectorSelector):
        yield tree
    if isinstance(tree, promql.MatrixSelector):
        yield tree.vector_selector
    for name in ("expr", "lhs", "rhs", "args"):
        below = getattr(tree, name, None)
        for one in below if isinstance(below, list) else [below]:
            if one is not None:
                yield from selectors(one)


def _labels(selector: Any, own: Mapping[str, str]) -> Iterator[dict[str, str]]:
    labels = {"__name__": selector.name, **USUAL}
    for matcher in selector.matchers.matchers:
        if matcher.op == promql.MatchOp.Equal:
            labels[matcher.name] = matcher.value
        elif matcher.op == promql.MatchOp.Re:
            labels[matcher.name] = EXAMPLES.get(matcher.value) or matcher.value.partition("|")[0]
    labels |= own
    if not selector.name.endswith("_bucket"):
        yield labels
        return
    for edge in EDGES:
        yield {**labels, "le": edge}


def _level(labels: Mapping[str, str], is_limit: bool, until: float) -> Level:
    name = labels["__name__"]
    if "expir" in name or name == "x509_cert_not_after":
        return lambda share: until + 5 * 86400
    if name.endswith("_bucket"):
        rate = 600.0 * (1 + EDGES.index(labels["le"]))
        return lambda share: rate * share
    if is_limit or labels.get("type") == "hard":
        return lambda share: 100.0
    if "avail_bytes" in name or "available_bytes" in name or "_free" in name:
        return lambda share: 95.0 - 85.0 * share
    if name.endswith(("_size_bytes", "_capacity_bytes", "_inodes", "_files")) or "MemTotal" in name:
        return lambda share: 100.0
    if labels.get("type") == "used":
        return lambda share: 5.0 + 85.0 * share
    if name.endswith(COUNTED) or name.startswith("pg_stat_database"):
        return lambda share: 2_000.0 * share
    return lambda share: 0.8 + 0.01 * math.sin(share * 99)
