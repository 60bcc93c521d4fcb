"""What people say to a request: recorded with who they are at that moment. Implements `ApprovalDesk`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.domain.approval import (
    ApprovalWithdrawn,
    Decision,
    Event,
    Message,
    MessageDeleted,
    MessageEdited,
    Person,
    PersonKind,
    Posted,
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
from bot.domain.approval.standing import CLOCK_TOLERANCE
from bot.domain.audit import AuditKind
from bot.domain.errors import ChatError
from bot.domain.ports import Clock
from bot.domain.ports.acting import Approvals, AuditNote, Directory, RunBoard

log = logging.getLogger(__name__)
PATIENCE = timedelta(seconds=30)  # for a request to be noted; all events behind the one that waits wait with it


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
        self._waits: dict[str, datetime] = {}  # events that came before their request was noted: since when

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
        request = await self._at(message, id)
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
        request = await self._at(message, id)
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

    # --- which request -----------------------------------------------------------------------------------------------

    async def _at(self, message: Message, id: str) -> Request | None:
        """Raises ChatError, to be tried again, where the message may be one that was posted a moment ago, and is not
        written down yet: people, and Slack after a crash, may be faster than that.
        """
        request = await self._approvals.at(message)
        if request is None and await self._may_be_noted_soon(message, id):
            raise ChatError("request_not_noted_yet", "a request is being posted", is_final=False)
        request = request or await self._approvals.at(message)  # it may have been noted while it was looked for
        self._waits.pop(id, None)
        return request

    async def _may_be_noted_soon(self, message: Message, id: str) -> bool:
        now = self._clock.now()
        if now - self._waits.get(id, now) > PATIENCE:
            return False
        for request in await self._approvals.open_requests():
            is_older = request.created_at - CLOCK_TOLERANCE <= _moment(message)
            if is_older and not any(isinstance(e, Posted) for e in await self._approvals.events(request.id)):
                self._waits.setdefault(id, now)
                return True
        return False

    # --- what is written ---------------------------------------------------------------------------------------------

    async def _over(self, message: Message, event: Event, why: str) -> bool:
        request = await self._at(message, event.id)
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


def _moment(message: Message) -> datetime:
    """When it was posted, as its id says; a long time ago where that says nothing."""
    try:
        return datetime.fromtimestamp(float(message.ts), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
