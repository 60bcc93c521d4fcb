"""What leaves for the model holds no real name, and what comes back has them again: asserted on the wire."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from bot.domain.model import (
    NOTHING_SPENT,
    AssistantTurn,
    Citation,
    Document,
    Ended,
    Instructions,
    ModelError,
    ModelEvent,
    ModelFailure,
    ModelRequest,
    ModelTask,
    OperatorNote,
    Parsed,
    StopReason,
    TextPart,
    Tool,
    ToolCall,
    ToolResult,
    ToolResults,
    Turn,
    UserTurn,
)
from bot.domain.pseudonyms import Hidden
from bot.flows.pseudonymous import PseudonymousModel
from integrations.anthropic import AnthropicSettings, Claude
from sandbox.anthropic import CallTools, Cite, ClaudeApi, CutAfter, Json, Say, Script, Use
from sandbox.anthropic.asked import Asked
from sandbox.serve import serving

T = TypeVar("T", bound=BaseModel)

KEY = hashlib.sha256(b"of the stand-in").hexdigest()
ACCOUNT = "1234" * 3
HOST, OTHER, ADDRESS, MAIL = "db-3.prod.example.com", "db-4.prod.example.com", "10.0.4.7", "ana@example.com"
REAL = (HOST, OTHER, ADDRESS, MAIL, ACCOUNT)
EVIDENCE = (
    f"E1 {HOST} ({ADDRESS}:5432) refused checkout v2.31.0 at 10:02:11, 1,250 ms, {MAIL} is told\n"
    f"E2 no access in account {ACCOUNT}: arn:aws:iam::{ACCOUNT}:role/deploy"
)
INSTRUCTIONS = Instructions(text="You help. Say host-1 for nothing.", prompt="answer", digest="d" * 8)
LOGS = Tool(name="logs", description="Reads logs.", schema={"type": "object", "properties": {"q": {"type": "string"}}})


class Said(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=60)
    hosts: list[str]


async def _at_once(_: float) -> None:
    """Waits of retries."""


@asynccontextmanager
async def asking(script: Script, **names: Any) -> AsyncIterator[tuple[PseudonymousModel, ClaudeApi]]:
    api = ClaudeApi(script)
    async with serving(api.app) as url:
        claude = Claude(AnthropicSettings(api_key=KEY, url=url), pause=_at_once)
        await asyncio.to_thread(claude.warm)
        try:
            yield PseudonymousModel(claude, **names), api
        finally:
            await claude.close()


def request(*turns: Turn) -> ModelRequest:
    return ModelRequest(task=ModelTask.MAIN, instructions=INSTRUCTIONS, turns=turns, tools=(LOGS,))


async def events(model: PseudonymousModel, asked: ModelRequest) -> list[ModelEvent]:
    async with aclosing(model.stream(asked)) as told:
        return [event async for event in told]


def text(told: Sequence[ModelEvent]) -> str:
    return "".join(event.text for event in told if isinstance(event, TextPart))


def last(told: Sequence[ModelEvent]) -> Ended:
    assert isinstance(told[-1], Ended)
    return told[-1]


def assert_nothing_leaves(api: ClaudeApi) -> None:
    for asked in (*api.requests, *api.counted):
        for name in REAL:
            assert name.encode() not in asked.raw, f"{name} left for the model"


async def test_a_typed_answer_comes_back_with_the_real_names_and_none_of_them_left() -> None:
    def script(asked: Asked) -> Json:
        assert "host-1 (ip-1:5432) refused checkout v2.31.0 at 10:02:11, 1,250 ms, person-1 is told" in asked.said
        assert "account account-1: arn:aws:iam::account-1:role/deploy" in asked.said
        return Json({"text": "host-1 at ip-1 refused, person-1", "hosts": ["host-1"]})

    async with asking(script) as (model, api):
        parsed = await model.parse(request(UserTurn(text=EVIDENCE)), Said)
        assert_nothing_leaves(api)
    assert parsed.value == Said(text=f"{HOST} at {ADDRESS} refused, {MAIL}", hosts=[HOST])
    assert json.loads(parsed.turn.text)["hosts"] == [HOST]


async def test_an_answer_in_a_wrong_form_is_asked_for_again_without_real_names() -> None:
    script = [Json({"text": "host-1"}), Json({"text": "host-1", "hosts": []})]
    async with asking(script) as (model, api):
        parsed = await model.parse(request(UserTurn(text=EVIDENCE)), Said)
        assert (parsed.attempts, parsed.value.text, len(api.requests)) == (2, HOST, 2)
        assert_nothing_leaves(api)


async def test_words_that_the_real_names_make_too_long_are_cut_and_the_answer_stands() -> None:
    said = "x" * 48 + " ip-1 host-1"
    async with asking([Json({"text": said, "hosts": ["host-1"]})]) as (model, _):
        parsed = await model.parse(request(UserTurn(text=EVIDENCE)), Said)
    assert parsed.value.text.startswith("x" * 48 + f" {ADDRESS}")
    assert len(parsed.value.text) <= 60
    assert parsed.value.hosts == [HOST]


async def test_a_loop_over_tools_keeps_every_turn_as_it_was_told_and_runs_tools_with_the_real_names() -> None:
    def script(asked: Asked) -> CallTools | Say:
        if not asked.results:
            return CallTools(
                [Use("logs", {"q": 'host:"host-1" AND ip-1', "more": ["person-1", 7]})],
                text="I look at host-1.",
                thinking="host-1 is at ip-1",
            )
        (result,) = asked.results
        assert "host-2 took over from host-1 in account-1" in str(result["content"])
        return Say("host-1 (ip-1) went over to host-2 in account-1.")

    async with asking(script) as (model, api):
        first = request(UserTurn(text=EVIDENCE), OperatorNote(text=f"Look at {HOST}."))
        told = await events(model, first)
        (call,) = [event for event in told if isinstance(event, ToolCall)]
        assert call.input == {"q": f'host:"{HOST}" AND {ADDRESS}', "more": [MAIL, 7]}
        assert last(told).turn.calls == (call,)
        assert last(told).turn.text == text(told) == f"I look at {HOST}."
        result = ToolResult(call_id=call.id, text=f"{OTHER} took over from {HOST} in {ACCOUNT}")
        turns = (*first.turns, last(told).turn, ToolResults(results=(result,)))
        after = await events(model, replace(first, turns=turns))
        assert text(after) == last(after).turn.text == f"{HOST} ({ADDRESS}) went over to {OTHER} in {ACCOUNT}."
        assert await model.count(replace(first, turns=turns)) > 0
        assert_nothing_leaves(api)
        before, then = api.requests
        assert _unmarked(then.messages)[: len(before.messages)] == _unmarked(before.messages), "the cache's prefix"
        thinking = [block for message in then.messages for block in message["content"] if block["type"] == "thinking"]
        assert [block["thinking"] for block in thinking] == ["host-1 is at ip-1"], "it goes back as it came"
        assert (before.prefix, before.system) == (then.prefix, INSTRUCTIONS.text)


def _unmarked(messages: list[dict[str, Any]]) -> list[Any]:
    """Without the marks of the cache, which move on."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: bare(item) for name, item in value.items() if name != "cache_control"}
        return [bare(item) for item in value] if isinstance(value, list) else value

    return [bare(message) for message in messages]


