from dataclasses import replace
from datetime import UTC, datetime

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.testing import FrozenClock
from integrations.anthropic import INTEGRATION, AnthropicSettings
from integrations.descriptor import CheckResult, CheckState, Tools
from integrations.threads import SourceThreads
from sandbox.anthropic import ClaudeApi
from sandbox.anthropic.models import MODELS
from tests.integrations.anthropic.asking import DESK, KEY

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def checked(api: ASGIApp, **settings: object) -> tuple[CheckResult, ...]:
    threads = SourceThreads(1)
    clock = FrozenClock(datetime(2026, 11, 21, tzinfo=UTC))
    try:
        DESK.app = api
        given = AnthropicSettings(**{"api_key": KEY, "url": DESK.url, **settings})  # type: ignore[arg-type]
        assert INTEGRATION.check is not None
        return await INTEGRATION.check(given, Tools(clock=clock, threads=threads, source_deadline=60.0))
    finally:
        threads.close()


async def test_without_a_key_it_is_not_set_up() -> None:
    (result,) = await checked(ClaudeApi().app, api_key=None)
    assert result.state is CheckState.NOT_SET_UP
    assert "ANTHROPIC_API_KEY" in result.detail


async def test_each_model_is_told() -> None:
    results = await checked(ClaudeApi().app)
    assert [result.state for result in results] == [CheckState.OK] * 3
    assert "Claude Haiku 5.5 (claude-haiku-5-5)" in results[0].detail


async def test_one_model_for_two_tasks_is_asked_about_once() -> None:
    results = await checked(ClaudeApi().app, main="claude-opus-5-5")
    assert [result.subject for result in results] == ["Claude (fast)", "Claude (main and deep)"]


@pytest.mark.parametrize(
    ("retires", "state"), [("2026-11-30", CheckState.PROBLEM), ("2027-09-01", CheckState.OK), (None, CheckState.OK)]
)
async def test_a_model_that_retires_is_told_in_time(retires: str | None, state: CheckState) -> None:
    models = [
        replace(card, retires_at=f"{retires}T00:00:00Z" if retires else None) if "sonnet-5" in card.id else card
        for card in MODELS
    ]
    result = (await checked(ClaudeApi(models=models).app))[1]
    assert result.state is state
    assert (retires or "no retirement") in result.detail
    assert bool(result.remedy) == (state is CheckState.PROBLEM)


async def test_a_retired_model_still_in_the_catalogue() -> None:
    async def model(request: Request) -> Response:
        card = replace(MODELS[0], id=request.path_params["id"], lifecycle="retired")
        return JSONResponse(card.body())

    results = await checked(Starlette(routes=[Route("/v1/models/{id}", model)]))
    assert {result.state for result in results} == {CheckState.PROBLEM}
    assert "retired" in results[0].detail


async def test_a_model_that_there_is_not() -> None:
    result = (await checked(ClaudeApi(models=MODELS[1:]).app))[0]
    assert result.state is CheckState.PROBLEM
    assert "does not know claude-haiku-5-5" in result.detail
    assert "ANTHROPIC_MODEL_FAST" in result.remedy


async def test_a_wrong_key_is_said_once() -> None:
    (result,) = await checked(ClaudeApi(key="z" * 40).app)
    assert result.state is CheckState.PROBLEM
    assert "ANTHROPIC_API_KEY" in result.remedy


@pytest.mark.parametrize("body", ["<html>hello</html>", '{"hello": 1}', "[1]", "null"])
async def test_another_program_at_that_address(body: str) -> None:
    async def page(request: Request) -> Response:
        return Response(body, media_type="text/html" if body.startswith("<") else "application/json")

    (result,) = await checked(Starlette(routes=[Route("/{path:path}", page)]))
    assert result.state is CheckState.PROBLEM
    assert result.remedy
