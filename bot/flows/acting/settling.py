"""People's word on single steps: that one happened or did not, that one is to be undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.domain.action import Ending
from bot.domain.approval import PersonKind
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from bot.domain.run import Part, StepKey, StepRun, StepState
from bot.domain.runbook import RunbookStep
from bot.flows.acting import notes
from bot.flows.acting.ending import offers_undo
from bot.flows.acting.keeping import Keeping
from bot.flows.acting.outside import Outside
from bot.flows.acting.reading import CHANGED_RUNBOOK, Reading
from bot.flows.acting.turn import MANUAL, Job

WORD_LIMIT = 300  # characters of what a person says about a step
NO_MEMBER = "Only full members of this workspace can say that."


async def is_member(outside: Outside, person: str) -> bool:
    """Raises ChatError."""
    found = (await outside.directory.people([person], afresh=True)).get(person)
    return found is not None and found.kind is PersonKind.MEMBER


class Settling:
    def __init__(self, outside: Outside, wake: Callable[[str], None]) -> None:
        self._outside, self._keeping, self._wake = outside, Keeping(outside), wake
        self._reading = Reading(outside)

    async def settle(self, key: StepKey, person: str, *, happened: bool, word: str = "") -> str:
        step = await self._outside.runs.step(key)
        run = await self._outside.runs.get(key.run)
        if step is None or run is None:
            return "There is no such step."
        runbook = self._outside.runbooks().get(run.runbook)
        declared = next((one for one in runbook.steps if one.id == key.step), None) if runbook else None
        if step.state is not StepState.UNKNOWN and not _is_by_hand(step, declared):
            return "Nobody is asked about this step any more."
        if not await is_member(self._outside, person):
            return NO_MEMBER
        said = _settled(step, declared, person, happened=happened, word=plain(redact(word), WORD_LIMIT))
        now = self._outside.clock.now()
        said = replace(said, ended_at=now)
        note = replace(notes.finished(run, said, now), who=person)
        if await self._keeping.step(step, said, (note,)) is None:
            return "Somebody else was faster; look at the run."
        self._wake(run.id)
        return "Thank you: it is noted that it happened." if happened else "Thank you: it is noted that it did not."

    async def undo(self, key: StepKey, person: str, *, id: str) -> str:
        """`id` says nothing here: a step is undone once, however often it is asked for."""
        run = await self._outside.runs.get(key.run)
        turn = await self._reading.turn(run) if run else "There is no such run."
        if run is None or isinstance(turn, str):
            return turn if isinstance(turn, str) else "There is no such run."
        step = next((one for one in turn.runbook.steps if one.id == key.step), None)
        if step is None or turn.runbook.digest != run.runbook_digest:
            return CHANGED_RUNBOOK
        job = Job(turn=turn, step=step, key=replace(key, part=Part.ACT), values=turn.values)
        if not offers_undo(job):
            return "There is nothing to undo here, or it is being undone already."
        if not await is_member(self._outside, person):
            return NO_MEMBER
        if not await self._is_author(run.id, person):
            return "The run is over; start a runbook that undoes it."
        undo = job.rollback.record
        waits = replace(
            undo or StepRun(key=job.rollback.key, state=StepState.WAITING),
            state=StepState.WAITING, plan=None, request="", summary=f"Taken up by {person}.",
        )  # fmt: skip
        if await self._keeping.step(undo, waits) is None:
            return "Somebody else was faster; look at the run."
        self._wake(run.id)
        return "It is being prepared; what needs approval is asked for."

    async def _is_author(self, run_id: str, person: str) -> bool:
        """Whoever takes it up has led to what is asked for now, and so does not approve it."""
        while (run := await self._outside.runs.get(run_id)) is not None and not run.state.is_over:
            if await self._keeping.run(replace(run, author=person)) is not None:
                return True
        return False


def _is_by_hand(step: StepRun, declared: RunbookStep | None) -> bool:
    if declared is None or step.state is not StepState.WAITING:
        return False
    is_undo = step.key.part is Part.ROLLBACK
    use = (declared.rollback.use if declared.rollback else None) if is_undo else declared.use
    return use is not None and use.action == MANUAL


def _settled(step: StepRun, declared: RunbookStep | None, person: str, *, happened: bool, word: str) -> StepRun:
    said = f": {word}" if word else "."
    if not happened:
        summary = f"It did not happen, says {person}{said}"
        return replace(step, state=StepState.FAILED, ending=Ending.FAILED, summary=summary)
    is_to_verify = declared is not None and declared.verify is not None and step.key.part is Part.ACT
    state = StepState.VERIFYING if is_to_verify else StepState.SUCCEEDED
    return replace(step, state=state, ending=Ending.SUCCEEDED, summary=f"It happened, says {person}{said}")
