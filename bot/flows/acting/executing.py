"""Does one thing, once: it is claimed first, and what came of it is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.domain.action import ActionRefused, ActionResult, Ending, Plan, Risk, Value
from bot.domain.approval import Executed, Request, Reviewed, Started, State, state
from bot.domain.kill_switch import Stopped, Switch, bites
from bot.domain.run import StepRun, StepState
from bot.domain.runbook import OutputError
from bot.flows.acting import lines, notes
from bot.flows.acting.bounded import LEEWAY, STUBBORN, ran
from bot.flows.acting.checks import OUTPUT_LIMIT, named, shown, summary
from bot.flows.acting.keeping import Keeping
from bot.flows.acting.outside import Outside
from bot.flows.acting.plan import Planning
from bot.flows.acting.telling import Telling
from bot.flows.acting.turn import Job, Pause

AGAIN_AFTER = 1.0  # seconds between two attempts of a read
OTHERS = timedelta(seconds=LEEWAY + STUBBORN + 60.0)  # beyond its timeout: then the process that began it is gone


class Executing:
    def __init__(self, outside: Outside, planning: Planning, keeping: Keeping, telling: Telling) -> None:
        self._outside, self._planning, self._keeping, self._telling = outside, planning, keeping, telling
        self._unwritten: dict[str, StepRun] = {}  # results that the store did not take yet, by the step's key

    async def begin(self, job: Job, plan: Plan, request: Request | None = None, preview: str = "") -> None:
        """The plan was judged a moment ago. Claims the step, and does it."""
        now = self._outside.clock.now()
        before = job.record
        claimed = replace(
            before or StepRun(key=job.key, state=StepState.STARTED),
            state=StepState.STARTED,
            plan=plan,
            request=request.id if request else "",
            holder=self._outside.holder,
            attempts=(before.attempts if before else 0) + 1,
            started_at=now,
            ended_at=None,
            summary="",
            preview=preview or (before.preview if before else ""),
        )
        said = [notes.started(job.turn.run, claimed, plan, now)]
        if before is None or before.plan != plan:
            said.insert(0, notes.rendered(job.turn.run, claimed, plan, now))
        uses_up = (request.id, Started(id=f"{request.id}:started", at=now)) if request else None
        begun = lines.of_change(job, claimed, now, f"Began: {job.title}")
        kept = await self._keeping.step(before, claimed, said, begun, uses_up=uses_up)
        if kept is None:
            return  # somebody else was faster, or it was used up
        if stopped := await self._last_word(job, plan, request):
            await self._not_begun(job, kept, stopped, request)
        else:
            await self._do(job, kept, plan, request)

    async def _last_word(self, job: Job, plan: Plan, request: Request | None) -> str:
        """What came between the checks and the claim: why it is not done after all, or ""."""
        if switch := await self.stopped(job, plan):
            return switch.sentence
        if request is None:
            return ""
        events = await self._outside.approvals.events(request.id)
        before = [event for event in events if not isinstance(event, Started | Executed)]
        people = {event.reviewer.id: event.reviewer for event in before if isinstance(event, Reviewed)}
        standing = state(request, before, self._outside.clock.now(), people)
        return "" if standing.state is State.APPROVED else standing.sentence

    async def stopped(self, job: Job, plan: Plan | None = None) -> Switch | None:
        """The kill switch, as it is now, for what the plan touches and what the incident is about."""
        switches = await self._outside.switching.all()
        services = (plan.call.service if plan else job.values.service, job.turn.incident.service)
        found = (bites(switches, Stopped.ACTIONS, service, job.turn.incident.id) for service in dict.fromkeys(services))
        return next((switch for switch in found if switch), None)

    async def _not_begun(self, job: Job, kept: StepRun, sentence: str, request: Request | None) -> None:
        now = self._outside.clock.now()
        refused = replace(
            kept, state=StepState.REFUSED, started_at=None, ended_at=now, summary=f"Nothing was done: {sentence}"
        )
        await self._write(job, kept, refused, request)

    async def _do(self, job: Job, kept: StepRun, plan: Plan, request: Request | None) -> None:
        showing = asyncio.create_task(self._telling.card(job.turn))  # Slack's answer is not waited for
        try:
            ended = await self._ended(job, kept, plan)
        finally:
            await asyncio.wait({showing})
        await self._write(job, kept, ended, request)

    async def _ended(self, job: Job, kept: StepRun, plan: Plan) -> StepRun:
        result = await self._result(job, plan)
        values: Mapping[str, Value] = {}
        unread = ""
        try:
            values = named(None if job.is_rollback else job.step.output, result)
        except OutputError as error:
            unread = str(error)
        output, is_cut = shown(result.output, OUTPUT_LIMIT)
        return replace(
            kept,
            state=_state(job, plan, result, is_unread=bool(unread)),
            ended_at=self._outside.clock.now(),
            ending=result.ending,
            summary=summary(f"{result.summary} {unread}"),
            output=output,
            is_cut=is_cut or result.is_cut,
            values=values,
        )

    async def _result(self, job: Job, plan: Plan) -> ActionResult:
        """Reads alone are tried again."""
        action = self._planning.action(plan.call.action)
        tries = 1 + (job.step.retries if plan.risk is Risk.READ and not job.is_rollback else 0)
        for left in reversed(range(tries)):
            try:
                result = await ran(action.run(plan, key=job.key.text), plan)
            except ActionRefused as refused:
                result = ActionResult(ending=Ending.FAILED, summary=f"Nothing was done: {refused.detail}")
            if result.ending is Ending.SUCCEEDED or not left or await self.stopped(job, plan):
                break
            await self._outside.wait(AGAIN_AFTER)
        return result

    # --- what came of it ---------------------------------------------------------------------------------------------

    async def _write(self, job: Job, kept: StepRun, ended: StepRun, request: Request | None) -> None:
        """What a step came to is never given up: it is written as soon as the store takes it."""
        self._unwritten[job.key.text] = ended
        run, now = job.turn.run, self._outside.clock.now()
        told = lines.of_change(job, ended, now, f"{job.title}: {ended.summary}")
        before: StepRun | None = kept
        while before is not None and before.state in (StepState.STARTED, StepState.UNKNOWN):
            if await self._keeping.step(before, ended, (notes.finished(run, ended, now),), told):
                break
            # Another process took it for lost. Whoever did it knows better.
            before = await self._outside.runs.step(job.key)
        self._unwritten.pop(job.key.text, None)
        if request is not None and ended.ending is not None:
            await self._keeping.event(request.id, Executed(id=f"{request.id}:executed", at=now, ending=ended.ending))
        await self._telling.output(job, ended)

    # --- after a crash -----------------------------------------------------------------------------------------------

    async def begun(self, job: Job, step: StepRun, request: Request | None) -> Pause | None:
        """It was begun, and no end of it is written."""
        if unwritten := self._unwritten.get(job.key.text):
            await self._write(job, step, unwritten, request)
            return None
        executor = step.holder.rpartition("/")[0]
        if executor != self._outside.executor and not await self._outside.gone(step.holder):
            until = (step.started_at or self._outside.clock.now()) + timedelta(seconds=job.step.timeout) + OTHERS
            if self._outside.clock.now() < until:
                return Pause(until=until)
        plan = step.plan
        if plan is None or plan.risk is not Risk.READ:
            await self._unknown(job, step)
        elif step.attempts > job.step.retries + 1:
            sentence = "It was interrupted again and again, and is not tried any more."
            now = self._outside.clock.now()
            failed = replace(step, state=StepState.FAILED, ending=Ending.FAILED, ended_at=now, summary=sentence)
            await self._keeping.step(step, failed, (notes.finished(job.turn.run, failed, now),))
        elif (switch := await self.stopped(job, plan)) is not None:
            now = self._outside.clock.now()
            refused = replace(step, state=StepState.REFUSED, ended_at=now, summary=switch.sentence)
            await self._keeping.step(step, refused, (notes.refused(job.turn.run, refused, now, "stopped"),))
        else:
            await self._again(job, step, plan, request)
        return None

    async def _again(self, job: Job, step: StepRun, plan: Plan, request: Request | None) -> None:
        now = self._outside.clock.now()
        claimed = replace(step, holder=self._outside.holder, attempts=step.attempts + 1, started_at=now)
        kept = await self._keeping.step(step, claimed, (notes.started(job.turn.run, claimed, plan, now),))
        if kept is not None:
            await self._do(job, kept, plan, request)

    async def _unknown(self, job: Job, step: StepRun) -> None:
        now = self._outside.clock.now()
        sentence = "The bot stopped while this was being done: it may or may not have happened. It is not done again."
        lost = replace(step, state=StepState.UNKNOWN, ending=Ending.UNKNOWN, summary=sentence)
        told = lines.of_change(job, lost, now, f"{job.title}: {sentence}")
        await self._keeping.step(step, lost, (notes.finished(job.turn.run, lost, now),), told)


def _state(job: Job, plan: Plan, result: ActionResult, *, is_unread: bool) -> StepState:
    """Of a change only its own word says how it ended; what was only looked at has ended in any case."""
    is_read = plan.risk is Risk.READ
    match result.ending:
        case Ending.SUCCEEDED if is_unread and is_read:
            return StepState.FAILED
        case Ending.SUCCEEDED:
            return StepState.VERIFYING if job.step.verify and not job.is_rollback else StepState.SUCCEEDED
        case Ending.FAILED:
            return StepState.FAILED
        case Ending.TIMED_OUT if is_read:
            return StepState.TIMED_OUT
        case _:
            return StepState.FAILED if is_read else StepState.UNKNOWN
