"""Hits, their order and their parts; indices, access and the wire."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from elasticsearch import (
    AsyncElasticsearch,
    AuthenticationException,
    AuthorizationException,
    BadRequestError,
    NotFoundError,
)

from sandbox.elasticsearch.dates import iso
from sandbox.elasticsearch.server import create_app
from sandbox.serve import serving
from tests.sandbox.elasticsearch.conftest import INDEX, NOW, small

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _messages(found: Any) -> list[str]:
    return [hit["_source"]["message"].split()[0] for hit in found["hits"]["hits"]]


async def test_documents_are_ecs(es: AsyncElasticsearch) -> None:
    found = await es.search(index=INDEX, query={"term": {"tags": "db"}})
    hit = found["hits"]["hits"][0]
    assert hit["_index"].startswith(".ds-logs-app-default-")
    assert hit["_source"] == {
        "@timestamp": iso((NOW - 600) * 1000),
        "message": "Connection refused by db.pool at 10.0.1.7",
        "log": {"level": "error"},
        "service": {"name": "checkout"},
        "host": {"name": "a-1"},
        "data_stream": {"dataset": "app", "namespace": "default", "type": "logs"},
        "ecs": {"version": "8.17.0"},
        "event": {"dataset": "app"},
        "tags": ["db", "net"],
        "retried": True,
    }
    assert (await es.count(index=INDEX, query={"ids": {"values": [hit["_id"]]}}))["count"] == 1


async def test_newest_first_in_pages_that_meet(es: AsyncElasticsearch) -> None:
    sort: list[Any] = [{"@timestamp": {"order": "desc"}}, "_doc"]
    seen: list[str] = []
    after = None
    while True:
        page = await es.search(index=INDEX, sort=sort, size=3, search_after=after, source=False)
        if not page["hits"]["hits"]:
            break
        seen += [hit["_id"] for hit in page["hits"]["hits"]]
        after = page["hits"]["hits"][-1]["sort"]
        assert page["hits"]["hits"][0]["_score"] is None
    assert len(seen) == len(set(seen)) == 8
    first = await es.search(index=INDEX, sort="@timestamp:desc", size=1)
    assert first["hits"]["hits"][0]["sort"] == [int((NOW - 60) * 1000)]


async def test_sorts_by_words_and_puts_missing_values_last(es: AsyncElasticsearch) -> None:
    found = await es.search(index=INDEX, sort=[{"event.duration": "desc"}, {"host.name": "asc"}], size=20)
    values = [hit["sort"][0] for hit in found["hits"]["hits"]]
    assert values == [5000.0, 900.0, 31.5, 29.5, None, None, None, None]
    assert [hit["sort"][1] for hit in found["hits"]["hits"]][4:] == ["a-1", "a-2", "c-1", "c-1"]
    page = await es.search(index=INDEX, sort=["host.name"], search_after=["a-15"], size=20)
    assert page["hits"]["total"]["value"] == 8
    assert len(page["hits"]["hits"]) == 5


async def test_the_best_match_comes_first(es: AsyncElasticsearch) -> None:
    found = await es.search(index=INDEX, query={"match": {"message": "pool connection refused"}})
    assert _messages(found)[0] == "Pool"
    scores = [hit["_score"] for hit in found["hits"]["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert found["hits"]["max_score"] == scores[0] > scores[1] > 0


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (["service", "log.level"], {"service": {"name": "cart"}, "log": {"level": "info"}}),
        ("host.*", {"host": {"name": "c-1"}}),
        ({"includes": ["http*", "service"], "excludes": ["service.name"]}, {"http": {"status": 500}}),
    ],
)
async def test_sources_are_filtered(es: AsyncElasticsearch, source: Any, expected: dict[str, Any]) -> None:
    found = await es.search(index=INDEX, query={"term": {"http.status": 500}}, source=source)
    assert found["hits"]["hits"][0]["_source"] == expected


async def test_fields_and_their_formats(es: AsyncElasticsearch) -> None:
    found = await es.search(
        index=INDEX,
        query={"term": {"http.status": 500}},
        source=False,
        fields=[{"field": "service.*"}, {"field": "@timestamp", "format": "epoch_second"}],
    )
    hit = found["hits"]["hits"][0]
    assert hit["fields"] == {"service.name": ["cart"], "@timestamp": [str(int(NOW - 60))]}
    assert "_source" not in hit


async def test_totals_are_capped_where_asked(es: AsyncElasticsearch) -> None:
    assert (await es.search(index=INDEX, track_total_hits=3))["hits"]["total"] == {"value": 3, "relation": "gte"}
    assert "total" not in (await es.search(index=INDEX, track_total_hits=False))["hits"]
    assert (await es.search(index=INDEX, size=2, from_=7))["hits"]["hits"][0]["_id"]
    early = await es.search(index=INDEX, terminate_after=2, aggs={"n": {"value_count": {"field": "service.name"}}})
    assert (early["terminated_early"], early["aggregations"]["n"]["value"]) == (True, 2)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"size": 10_001}, "Result window is too large, from + size must be less than or equal to: [10000]"),
        ({"size": -1}, "[size] parameter cannot be negative, found [-1]"),
        ({"sort": ["message"]}, "Fielddata is disabled on [message]"),
        ({"sort": ["nowhere"]}, "No mapping found for [nowhere] in order to sort on"),
        ({"sort": ["host.name"], "search_after": []}, "search_after has 0 value(s) but sort has 1."),
        ({"timeout": "soon"}, "failed to parse setting [timeout]"),
        ({"min_score": []}, "failed to parse the request"),
        ({"query": {"ids": {"values": 5}}}, "failed to parse the request"),
        ({"aggs": {"x": {"terms": {"field": "log.level", "size": "x"}}}}, "failed to parse the request"),
        ({"aggs": {"x": {"composite": {"sources": [{"s": {}}]}}}}, "failed to parse the request"),
    ],
)
async def test_bad_searches_are_refused(es: AsyncElasticsearch, given: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        await es.search(index=INDEX, **given)
    assert reason in caught.value.body["error"]["root_cause"][0]["reason"]


@pytest.mark.parametrize("index", [INDEX, "logs-*", "logs-*-*", "_all", "*", "other-*,logs-app-*", ".ds-logs-app*"])
async def test_the_data_stream_has_its_names(es: AsyncElasticsearch, index: str) -> None:
    assert (await es.count(index=index))["count"] == 8


async def test_an_index_that_is_not_there(es: AsyncElasticsearch) -> None:
    with pytest.raises(NotFoundError) as caught:
        await es.search(index="metrics")
    assert caught.value.body["error"]["type"] == "index_not_found_exception"
    assert caught.value.body["error"]["reason"] == "no such index [metrics]"
    with pytest.raises(NotFoundError):
        await es.search(index="metrics-*", allow_no_indices=False)
    for index, lenient in (("metrics", True), ("metrics-*", False), ("logs-*,-logs-app*", False)):
        last = {"n": {"max": {"field": "@timestamp"}}}
        found = await es.search(index=index, aggs=last, ignore_unavailable=lenient)
        assert found["hits"]["total"]["value"] == 0, index
        assert found["_shards"]["total"] == 0
        assert found["aggregations"]["n"]["value"] is None
    assert await es.indices.exists(index=INDEX)
    assert not await es.indices.exists(index="metrics")


async def test_many_searches_at_once_fail_one_by_one(es: AsyncElasticsearch) -> None:
    found = await es.msearch(
        searches=[
            {"index": INDEX},
            {"query": {"term": {"log.level": "error"}}, "size": 0},
            {"index": "metrics"},
            {"size": 0},
            {"index": INDEX},
            {"query": {"foo": {}}},
        ]
    )
    answers = found["responses"]
    assert [answer["status"] for answer in answers] == [200, 404, 400]
    assert answers[0]["hits"]["total"]["value"] == 3


async def test_nothing_is_shown_before_its_time() -> None:
    now = [NOW]
    async with (
        serving(create_app(small(), clock=lambda: now[0])) as base,
        AsyncElasticsearch(base) as client,
    ):
        assert (await client.count(index=INDEX))["count"] == 8
        now[0] = NOW + 60
        assert (await client.count(index=INDEX, query={"match": {"message": "future"}}))["count"] == 1
        now[0] = NOW - 3601
        background = {"significant_text": {"field": "message"}, "aggs": {}}
        found = await client.search(index=INDEX, aggs={"k": background, "g": {"global": {}}})
        assert found["aggregations"]["k"]["bg_count"] == found["aggregations"]["g"]["doc_count"] == 0


async def test_what_the_cluster_says_of_itself(es: AsyncElasticsearch) -> None:
    assert (await es.info())["version"]["number"].startswith("9.")
    assert (await es.cluster.health())["status"] == "green"
    assert (await es.license.get())["license"]["type"] == "basic"
    caps = (await es.field_caps(index="logs-*", fields="message,http.*"))["fields"]
    assert caps["message"]["text"]["aggregatable"] is False
    assert caps["http.status"]["long"]["aggregatable"] is True
    (mapping,) = (await es.indices.get_mapping(index=INDEX)).values()
    assert mapping["mappings"]["properties"]["service"] == {"properties": {"name": {"type": "keyword"}}}
    streams = (await es.indices.resolve_index(name="logs-*"))["data_streams"]
    assert [stream["name"] for stream in streams] == [INDEX]


async def test_only_the_right_key_comes_in() -> None:
    key = "k" * 24
    async with serving(create_app(small(), clock=lambda: NOW, api_key=key)) as base:
        async with AsyncElasticsearch(base, api_key=key) as client:
            assert (await client.count(index=INDEX))["count"] == 8
        for wrong in (None, "x" * 24):
            async with AsyncElasticsearch(base, api_key=wrong) as stranger:
                with pytest.raises(AuthenticationException) as caught:
                    await stranger.count(index=INDEX)
                assert caught.value.body["error"]["type"] == "security_exception"


async def test_a_key_can_lack_privileges() -> None:
    async with (
        serving(create_app(small(), clock=lambda: NOW, privileges=frozenset({"view_index_metadata"}))) as base,
        AsyncElasticsearch(base) as client,
    ):
        wanted = [{"names": ["logs-*"], "privileges": ["read", "view_index_metadata"]}]
        held = await client.security.has_privileges(index=wanted, cluster=["monitor"])
        assert held["has_all_requested"] is False
        assert held["index"] == {"logs-*": {"read": False, "view_index_metadata": True}}
        with pytest.raises(AuthorizationException) as caught:
            await client.search(index=INDEX)
        assert "is unauthorized for API key id" in caught.value.body["error"]["reason"]


async def test_the_wire(address: str) -> None:
    vendor = "application/vnd.elasticsearch+json;compatible-with="
    async with aiohttp.ClientSession(address) as http:
        asked = {"q": "log.level:error", "size": "1", "sort": "@timestamp:desc"}
        asked["filter_path"] = "hits.total.value,**._id"
        async with http.get("/logs-*/_search", params=asked) as answer:
            body = await answer.json()
            assert (body["hits"]["total"], list(body["hits"]["hits"][0])) == ({"value": 3}, ["_id"])
            assert answer.headers["X-Elastic-Product"] == "Elasticsearch"
        async with http.get("/", headers={"Accept": f"{vendor}9"}) as answer:
            assert answer.headers["Content-Type"] == f"{vendor}9"
        async with http.get("/", headers={"Accept": f"{vendor}7"}) as answer:
            assert answer.status == 400
            assert (await answer.json(content_type=None))["error"]["type"] == "media_type_header_exception"
        async with http.get("/_search", params={"sise": "1"}) as answer:
            reason = (await answer.json())["error"]["reason"]
            assert (answer.status, reason) == (400, "request [/_search] contains unrecognized parameter: [sise]")
        async with http.post("/_query", json={"query": "FROM logs"}) as answer:
            reason = (await answer.json())["error"]
            assert (answer.status, reason) == (400, "no handler found for uri [/_query] and method [POST]")
        for data, content_type, status in (
            (b"{", "application/json", 400),
            (b"a=1", "text/plain", 406),
            (json.dumps({"foo": {}}).encode(), "application/json", 400),
            (b"[]", "application/json", 400),
        ):
            async with http.post("/_search", data=data, headers={"Content-Type": content_type}) as answer:
                assert answer.status == status, await answer.text()


async def test_it_can_be_told_to_fail(address: str) -> None:
    async with aiohttp.ClientSession(address) as http:
        async with http.post("/sandbox/faults", json={"kind": "status", "status": 503, "times": 1}) as answer:
            assert answer.status == 201
        async with http.get("/") as answer:
            assert answer.status == 503
        await http.post("/sandbox/faults", json={"kind": "reset", "times": 2})  # aiohttp asks again once
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.get("/")