async def test_earlier_answers_in_our_words_are_told_with_stand_ins() -> None:
    turns = (UserTurn(text="which one?"), AssistantTurn(text=f"{HOST} it was."), UserTurn(text=f"and {OTHER}?"))
    async with asking([Say("host-2 is fine, host-1 is not.")]) as (model, api):
        told = await events(model, request(*turns))
        assert text(told) == f"{OTHER} is fine, {HOST} is not."
        assert_nothing_leaves(api)


async def test_citations_name_the_document_and_its_words_as_they_were_handed_over() -> None:
    documents = (
        Document(id=f"wiki.{HOST}", title=f"About {HOST}", passages=(f"Never restart {HOST}", "2 is fine.")),
        Document(id="E1", title="Log", passages=(f"{ADDRESS} refused",)),
    )

    def script(asked: Asked) -> Say:
        named = asked.documents[0]["source"]
        return Say("Do not restart it.", [Cite(named, 0, 2)], then=[Say("It refuses at ip-1.", ["E1"])])

    async with asking(script) as (model, api):
        told = await events(model, request(UserTurn(text="may I?", documents=documents)))
        assert_nothing_leaves(api)
        assert [document["title"] for document in api.last.documents] == ["About host-1", "Log"]
    cited = [event for event in told if isinstance(event, Citation)]
    assert [(one.document_id, one.cited_text, one.passages) for one in cited] == [
        (f"wiki.{HOST}", f"Never restart {HOST}2 is fine.", (0, 1)),
        ("E1", f"{ADDRESS} refused", (0,)),
    ]


@pytest.mark.parametrize("cut", range(4, 8))
async def test_what_was_said_before_a_connection_broke_is_shown_whole_and_restored(cut: int) -> None:
    shown: list[ModelEvent] = []
    async with asking([CutAfter(cut, Say("It is host-1, host-1, host-1"))]) as (model, _):
        with pytest.raises(ModelError) as broken:
            await _watch(model, shown)
    assert broken.value.partial is not None
    assert broken.value.partial.text == text(shown)
    assert text(shown).startswith("It")
    assert not re.search(r"host-1(?!\d)", text(shown)), text(shown)


