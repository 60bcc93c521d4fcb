"""What aggregations count, worked out by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch, AuthorizationException, BadRequestError

from sandbox.elasticsearch.index import View, build
from sandbox.elasticsearch.search import search
from tests.sandbox.elasticsearch.conftest import INDEX, NOW, line

pytestmark = pytest.mark.asyncio(loop_scope="module")

ERRORS = {"term": {"log.level": "error"}}


async def _aggregate(es: AsyncElasticsearch, aggregation: dict[str, Any], query: Any = None) -> Any:
    found = await es.search(index=INDEX, size=0, query=query or {"match_all": {}}, aggs={"x": aggregation})
    assert found["hits"]["hits"] == []
    return found["aggregations"]["x"]


def _counts(result: Any) -> dict[Any, int]:
    buckets = result["buckets"]
    if isinstance(buckets, dict):
        return {key: bucket["doc_count"] for key, bucket in buckets.items()}
    return {bucket.get("key_as_string", bucket.get("key")): bucket["doc_count"] for bucket in buckets}


LEVELS = {"info": 4, "error": 3, "warn": 1}
BUCKETS: list[tuple[str, dict[str, Any], dict[Any, int]]] = [
    ("terms", {"terms": {"field": "log.level"}}, LEVELS),
    ("terms, cut", {"terms": {"field": "log.level", "size": 1}}, {"info": 4}),
    ("terms by key", {"terms": {"field": "log.level", "order": {"_key": "desc"}}}, {"warn": 1, "info": 4, "error": 3}),
    ("terms, rare ones", {"terms": {"field": "log.level", "order": {"_count": "asc"}, "size": 1}}, {"warn": 1}),
    ("terms, at least", {"terms": {"field": "log.level", "min_doc_count": 3}}, {"info": 4, "error": 3}),
    ("terms, included", {"terms": {"field": "log.level", "include": ["warn", "info"]}}, {"info": 4, "warn": 1}),
    ("terms, excluded", {"terms": {"field": "log.level", "exclude": "w.*|i.*"}}, {"error": 3}),
    ("terms of numbers", {"terms": {"field": "http.status"}}, {200: 2, 500: 1}),
    ("terms of booleans", {"terms": {"field": "retried"}}, {"false": 1, "true": 1}),
    ("terms of lists", {"terms": {"field": "tags"}}, {"net": 2, "db": 1}),
    ("terms, missing", {"terms": {"field": "tags", "missing": "none"}}, {"none": 6, "net": 2, "db": 1}),
    ("terms of nothing", {"terms": {"field": "nowhere"}}, {}),
    ("terms by a sub-aggregation", {"terms": {"field": "service.name", "order": {"slowest": "desc"}, "size": 1},
                                    "aggs": {"slowest": {"max": {"field": "event.duration"}}}}, {"cart": 3}),
    ("histogram", {"histogram": {"field": "event.duration", "interval": 1000}},
     {0.0: 3, 1000.0: 0, 2000.0: 0, 3000.0: 0, 4000.0: 0, 5000.0: 1}),
    ("histogram without gaps", {"histogram": {"field": "event.duration", "interval": 1000, "min_doc_count": 1}},
     {0.0: 3, 5000.0: 1}),
    ("filters", {"filters": {"filters": {"bad": ERRORS, "slow": {"range": {"event.duration": {"gte": 900}}}},
                             "other_bucket": True}}, {"bad": 3, "slow": 2, "_other_": 3}),
    ("range", {"range": {"field": "event.duration", "ranges": [{"to": 31}, {"from": 31, "to": 900}, {"from": 900}]}},
     {"*-31.0": 1, "31.0-900.0": 1, "900.0-*": 2}),
    ("date_range", {"date_range": {"field": "@timestamp", "format": "HH:mm",
                                   "ranges": [{"to": "now-20m"}, {"from": "now-20m", "key": "late"}]}},
     {"*-13:53": 3, "late": 5}),
    ("date_histogram by hour", {"date_histogram": {"field": "@timestamp", "calendar_interval": "hour"}},
     {"2026-09-21T13:00:00.000Z": 4, "2026-09-21T14:00:00.000Z": 4}),
    ("date_histogram by month", {"date_histogram": {"field": "@timestamp", "calendar_interval": "month",
                                                    "format": "yyyy-MM"}}, {"2026-09": 8}),
]  # fmt: skip


@pytest.mark.parametrize(("aggregation", "expected"), [b[1:] for b in BUCKETS], ids=[b[0] for b in BUCKETS])
async def test_buckets_hold_so_many_documents(
    es: AsyncElasticsearch, aggregation: dict[str, Any], expected: dict[Any, int]
) -> None:
    counts = _counts(await _aggregate(es, aggregation))
    assert counts == expected
    if "order" in str(aggregation) or aggregation.get("terms") == {"field": "log.level"}:
        assert list(counts) == list(expected)


METRICS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"min": {"field": "event.duration"}}, {"value": 29.5}),
    ({"max": {"field": "event.duration"}}, {"value": 5000.0}),
    ({"avg": {"field": "http.status"}}, {"value": 300.0}),
    ({"avg": {"field": "http.status", "missing": 0}}, {"value": 112.5}),
    ({"sum": {"field": "event.duration"}}, {"value": 5961.0}),
    ({"max": {"field": "nowhere"}}, {"value": None}),
    ({"value_count": {"field": "tags"}}, {"value": 3}),
    ({"cardinality": {"field": "host.name"}}, {"value": 3}),
    ({"cardinality": {"field": "http.status"}}, {"value": 2}),
    ({"stats": {"field": "http.status"}}, {"count": 3, "min": 200.0, "max": 500.0, "avg": 300.0, "sum": 900.0}),
    ({"percentiles": {"field": "event.duration", "percents": [0, 50, 100]}},
     {"values": {"0.0": 29.5, "50.0": 465.75, "100.0": 5000.0}}),
    ({"max": {"field": "@timestamp"}}, {"value": (NOW - 60) * 1000, "value_as_string": "2026-09-21T14:12:20.000Z"}),
    ({"missing": {"field": "event.duration"}}, {"doc_count": 4}),
    ({"filter": ERRORS}, {"doc_count": 3}),
    ({"global": {}}, {"doc_count": 8}),
    ({"sampler": {"shard_size": 5}}, {"doc_count": 5}),
]  # fmt: skip


@pytest.mark.parametrize(("aggregation", "expected"), METRICS, ids=[str(m[0])[:60] for m in METRICS])
async def test_metrics(es: AsyncElasticsearch, aggregation: dict[str, Any], expected: dict[str, Any]) -> None:
    assert await _aggregate(es, aggregation) == expected


async def test_a_histogram_over_time_has_no_gaps_within_its_bounds(es: AsyncElasticsearch) -> None:
    bounds = {"min": "now-30m", "max": "now"}
    body = {"field": "@timestamp", "fixed_interval": "5m", "extended_bounds": bounds}
    window = {"bool": {"filter": [ERRORS, {"range": {"@timestamp": {"gte": "now-30m"}}}]}}
    found = await _aggregate(es, {"date_histogram": body, "aggs": {"s": {"terms": {"field": "service.name"}}}}, window)
    assert [bucket["doc_count"] for bucket in found["buckets"]] == [0, 0, 0, 0, 2, 1, 0]
    keys = [bucket["key"] for bucket in found["buckets"]]
    assert {b - a for a, b in pairwise(keys)} == {300_000}
    assert keys[0] == int((NOW - 1800) * 1000) // 300_000 * 300_000
    assert _counts(found["buckets"][5]["s"]) == {"cart": 1}


async def test_top_hits_show_the_newest_of_each_bucket(es: AsyncElasticsearch) -> None:
    newest = {"top_hits": {"size": 1, "sort": [{"@timestamp": "desc"}], "_source": ["message"]}}
    found = await _aggregate(es, {"terms": {"field": "service.name"}, "aggs": {"newest": newest}}, ERRORS)
    shown = {b["key"]: b["newest"]["hits"]["hits"][0]["_source"]["message"] for b in found["buckets"]}
    assert shown == {"checkout": "Connection timed out to payments", "cart": "Pool exhausted: connection refused"}
    assert found["sum_other_doc_count"] == 0


async def test_significant_words_are_those_of_the_errors(es: AsyncElasticsearch) -> None:
    inner = {"significant_text": {"field": "message", "filter_duplicate_text": True, "min_doc_count": 2,
                                  "background_filter": {"range": {"@timestamp": {"lt": "now-15m"}}}}}  # fmt: skip
    found = (await _aggregate(es, {"sampler": {"shard_size": 100}, "aggs": {"k": inner}}, ERRORS))["k"]
    assert (found["doc_count"], found["bg_count"]) == (3, 4)
    words = {bucket["key"]: (bucket["doc_count"], bucket["bg_count"]) for bucket in found["buckets"]}
    assert words == {"connection": (3, 0), "refused": (2, 0)}
    assert found["buckets"][0]["score"] == pytest.approx((1 - 1 / 4) * (1 / (1 / 4)))
    terms = {"significant_terms": {"field": "tags", "min_doc_count": 1}}
    assert _counts(await _aggregate(es, terms, ERRORS)) == {"net": 2, "db": 1}


async def test_composite_pages_meet(es: AsyncElasticsearch) -> None:
    sources = [{"s": {"terms": {"field": "service.name"}}}, {"l": {"terms": {"field": "log.level", "order": "desc"}}}]
    seen: list[tuple[str, str, int]] = []
    body: dict[str, Any] = {"sources": sources, "size": 2}
    while (found := await _aggregate(es, {"composite": body}))["buckets"]:
        seen += [(b["key"]["s"], b["key"]["l"], b["doc_count"]) for b in found["buckets"]]
        body["after"] = found["after_key"]
    assert seen == [("cart", "info", 2), ("cart", "error", 1),
                    ("checkout", "warn", 1), ("checkout", "info", 2), ("checkout", "error", 2)]  # fmt: skip


REFUSALS: list[tuple[dict[str, Any], str, str]] = [
    ({"foo": {}}, "parsing_exception", "Unknown aggregation type [foo]"),
    ({"term": {"field": "a"}}, "parsing_exception", "Unknown aggregation type [term] did you mean [terms]?"),
    ({"aggs": {}}, "parsing_exception", "Missing definition for aggregation [x]"),
    ({"terms": {"field": "message"}}, "illegal_argument_exception", "Fielddata is disabled on [message]"),
    ({"terms": {"field": "log.level", "sise": 1}}, "x_content_parse_exception", "[terms] unknown field [sise]"),
    ({"avg": {"field": "log.level"}}, "illegal_argument_exception", "of type [keyword] is not supported"),
    ({"date_histogram": {"field": "@timestamp"}}, "illegal_argument_exception", "Invalid interval specified"),
    ({"date_histogram": {"field": "@timestamp", "fixed_interval": "1ms"}}, "too_many_buckets_exception",
     "Trying to create too many buckets. Must be less than or equal to: [65536]"),
    ({"max": {"field": "a"}, "aggs": {"y": {"max": {"field": "a"}}}}, "parsing_exception",
     "cannot accept sub-aggregations"),
]  # fmt: skip


@pytest.mark.parametrize(("aggregation", "kind", "reason"), REFUSALS, ids=[r[2][:40] for r in REFUSALS])
async def test_what_is_not_understood_is_refused(
    es: AsyncElasticsearch, aggregation: dict[str, Any], kind: str, reason: str
) -> None:
    with pytest.raises(BadRequestError) as caught:
        await _aggregate(es, aggregation)
    cause = caught.value.body["error"]["root_cause"][0]
    assert cause["type"] == kind
    assert reason in cause["reason"]


async def test_log_categories_need_a_licence(es: AsyncElasticsearch) -> None:
    with pytest.raises(AuthorizationException) as caught:
        await _aggregate(es, {"categorize_text": {"field": "message"}})
    assert caught.value.body["error"]["reason"] == "current license is non-compliant for [ml]"


SEARCHES: list[Callable[[], dict[str, Any]]] = [
    lambda: {"date_histogram": {"field": "@timestamp", "fixed_interval": "1m"},
             "aggs": {"l": {"terms": {"field": "log.level"}}}},
    lambda: {"significant_text": {"field": "message", "size": 20}},
    lambda: {"terms": {"field": "trace.id"}, "aggs": {"n": {"top_hits": {"size": 1}}}},
]  # fmt: skip


async def test_thirty_thousand_lines_are_aggregated_quickly() -> None:
    texts = [f"Order {n} of customer {n % 977} took {n % 83} ms" for n in range(30_000)]
    lines = tuple(
        line(30_000 - n, f"s{n % 9}", "error" if n % 50 == 0 else "info", text, trace__id=f"{n % 7919:032x}")
        for n, text in enumerate(texts)
    )
    view = View(build(lines), int(NOW * 1000))
    for make in SEARCHES:
        body = {"size": 0, "aggs": {"x": make()}}
        search(body, view)  # the first one builds what later ones share
        started = time.thread_time()
        assert search(body, view)["hits"]["total"]["value"] == 10_000
        assert time.thread_time() - started < 0.3  # measured: 0.02 to 0.07 s; room for slow machines
