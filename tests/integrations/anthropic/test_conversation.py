"""What goes over the wire: the stand-in refuses what the real API refuses."""

from dataclasses import replace

import pytest

from bot.domain.model import (
    AssistantTurn,
    Document,
    Ended,
    ModelError,
    ModelFailure,
    ModelTask,
    OperatorNote,
    ToolResult,
    ToolResults,
    Turn,
    UserTurn,
)
from sandbox.anthropic import CallTools, Refuse, Say, Use
from tests.integrations.anthropic.asking import DOCUMENTS, INSTRUCTIONS, TOOLS, Asking, asking, ended, request, text

pytestmark = pytest.mark.asyncio(loop_scope="package")

CALLS = CallTools([Use("metrics", {"q": "errors"}), Use("logs", {"q": "pool"})], thinking="Two looks will do.")
ASKED = UserTurn(text="Why is checkout slow?")


async def called(one: Asking) -> Ended:
    return ended(await one.events(request(ASKED, tools=TOOLS)))


def results(turn: AssistantTurn, *documents: Document) -> ToolResults:
    first, second = turn.calls
    return ToolResults(
        results=(
            ToolResult(call_id=second.id, text="no such index", is_error=True),
            ToolResult(call_id=first.id, text="12 %", documents=documents),
        )
    )


async def test_results_of_parallel_calls_go_back_in_one_message() -> None:
    async with asking([CALLS, Say("It is v42.", cites=["E1"])]) as one:
        turn = (await called(one)).turn
        events = await one.events(request(ASKED, turn, results(turn, *DOCUMENTS), tools=TOOLS))
    assert text(events) == "It is v42."
    _, answer, given = one.api.last.messages
    assert [block["tool_use_id"] for block in given["content"]] == [call.id for call in reversed(turn.calls)]
    assert given["content"][0]["is_error"] is True
    assert [block["type"] for block in given["content"][1]["content"]] == ["text", "search_result", "search_result"]
    assert answer["role"] == "assistant"


async def test_thinking_goes_back_as_it_came() -> None:
    async with asking([CALLS, Say("Yes.")]) as one:
        turn = (await called(one)).turn
        await one.events(request(ASKED, turn, results(turn), tools=TOOLS))
    thinking = one.api.last.messages[1]["content"][0]
    assert (thinking["type"], thinking["thinking"]) == ("thinking", "Two looks will do.")
    assert thinking["signature"]


async def test_thinking_stays_through_many_turns() -> None:
    turns: tuple[Turn, ...] = (ASKED,)
    async with asking(lambda asked: Say("Hm.", thinking=f"round {len(asked.messages)}")) as one:
        for number in range(4):
            turns = (*turns, OperatorNote(text=f"{number} looks are left"))
            answer = ended(await one.events(request(*turns, tools=TOOLS))).turn
            turns = (*turns, answer, UserTurn(text=f"and {number}?", documents=DOCUMENTS[:1]))
        await one.events(request(*turns, tools=TOOLS))
    kinds = [block["type"] for message in one.api.last.messages for block in message["content"]]
    assert kinds.count("thinking") == 4


@pytest.mark.parametrize("changed", ["model", "history", "instructions"])
async def test_thinking_is_left_out_where_it_would_be_refused(changed: str) -> None:
    async with asking([CALLS, Say("Yes.")]) as one:
        turn = (await called(one)).turn
        first = UserTurn(text="A summary of what was asked.") if changed == "history" else ASKED
        asked = request(first, turn, results(turn), tools=TOOLS)
        if changed == "model":
            asked = replace(asked, task=ModelTask.DEEP)
        if changed == "instructions":
            asked = replace(asked, instructions=replace(INSTRUCTIONS, text="Other words."))
        assert text(await one.events(asked)) == "Yes."
    assert [block["type"] for block in one.api.last.messages[1]["content"]] == ["tool_use", "tool_use"]


async def test_a_call_nobody_answered_is_told_as_not_run() -> None:
    async with asking([CALLS, Say("Fine.")]) as one:
        turn = (await called(one)).turn
        first = ToolResults(results=(ToolResult(call_id=turn.calls[0].id, text="12 %"),))
        await one.events(request(ASKED, turn, first, UserTurn(text="Enough."), tools=TOOLS))
    content = one.api.last.messages[2]["content"]
    assert [block["type"] for block in content] == ["tool_result", "tool_result", "text"]
    assert (content[1]["is_error"], content[1]["content"][0]["text"]) == (True, "Not run.")


async def test_a_result_for_no_call_is_left_out() -> None:
    stray = ToolResults(results=(ToolResult(call_id="toolu_stray", text="x"),))
    async with asking([Say("Fine.")]) as one:
        assert text(await one.events(request(ASKED, stray, tools=TOOLS))) == "Fine."


async def test_an_empty_result_is_still_a_result() -> None:
    async with asking([CallTools([Use("logs")]), Say("Fine.")]) as one:
        turn = (await called(one)).turn
        empty = ToolResults(results=(ToolResult(call_id=turn.calls[0].id),))
        await one.events(request(ASKED, turn, empty, tools=TOOLS))
    assert one.api.last.results[0]["content"][0]["text"] == "(no output)"


