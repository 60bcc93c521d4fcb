"""A replay server fails when told to, as long as told to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.faults import CONTROL_PATH, Faults
from sandbox.serve import serving


async def _hello(_: Request) -> Response:
    return JSONResponse({"hello": "world"})


@pytest.fixture
async def base() -> AsyncIterator[str]:
    app = Starlette(routes=[Route("/hello", _hello), Route("/other", _hello)])
    async with serving(Faults(app)) as address:
        yield address


@pytest.fixture
async def http(base: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base) as session:
        yield session


async def _arm(http: aiohttp.ClientSession, **fault: object) -> None:
    async with http.post(CONTROL_PATH, json=fault) as answer:
        assert answer.status == 201, await answer.text()


async def _status(http: aiohttp.ClientSession, path: str = "/hello") -> int:
    async with http.get(path) as answer:
        return answer.status


async def test_without_a_fault_the_application_answers(http: aiohttp.ClientSession) -> None:
    async with http.get("/hello") as answer:
        assert await answer.json() == {"hello": "world"}


async def test_a_status_is_answered_as_often_as_asked(http: aiohttp.ClientSession) -> None:
    await _arm(http, kind="status", status=429, times=2, headers={"Retry-After": "7"})
    async with http.get("/hello") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    assert [await _status(http) for _ in range(2)] == [429, 200]


async def test_only_the_named_path_fails(http: aiohttp.ClientSession) -> None:
    await _arm(http, kind="status", status=500, path="/other")
    assert [await _status(http, path) for path in ("/hello", "/other")] == [200, 500]


async def test_clearing_ends_a_fault(http: aiohttp.ClientSession) -> None:
    await _arm(http, kind="status")
    assert await _status(http) == 503
    async with http.delete(CONTROL_PATH) as answer:
        assert answer.status == 204
    assert await _status(http) == 200


async def test_slow_waits_and_then_answers(http: aiohttp.ClientSession) -> None:
    await _arm(http, kind="slow", seconds=0.15, times=1)
    began = time.monotonic()
    assert await _status(http) == 200
    assert time.monotonic() - began >= 0.15


async def test_hang_never_answers(http: aiohttp.ClientSession) -> None:
    await _arm(http, kind="hang", times=1)
    with pytest.raises(asyncio.TimeoutError):
        await http.get("/hello", timeout=aiohttp.ClientTimeout(total=0.2))
    assert await _status(http) == 200


async def test_garbage_is_no_json(http: aiohttp.ClientSession) -> None:
    await _arm(http, kind="garbage")
    async with http.get("/hello") as answer:
        assert answer.status == 200
        with pytest.raises(ValueError, match=r"utf-8|Expecting value"):
            await answer.json()


async def test_reset_drops_the_connection(http: aiohttp.ClientSession, base: str) -> None:
    await _arm(http, kind="reset", times=1)
    async with aiohttp.ClientSession() as fresh:
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            await fresh.post(f"{base}/hello", data=b"x")  # a POST, which the client does not repeat by itself
    assert await _status(http) == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"kind": "fire"}', b'{"kind": "slow", "seconds": "long"}'])
async def test_an_unreadable_fault_is_refused(http: aiohttp.ClientSession, body: bytes) -> None:
    async with http.post(CONTROL_PATH, data=body) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]
