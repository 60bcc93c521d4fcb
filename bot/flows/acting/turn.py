"""Where a run stands, as it was read a moment ago. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.action import ActionResult, Ending, Value
from bot.domain.incident import Incident
from bot.domain.run import Part, Run, StepKey, StepRun, StepState
from bot.domain.runbook import ActionUse, Runbook, RunbookStep, RunValues, many, outcome, skipped

MANUAL = "manual"  # the action that a person does
CAN_BE_UNDONE = (StepState.VERIFY_FAILED, StepState.FAILED, StepState.TIMED_OUT)
BAD = (StepState.FAILED, StepState.TIMED_OUT, StepState.VERIFY_FAILED, StepState.REFUSED, StepState.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Nothing more can be done now. `until`: when to look again by itself; None: once somebody does something."""

    until: datetime | None = None
    for_people: bool = False
    is_over: bool = False


@dataclass(frozen=True, kw_only=True)
class Turn:
    run: Run
    runbook: Runbook
    incident: Incident
    steps: Sequence[StepRun]
    values: RunValues  # of the run; outcomes of its steps are added on the way

    def record(self, key: StepKey) -> StepRun | None:
        return next((step for step in self.steps if step.key == key), None)

    def key(self, step: RunbookStep, item: int = 0, part: Part = Part.ACT) -> StepKey:
        return StepKey(run=self.run.id, step=step.id, item=item, part=part)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One thing to be done: a step, for one of its elements, or what undoes it."""

    turn: Turn
    step: RunbookStep
    key: StepKey
    values: RunValues

    @property
    def is_rollback(self) -> bool:
        return self.key.part is Part.ROLLBACK

    @property
    def use(self) -> ActionUse:
        rollback = self.step.rollback
        found = rollback.use if self.is_rollback and rollback else self.step.use
        return found or ActionUse(action="")

    @property
    def title(self) -> str:
        element = f" ({self.key.item + 1})" if self.step.foreach else ""
        return f"{'Undo: ' if self.is_rollback else ''}{self.step.title}{element}"

    @property
    def record(self) -> StepRun | None:
        return self.turn.record(self.key)

    @property
    def is_by_hand(self) -> bool:
        return self.use.action == MANUAL

    @property
    def rollback(self) -> Job:
        return replace(self, key=replace(self.key, part=Part.ROLLBACK))

    def after(self, done: StepRun) -> RunValues:
        """What its verification and rollback see: also what the step itself gave."""
        own = outcome_of(done)
        if self.step.foreach is None:
            return with_outcome(self.values, self.step, own)
        before = [
            outcome_of(found) | {"item": None}
            for at in range(self.key.item)
            if (found := self.turn.record(replace(self.key, item=at, part=Part.ACT)))
        ]
        return with_outcome(self.values, self.step, many([*before, {**own, "item": self.values.item}]))


def with_outcome(values: RunValues, step: RunbookStep, found: Mapping[str, Value]) -> RunValues:
    return replace(values, steps={**values.steps, step.id: found})


def outcome_of(done: StepRun) -> dict[str, Value]:
    """What later steps see. What was done and did not help counts as failed."""
    ending = Ending.FAILED if done.state in BAD and done.ending in (None, Ending.SUCCEEDED) else done.ending
    seconds = (done.ended_at - done.started_at).total_seconds() if done.ended_at and done.started_at else 0.0
    result = ActionResult(
        ending=ending or Ending.FAILED,
        summary=done.summary,
        output=done.output,
        is_cut=done.is_cut,
        seconds=max(0.0, seconds),
    )
    return dict(outcome(result, done.values))


def outcome_of_step(step: RunbookStep, done: Sequence[StepRun], items: Sequence[Value]) -> Mapping[str, Value]:
    """`done`: of its elements, in order; `items`: what they were done for."""
    first = done[0] if done else None
    if step.foreach is None:
        return skipped(step) if first is None or first.state is StepState.SKIPPED else outcome_of(first)
    if first is not None and first.state is StepState.SKIPPED:
        return many(()) if first.ending is Ending.SUCCEEDED else skipped(step)
    return many({**outcome_of(one), "item": item} for one, item in zip(done, items, strict=False))
