"""Every source against servers that fail in every way: each ends in one plain reason, in time."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, FailureReason
from bot.domain.setting import read
from integrations.descriptor import CheckResult, CheckState, Tools
from integrations.registry import discover
from sandbox.serve import serving
from tests.integrations.asking import KEY, REQUEST, dead_port, tools

VENDORS = {"elasticsearch": "Elasticsearch", "github": "GitHub", "pagerduty": "PagerDuty", "prometheus": "Prometheus"}
DEADLINE = 1.6  # GitHub's library takes whole seconds, and less than one is not a test of waiting
HEADERS = {"X-Elastic-Product": "Elasticsearch"}


def settings(vendor: str, url: str) -> Any:
    environ = {
        "PROMETHEUS_URL": url,
        "PROMETHEUS_TOKEN": KEY,
        "ELASTICSEARCH_URL": url,
        "ELASTICSEARCH_API_KEY": KEY,
        "GITHUB_URL": url,
        "GITHUB_TOKEN": KEY,
        "PAGERDUTY_URL": url,
        "PAGERDUTY_API_KEY": KEY,
    }
    return read(discover()[vendor].settings, environ)


def source_of(vendor: str, url: str, lent: Tools) -> Any:
    make = discover()[vendor].sources
    assert make is not None
    (source,) = make(settings(vendor, url), lent)
    return source


async def look(vendor: str, url: str, lent: Tools) -> Answer | SourceError:
    try:
        return await source_of(vendor, url, lent).look(REQUEST)  # type: ignore[no-any-return]
    except SourceError as error:
        return error


async def look_at_all(url: str) -> tuple[Mapping[str, Answer | SourceError], float]:
    """What each source says of that server, and how long the slowest took."""
    with tools(deadline=DEADLINE) as lent:
        for vendor in VENDORS:
            source_of(vendor, url, lent).warm()  # importing is no part of what is timed here
        started = time.perf_counter()
        answers = await asyncio.gather(*(look(vendor, url, lent) for vendor in VENDORS))
    return dict(zip(VENDORS, answers, strict=True)), time.perf_counter() - started


async def check_all(url: str) -> Mapping[str, CheckResult]:
    """What `check` says of that server; of PagerDuty the part about its REST API."""

    async def check(vendor: str, lent: Tools) -> CheckResult:
        ask = discover()[vendor].check
        assert ask is not None
        return (await ask(settings(vendor, url), lent))[-1]

    with tools(deadline=DEADLINE) as lent:
        return dict(zip(VENDORS, await asyncio.gather(*(check(vendor, lent) for vendor in VENDORS)), strict=True))


def saying(status: int, body: Any) -> Starlette:
    async def answer(request: Request) -> Response:
        if isinstance(body, str):
            return PlainTextResponse(body, status, headers=HEADERS, media_type="text/html")
        return JSONResponse(body, status, headers=HEADERS)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


def refusing(status: int) -> Starlette:
    """An error's body has something of all four vendors."""
    said = f"no, because of {status} with token={KEY}"
    return saying(status, {"status": "error", "errorType": "x", "error": said, "message": said})


class _Hangs(asyncio.Protocol):
    """Takes the request and never answers."""

    def __init__(self) -> None:
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, why: Exception | None) -> None:
        self.lost.set_result(None)


class _Resets(_Hangs):
    """Takes the request and drops the connection with a reset."""

    def data_received(self, data: bytes) -> None:
        raw = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


@asynccontextmanager
async def _speaking(protocol: type[_Hangs]) -> AsyncIterator[str]:
    made: list[_Hangs] = []

    def make() -> _Hangs:
        made.append(protocol())
        return made[-1]

    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for connection in made:
        connection.transport.abort()
        await connection.lost


def resetting() -> AbstractAsyncContextManager[str]:
    return _speaking(_Resets)


def hanging() -> AbstractAsyncContextManager[str]:
    return _speaking(_Hangs)


@asynccontextmanager
async def nobody() -> AsyncIterator[str]:
    yield dead_port()