async def _watch(model: PseudonymousModel, shown: list[ModelEvent]) -> None:
    async with aclosing(model.stream(request(UserTurn(text=EVIDENCE)))) as told:
        async for event in told:
            shown.append(event)


async def test_services_of_the_catalog_metrics_and_versions_are_told_as_they_are() -> None:
    said = f"shop.example.com 4.1.0 on {HOST}: system.disk.io of Orders.example.com rose, host-1 is a service"
    names = ["shop.example.com", "orders.example.com", "host-1"]
    async with asking([Say("host-2 holds shop.example.com and host-1")], stays=names) as (model, api):
        told = await events(model, request(UserTurn(text=said)))
        assert said.replace(HOST, "host-2") in api.last.said
    assert text(told) == f"{HOST} holds shop.example.com and host-1"


async def test_names_that_no_form_tells_can_be_given() -> None:
    known = {"node-17": Hidden.HOST, "Ana Petrova": Hidden.PERSON}
    async with asking([Say("person-1 drains host-1")], known=known) as (model, api):
        told = await events(model, request(UserTurn(text="Ana Petrova is at node-17")))
        assert b"node-17" not in api.last.raw
        assert b"Petrova" not in api.last.raw
    assert text(told) == "Ana Petrova drains node-17"


# --- whatever is said ------------------------------------------------------------------------------------------------


@dataclass
class Echo:
    """A model that says all that it is told, in pieces."""

    cuts: Sequence[int] = ()
    told: list[str] = field(default_factory=list)

    def _said(self, asked: ModelRequest) -> str:
        self.told.append("".join(turn.text for turn in asked.turns if isinstance(turn, UserTurn)))
        return self.told[-1]

    async def parse(self, request: ModelRequest, shape: type[T]) -> Parsed[T]:
        said = self._said(request)
        value = shape.model_validate({"words": {"deep": [said]}})
        return Parsed(value=value, spent=NOTHING_SPENT, turn=AssistantTurn(text=said))

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        said = self._said(request)
        edges = [0, *sorted(min(cut, len(said)) for cut in self.cuts), len(said)]
        for start, end in pairwise(edges):
            yield TextPart(text=said[start:end], block=0)
        yield Ended(stop=StopReason.END, turn=AssistantTurn(text=said), spent=NOTHING_SPENT)

    async def count(self, request: ModelRequest) -> int:
        return len(self._said(request))


class Deep(BaseModel):
    words: dict[str, list[str]]


WORDS = st.sampled_from(
    [*REAL, "host-1", "Host-1", "host-", "ip-1", "person-2", "account-12", "i", "p", '"', "\\", "\n", " ", "é", ":"]
)
TEXTS = st.lists(WORDS | st.text(max_size=4), max_size=12).map("".join)


@given(st.lists(TEXTS, min_size=1, max_size=3), st.lists(st.integers(0, 80), max_size=8))
def test_whatever_is_told_and_said_again_comes_back_as_it_was(texts: list[str], cuts: list[int]) -> None:
    echo = Echo(cuts)
    model = PseudonymousModel(echo, stays=["shop.example.com"])
    asked = request(*(UserTurn(text=one) for one in texts))
    told = asyncio.run(events(model, asked))
    # Where two texts meet, the echo makes words that nobody said.
    assert echo.told[0] == "".join(_hidden(model, texts))
    assert last(told).turn.text == text(told)
    if len(texts) == 1:
        assert text(told) == texts[0]
        parsed = asyncio.run(model.parse(asked, Deep))
        assert parsed.value == Deep(words={"deep": texts})


def _hidden(model: PseudonymousModel, texts: Sequence[str]) -> list[str]:
    """What each is told as, turn by turn: more turns change nothing of those before."""
    told: list[str] = []
    for end in range(1, len(texts) + 1):
        echo = Echo()
        asyncio.run(events(PseudonymousModel(echo, stays=["shop.example.com"]), request(*map(_turn, texts[:end]))))
        so_far = "".join(told)
        assert echo.told[0].startswith(so_far)
        told.append(echo.told[0][len(so_far) :])
    return told


def _turn(said: str) -> UserTurn:
    return UserTurn(text=said)


async def test_an_answer_that_cannot_be_fitted_again_is_a_failure_of_the_model() -> None:
    class Strict(BaseModel):
        host: str = Field(pattern=r"^host-\d$")

    async with asking([Json({"host": "host-1"})]) as (model, _):
        with pytest.raises(ModelError) as failed:
            await model.parse(request(UserTurn(text=EVIDENCE)), Strict)
    assert failed.value.reason is ModelFailure.GARBAGE
    assert failed.value.spent != NOTHING_SPENT, "it was paid for all the same"
