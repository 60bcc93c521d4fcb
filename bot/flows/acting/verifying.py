"""Looks whether a step brought about what it should, until it does or its time is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.approval import Precheck
from bot.domain.kill_switch import FailedVerify
from bot.domain.ports.acting import AuditNote
from bot.domain.run import Part, StepRun, StepState
from bot.flows.acting import lines, notes
from bot.flows.acting.checks import Checks, Seen, summary
from bot.flows.acting.executing import Executing
from bot.flows.acting.keeping import Keeping
from bot.flows.acting.outside import Outside
from bot.flows.acting.turn import Job, Pause

UNSEEN = "Whether it helped could not be seen."  # begins what is said where a verification could not be made


class Verifying:
    def __init__(self, outside: Outside, checks: Checks, keeping: Keeping, executing: Executing) -> None:
        self._outside, self._checks, self._keeping = outside, checks, keeping
        self._executing = executing
        self._next: dict[str, datetime] = {}  # by the step's key; after a restart it is looked at once more
        self._failed: list[FailedVerify] = []

    async def look(self, job: Job) -> Pause | None:
        step, verify = job.record, job.step.verify
        assert step is not None
        if verify is None:
            await self._written(job, step, StepState.SUCCEEDED, "")
            return None
        now = self._outside.clock.now()
        if (due := self._next.get(job.key.text)) is not None and now < due:
            return Pause(until=due)
        if switch := await self._executing.stopped(job, step.plan):
            await self._written(job, step, StepState.CANCELLED, f"It was done. {UNSEEN} {switch.sentence}")
            return None
        seen = await self._checks.look(verify.check, job.after(step), job)
        now = self._outside.clock.now()
        if seen.precheck is Precheck.HOLDS:
            await self._written(job, step, StepState.SUCCEEDED, seen.sentence)
            return None
        until = (step.ended_at or now) + timedelta(seconds=verify.within)
        if now >= until:
            await self._written(job, step, StepState.VERIFY_FAILED, _too_late(seen, verify.within))
            await self._stop_where_too_many(job, now)
            return None
        self._next[job.key.text] = due = min(now + timedelta(seconds=verify.every), until)
        return Pause(until=due)

    async def cancelled(self, job: Job, sentence: str) -> None:
        step = job.record
        assert step is not None
        await self._written(job, step, StepState.CANCELLED, f"It was done. {UNSEEN} {sentence}")

    async def _written(self, job: Job, step: StepRun, state: StepState, sentence: str) -> None:
        now = self._outside.clock.now()
        after = replace(step, state=state, ended_at=now, verified=summary(sentence))
        said: tuple[AuditNote, ...] = (notes.verified(job.turn.run, after, now),)
        told = lines.of_step(job, after, now, f"{job.title}: {sentence}")
        if await self._keeping.step(step, after, said, told):
            self._next.pop(job.key.text, None)

    # --- changes that do not help ------------------------------------------------------------------------------------

    async def _stop_where_too_many(self, job: Job, now: datetime) -> None:
        rule = self._outside.policy().stop_after
        own = FailedVerify(at=now, incident=job.turn.incident.id, step=job.key.text)
        self._failed = [failure for failure in self._failed if failure.at >= now - rule.within] + [own]
        known = {failure.step: failure for failure in await self._kept()}
        known |= {failure.step: failure for failure in self._failed}
        await self._outside.switching.verifies_failed(known.values(), rule)

    async def _kept(self) -> list[FailedVerify]:
        """Of all open incidents, as they are written down."""
        incidents = [incident.id for incident in await self._outside.incidents.list_open()]
        begun = [(name, await self._outside.runs.begun(name)) for name in incidents]
        return [
            FailedVerify(at=step.ended_at, incident=name, step=step.key.text)
            for name, steps in begun
            for step in steps
            if step.state is StepState.VERIFY_FAILED and step.key.part is Part.ACT and step.ended_at is not None
        ]


def _too_late(seen: Seen, within: float) -> str:
    if seen.precheck is Precheck.FAILS:
        return f"It was done and did not help within {within:g} s. {seen.sentence}"
    return f"It was done. {UNSEEN} {seen.sentence}"
