"""Reads where a run stands, and what of it comes next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.domain.action import ActionRefused, Value
from bot.domain.condition import ConditionError
from bot.domain.incident import Incident
from bot.domain.run import Run, StepRun, StepState
from bot.domain.runbook import RunbookStep, RunValues, elements, incident_values, run_values
from bot.flows.acting.outside import Outside
from bot.flows.acting.turn import BAD, CAN_BE_UNDONE, Job, Turn, outcome_of_step, with_outcome

GONE_RUNBOOK = "The runbook {name} is not there any more."
CHANGED_RUNBOOK = "The runbook has changed since this was started; start the run anew."
GONE_INCIDENT = "The incident is not kept any more."


@dataclass(frozen=True, kw_only=True)
class Unready:
    """The next step cannot even be looked at: `sentence` says why. `is_skipped`: it is not to be done at all."""

    job: Job
    sentence: str
    is_skipped: bool = False
    is_empty: bool = False  # of `foreach`: there is nothing to go through


@dataclass(frozen=True, kw_only=True)
class Ended:
    """By this step, or, where there is none, with the last one."""

    job: Job | None = None
    record: StepRun | None = None


Next = Job | Unready | Ended


class Reading:
    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def turn(self, run: Run) -> Turn | str:
        """A sentence where it cannot be gone on with."""
        incident = await self._outside.incidents.get(run.incident)
        if incident is None:
            return GONE_INCIDENT
        runbook = self._outside.runbooks().get(run.runbook)
        if runbook is None:
            return GONE_RUNBOOK.format(name=run.runbook)
        return Turn(
            run=run,
            runbook=runbook,
            incident=incident,
            steps=await self._outside.runs.steps(run.id),
            values=self.values(incident, run),
        )

    def values(self, incident: Incident, run: Run) -> RunValues:
        service = self._outside.catalog().find(incident.service)
        values = incident_values(incident, service.environment if service else "")
        single = {name: value for name, value in run.parameters.items() if isinstance(value, str | int | float)}
        return run_values(values, single)

    async def next(self, turn: Turn) -> Next:
        """What is open first: a step, one of its elements, or what undoes it."""
        return await asyncio.to_thread(following, turn)


def following(turn: Turn) -> Next:
    values = turn.values
    for step in turn.runbook.steps:
        if step.use is None:
            continue
        job = Job(turn=turn, step=step, key=turn.key(step), values=values)
        found = _of_step(turn, job)
        if not isinstance(found, RunValues):
            return found
        values = found
    return Ended()


def _of_step(turn: Turn, job: Job) -> Next | RunValues:
    """What to do about this step; what is known after it where nothing is."""
    step, first = job.step, job.record
    if first is None and (unready := _condition(job)):
        return unready
    if first is not None and first.state is StepState.SKIPPED:
        return with_outcome(job.values, step, outcome_of_step(step, (first,), ()))
    try:
        items = elements(step.foreach, job.values) if step.foreach else (None,)
    except ActionRefused as refused:
        if first is not None:
            return _after(step, job.values, [(job, first)], (None,))
        return Unready(job=job, sentence=refused.detail)
    if not items:
        return Unready(job=job, sentence="There is nothing to go through.", is_skipped=True, is_empty=True)
    done: list[tuple[Job, StepRun]] = []
    for one in _elements(turn, job, items):
        record = one.record
        if record is None or not record.state.is_over:
            return one
        if undo := _undoing(one, record):
            return undo
        done.append((one, record))
        if record.state in BAD and not step.continue_on_failure:
            break
    return _after(step, job.values, done, items)


def _elements(turn: Turn, job: Job, items: Sequence[Value]) -> Iterator[Job]:
    for at, item in enumerate(items):
        yield replace(job, key=turn.key(job.step, at), values=replace(job.values, item=item))


def _undoing(one: Job, record: StepRun) -> Job | None:
    """What undoes the step, where it is open: to be done by itself, taken up by somebody, or begun.

    A plan with a word in it is one that was not carried out by itself; it says why, and waits for somebody.
    """
    undo, rollback = replace(one.rollback, values=one.after(record)), one.step.rollback
    known = undo.record
    if known is not None and known.state is not StepState.PLANNED:
        return None if known.state.is_over else undo
    if known is not None and record.state not in CAN_BE_UNDONE:
        return undo  # it is not needed
    is_due = rollback is not None and rollback.is_automatic and record.state is StepState.VERIFY_FAILED
    return undo if is_due and not (known and known.summary) else None


def _after(
    step: RunbookStep, values: RunValues, done: Sequence[tuple[Job, StepRun]], items: Sequence[Value]
) -> Next | RunValues:
    bad = next(((job, record) for job, record in done if record.state in BAD), None)
    if bad is not None and (not step.continue_on_failure or bad[1].state in (StepState.REFUSED, StepState.CANCELLED)):
        return Ended(job=bad[0], record=bad[1])
    return with_outcome(values, step, outcome_of_step(step, [record for _, record in done], items))


def _condition(job: Job) -> Unready | None:
    if job.step.only_if is None:
        return None
    try:
        holds = job.step.only_if.holds(job.values.as_mapping())
    except ConditionError as error:
        return Unready(job=job, sentence=f"{error}.")
    if holds:
        return None
    return Unready(job=job, sentence=f"Not needed: {job.step.only_if.source} does not hold.", is_skipped=True)
