"""Requests for approval, and what happened to each. Nothing of it is ever changed; events are added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, select, update

from bot.domain.approval import Event, Message, People, Posted, Request, Reviewed, Started, State, state
from bot.domain.errors import NotStored
from bot.domain.ports.acting import AuditNote, Line
from memory.store.acting_codec import decode, decode_event, encode, kind_of
from memory.store.acting_schema import approval_events, approval_requests
from memory.store.alone import Overtaken, alone
from memory.store.audit_log import write_notes
from memory.store.database import Database
from memory.store.timeline import write_lines
from memory.store.upsert import add


class StoredApprovals:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, request: Request, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()) -> bool:
        """False where there is one of that id: nothing was written. Raises NotStored."""
        values = {
            "request_id": request.id,
            "incident_id": request.incident,
            "is_open": True,
            "body": _with_digest(request),
        }

        def write(connection: Connection) -> bool:
            if not add(connection, approval_requests, values):
                return False
            write_notes(connection, notes)
            write_lines(connection, lines)
            return True

        return await alone(self._database, write)

    async def get(self, request_id: str) -> Request | None:
        return next(iter(await self._requests(approval_requests.c.request_id == request_id)), None)

    async def events(self, request_id: str) -> Sequence[Event]:
        """In the order in which they arrived."""
        return await self._database.read(lambda connection: _events(connection, request_id))

    async def record(
        self, request_id: str, event: Event, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()
    ) -> bool:
        """False where an event of that id is known, or it was claimed before: nothing was written, nor the notes and
        lines.
        Raises NotStored, also where there is no such request.
        """

        def write(connection: Connection) -> bool:
            request = _request(connection, request_id)
            if not _add(connection, request, event):
                return False
            write_notes(connection, notes)
            write_lines(connection, lines)
            return True

        return await alone(self._database, write)

    async def at(self, message: Message) -> Request | None:
        """The request that was posted as this message."""
        there = (approval_events.c.channel == message.channel, approval_events.c.ts == message.ts)
        posted = select(approval_events.c.request_id).where(*there)
        return next(iter(await self._requests(approval_requests.c.request_id.in_(posted))), None)

    async def open_requests(self) -> Sequence[Request]:
        """Those that were neither begun nor ended by an event that is kept, the oldest first."""
        return await self._requests(approval_requests.c.is_open)

    async def _requests(self, where: ColumnElement[bool]) -> Sequence[Request]:
        wanted = select(approval_requests.c.body).where(where).order_by(approval_requests.c.id)
        bodies = await self._database.read(lambda connection: connection.execute(wanted).scalars().all())
        return tuple(decode(Request, body) for body in bodies)


def claim(connection: Connection, request_id: str, started: Started) -> None:
    """Within the transaction that starts the step. Raises Overtaken where the request is not approved at this very
    moment: what was taken back, denied or ended since it was looked at last still counts.

    Reviewers count as who they were when they said it; who they are now, the caller has asked before.
    """
    request = _request(connection, request_id)
    told = _events(connection, request_id)
    people: People = {event.reviewer.id: event.reviewer for event in told if isinstance(event, Reviewed)}
    if state(request, told, started.at, people).state is not State.APPROVED:
        raise Overtaken
    if not _add(connection, request, started):
        raise Overtaken


def forget_approvals(connection: Connection, incident_id: str) -> int:
    """How many rows."""
    mine = select(approval_requests.c.request_id).where(approval_requests.c.incident_id == incident_id)
    removed = connection.execute(delete(approval_events).where(approval_events.c.request_id.in_(mine))).rowcount
    of_it = delete(approval_requests).where(approval_requests.c.incident_id == incident_id)
    return removed + connection.execute(of_it).rowcount


def _with_digest(request: Request) -> str:
    """As JSON. Raises NotStored where it has no digest: nobody could approve it."""
    body = encode(request)
    try:
        same = decode(Request, body).digest == request.digest
    except (ValueError, TypeError) as error:
        raise NotStored(f"request {request.id} has no digest: {error}") from error
    if not same:
        raise NotStored(f"request {request.id} would be another one once it is kept")
    return body


# --- within a transaction that nothing else of it runs beside --------------------------------------------------------


def _request(connection: Connection, request_id: str) -> Request:
    wanted = select(approval_requests.c.body).where(approval_requests.c.request_id == request_id)
    body = connection.execute(wanted).scalar()
    if body is None:
        raise NotStored(f"there is no request {request_id}")
    return decode(Request, body)


def _events(connection: Connection, request_id: str) -> Sequence[Event]:
    mine = approval_events.c.request_id == request_id
    wanted = select(approval_events.c.kind, approval_events.c.body).where(mine).order_by(approval_events.c.id)
    return tuple(decode_event(row.kind, row.body) for row in connection.execute(wanted))


def _add(connection: Connection, request: Request, event: Event) -> bool:
    """Whether it is new; at most one that claims it."""
    if not add(connection, approval_events, _values(request.id, event)):
        return False
    mine = approval_requests.c.request_id == request.id
    known = update(approval_requests).where(mine).values(is_open=_is_open(request, _events(connection, request.id)))
    connection.execute(known)
    return True


def _is_open(request: Request, events: Sequence[Event]) -> bool:
    """By its events alone: at the moment of the request its time was not over. Who may approve does not end it."""
    return state(request, events, request.created_at, {}).state.is_open


def _values(request_id: str, event: Event) -> Mapping[str, Any]:
    message = event.message if isinstance(event, Posted) else None
    return {
        "request_id": request_id,
        "event_id": event.id,
        "kind": kind_of(event),
        "channel": message.channel if message else None,
        "ts": message.ts if message else None,
        "body": encode(event),
    }