async def test_our_own_notes_stand_above_what_people_and_data_say() -> None:
    async with asking([Say("Fine.")]) as one:
        await one.events(request(OperatorNote(text="Answer in German."), ASKED))
    assert [message["role"] for message in one.api.last.messages] == ["user", "system"]
    assert one.api.last.messages[1]["content"][0]["text"] == "Answer in German."


async def test_notes_are_text_where_the_model_takes_nothing_else() -> None:
    async with asking([Say("Fine.")], main="claude-haiku-4-5", main_effort="default", system_turns=False) as one:
        await one.events(request(ASKED, OperatorNote(text="Be short.")))
    (message,) = one.api.last.messages
    assert "operator" in message["content"][1]["text"]


async def test_a_note_alone_after_an_answer_is_text_too() -> None:
    async with asking([Say("One."), Say("Two.")]) as one:
        turn = ended(await one.events(request(ASKED))).turn
        await one.events(request(ASKED, turn, OperatorNote(text="Shorter.")))
    assert [message["role"] for message in one.api.last.messages] == ["user", "assistant", "user"]


async def test_an_answer_that_was_refused_does_not_break_the_next_question() -> None:
    async with asking([Refuse("cyber"), Say("Fine.")]) as one:
        turn = ended(await one.events(request(ASKED))).turn
        assert text(await one.events(request(ASKED, turn, UserTurn(text="Then the cart?")))) == "Fine."
    assert len(one.api.last.messages) == 1


async def test_our_own_words_in_the_place_of_an_answer() -> None:
    async with asking([Say("Fine.")]) as one:
        await one.events(request(ASKED, AssistantTurn(text="From memory: v42."), UserTurn(text="Sure?")))
    assert one.api.last.messages[1]["content"] == [{"type": "text", "text": "From memory: v42."}]


async def test_documents_without_text_and_broken_characters_are_no_trouble() -> None:
    odd = (Document(id="E8", title="", passages=()), Document(id="E9", title=" ", passages=("", "half \ud83d", " ")))
    async with asking([Say("Fine.")]) as one:
        assert text(await one.events(request(UserTurn(text="Why \udc00?", documents=odd)))) == "Fine."
    (found,) = one.api.last.documents
    assert (found["source"], len(found["content"])) == ("E9", 3)


async def test_the_model_may_be_told_to_answer_now() -> None:
    async with asking([Say("Fine.")]) as one:
        await one.events(request(ASKED, tools=TOOLS, may_call=False))
    assert one.api.last.body["tool_choice"] == {"type": "none"}
    assert one.api.last.tools == ("metrics", "logs")


@pytest.mark.parametrize("turns", [(AssistantTurn(text="Yes."),), (ASKED, AssistantTurn(text="Yes."))])
async def test_a_conversation_that_waits_for_no_answer_is_a_mistake(turns: tuple[Turn, ...]) -> None:
    async with asking() as one:
        with pytest.raises(ValueError, match="last turn"):
            await one.events(request(*turns))


async def test_tools_and_instructions_are_the_same_bytes_each_time_and_are_read_from_the_cache() -> None:
    async with asking(lambda asked: Say("Fine.")) as one:
        first = ended(await one.events(request(ASKED, tools=TOOLS))).spent.usage
        other = request(UserTurn(text="And the cart?", documents=DOCUMENTS), OperatorNote(text="Hurry."), tools=TOOLS)
        second = ended(await one.events(other)).spent.usage
    one_way, other_way = one.api.requests
    assert one_way.prefix == other_way.prefix
    cut = b'"system":'
    assert one_way.raw.count(cut) == 1
    assert first.cache_write_5m > 0 == first.cache_read
    assert second.cache_read > 512
    assert list(one_way.body["system"][-1]["cache_control"].items()) == [("type", "ephemeral"), ("ttl", "5m")]


async def test_a_conversation_is_read_from_the_cache_as_it_grows() -> None:
    async with asking(lambda asked: Say("Fine. " * 200)) as one:
        first = ended(await one.events(request(ASKED, tools=TOOLS)))
        more = request(ASKED, first.turn, UserTurn(text="And?"), tools=TOOLS)
        second = ended(await one.events(more)).spent.usage
    assert second.cache_read == first.spent.usage.cache_write_5m


async def test_the_cache_may_hold_for_an_hour() -> None:
    async with asking([Say("Fine.")], cache_ttl="1h") as one:
        usage = ended(await one.events(request(ASKED))).spent.usage
    assert (usage.cache_write_1h > 512, usage.cache_write_5m) == (True, 0)


async def test_tokens_are_counted_before_they_are_paid_for() -> None:
    async with asking([Say("Fine.")]) as one:
        counted = await one.claude.count(request(ASKED, tools=TOOLS))
        usage = ended(await one.events(request(ASKED, tools=TOOLS))).spent.usage
    assert counted == usage.prompt


async def test_a_conversation_beyond_the_window_says_so() -> None:
    async with asking(fast="claude-haiku-4-5", fast_effort="default") as one:
        with pytest.raises(ModelError) as caught:
            await one.events(request(UserTurn(text="x" * 900_000), task=ModelTask.FAST))
    assert caught.value.reason is ModelFailure.CONTEXT_FULL
