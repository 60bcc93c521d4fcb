"""Asks people whether a step may be done, and looks after the request until it is decided."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.action import ActionRefused
from bot.domain.approval import (
    Escalated,
    EscalationReason,
    Event,
    Expired,
    People,
    Posted,
    Reminded,
    Request,
    RequestWithdrawn,
    Reviewed,
    Standing,
    State,
    escalation,
    next_reminder,
    state,
)
from bot.domain.audit import AuditKind
from bot.domain.errors import ChatError
from bot.domain.evidence import ChangeFact, Evidence, MetricFact, OnsetFact
from bot.domain.plaintext import plain
from bot.domain.policy import Ruling
from bot.domain.redact import redact
from bot.domain.run import StepRun
from bot.flows.acting import notes
from bot.flows.acting.keeping import Keeping
from bot.flows.acting.lines import line
from bot.flows.acting.outside import Outside
from bot.flows.acting.telling import SLACK_LIMIT, Telling
from bot.flows.acting.turn import Job, Pause

AGAIN_AFTER = timedelta(seconds=5)  # what Slack did not take is tried again
REASON_LIMIT = 500  # characters
MOST_EVIDENCE = 5  # that a request names: what the alert is about, and what changed before it


class Asking:
    def __init__(self, outside: Outside, keeping: Keeping, telling: Telling) -> None:
        self._outside, self._keeping, self._telling = outside, keeping, telling

    def soon(self) -> datetime:
        """When what Slack did not take is tried again."""
        return self._outside.clock.now() + AGAIN_AFTER

    # --- the request -------------------------------------------------------------------------------------------------

    async def open(self, job: Job, step: StepRun, ruling: Ruling) -> None:
        """`step` waits, and holds the plan and the request's id. A second time it changes nothing."""
        assert step.plan is not None
        now, turn, run = self._outside.clock.now(), job.turn, job.turn.run
        request = Request(
            id=step.request,
            incident=turn.incident.id,
            run=run.id,
            step=step.key.step,
            runbook=run.runbook,
            runbook_digest=run.runbook_digest,
            plan=step.plan,
            plan_digest=step.plan.digest,
            requester=run.requester,
            author=run.author,
            reason=plain(redact(run.reason), REASON_LIMIT),
            evidence=await self._evidence(turn.incident.id),
            needed=ruling.needed,
            groups=ruling.approvers,
            requester_may_approve=ruling.requester_may_approve,
            severity=turn.incident.severity,
            service=turn.incident.service,
            created_at=now,
            expires_at=now + ruling.expires_after,
            nonce=self._outside.new_id(),
            policy_version=ruling.policy_version,
        )
        note = notes.note(
            AuditKind.REQUESTED,
            now,
            incident=request.incident,
            subject=request.id,
            who=request.requester,
            step=step.key.text,
            request_digest=request.digest,
            plan_digest=request.plan_digest,
            needed=request.needed,
            groups=request.groups,
            expires_at=request.expires_at.isoformat(),
            ruling=ruling.sentence,
            policy=request.policy_version,
        )
        text = f"Asked for approval: {job.title}"
        told = line(request.incident, now, text, key=f"{request.id}:asked", actor=run.requester)
        await self._keeping.request(request, (note,), (told,))

    async def _evidence(self, incident: str) -> tuple[str, ...]:
        if self._outside.briefings is None:
            return ()
        findings = await self._outside.briefings.findings(incident) or ()
        found = [item for finding in findings for item in finding.evidence if item.id]
        return tuple(item.id for item in found if _tells_why(item))[:MOST_EVIDENCE]

    async def posted(self, job: Job, request: Request, preview: str, rollback: str) -> bool:
        """Puts it before people, once. False where Slack does not take it now."""
        try:
            async with asyncio.timeout(SLACK_LIMIT):
                message = await self._outside.board.ask(request, job.turn.incident, preview, rollback)
        except (ChatError, TimeoutError):
            return False
        event = Posted(
            id=f"{request.id}:posted", at=self._outside.clock.now(), message=message, request_digest=request.digest
        )
        await self._keeping.event(request.id, event)
        return True

    # --- while it waits ----------------------------------------------------------------------------------------------

    async def attend(self, job: Job, request: Request, standing: Standing, events: tuple[Event, ...]) -> Pause:
        """Reminds people, or calls the next one; until when nothing is due."""
        now, policy = self._outside.clock.now(), self._outside.policy()
        due = [request.expires_at]
        reminder = next_reminder(request, standing, events, now, policy.approving.remind_before)
        if reminder is not None and reminder.at <= now:
            key = f"{request.id}:reminded:{reminder.at.isoformat()}"
            if await self._telling.say(request, reminder.sentence, key=key):
                await self._keeping.event(request.id, Reminded(id=key, at=now))
            due.append(now + AGAIN_AFTER)
        elif reminder is not None:
            due.append(reminder.at)
        due += await self._escalated(job, request, standing, events, now)
        return Pause(until=min(due), for_people=True)

    async def _escalated(
        self, job: Job, request: Request, standing: Standing, events: tuple[Event, ...], now: datetime
    ) -> list[datetime]:
        found = escalation(request, standing, events, now, self._outside.policy().escalating)
        if found.reason is EscalationReason.NOT_YET and found.at:
            return [found.at]
        if found.reason is not EscalationReason.DUE:
            return []
        key = f"{request.id}:escalated"
        called, sentence = await self._page(job, found.sentence, key)
        event = Escalated(id=key, at=now, to=called)
        note = notes.note(
            AuditKind.ESCALATED, now, incident=request.incident, subject=request.id, to=called, sentence=sentence
        )
        await self._keeping.event(request.id, event, (note,), (line(request.incident, now, sentence, key=key),))
        await self._telling.say(request, sentence, key=key)
        return [now + AGAIN_AFTER]

    async def _page(self, job: Job, sentence: str, key: str) -> tuple[str, str]:
        if self._outside.pager is None:
            return "", f"{sentence} Nobody can be paged from here: call the next person on call."
        try:
            called = await self._outside.pager.page(job.turn.incident, sentence, key=key)
        except ActionRefused as refused:
            return "", f"{sentence} Nobody could be paged: {refused.detail}"
        return called, f"{sentence} {called} was called."

    # --- when it is over ---------------------------------------------------------------------------------------------

    async def ended(self, job: Job, request: Request, standing: Standing, sentence: str) -> None:
        """It will not be done: so that it is, nothing is open any more, and its buttons go away."""
        now = self._outside.clock.now()
        if standing.state is State.EXPIRED:
            event: Event = Expired(id=f"{request.id}:expired", at=now)
            note = notes.note(AuditKind.EXPIRED, now, incident=request.incident, subject=request.id, sentence=sentence)
            await self._keeping.event(request.id, event, (note,))
        elif standing.state.is_open:
            person = job.turn.run.cancelled_by
            event = RequestWithdrawn(id=f"{request.id}:ended", at=now, person=person)
            note = notes.note(
                AuditKind.REQUEST_WITHDRAWN, now, incident=request.incident, subject=request.id, who=person,
                sentence=sentence,
            )  # fmt: skip
            await self._keeping.event(request.id, event, (note,))
            standing = replace(standing, state=State.WITHDRAWN, by=person, at=now)
        await self._telling.request(request, standing, sentence)

    async def standing(self, request: Request, events: tuple[Event, ...], people: People | None = None) -> Standing:
        """Without `people`, who approved is taken as they were then: enough to show, never to act on."""
        then = {event.reviewer.id: event.reviewer for event in events if isinstance(event, Reviewed)}
        return state(request, events, self._outside.clock.now(), then if people is None else people)


def _tells_why(item: Evidence) -> bool:
    fact = item.fact
    return isinstance(fact, ChangeFact | OnsetFact) or (isinstance(fact, MetricFact) and fact.is_trigger)
