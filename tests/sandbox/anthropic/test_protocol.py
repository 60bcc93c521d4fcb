"""The vendor's own client, as it comes, against the stand-in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import pytest
from anthropic import AsyncAnthropic
from pydantic import BaseModel

from sandbox.anthropic import (
    Asked,
    CallTools,
    ClaudeApi,
    CutAfter,
    Error,
    Garbage,
    Json,
    Pause,
    Refuse,
    Say,
    Script,
    Slow,
    StreamError,
    Truncate,
    Use,
)
from sandbox.until import until
from tests.sandbox.anthropic.desk import DESK

pytestmark = pytest.mark.asyncio(loop_scope="package")

MODEL = "claude-sonnet-5-5"
KEY = "k" * 40
ASKED: list[Any] = [{"role": "user", "content": "What changed?"}]
TOOL: Any = {"name": "logs", "input_schema": {"type": "object", "properties": {"q": {"type": "string"}}}}
FOUND: Any = {
    "type": "search_result", "source": "E1", "title": "Errors", "citations": {"enabled": True},
    "content": [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}],
}  # fmt: skip


class Form(BaseModel):
    cause: str
    count: int


@asynccontextmanager
async def client(script: Script = (), **given: Any) -> AsyncIterator[tuple[AsyncAnthropic, ClaudeApi]]:
    api = ClaudeApi(script, **given)
    DESK.app = api.app
    async with AsyncAnthropic(api_key=KEY, base_url=DESK.url, max_retries=0, open_telemetry=False) as made:
        yield made, api


async def test_a_message_and_its_stream_say_the_same() -> None:
    turn = Say("v42 was deployed.", cites=["E1"], then=[Say(" Nothing else.")], thinking="Let me see.")
    asked = [{"role": "user", "content": [FOUND, {"type": "text", "text": "What changed?"}]}]
    async with client([turn, turn]) as (claude, _):
        whole = await claude.messages.create(model=MODEL, max_tokens=99, messages=asked)  # type: ignore[arg-type]
        async with claude.messages.stream(model=MODEL, max_tokens=99, messages=asked) as stream:  # type: ignore[arg-type]
            pieces = [piece async for piece in stream.text_stream]
            streamed = await stream.get_final_message()
    assert "".join(pieces) == "v42 was deployed. Nothing else."
    assert [block.type for block in whole.content] == ["thinking", "text", "text"]
    assert whole.content[1].to_dict()["citations"] == streamed.content[1].to_dict()["citations"]
    cited: Any = whole.content[1].to_dict()["citations"]
    assert (cited[0]["type"], cited[0]["cited_text"], cited[0]["source"]) == ("search_result_location", "One.", "E1")
    assert whole.stop_reason == streamed.stop_reason == "end_turn"
    assert whole.usage.output_tokens == streamed.usage.output_tokens > 1
    assert whole._request_id


async def test_calls_of_tools_are_streamed_as_json() -> None:
    turn = CallTools([Use("logs", {"q": "pool", "n": [1, {"a": None}]}), Use("logs")], text="Looking.")
    async with client([turn]) as (claude, _):
        stream = claude.messages.stream(model=MODEL, max_tokens=99, messages=ASKED, tools=[TOOL])
        async with stream as events:
            message = await events.get_final_message()
    assert message.stop_reason == "tool_use"
    assert [getattr(block, "input", None) for block in message.content] == [
        None,
        {"q": "pool", "n": [1, {"a": None}]},
        {},
    ]


async def test_typed_answers_by_the_clients_own_parser() -> None:
    async with client([Json({"cause": "v42", "count": 3})]) as (claude, api):
        message = await claude.messages.parse(model=MODEL, max_tokens=99, messages=ASKED, output_format=Form)
    assert message.parsed_output == Form(cause="v42", count=3)
    assert api.last.body["output_config"]["format"]["schema"]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("turn", "stop"),
    [(Truncate("The"), "max_tokens"), (Refuse("bio"), "refusal"), (Pause("The"), "pause_turn")],
)
async def test_reasons_to_stop(turn: Any, stop: str) -> None:
    async with client([turn, turn]) as (claude, _):
        whole = await claude.messages.create(model=MODEL, max_tokens=9, messages=ASKED)
        async with claude.messages.stream(model=MODEL, max_tokens=9, messages=ASKED) as stream:
            streamed = await stream.get_final_message()
    assert whole.stop_reason == streamed.stop_reason == stop
    if stop == "refusal":
        assert whole.stop_details is not None
        assert streamed.stop_details is not None
        assert whole.stop_details.category == streamed.stop_details.category == "bio"


@pytest.mark.parametrize(
    ("turn", "kind"),
    [
        (Error(400), anthropic.BadRequestError),
        (Error(401), anthropic.AuthenticationError),
        (Error(402), anthropic.PaymentRequiredError),
        (Error(403), anthropic.PermissionDeniedError),
        (Error(404), anthropic.NotFoundError),
        (Error(413), anthropic.ContentTooLargeError),
        (Error(429, retry_after=3), anthropic.RateLimitError),
        (Error(500), anthropic.InternalServerError),
        (Error(504), anthropic.GatewayTimeoutError),
        (Error(529), anthropic.OverloadedError),
    ],
)
async def test_errors_are_those_of_the_client(turn: Error, kind: type[anthropic.APIStatusError]) -> None:
    async with client([turn]) as (claude, _):
        with pytest.raises(kind) as caught:
            await claude.messages.create(model=MODEL, max_tokens=9, messages=ASKED)
    assert caught.value.request_id
    assert caught.value.type
    assert caught.value.response.headers.get("retry-after") == ("3" if turn.status == 429 else None)


async def test_the_client_asks_again_by_itself() -> None:
    async with client([Error(529), Error(429, retry_after=0.01), Say("Here.")]) as (claude, api):
        message = await claude.with_options(max_retries=2).messages.create(model=MODEL, max_tokens=9, messages=ASKED)
    assert message.content[0].to_dict()["text"] == "Here."
    assert [asked.headers["x-stainless-retry-count"] for asked in api.requests] == ["0", "1", "2"]


async def test_an_error_within_a_stream() -> None:
    async with client([StreamError("overloaded_error", after=4, turn=Say("a" * 50))]) as (claude, _):
        with pytest.raises(anthropic.APIStatusError) as caught:
            async with claude.messages.stream(model=MODEL, max_tokens=9, messages=ASKED) as stream:
                await stream.get_final_message()
    assert caught.value.type == "overloaded_error"


async def test_a_stream_that_is_cut() -> None:
    import httpx2

    async with client([CutAfter(4, Say("a" * 50))]) as (claude, _):
        with pytest.raises(httpx2.RemoteProtocolError):
            async with claude.messages.stream(model=MODEL, max_tokens=9, messages=ASKED) as stream:
                await stream.get_final_message()


async def test_garbage_is_garbage() -> None:
    async with client([Garbage()]) as (claude, _):
        assert isinstance(await claude.messages.create(model=MODEL, max_tokens=9, messages=ASKED), str)


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_it_notices_when_nobody_waits_any_more(is_streamed: bool) -> None:
    async def ask(claude: AsyncAnthropic) -> None:
        if not is_streamed:
            await claude.messages.create(model=MODEL, max_tokens=9, messages=ASKED)
        async with claude.messages.stream(model=MODEL, max_tokens=9, messages=ASKED) as stream:
            await stream.get_final_message()

    async with client([Slow(Say("never"), first_token_after=60)]) as (claude, api):
        asking = asyncio.create_task(ask(claude))
        assert await until(lambda: api.requests, 60)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        async with asyncio.timeout(60):
            await api.last.gone.wait()


async def test_scripts_may_decide_by_what_was_asked() -> None:
    def script(asked: Asked) -> Say:
        return Say(f"{asked.said} {len(asked.tools)} {asked.system} {asked.is_streamed}")

    async with client(script) as (claude, _):
        message = await claude.messages.create(
            model=MODEL, max_tokens=9, messages=ASKED, tools=[TOOL], system="Be kind."
        )
    assert message.content[0].to_dict()["text"] == "What changed? 1 Be kind. False"


async def test_a_script_that_has_no_more_turns_says_so() -> None:
    async with client() as (claude, _):
        with pytest.raises(anthropic.BadRequestError, match="no more turns"):
            await claude.messages.create(model=MODEL, max_tokens=9, messages=ASKED)


async def test_tokens_and_models() -> None:
    async with client() as (claude, _):
        short = await claude.messages.count_tokens(model=MODEL, messages=ASKED)
        long = await claude.messages.count_tokens(model=MODEL, messages=ASKED, system="s" * 4000)
        listed = [model.id async for model in claude.models.list()]
        one = await claude.models.retrieve("claude-sonnet-4-5")
    assert 0 < short.input_tokens < long.input_tokens - 900
    assert MODEL in listed
    assert (one.lifecycle, str(one.retires_at)[:10]) == ("deprecated", "2026-11-30")


async def test_what_was_marked_is_read_from_the_cache_afterwards() -> None:
    system: Any = [{"type": "text", "text": "s" * 8000, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    other: Any = [{"type": "text", "text": "t" * 8000, "cache_control": {"type": "ephemeral"}}]
    async with client(lambda asked: Say("Yes.")) as (claude, _):
        usages = [
            (await claude.messages.create(model=MODEL, max_tokens=9, messages=ASKED, system=told)).usage
            for told in (system, system, other)
        ]
    assert [usage.cache_read_input_tokens > 1900 for usage in usages if usage.cache_read_input_tokens is not None] == [
        False,
        True,
        False,
    ]
    first = usages[0].cache_creation
    assert first is not None
    assert (first.ephemeral_1h_input_tokens > 1900, first.ephemeral_5m_input_tokens) == (True, 0)
    total = [
        usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
        for usage in usages
    ]
    assert total[0] == total[1]
