from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.loop_guard import LoopGuard, LoopLimits, LoopVerdict
from bot.domain.model import ToolCall

LIMITS = LoopLimits(turns=3, calls=5, same=2, seconds=30)


def call(**given: object) -> ToolCall:
    return ToolCall(id="toolu_1", name="metrics", input=given)


def test_it_goes_on_until_the_last_turn() -> None:
    guard, verdicts = LoopGuard(limits=LIMITS), []
    for number in range(4):
        decision = guard.decide([call(q=str(number))], elapsed=1)
        verdicts.append(decision.verdict)
        guard = guard.after(decision)
    assert verdicts == [LoopVerdict.GO_ON, LoopVerdict.GO_ON, LoopVerdict.LAST_TURN, LoopVerdict.TOO_MANY_TURNS]


def test_time_ends_it() -> None:
    assert LoopGuard(limits=LIMITS).decide([call()], elapsed=29.9).verdict is LoopVerdict.GO_ON
    late = LoopGuard(limits=LIMITS).decide([call()], elapsed=30)
    assert (late.verdict, late.run, late.verdict.runs_calls) == (LoopVerdict.OUT_OF_TIME, (), False)


def test_the_same_call_runs_twice_and_is_then_answered_with_what_is_known() -> None:
    guard = LoopGuard(limits=LoopLimits(turns=9))
    for _ in range(2):
        decision = guard.decide([call(q="a")], elapsed=1)
        assert decision.run
        guard = guard.after(decision)
    third = guard.decide([call(q="a"), call(q="b")], elapsed=1)
    assert [item.input["q"] for item in third.run] == ["b"]
    assert [item.input["q"] for item in third.repeated] == ["a"]


def test_nothing_but_repetition_twice_in_a_row_is_a_circle() -> None:
    guard, verdicts = LoopGuard(limits=LoopLimits(turns=9)), []
    for _ in range(4):
        decision = guard.decide([call(q="a")], elapsed=1)
        verdicts.append(decision.verdict)
        guard = guard.after(decision)
    assert verdicts == [*[LoopVerdict.GO_ON] * 3, LoopVerdict.GOES_IN_CIRCLES]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"q": "up", "n": 5}, {"n": 5.0, "q": " up "}, True),
        ({"q": "rate(x[5m])  > 1"}, {"q": "rate(x[5m]) > 1"}, True),
        ({"q": "up"}, {"q": "UP"}, False),
        ({"q": ["a", "b"]}, {"q": ["b", "a"]}, False),
        ({"n": 1}, {"n": True}, False),
        ({"n": 1}, {"n": "1"}, False),
        ({}, {"q": None}, False),
    ],
)
def test_what_counts_as_the_same_call(one: dict[str, object], other: dict[str, object], same: bool) -> None:
    assert (call(**one).key == call(**other).key) is same
    assert replace(call(**one), name="logs").key != call(**one).key


def test_calls_of_one_turn_are_cut_at_what_is_left() -> None:
    decision = LoopGuard(limits=LIMITS).decide([call(q=str(n)) for n in range(7)], elapsed=0)
    assert (len(decision.run), decision.verdict) == (5, LoopVerdict.LAST_TURN)
    after = LoopGuard(limits=LIMITS).after(decision)
    assert after.decide([call(q="new")], elapsed=0).verdict is LoopVerdict.TOO_MANY_CALLS


@given(st.lists(st.lists(st.integers(0, 3), max_size=4), max_size=20))
def test_no_model_gets_past_the_limits(turns: list[list[int]]) -> None:
    guard, ran = LoopGuard(limits=LIMITS), []
    for asked in turns:
        decision = guard.decide([call(q=str(n)) for n in asked], elapsed=0)
        if not decision.verdict.runs_calls:
            assert decision.run == ()
            break
        ran += [item.key for item in decision.run]
        guard = guard.after(decision)
    assert guard.turns <= LIMITS.turns
    assert len(ran) <= LIMITS.calls
    assert all(ran.count(key) <= LIMITS.same for key in ran)
