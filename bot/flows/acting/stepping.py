"""Carries one thing on by one move: judges it, asks, does it, looks whether it helped. Each move is written down before
the next one, so that it can go on from there after a crash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.domain.action import ActionRefused, Ending, Plan, Value
from bot.domain.approval import ExecutionReason as Why
from bot.domain.approval import (
    Precheck,
    Request,
    may_run_at_once,
)
from bot.domain.policy import Autonomy
from bot.domain.run import StepRun, StepState
from bot.domain.runbook import render
from bot.flows.acting import notes
from bot.flows.acting.asking import Asking
from bot.flows.acting.checks import Checks, shown
from bot.flows.acting.deciding import Deciding
from bot.flows.acting.executing import Executing
from bot.flows.acting.keeping import Keeping
from bot.flows.acting.outside import Outside
from bot.flows.acting.plan import Planning
from bot.flows.acting.refusing import Refusing
from bot.flows.acting.rollback import Undoing
from bot.flows.acting.telling import Telling
from bot.flows.acting.turn import Job, Pause
from bot.flows.acting.verifying import Verifying

BY_HAND = timedelta(minutes=15)  # a person has at least that long for a step, whatever its timeout says
_INSTRUCTIONS_LIMIT = 2_500  # characters


class Stepping:
    def __init__(self, outside: Outside, keeping: Keeping, telling: Telling) -> None:
        self._outside, self._keeping, self._telling = outside, keeping, telling
        self.planning = Planning(outside)
        self.checks = Checks(outside, self.planning)
        self.executing = Executing(outside, self.planning, keeping, telling)
        self.undoing = Undoing(outside, self.planning, keeping, self.executing)
        self.asking = Asking(outside, keeping, telling)
        self.refusing = Refusing(outside, keeping)
        self._deciding = Deciding(
            outside,
            keeping,
            telling,
            planning=self.planning,
            checks=self.checks,
            executing=self.executing,
            undoing=self.undoing,
            asking=self.asking,
            refusing=self.refusing,
        )
        self.verifying = Verifying(outside, self.checks, keeping, self.executing)

    async def go_on(self, job: Job) -> Pause | None:
        """None: something was done or written; look again. Raises NotStored, ChatError."""
        step = job.record
        match step.state if step else None:
            case None | StepState.PLANNED:
                return await self._first(job)
            case StepState.WAITING if job.is_by_hand:
                return await self._by_hand(job)
            case StepState.WAITING:
                assert step is not None
                request = await self._request(step)
                if request is None or step.plan is None:
                    return await self._first(job)  # it was about to be asked for
                return await self._deciding.go_on(job, step, request)
            case StepState.STARTED:
                assert step is not None
                return await self.executing.begun(job, step, await self._request(step))
            case StepState.VERIFYING:
                return await self.verifying.look(job)
            case _:
                return await self._asked_what_happened(job)

    async def _request(self, step: StepRun) -> Request | None:
        return await self._outside.approvals.get(step.request) if step.request else None

    # --- before it is asked for --------------------------------------------------------------------------------------

    async def _first(self, job: Job) -> Pause | None:
        if switch := await self.executing.stopped(job):
            await self.refusing.refuse(job, switch.sentence, Why.STOPPED)
            return None
        if job.is_by_hand:
            waits = StepRun(key=job.key, state=StepState.WAITING, started_at=self._outside.clock.now())
            await self._keeping.step(job.record, waits)
            return None
        try:
            plan = await self.planning.of(job)
        except ActionRefused as refused:
            await self.refusing.impossible(job, refused)
            return None
        ruling = await self.planning.ruling(job, plan)
        if ruling.kind is Autonomy.FORBIDDEN:
            await self.refusing.refuse(job, ruling.sentence, Why.POLICY_FORBIDS, plan)
            return None
        seen = await self.checks.precheck(job)
        if not seen.precheck.lets_through:
            await self.refusing.refuse(job, seen.sentence, _by_precheck(seen.precheck), plan)
            return None
        if ruling.kind is Autonomy.APPROVAL:
            await self._ask(job, plan)
            return None
        # The precheck may have taken a minute: what may change meanwhile is asked once more.
        ruling = await self.planning.ruling(job, plan)
        verdict = may_run_at_once(
            plan,
            ruling,
            incident=job.turn.incident.id,
            service=job.turn.incident.service,
            switches=await self._outside.switching.all(),
            precheck=seen.precheck,
        )
        if not verdict.may_run:
            await self.refusing.refuse(job, verdict.sentence, verdict.reason, plan)
            return None
        await self.executing.begin(job, plan)
        return None

    async def _ask(self, job: Job, plan: Plan) -> None:
        """First it is written that the step waits for this very request, then the request itself is."""
        before, now = job.record, self._outside.clock.now()
        waits = StepRun(
            key=job.key,
            state=StepState.WAITING,
            plan=plan,
            request=(before.request if before else "") or f"A-{self._outside.new_id()}",
            preview=await self.checks.preview(job, plan),
        )
        kept = await self._keeping.step(before, waits, (notes.rendered(job.turn.run, waits, plan, now),))
        if kept is None:
            return
        await self.undoing.shown(job)
        ruling = await self.planning.ruling(job, plan)
        if ruling.kind is Autonomy.APPROVAL:  # else the policy was changed just now: it is judged anew
            await self.asking.open(job, kept, ruling)

    # --- people's work -----------------------------------------------------------------------------------------------

    async def _by_hand(self, job: Job) -> Pause | None:
        step, now = job.record, self._outside.clock.now()
        assert step is not None
        until = (step.started_at or now) + max(timedelta(seconds=job.step.timeout), BY_HAND)
        if now >= until:
            sentence = "Nobody said that it was done."
            late = replace(step, state=StepState.TIMED_OUT, ending=Ending.TIMED_OUT, ended_at=now, summary=sentence)
            await self._keeping.step(step, late, (notes.finished(job.turn.run, late, now),))
            return None
        try:
            call = render(job.use, job.values, timeout=job.step.timeout)
        except ActionRefused as refused:
            await self.refusing.impossible(job, refused)
            return None
        was_asked = await self._telling.person(job, step, _instructions(call.parameters))
        return Pause(until=until if was_asked else min(until, self.asking.soon()), for_people=True)

    async def _asked_what_happened(self, job: Job) -> Pause:
        step = job.record
        assert step is not None
        sentence = f"{step.summary} Look at {step.plan.target if step.plan else 'it'}, and say whether it happened."
        was_asked = await self._telling.person(job, step, sentence)
        return Pause(until=None if was_asked else self.asking.soon(), for_people=True)


def _instructions(parameters: Mapping[str, Value]) -> str:
    return shown(str(parameters.get("instructions", "")), _INSTRUCTIONS_LIMIT)[0]


def _by_precheck(precheck: Precheck) -> Why:
    return Why.PRECHECK_FAILS if precheck is Precheck.FAILS else Why.PRECHECK_UNKNOWN
