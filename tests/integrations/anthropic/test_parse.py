from typing import Literal

import pytest
from pydantic import BaseModel, Field

from bot.domain.model import ModelError, ModelFailure, ModelTask, UserTurn
from sandbox.anthropic import CutAfter, Error, Fill, Json, Refuse, Say, Truncate
from sandbox.anthropic.turns import Turn
from tests.integrations.anthropic.asking import DOCUMENTS, asking, request

pytestmark = pytest.mark.asyncio(loop_scope="package")


class Cause(BaseModel):
    statement: str
    evidence: list[str] = Field(max_length=4)
    confidence: Literal["low", "medium", "high"]


class Analysis(BaseModel):
    summary: str
    causes: list[Cause]


GOOD = {"summary": "Bad deployment.", "causes": [{"statement": "v42", "evidence": ["E1"], "confidence": "high"}]}
BAD = {"summary": "Bad deployment.", "causes": [{"statement": "v42", "evidence": ["E1"], "confidence": "sure"}]}


async def test_an_answer_comes_in_the_form_that_was_asked_for() -> None:
    async with asking([Json(GOOD, thinking="Hm.")]) as one:
        parsed = await one.claude.parse(request(), Analysis)
    assert parsed.value == Analysis.model_validate(GOOD)
    assert parsed.attempts == 1
    assert parsed.spent.cost > 0
    form = one.api.last.body["output_config"]["format"]
    assert form["type"] == "json_schema"
    assert form["schema"]["properties"]["causes"]["type"] == "array"


async def test_a_wrong_form_is_asked_for_once_more_with_what_is_wrong() -> None:
    async with asking([Json(BAD, thinking="Hm."), Json(GOOD)]) as one:
        parsed = await one.claude.parse(request(), Analysis)
    assert (parsed.value.summary, parsed.attempts) == ("Bad deployment.", 2)
    assert "causes.0.confidence" in one.api.last.said
    assert [block["type"] for block in one.api.last.messages[1]["content"]] == ["thinking", "text"]
    assert parsed.spent.usage.prompt > len(one.api.requests[0].raw) / 4, "both answers are paid for"


@pytest.mark.parametrize("wrong", [Json(BAD), Say("I would say v42."), Say(" "), Json([1, 2])])
async def test_a_form_that_is_wrong_twice_is_garbage(wrong: Turn) -> None:
    async with asking([wrong, wrong, Json(GOOD)]) as one:
        with pytest.raises(ModelError) as caught:
            await one.claude.parse(request(), Analysis)
    assert caught.value.reason is ModelFailure.GARBAGE
    assert "twice" in caught.value.sentence
    assert caught.value.spent.usage.prompt > 0
    assert len(one.api.requests) == 2


@pytest.mark.parametrize(
    ("turn", "reason"),
    [
        (Truncate('{"summary": "Bad dep'), ModelFailure.TRUNCATED),
        (Truncate('{"summary": "whole", "causes": []}'), ModelFailure.TRUNCATED),
        (Fill('{"summary"'), ModelFailure.CONTEXT_FULL),
    ],
)
async def test_a_form_that_is_cut_off_is_not_used(turn: Turn, reason: ModelFailure) -> None:
    async with asking([turn]) as one:
        with pytest.raises(ModelError) as caught:
            await one.claude.parse(request(), Analysis)
    assert caught.value.reason is reason
    assert caught.value.spent.cost > 0


async def test_a_refusal_says_why() -> None:
    async with asking([Refuse("cyber")]) as one:
        with pytest.raises(ModelError, match="attack") as caught:
            await one.claude.parse(request(), Analysis)
    assert (caught.value.reason, caught.value.category) == (ModelFailure.REFUSED, "cyber")


async def test_nobody_reads_along_so_a_broken_answer_is_asked_for_again() -> None:
    async with asking([CutAfter(6, Json(GOOD)), Json(GOOD)]) as one:
        parsed = await one.claude.parse(request(), Analysis)
    assert parsed.value.summary == "Bad deployment."
    assert parsed.attempts == 1
    assert parsed.spent.usage.prompt > len(one.api.last.raw) / 4, "the broken one is paid for too"


async def test_what_a_failed_second_answer_cost_is_told_with_the_first() -> None:
    async with asking([Json(BAD), Error(401)]) as one:
        with pytest.raises(ModelError) as caught:
            await one.claude.parse(request(), Analysis)
    assert caught.value.reason is ModelFailure.BAD_KEY
    assert caught.value.spent.cost > 0


async def test_documents_are_handed_over_without_citations() -> None:
    async with asking([Json(GOOD)]) as one:
        await one.claude.parse(request(UserTurn(text="Why?", documents=DOCUMENTS)), Analysis)
    assert [item["source"] for item in one.api.last.documents] == ["E1", "INC-2026-0007"]
    assert {item["citations"]["enabled"] for item in one.api.last.documents} == {False}


async def test_an_answer_with_citations_can_stand_before_a_typed_one() -> None:
    asked = UserTurn(text="Why?", documents=DOCUMENTS)
    async with asking([Say("v42.", cites=["E1"], thinking="Hm."), Json(GOOD)]) as one:
        turn = (await one.events(request(asked)))[-1].turn  # type: ignore[union-attr]
        await one.claude.parse(request(asked, turn, UserTurn(text="As a form.")), Analysis)
    (block,) = one.api.last.messages[1]["content"]
    assert (block["text"], "citations" in block) == ("v42.", False)


async def test_each_task_has_its_model_and_effort() -> None:
    async with asking(lambda asked: Json(GOOD), deep_effort="max", fast_effort="default") as one:
        for task in ModelTask:
            await one.claude.parse(request(task=task), Analysis)
    assert [asked.model for asked in one.api.requests] == ["claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"]
    assert [asked.body["output_config"].get("effort") for asked in one.api.requests] == [None, "medium", "max"]
