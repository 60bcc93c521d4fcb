"""A step that waits for people's decision, and what is checked once it is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.domain.action import ActionRefused, Ending, Plan
from bot.domain.approval import Event, People, Posted, Request, Reviewed, State, Verdict, may_execute
from bot.domain.approval import ExecutionReason as Why
from bot.domain.errors import ChatError
from bot.domain.run import StepRun, StepState
from bot.flows.acting import notes
from bot.flows.acting.asking import Asking
from bot.flows.acting.checks import Checks
from bot.flows.acting.executing import Executing
from bot.flows.acting.keeping import Keeping
from bot.flows.acting.outside import Outside
from bot.flows.acting.plan import Planning
from bot.flows.acting.refusing import Refusing
from bot.flows.acting.rollback import Undoing
from bot.flows.acting.telling import Telling
from bot.flows.acting.turn import Job, Pause

_STILL_OPEN = (Why.NOT_ENOUGH, Why.NO_LONGER_ENOUGH)


class Deciding:
    def __init__(
        self,
        outside: Outside,
        keeping: Keeping,
        telling: Telling,
        *,
        planning: Planning,
        checks: Checks,
        executing: Executing,
        undoing: Undoing,
        asking: Asking,
        refusing: Refusing,
    ) -> None:
        self._outside, self._keeping, self._telling = outside, keeping, telling
        self._planning, self._checks, self._executing = planning, checks, executing
        self._undoing, self._asking, self._refusing = undoing, asking, refusing

    async def go_on(self, job: Job, step: StepRun, request: Request) -> Pause | None:
        """None: something was done or written; look again."""
        events = tuple(await self._outside.approvals.events(request.id))
        if not any(isinstance(event, Posted) for event in events):
            rollback = await self._undoing.shown(job)
            if not await self._asking.posted(job, request, step.preview, rollback):
                return await self._unposted(job, request, events)
            return None
        people = await self._people(events)
        standing = await self._asking.standing(request, events, people)
        if standing.state.is_open and (people is None or standing.missing):
            if people is None:  # nobody can be believed to be who they are: nothing begins
                return Pause(until=min(self._asking.soon(), request.expires_at), for_people=True)
            return await self._asking.attend(job, request, standing, events)
        if standing.state is State.CONSUMED:
            await self._used_up(job)
            return None
        if not standing.state.is_open:
            await self._refusing.refuse(job, standing.sentence, Why(standing.state.value))
            await self._asking.ended(job, request, standing, standing.sentence)
            return None
        verdict, plan = await self._verdict(job, request)
        if plan is not None and verdict.may_run:
            await self._executing.begin(job, plan, request)
            await self._show(request)
            return None
        if verdict.reason in _STILL_OPEN:
            return Pause(until=self._asking.soon(), for_people=True)
        if verdict.reason is Why.ALREADY_BEGUN:
            await self._used_up(job)
            return None
        await self._refusing.refuse(job, verdict.sentence, verdict.reason)
        await self._asking.ended(job, request, standing, verdict.sentence)
        return None

    async def _people(self, events: Iterable[Event]) -> People | None:
        """Who decided, as they are at this moment; None where Slack does not tell."""
        ids = {event.reviewer.id for event in events if isinstance(event, Reviewed)}
        try:
            return await self._outside.directory.people(ids, afresh=True) if ids else {}
        except ChatError:
            return None

    async def _verdict(self, job: Job, request: Request) -> tuple[Verdict, Plan | None]:
        """Everything that was checked when people decided, once more and from scratch."""
        outside = self._outside
        try:
            plan = await self._planning.of(job)
        except ActionRefused as refused:
            sentence = f"It cannot be planned any more: {refused.detail}"
            return Verdict(reason=Why.PLAN_CHANGED, sentence=sentence), None
        seen = await self._checks.precheck(job)
        events = tuple(await outside.approvals.events(request.id))
        ruling = await self._planning.ruling(job, plan)
        verdict = may_execute(
            request,
            events,
            plan_now=plan,
            runbook_digest_now=job.turn.runbook.digest,
            people=await self._people(events) or {},
            switches=await outside.switching.all(),
            precheck=seen.precheck,
            ruling=ruling,
            now=outside.clock.now(),
        )
        if verdict.reason in (Why.PRECHECK_FAILS, Why.PRECHECK_UNKNOWN):
            verdict = replace(verdict, sentence=f"{verdict.sentence} {seen.sentence}")
        return verdict, plan

    async def _unposted(self, job: Job, request: Request, events: tuple[Event, ...]) -> Pause | None:
        """Slack does not take the request: it expires all the same."""
        standing = await self._asking.standing(request, events)
        if standing.state.is_open:
            return Pause(until=min(self._asking.soon(), request.expires_at), for_people=True)
        await self._refusing.refuse(job, f"It could not be put before people. {standing.sentence}", Why.NOT_POSTED)
        await self._asking.ended(job, request, standing, standing.sentence)
        return None

    async def _used_up(self, job: Job) -> None:
        """Another process began it: it is read again. Where nobody wrote so, nobody knows what happened."""
        step, again = job.record, await self._outside.runs.step(job.key)
        if step is not None and again is not None and again.version == step.version:
            sentence = "Its approval was used up, and nobody wrote down what for: it may have happened."
            lost = replace(step, state=StepState.UNKNOWN, ending=Ending.UNKNOWN, summary=sentence)
            await self._keeping.step(step, lost, (notes.finished(job.turn.run, lost, self._outside.clock.now()),))

    async def _show(self, request: Request) -> None:
        events = tuple(await self._outside.approvals.events(request.id))
        await self._telling.request(request, await self._asking.standing(request, events))
