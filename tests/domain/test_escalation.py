"""What people are told when the bot cannot go on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.action import Risk
from bot.domain.escalation import Need, hand_over
from bot.domain.run import Part, Run, RunState, StepKey, StepRun, StepState
from bot.domain.runbook import ActionUse, Runbook, RunbookStep, Trigger
from bot.testing import NOON
from tests.domain.approval.situations import PLAN

BOOK = Runbook(
    id="fix",
    title="Fix it",
    owner="us",
    trigger=Trigger(),
    steps=tuple(RunbookStep(id=id, title=f"Step {id}", use=ActionUse(action="x")) for id in ("a", "b", "c")),
)
RUN = Run(
    id="R-1", incident="INC-1", runbook="fix", runbook_digest="d", parameters={}, requester="U1", created_at=NOON,
    why="It did not work.",
)  # fmt: skip


def record(id: str, state: StepState, *, request: str = "", part: Part = Part.ACT) -> StepRun:
    return StepRun(key=StepKey(run="R-1", step=id, part=part), state=state, plan=PLAN, request=request)


@pytest.mark.parametrize(
    ("state", "steps", "need"),
    [
        (RunState.FAILED, [record("a", StepState.FAILED)], Need.REPEATED_FAILURE),
        (RunState.FAILED, [record("a", StepState.VERIFY_FAILED)], Need.REPEATED_FAILURE),
        (RunState.FAILED, [record("a", StepState.TIMED_OUT)], Need.UNCERTAINTY),
        (RunState.WAITING, [record("a", StepState.UNKNOWN)], Need.UNCERTAINTY),
        (RunState.REFUSED, [record("a", StepState.REFUSED, request="A-1")], Need.PERMISSION),
        (RunState.REFUSED, [record("a", StepState.REFUSED)], Need.POLICY),
        (RunState.STOPPED, [record("a", StepState.REFUSED)], Need.POLICY),
        (RunState.CANCELLED, [record("a", StepState.CANCELLED)], Need.REQUEST),
    ],
)
def test_the_reason_goes_by_how_it_ended(state: RunState, steps: list[StepRun], need: Need) -> None:
    found = hand_over(replace(RUN, state=state), BOOK, steps)
    assert found is not None
    assert found.need is need


def test_nobody_is_needed_where_it_went_well_or_nothing_was_meant() -> None:
    assert hand_over(replace(RUN, state=RunState.SUCCEEDED), BOOK, []) is None
    assert hand_over(replace(RUN, state=RunState.REFUSED, is_dry=True), BOOK, []) is None


def test_it_says_what_is_known_done_needed_and_next() -> None:
    steps = [
        record("a", StepState.SUCCEEDED),
        record("b", StepState.VERIFY_FAILED),
        record("b", StepState.SUCCEEDED, part=Part.ROLLBACK),
    ]
    found = hand_over(replace(RUN, state=RunState.FAILED), BOOK, steps)
    assert found is not None
    known, done, needed, coming = found.text.splitlines()
    assert known == "Known: It did not work."
    assert done == "Done: Step a; Step b. Undone again: Step b."
    assert needed.startswith("Needed: another idea")
    assert coming == "Next: Step c."


def test_what_only_looked_has_done_nothing() -> None:
    looked = replace(record("a", StepState.SUCCEEDED), plan=replace(PLAN, risk=Risk.READ))
    found = hand_over(replace(RUN, state=RunState.FAILED), BOOK, [looked, record("b", StepState.FAILED)])
    assert found is not None
    assert found.done == "nothing was changed."
    assert found.next == "Step b; Step c."
