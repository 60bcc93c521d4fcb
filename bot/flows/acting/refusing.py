"""What is not done is written down with its reason, and told."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.action import ActionRefused, Ending, Plan
from bot.domain.approval import ExecutionReason as Why
from bot.domain.run import StepRun, StepState
from bot.flows.acting import lines, notes
from bot.flows.acting.checks import summary
from bot.flows.acting.keeping import Keeping
from bot.flows.acting.outside import Outside
from bot.flows.acting.turn import Job


class Refusing:
    def __init__(self, outside: Outside, keeping: Keeping) -> None:
        self._outside, self._keeping = outside, keeping

    async def impossible(self, job: Job, refused: ActionRefused) -> None:
        """It cannot be done at all, and was not begun; the runbook may go on without it."""
        now = self._outside.clock.now()
        before = job.record
        failed = replace(
            before or StepRun(key=job.key, state=StepState.FAILED),
            state=StepState.FAILED,
            ending=Ending.FAILED,
            ended_at=now,
            summary=summary(refused.detail),
        )
        await self._keeping.step(before, failed, (notes.refused(job.turn.run, failed, now, refused.reason.name),))

    async def refuse(
        self,
        job: Job,
        sentence: str,
        why: Why,
        plan: Plan | None = None,
        state: StepState = StepState.REFUSED,
    ) -> None:
        now, before = self._outside.clock.now(), job.record
        refused = replace(
            before or StepRun(key=job.key, state=state),
            state=state,
            plan=(before.plan if before else None) or plan,
            ended_at=now,
            summary=summary(sentence),
        )
        told = lines.of_step(job, refused, now, f"Not done: {job.title}. {refused.summary}")
        await self._keeping.step(before, refused, (notes.refused(job.turn.run, refused, now, why),), told)
