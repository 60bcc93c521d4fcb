"""What the real API refuses is refused here, so that tests against the stand-in mean something."""

from io import BytesIO
from typing import Any

import aiohttp
import pytest

from sandbox.anthropic import CallTools, ClaudeApi, Pause, Say, Use
from tests.sandbox.anthropic.desk import DESK

pytestmark = pytest.mark.asyncio(loop_scope="package")

USER = {"role": "user", "content": "What changed?"}
TOOL = {"name": "logs", "input_schema": {"type": "object"}}
USE = {"type": "tool_use", "id": "toolu_1", "name": "logs", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}
TEXT = {"type": "text", "text": "Hm."}
HEADERS = {"authorization": "Bearer k", "anthropic-version": "2026-10-21"}


def found(enabled: bool) -> dict[str, Any]:
    return {"type": "search_result", "source": "E1", "title": "t", "content": [TEXT], "citations": {"enabled": enabled}}


def says(role: str, *blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": role, "content": list(blocks)}


async def ask(api: ClaudeApi, body: Any, headers: dict[str, str] = HEADERS) -> tuple[int, Any]:
    DESK.app = api.app
    url = f"{DESK.url}/v1/messages"
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as reply:
        return reply.status, await reply.json()


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"model": "claude-nobody"}, 404, "model: claude-nobody"),
    ({"model": None}, 400, "model"),
    ({"max_tokens": None}, 400, "max_tokens"),
    ({"max_tokens": 0}, 400, "max_tokens"),
    ({"max_tokens": 999_999}, 400, "maximum"),
    ({"temperature": 1.0}, 400, "sampling"),
    ({"top_p": 1.0}, 400, "sampling"),
    ({"top_k": 5}, 400, "sampling"),
    ({"surprise": 5}, 400, "Extra inputs"),
    ({"messages": []}, 400, "at least one"),
    ({"messages": [{"role": "user", "content": ""}]}, 400, "non-empty"),
    ({"messages": [says("user")]}, 400, "non-empty"),
    ({"messages": [says("user", {"type": "text", "text": " "})]}, 400, "whitespace"),
    ({"messages": [{"role": "wizard", "content": "x"}]}, 400, "role"),
    ({"messages": [says("assistant", TEXT), USER]}, 400, "first message"),
    ({"messages": [{"role": "system", "content": "x"}, USER]}, 400, "first message"),
    ({"messages": [USER, says("assistant", TEXT)]}, 400, "prefill"),
    ({"messages": [USER, {"role": "system", "content": "x"}, USER]}, 400, "system message"),
    ({"messages": [USER, says("assistant", TEXT), {"role": "system", "content": "x"}]}, 400, "system message"),
    ({"messages": [USER, {"role": "system", "content": "x"}], "model": "claude-haiku-4-5"}, 400, "not supported"),
    ({"messages": [USER, says("assistant", {"type": "document"}), USER]}, 400, "document"),
    ({"messages": [says("user", {**TEXT, "citations": [{}]})]}, 400, "citations"),
    ({"messages": [USER, says("assistant", USE), USER]}, 400, "without `tool_result`"),
    ({"messages": [USER, says("assistant", USE)]}, 400, "without `tool_result`"),
    ({"messages": [says("user", RESULT)]}, 400, "unexpected `tool_use_id`"),
    ({"messages": [USER, says("assistant", USE), says("user", TEXT, RESULT)]}, 400, "come first"),
    ({"messages": [USER, says("assistant", {"type": "thinking", "thinking": "x", "signature": "y"}), USER]},
     400, "signature"),
    ({"messages": [says("user", found(True), found(False))]}, 400, "all documents or for none"),
    ({"messages": [says("user", found(True))],
      "output_config": {"format": {"type": "json_schema", "schema": {}}}}, 400, "together"),
    ({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}, 400, "additionalProperties"),
    ({"output_config": {"format": {"type": "xml"}}}, 400, "json_schema"),
    ({"output_config": {"effort": "huge"}}, 400, "effort"),
    ({"output_config": {"effort": "low"}, "model": "claude-haiku-4-5"}, 400, "effort"),
    ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, 400, "thinking"),
    ({"thinking": {"type": "disabled"}, "model": "claude-opus-5-5"}, 400, "thinking"),
    ({"tools": [{**TOOL, "name": "a b"}]}, 400, "pattern"),
    ({"tools": [TOOL, TOOL]}, 400, "unique"),
    ({"tools": [{"name": "logs", "input_schema": {}}]}, 400, "input_schema"),
    ({"tool_choice": {"type": "none"}}, 400, "tool_choice"),
    ({"tools": [TOOL], "tool_choice": {"type": "any"}}, 400, "forced"),
    ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "logs"}, "model": "claude-opus-5-5"}, 400, "forced"),
    ({"messages": [says("user", *[{**TEXT, "cache_control": {"type": "ephemeral"}}] * 5)]}, 400, "maximum of 4"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "status", "words"), REFUSED)
