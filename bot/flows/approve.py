"""What people say to a request: recorded with who they are at that moment. Implements `ApprovalDesk`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from bot.domain.approval import (
    ApprovalWithdrawn,
    Decision,
    Event,
    Message,
    MessageDeleted,
    MessageEdited,
    Person,
    PersonKind,
    Request,
    RequestWithdrawn,
    Reviewed,
    ReviewVerdict,
    TakingBack,
    may_deny,
    review,
    state,
    take_back,
)
from bot.domain.audit import AuditKind
from bot.domain.errors import ChatError
from bot.domain.ports import Clock
from bot.domain.ports.acting import Approvals, AuditNote, Directory, RunBoard

log = logging.getLogger(__name__)


class Approve:
    """Nothing is begun here: whoever carries the run on is woken, and checks everything once more."""

    def __init__(
        self,
        *,
        approvals: Approvals,
        directory: Directory,
        board: RunBoard,
        clock: Clock,
        wake: Callable[[str], None],
    ) -> None:
        """`wake`: is called with the id of the run."""
        self._approvals, self._directory, self._board = approvals, directory, board
        self._clock, self._wake = clock, wake

    async def decide(
        self,
        message: Message,
        person: str,
        decision: Decision,
        *,
        at: datetime,
        id: str,
        shown_digest: str | None = None,
    ) -> ReviewVerdict | None:
        request = await self._approvals.at(message)
        if request is None:
            return None
        events = [event for event in await self._approvals.events(request.id) if event.id != id]
        reviewers = {event.reviewer.id for event in events if isinstance(event, Reviewed)}
        people = await self._directory.people({person, *reviewers}, afresh=True)
        reviewer = people.get(person) or Person(id=person, kind=PersonKind.UNKNOWN)
        now = self._clock.now()
        standing = state(request, events, now, people)
        verdict = review(
            request, standing, reviewer, decision, message=message, at=at, now=now, shown_digest=shown_digest
        )
        if verdict.is_counted:
            event = Reviewed(
                id=id, at=at, reviewer=reviewer, decision=decision, message=message, request_digest=request.digest
            )
            note = self._note(
                AuditKind.REVIEWED, request, person, decision=decision.value, verdict=verdict.reason.value
            )
            await self._record(request, event, note)
        return verdict

    async def take_back(self, message: Message, person: str, *, at: datetime, id: str) -> TakingBack | None:
        request = await self._approvals.at(message)
        if request is None:
            return None
        events = [event for event in await self._approvals.events(request.id) if event.id != id]
        then = {event.reviewer.id: event.reviewer for event in events if isinstance(event, Reviewed)}
        found = take_back(state(request, events, self._clock.now(), then), person)
        # Also where none is known yet: what it takes back may come later.
        note = self._note(AuditKind.APPROVAL_WITHDRAWN, request, person, verdict=found.value)
        await self._record(request, ApprovalWithdrawn(id=id, at=at, person=person), note)
        return found

    async def edited(self, message: Message, *, at: datetime, id: str) -> bool:
        return await self._over(message, MessageEdited(id=id, at=at), "the message was edited")

    async def deleted(self, message: Message, *, at: datetime, id: str) -> bool:
        return await self._over(message, MessageDeleted(id=id, at=at), "the message was deleted")

    async def withdraw(self, request_id: str, person: str, *, at: datetime, id: str) -> str:
        request = await self._approvals.get(request_id)
        if request is None:
            return "There is no such request."
        people = await self._directory.people([person], afresh=True)
        if not may_deny(request, people.get(person) or Person(id=person, kind=PersonKind.UNKNOWN)):
            return "Only whoever asked, or who may approve it, can take the request back."
        standing = state(request, await self._approvals.events(request.id), self._clock.now(), people)
        if not standing.state.is_open:
            return standing.sentence
        note = self._note(AuditKind.REQUEST_WITHDRAWN, request, person)
        await self._record(request, RequestWithdrawn(id=id, at=at, person=person), note)
        return "The request is taken back: it will not be done."

    # --- what is written ---------------------------------------------------------------------------------------------

    async def _over(self, message: Message, event: Event, why: str) -> bool:
        request = await self._approvals.at(message)
        if request is None:
            return False
        await self._record(request, event, self._note(AuditKind.REQUEST_WITHDRAWN, request, "", why=why))
        return True

    async def _record(self, request: Request, event: Event, note: AuditNote) -> None:
        await self._approvals.record(request.id, event, (note,))
        self._wake(request.run)
        await self._show(request)

    async def _show(self, request: Request) -> None:
        """The decision is kept: where Slack does not show it now, whoever carries the run on does."""
        events = await self._approvals.events(request.id)
        then = {event.reviewer.id: event.reviewer for event in events if isinstance(event, Reviewed)}
        try:
            await self._board.show_request(request, state(request, events, self._clock.now(), then))
        except ChatError as error:
            log.warning("request %s is not up to date in Slack: %s", request.id, error)

    def _note(self, kind: AuditKind, request: Request, person: str, **details: str) -> AuditNote:
        return AuditNote(
            at=self._clock.now(), who=person, kind=kind, incident=request.incident, subject=request.id,
            details={"request_digest": request.digest, "run": request.run, "step": request.step, **details},
        )  # fmt: skip
