import asyncio
from contextlib import aclosing
from decimal import Decimal

import pytest

from bot.domain.model import Ended, ModelError, ModelFailure, Started, StopReason, TextPart, ToolCall, UserTurn
from sandbox.anthropic import (
    CallTools,
    Cite,
    CutAfter,
    Fill,
    Pause,
    Refuse,
    Say,
    Slow,
    StreamError,
    Truncate,
    Use,
)
from sandbox.anthropic.turns import Turn
from sandbox.until import until
from tests.integrations.anthropic.asking import DOCUMENTS, INSTRUCTIONS, TOOLS, asking, citations, ended, request, text

pytestmark = pytest.mark.asyncio(loop_scope="package")

INSTRUCTION_TOKENS = len(INSTRUCTIONS.text) / 4
LONG = "The pool of checkout is exhausted. " * 20


async def test_text_comes_in_pieces_and_ends_with_what_it_cost() -> None:
    async with asking([Say("The deployment of v42 raised errors.", thinking="Let me see.")]) as one:
        events = await one.events(request())
    assert text(events) == "The deployment of v42 raised errors."
    assert len([event for event in events if isinstance(event, TextPart)]) > 1
    last = ended(events)
    assert (last.stop, last.notice, last.turn.text) == (StopReason.END, "", text(events))
    assert last.spent.model == "claude-sonnet-5-5"
    assert last.spent.usage.thinking > 0
    assert last.spent.cost > 0


async def test_what_is_owed_is_known_before_the_first_word() -> None:
    async with asking([Say("Yes.")]) as one:
        events = await one.events(request())
    assert isinstance(events[0], Started)
    assert Decimal(0) < events[0].spent.cost <= ended(events).spent.cost


@pytest.mark.parametrize(
    ("turn", "stop", "category", "notice"),
    [
        (Say("Done."), StopReason.END, "", ""),
        (Truncate("The cause is"), StopReason.TOO_LONG, "", "cut off"),
        (Refuse("cyber", text="I"), StopReason.REFUSED, "cyber", "attack"),
        (Refuse(None), StopReason.REFUSED, "", "declined"),
        (Fill("The cause"), StopReason.CONTEXT_FULL, "", "new thread"),
    ],
)
async def test_every_end_of_an_answer_is_told(turn: Turn, stop: StopReason, category: str, notice: str) -> None:
    async with asking([turn]) as one:
        last = ended(await one.events(request()))
    assert (last.stop, last.category) == (stop, category)
    assert notice in last.notice
    assert bool(notice) == bool(last.notice)


async def test_parallel_calls_come_whole_after_the_text() -> None:
    script = [CallTools([Use("metrics", {"q": "errors"}), Use("logs", {"q": "pool", "n": 3})], text="Looking.")]
    async with asking(script) as one:
        events = await one.events(request(tools=TOOLS))
    calls = [event for event in events if isinstance(event, ToolCall)]
    assert [(call.name, dict(call.input)) for call in calls] == [
        ("metrics", {"q": "errors"}),
        ("logs", {"q": "pool", "n": 3}),
    ]
    assert ended(events).stop is StopReason.TOOLS
    assert ended(events).turn.calls == tuple(calls)
    assert events.index(calls[0]) > max(place for place, event in enumerate(events) if isinstance(event, TextPart))


async def test_a_call_without_input_is_an_empty_one() -> None:
    async with asking([CallTools([Use("metrics")])]) as one:
        (call,) = ended(await one.events(request(tools=TOOLS))).turn.calls
    assert call.input == {}


async def test_a_call_that_was_cut_off_never_runs() -> None:
    script: list[Turn] = [Truncate("Looking.", call=Use("logs", raw='{"q": "drop tab')), Say("Well.")]
    async with asking(script) as one:
        first = ended(await one.events(request(tools=TOOLS)))
        assert (first.stop, first.turn.calls) == (StopReason.TOO_LONG, ())
        await one.events(request(UserTurn(text="Look."), first.turn, UserTurn(text="Go on."), tools=TOOLS))
        assert [block["type"] for block in one.api.last.messages[1]["content"]] == ["text"]


async def test_a_call_with_mangled_input_is_garbage() -> None:
    async with asking([CallTools([Use("logs", raw='{"q": oops')])]) as one:
        with pytest.raises(ModelError) as caught:
            await one.events(request(tools=TOOLS))
    assert caught.value.reason is ModelFailure.GARBAGE
    assert caught.value.spent.cost > 0


async def test_citations_name_our_documents_and_passages() -> None:
    script = [Say("Errors began with v42, ", cites=[Cite("E1", 0, 2)], then=[Say("as before.", ["INC-2026-0007"])])]
    async with asking(script) as one:
        events = await one.events(request(UserTurn(text="Why?", documents=DOCUMENTS)))
    first, second = citations(events)
    assert (first.document_id, first.passages, first.block) == ("E1", (0, 1), 0)
    assert first.cited_text == "500s rose to 12 % at 14:02. They began with v42."
    assert (second.document_id, second.block) == ("INC-2026-0007", 1)
    assert text(events) == "Errors began with v42, as before."