async def test_what_is_wrong_is_refused(changes: dict[str, Any], status: int, words: str) -> None:
    body = {"model": "claude-sonnet-5-5", "max_tokens": 100, "messages": [USER]} | changes
    body = {name: value for name, value in body.items() if value is not None}
    answered, told = await ask(ClaudeApi([Say("no")]), body)
    assert answered == status, told
    assert words in told["error"]["message"]
    assert told["type"] == "error"
    assert told["request_id"]


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": [USER, USER]},  # turns of one role are taken as one
        {"messages": [USER, {"role": "system", "content": "x"}]},
        {"messages": [USER, {"role": "system", "content": "x"}, says("assistant", TEXT), USER]},
        {"messages": [USER, says("assistant", TEXT, USE), says("user", RESULT, TEXT)], "tools": [TOOL]},
        {"messages": [says("user", found(False))], "output_config": {"effort": "max"}},
        {"tools": [TOOL], "tool_choice": {"type": "any"}, "model": "claude-haiku-5-5"},
        {"messages": [USER, says("assistant", TEXT)], "model": "claude-haiku-4-5"},
    ],
)
async def test_what_is_right_is_answered(changes: dict[str, Any]) -> None:
    body = {"model": "claude-sonnet-5-5", "max_tokens": 100, "messages": [USER]} | changes
    assert (await ask(ClaudeApi([Say("yes")]), body))[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong", "anthropic-version": "2026-10-21"}, 401),
        ({"authorization": "Bearer right"}, 400),
        ({"authorization": "Bearer right", "anthropic-version": "2026-10-21"}, 200),
        ({"x-api-key": "right", "anthropic-version": "2026-10-21"}, 200),
    ],
)
async def test_who_is_let_in(headers: dict[str, str], status: int) -> None:
    body = {"model": "claude-sonnet-5-5", "max_tokens": 100, "messages": [USER]}
    assert (await ask(ClaudeApi([Say("yes")], key="right"), body, headers))[0] == status


async def test_bodies_that_are_no_request() -> None:
    DESK.app = ClaudeApi().app
    async with aiohttp.ClientSession() as session:
        for raw, status in ((b"{", 400), (b"[]", 400), (b" " * (33 * 1024 * 1024), 413)):
            async with session.post(f"{DESK.url}/v1/messages", data=BytesIO(raw), headers=HEADERS) as reply:
                assert reply.status == status


@pytest.mark.parametrize("change", ["", "text", "model", "before"])
async def test_thinking_comes_back_as_it_was_or_not_at_all(change: str) -> None:
    api = ClaudeApi([Say("Yes.", thinking="Hm."), Say("Sure.")])
    body: dict[str, Any] = {"model": "claude-sonnet-5-5", "max_tokens": 100, "messages": [USER]}
    _, first = await ask(api, body)
    if change == "text":
        first["content"][0]["thinking"] = "Aha."
    messages = [USER, says("assistant", *first["content"]), USER]
    if change == "before":
        messages[0] = {"role": "user", "content": "Something else."}
    model = "claude-opus-5-5" if change == "model" else "claude-sonnet-5-5"
    status, told = await ask(api, body | {"messages": messages, "model": model})
    assert status == (400 if change else 200), told


async def test_only_a_paused_answer_may_be_gone_on_with() -> None:
    api = ClaudeApi([Pause("Half"), Say("whole."), CallTools([Use("logs")])])
    body: dict[str, Any] = {"model": "claude-sonnet-5-5", "max_tokens": 100, "messages": [USER]}
    _, first = await ask(api, body)
    assert (await ask(api, body | {"messages": [USER, says("assistant", *first["content"])]}))[0] == 200
    assert (await ask(api, body | {"messages": [USER, says("assistant", {"type": "text", "text": "Other"})]}))[0] == 400
