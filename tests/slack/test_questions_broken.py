"""A model that is down, refuses, breaks off or may not be paid: what was said stays, quotes of what is known follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.spend import Caps, Estimate, Hold, Limits, ModelCall, Refusal
from bot.slack.replies import DID_NOT_HELP, HELPED
from sandbox.anthropic import CallTools, CutAfter, Error, Fill, Garbage, Refuse, Say, StreamError, Truncate, Turn, Use
from tests.slack.conftest import PEOPLE
from tests.slack.office import office
from tests.slack.speaking import Speaking, actions, body, speaking, whole

HALF = "The error ratio of checkout rose from 1 % to 23 % [E1]. Then somebody said that this and that was broken too."


FAILURES = (
    (Error(529), "Claude is overloaded"),
    (Error(500), "Claude has a failure of its own"),
    (Error(401), "Claude does not accept the bot's key"),
    (Error(402), "no credit left"),
    (Error(404), "does not know the model"),
    (Error(413), "too large"),
    (Error(400), "did not accept the request"),
    (Garbage(), "could not be read"),
    (Refuse(), "Claude declined to answer this"),
    (Fill(), "no longer fits"),
    (Say(" "), "gave no answer"),
)


def quoted(message: Mapping[str, Any]) -> str:
    """Its text, which quotes what is known, and nothing of an exception."""
    assert "*What changed*" in message["text"]
    assert "v2.31.0" in message["text"]
    assert actions(message) == [HELPED, DID_NOT_HELP]
    assert "Traceback" not in whole(message)
    assert "scripted" not in whole(message)
    return str(message["text"])


async def test_no_answer_becomes_quotes_with_the_reason_in_front(tmp_path: Path) -> None:
    turn: list[Turn] = []
    async with speaking(tmp_path, lambda _: turn[-1]) as s:
        incident = await s.incident()
        for failure, why in FAILURES:
            turn.append(failure)
            told = quoted(s.answer(incident, await s.ask(incident, "what changed?")))
            assert why in told, failure
            assert "this is quoted, not said by the model" in told


@pytest.mark.parametrize(
    "turn",
    [
        CutAfter(9, Say(HALF)),
        CutAfter(9, Say(HALF), politely=True),
        StreamError(after=9, turn=Say(HALF)),
        Refuse(text=HALF[:56]),
    ],
    ids=["cut", "cut politely", "error within", "refused within"],
)
async def test_what_was_said_before_it_broke_off_stays_and_quotes_follow(tmp_path: Path, turn: Turn) -> None:
    async with speaking(tmp_path, [turn]) as s:
        incident = await s.incident()
        half, rest = s.answers(incident, await s.ask(incident, "what changed?"))
        assert body(half).startswith("The error ratio of checkout")
        assert "Broken off: " in whole(half)
        assert actions(half) == [], "nothing to stop and nothing to judge"
        quoted(rest)
        assert half["metadata"]["event_payload"] != rest["metadata"]["event_payload"]


async def test_an_answer_that_is_cut_at_its_limit_stands_and_says_so(tmp_path: Path) -> None:
    async with speaking(tmp_path, [Truncate("The error ratio of checkout rose to 23 % [E1].")]) as s:
        incident = await s.incident()
        message = s.answer(incident, await s.ask(incident, "what happened?"))
        assert "cut off at its limit" in whole(message)
        await s.here.quiet()
        (kept,) = await s.here.store.answers.all(incident.id)
        assert not kept.is_reusable


async def test_without_budget_nothing_is_asked_and_the_cap_is_told(tmp_path: Path) -> None:
    async with speaking(tmp_path, [], caps=Caps(incident=1)) as s:
        incident = await s.incident()
        message = s.answer(incident, await s.ask(incident, "what changed?"))
        assert "An incident may cost less than $0.01 of the model." in quoted(message)
        assert s.api.requests == []


async def test_the_budget_is_asked_again_before_every_turn(tmp_path: Path) -> None:
    """Two of what the first turn may cost at most: then what it did cost leaves too little for the second one."""
    script: list[Turn] = [CallTools([Use("timeline")], text="I look at the timeline."), Say("never said")]
    async with speaking(tmp_path, script, caps=Caps(incident=150_000)) as s:
        incident = await s.incident()
        first = s.here.store.spending.hold
        held: list[int] = []

        async def dearer(call: ModelCall, estimate: Estimate, limits: Limits, **rest: Any) -> Hold | Refusal:
            held.append(estimate.micro_dollars)
            return await first(call, replace(estimate, micro_dollars=149_900), limits, **rest)

        s.here.store.spending.hold = dearer  # type: ignore[method-assign]
        half, rest = s.answers(incident, await s.ask(incident, "what changed?"))
        assert len(held) == 2
        assert len(s.api.requests) == 1
        assert body(half) == "I look at the timeline."
        assert "An incident may cost $0.15" in quoted(rest)


async def test_a_key_less_bot_quotes_and_complains_of_nothing(tmp_path: Path) -> None:
    async with office(tmp_path, PEOPLE) as here:
        s = Speaking(here=here, api=None)  # type: ignore[arg-type]
        incident = await s.incident()
        told = quoted(s.answer(incident, await s.ask(incident, "what changed?")))
        assert told.startswith("*What changed*")
        assert "Claude" not in told
