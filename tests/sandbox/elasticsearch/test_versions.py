"""An 8.x server, shards that do not answer, random scores: as the real server shows them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch, BadRequestError

from sandbox.elasticsearch.server import VERSION_8, create_app
from sandbox.elasticsearch.shards import Shards
from sandbox.serve import serving
from tests.sandbox.elasticsearch.conftest import INDEX, NOW, small


@asynccontextmanager
async def asked(**server: Any) -> AsyncIterator[AsyncElasticsearch]:
    app = create_app(small(), clock=lambda: NOW, **server)
    async with serving(app) as url, AsyncElasticsearch(url, max_retries=0, request_timeout=60) as client:
        yield client


async def test_an_8x_server_refuses_a_client_of_9() -> None:
    async with asked(version=VERSION_8) as client:
        with pytest.raises(BadRequestError) as refused:
            await client.msearch(searches=[{"index": INDEX}, {"size": 0}], filter_path="responses.hits")
    error = refused.value.body["error"]
    assert error["type"] == "media_type_header_exception"
    assert "must be either version 8 or 7, but found 9" in error["caused_by"]["reason"]


async def test_an_8x_server_answers_in_its_own_version() -> None:
    async with asked(version=VERSION_8) as client:
        headers = {"Accept": "application/vnd.elasticsearch+json; compatible-with=8"}
        answer = await client.transport.perform_request("GET", "/", headers=headers)
    assert answer.body["version"]["number"] == VERSION_8
    assert answer.meta.headers["content-type"] == "application/vnd.elasticsearch+json;compatible-with=8"


async def test_what_lies_on_a_failed_shard_is_not_found() -> None:
    async with asked(shards=Shards(total=4, failed=1, reason="node left")) as client:
        answer = await client.search(index=INDEX, track_total_hits=True)
    assert answer["_shards"]["failed"] == 1
    assert answer["_shards"]["failures"][0]["reason"]["reason"] == "node left"
    assert answer["hits"]["total"]["value"] == 6


async def test_a_random_score_is_the_same_for_the_same_seed() -> None:
    async def drawn(seed: int) -> list[str]:
        function = {"random_score": {"seed": seed, "field": "_seq_no"}, "boost_mode": "replace"}
        answer = await client.search(index=INDEX, query={"function_score": function})
        return [hit["_id"] for hit in answer["hits"]["hits"]]

    async with asked() as client:
        assert await drawn(1) == await drawn(1) != await drawn(2)
        with pytest.raises(BadRequestError, match="field"):
            await client.search(index=INDEX, query={"function_score": {"random_score": {"seed": 1}}})