async def test_two_documents_of_one_id_are_told_apart() -> None:
    again = (DOCUMENTS[1], *DOCUMENTS[:1])
    async with asking([Say("So.", cites=["E1"])]) as one:
        events = await one.events(request(UserTurn(text="Why?", documents=again)))
    assert citations(events)[0].cited_text == DOCUMENTS[0].passages[0]


async def test_a_paused_turn_is_gone_on_with_and_is_one_turn() -> None:
    script: list[Turn] = [Pause("First half, "), Say("second half."), Say("Yes.")]
    async with asking(script) as one:
        first = ended(events := await one.events(request()))
        assert (first.stop, first.turn.text) == (StopReason.END, "First half, second half.")
        assert [event.block for event in events if isinstance(event, TextPart)][-1] == 1
        assert one.api.requests[1].messages[-1]["role"] == "assistant"
        assert first.spent.usage.prompt > 1.5 * INSTRUCTION_TOKENS, "both requests are paid for"
        await one.events(request(UserTurn(text="What?"), first.turn, UserTurn(text="Sure?")))
        assert [block["text"] for block in one.api.last.messages[1]["content"]] == ["First half, ", "second half."]


async def test_a_turn_that_pauses_for_ever_is_stopped() -> None:
    async with asking(lambda asked: Pause("more ")) as one:
        last = ended(await one.events(request()))
    assert last.stop is StopReason.PAUSED
    assert "ask for the rest" in last.notice
    assert len(one.api.requests) == 4


@pytest.mark.parametrize("politely", [False, True])
async def test_a_stream_that_breaks_off_keeps_what_was_said(politely: bool) -> None:
    async with asking([CutAfter(6, Say(LONG), politely=politely)]) as one:
        with pytest.raises(ModelError) as caught:
            await one.events(request())
    error = caught.value
    assert error.reason is ModelFailure.UNREACHABLE
    assert "broke off" in error.sentence
    assert error.partial is not None
    assert LONG.startswith(error.partial.text)
    assert error.partial.text
    assert error.spent.usage.output >= len(error.partial.text) / 4
    assert len(one.api.requests) == 1, "people have read it already: it is not said twice"


async def test_a_stream_that_breaks_off_before_the_first_word_is_asked_for_again() -> None:
    async with asking([CutAfter(1), Say("Here.")]) as one:
        events = await one.events(request())
    assert text(events) == "Here."
    assert len(one.waits.seconds) == 1
    assert ended(events).spent.usage.prompt > 1.5 * INSTRUCTION_TOKENS, "both requests are paid for"


async def test_an_error_within_a_stream_keeps_its_kind() -> None:
    async with asking([StreamError("overloaded_error", after=5, turn=Say(LONG))]) as one:
        with pytest.raises(ModelError) as caught:
            await one.events(request())
    assert caught.value.reason is ModelFailure.OVERLOADED
    assert caught.value.partial is not None


async def test_an_error_event_before_the_first_word_is_asked_again() -> None:
    async with asking([StreamError("overloaded_error", after=1), Say("Here.")]) as one:
        assert text(await one.events(request())) == "Here."


async def test_closing_the_answer_stops_the_model() -> None:
    async with asking([Slow(Say(LONG), per_token=0.02)]) as one:
        async with aclosing(one.claude.stream(request())) as events:
            async for event in events:
                if isinstance(event, TextPart):
                    break
        async with asyncio.timeout(60):
            await one.api.last.gone.wait()
    assert not one.api.last.done.is_set()


async def test_cancelling_whoever_waits_stops_the_model() -> None:
    async with asking([Slow(Say("never"), first_token_after=60)]) as one:
        waiting = asyncio.create_task(one.events(request()))
        assert await until(lambda: one.api.requests, 60)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        async with asyncio.timeout(60):
            await one.api.last.gone.wait()


async def test_pings_do_not_hold_it_past_its_deadline() -> None:
    async with asking([Slow(Say("late"), first_token_after=60, ping_every=0.02)]) as one:
        with pytest.raises(ModelError) as caught:
            await one.events(request(deadline=1.5))
        assert caught.value.reason is ModelFailure.TIMEOUT
        async with asyncio.timeout(60):
            await one.api.last.gone.wait()


async def test_the_deadline_keeps_what_was_said() -> None:
    async with asking([Slow(Say(LONG), per_token=0.05)]) as one:
        with pytest.raises(ModelError) as caught:
            await one.events(request(deadline=2.0))
    assert caught.value.reason is ModelFailure.TIMEOUT
    assert caught.value.partial is not None
    assert LONG.startswith(caught.value.partial.text)


async def test_answers_at_the_same_time_do_not_mix() -> None:
    async with asking(lambda asked: Say(f"Answer to {asked.said}")) as one:
        answers = await asyncio.gather(*(one.events(request(UserTurn(text=f"question {n}"))) for n in range(8)))
    assert [text(events) for events in answers] == [f"Answer to question {n}" for n in range(8)]
    assert all(isinstance(events[-1], Ended) for events in answers)
