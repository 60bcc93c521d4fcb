"""What people decide about requests for approval, on the timeline: who, when, and with which of Slack's ways."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.approval import ApprovalWithdrawn, Decision, Event, Message, Request, RequestWithdrawn, Reviewed
from bot.domain.plaintext import plain
from bot.domain.ports import TimelineEvent
from bot.domain.ports.acting import Approvals, AuditNote, Line
from bot.domain.redact import redact

TARGET_LIMIT = 160  # characters of what was decided about
REACTION = "Ev"  # Slack's ids of events begin so; those of buttons are made from what was pressed


class ToldApprovals:
    """`Approvals`, as kept by another, that tells the timeline of each decision: in the same transaction."""

    def __init__(self, kept: Approvals) -> None:
        self._kept = kept

    async def open(self, request: Request, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()) -> bool:
        return await self._kept.open(request, notes, lines)

    async def get(self, request_id: str) -> Request | None:
        return await self._kept.get(request_id)

    async def events(self, request_id: str) -> Sequence[Event]:
        return await self._kept.events(request_id)

    async def record(
        self, request_id: str, event: Event, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()
    ) -> bool:
        request = await self._kept.get(request_id) if any(worded(event)) else None
        told = (_line(request, event),) if request is not None else ()
        return await self._kept.record(request_id, event, notes, (*lines, *told))

    async def at(self, message: Message) -> Request | None:
        return await self._kept.at(message)

    async def open_requests(self) -> Sequence[Request]:
        return await self._kept.open_requests()


def _line(request: Request, event: Event) -> Line:
    what, who = worded(event)
    text = f"{what}: {plain(redact(' '.join(request.plan.lines)), TARGET_LIMIT)} on {plain(request.plan.target, 80)}"
    told = TimelineEvent(incident_id=request.incident, at=event.at, kind="action", text=text, actor=who)
    return Line(key=f"review:{event.id}:{request.id}", event=told)


def worded(event: Event) -> tuple[str, str]:
    """What was decided, and by whom; both empty for what no person decided."""
    match event:
        case Reviewed():
            what = "Approved" if event.decision is Decision.APPROVE else "Denied"
            return f"{what} by {'a reaction' if event.id.startswith(REACTION) else 'a button'}", event.reviewer.id
        case ApprovalWithdrawn():
            return "Approval taken back", event.person
        case RequestWithdrawn() if event.person:
            return "Request taken back", event.person
    return "", ""