LOGIN_PAGE = "<html><title>Sign in</title></html>"
TABLE = [
    pytest.param(nobody, FailureReason.UNREACHABLE, id="dead port"),
    pytest.param(resetting, FailureReason.UNREACHABLE, id="reset"),
    pytest.param(hanging, FailureReason.TOO_SLOW, id="hanging"),
    pytest.param(lambda: serving(refusing(400)), FailureReason.REFUSED, id="400"),
    pytest.param(lambda: serving(refusing(401)), FailureReason.UNAUTHORISED, id="401"),
    pytest.param(lambda: serving(refusing(403)), FailureReason.FORBIDDEN, id="403"),
    pytest.param(lambda: serving(refusing(404)), FailureReason.REFUSED, id="404"),
    pytest.param(lambda: serving(refusing(429)), FailureReason.RATE_LIMITED, id="429"),
    pytest.param(lambda: serving(refusing(500)), FailureReason.UNREACHABLE, id="500"),
    pytest.param(lambda: serving(refusing(503)), FailureReason.UNREACHABLE, id="503"),
    pytest.param(lambda: serving(saying(502, "<html>Bad gateway</html>")), FailureReason.UNREACHABLE, id="proxy 502"),
    pytest.param(lambda: serving(saying(200, LOGIN_PAGE)), FailureReason.NONSENSE, id="a login page"),
    pytest.param(lambda: serving(saying(200, '{"data": {"resu')), FailureReason.NONSENSE, id="cut JSON"),
    pytest.param(lambda: serving(saying(200, {"data": 7})), FailureReason.NONSENSE, id="another shape"),
    pytest.param(lambda: serving(saying(200, [1, "two", None])), FailureReason.NONSENSE, id="a list of anything"),
    pytest.param(lambda: serving(saying(200, "")), FailureReason.NONSENSE, id="nothing at all"),
]


@pytest.mark.parametrize(("server", "reason"), TABLE)
async def test_each_source_and_its_check_say_why_it_could_not_look(server: Any, reason: FailureReason) -> None:
    async with server() as url:
        (answers, seconds), checks = await asyncio.gather(look_at_all(url), check_all(url))
    for vendor, answer in answers.items():
        assert isinstance(answer, SourceError), f"{vendor} answered {answer}"
        assert answer.reason is reason, f"{vendor} said {answer.reason}: {answer.detail}"
        assert answer.detail.startswith(VENDORS[vendor]), answer.detail
        assert answer.detail.endswith("."), answer.detail
        assert "\n" not in answer.detail
        assert KEY not in answer.detail, f"{vendor} shows a secret: {answer.detail}"
        assert len(answer.detail) < 420, answer.detail
    assert seconds < DEADLINE + 0.5, "a source took longer than its deadline"
    for vendor, check in checks.items():
        assert check.state is CheckState.PROBLEM, f"{vendor}: {check}"
        assert check.remedy, f"{vendor}: {check}"
        assert KEY not in repr(check)


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_what_can_be_mended_comes_with_what_to_do(status: int) -> None:
    async with serving(refusing(status)) as url:
        answers, _ = await look_at_all(url)
    for vendor, answer in answers.items():
        assert isinstance(answer, SourceError)
        assert vendor.upper() in answer.detail, f"no variable is named: {answer.detail}"


async def test_what_the_plan_lacks_is_no_failure_of_pagerduty() -> None:
    async with serving(refusing(402)) as url:
        answers, _ = await look_at_all(url)
    on_call = answers["pagerduty"]
    assert isinstance(on_call, Answer)
    assert "plan" in on_call.skipped


async def test_a_hanging_server_lets_go_of_a_cancelled_look_at_once() -> None:
    async with hanging() as url:
        with tools(deadline=1.0) as lent:
            looks = [asyncio.create_task(look(vendor, url, lent)) for vendor in VENDORS]
            await asyncio.wait(looks, timeout=0.2)
            for task in looks:
                task.cancel()
            started = time.perf_counter()
            done = await asyncio.gather(*looks, return_exceptions=True)
            assert time.perf_counter() - started < 0.5
            assert all(isinstance(item, asyncio.CancelledError | SourceError) for item in done), done


async def test_check_says_what_is_not_set_up() -> None:
    with tools() as lent:
        for vendor in VENDORS:
            integration = discover()[vendor]
            assert integration.check is not None
            for result in await integration.check(read(integration.settings, {}), lent):
                assert result.state is CheckState.NOT_SET_UP
                assert "is not set" in result.detail
