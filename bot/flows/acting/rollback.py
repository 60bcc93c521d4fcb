"""What undoes a step: shown with the request, done under the same approval where the runbook says so, else offered."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.action import ActionRefused, Plan
from bot.domain.approval import Request, Started
from bot.domain.approval import differing as differing_fields
from bot.domain.policy import Ruling
from bot.domain.run import StepRun, StepState
from bot.flows.acting.checks import summary
from bot.flows.acting.executing import Executing
from bot.flows.acting.keeping import Keeping
from bot.flows.acting.outside import Outside
from bot.flows.acting.plan import Planning
from bot.flows.acting.turn import Job
from bot.flows.acting.verifying import UNSEEN


class Undoing:
    def __init__(self, outside: Outside, planning: Planning, keeping: Keeping, executing: Executing) -> None:
        self._outside, self._planning, self._keeping, self._executing = outside, planning, keeping, executing

    async def shown(self, job: Job) -> str:
        """What is said of it in the request; the plan of an automatic one is kept, to be compared with later."""
        rollback = job.step.rollback
        if rollback is None or job.is_rollback:
            return ""
        undo = job.rollback
        how = "done by itself when the verification fails" if rollback.is_automatic else "offered if it does not help"
        known = undo.record
        if known is not None and known.plan is not None:
            return _told(how, known.plan)
        try:
            plan = await self._planning.of(undo)
        except ActionRefused as refused:
            return f"Offered if it does not help; it cannot be told exactly now: {refused.detail}"
        if rollback.is_automatic and known is None:
            await self._keeping.step(None, StepRun(key=undo.key, state=StepState.PLANNED, plan=plan))
        return _told(how, plan)

    async def by_itself(self, undo: Job, done: StepRun, request: Request | None) -> None:
        """The verification of `done` failed: it is undone under its approval, or word is left why not."""
        shown = undo.record
        try:
            plan = await self._planning.of(undo)
            why = await self._why_not(undo, plan, shown.plan if shown else None, request, UNSEEN not in done.verified)
        except ActionRefused as refused:
            await self._left(undo, refused.detail)
            return
        if why:
            await self._left(undo, why)
        else:
            await self._executing.begin(undo, plan)

    async def _left(self, undo: Job, why: str) -> None:
        before, word = undo.record, summary(f"Not undone by itself: {why}")
        await self._keeping.step(
            before, replace(before or StepRun(key=undo.key, state=StepState.PLANNED), summary=word)
        )

    async def _why_not(
        self, undo: Job, plan: Plan, shown: Plan | None, request: Request | None, has_failed: bool
    ) -> str:
        if not has_failed:
            return "nobody knows whether the step helped."
        if switch := await self._executing.stopped(undo, plan):
            return switch.sentence
        ruling = await self._planning.ruling(undo, plan)
        if request is None:
            return "" if ruling.may_run_at_once else ruling.sentence
        events = await self._outside.approvals.events(request.id)
        if not any(isinstance(event, Started) for event in events):
            return "the step's approval was not used."
        if shown is None:
            return "it could not be shown when the step was approved."
        if names := differing(shown, plan):
            return f"it is not what was shown when the step was approved; these differ: {', '.join(names)}."
        return _too_strict(request, ruling)


def differing(shown: Plan, now: Plan) -> tuple[str, ...]:
    """Names of what is not as it was shown. How things stand now may be told in other words (`lines`), and less may be
    touched; what is done, by which program, to what, may not differ.
    """
    found = [name for name in differing_fields(shown, now) if name not in _MAY_DIFFER]
    if now.risk.rank > shown.risk.rank:
        found.append("risk")
    if now.radius.unit != shown.radius.unit or now.radius.count > shown.radius.count:
        found.append("radius")
    return tuple(found)


_MAY_DIFFER = ("lines", "reversibility", "risk", "radius")


def _too_strict(request: Request, ruling: Ruling) -> str:
    """An approval of the step is one of what undoes it only where the policy asks for no more there."""
    if ruling.may_run_at_once:
        return ""
    is_enough = ruling.needed and ruling.needed <= request.needed and set(request.groups) <= set(ruling.approvers)
    return "" if is_enough else ruling.sentence


def _told(how: str, plan: Plan) -> str:
    return "\n".join((f"{how[0].upper()}{how[1:]}, on {plan.target}:", *plan.lines))
