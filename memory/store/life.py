"""What belongs to an incident's life: one table for each kind of record, one class over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, delete, select, update

from bot.domain.life import Announcement, Cadence, Draft, FollowUp, Handoff, Holding, StatusUpdate, Tie, Watch
from bot.domain.ports.kept import Keepable
from memory.store.alone import alone
from memory.store.database import Database
from memory.store.life_codec import decode, encode
from memory.store.life_schema import (
    LIFE_TABLES,
    announcements,
    cadences,
    follow_ups,
    handoffs,
    incident_ties,
    postmortem_drafts,
    role_holdings,
    status_updates,
    watches,
)
from memory.store.upsert import add

T = TypeVar("T", bound=Keepable)


class StoredKept(Generic[T]):
    """The `Kept` port over one table."""

    def __init__(self, database: Database, table: Table, kind: type[T]) -> None:
        self._database = database
        self._table = table
        self._kind = kind

    async def add(self, one: T) -> bool:
        values = {"record_id": one.id, "incident_id": one.incident, **_values(one)}
        return await alone(self._database, lambda connection: add(connection, self._table, values))

    async def put(self, one: T) -> T | None:
        kept = replace(one, version=one.version + 1)  # type: ignore[type-var]  # all records are dataclasses
        as_read = (self._table.c.record_id == one.id, self._table.c.version == one.version)
        change = update(self._table).where(*as_read).values(**_values(kept))
        is_mine = await alone(self._database, lambda connection: connection.execute(change).rowcount == 1)
        return kept if is_mine else None

    async def get(self, id: str) -> T | None:
        return next(iter(await self._read(self._table.c.record_id == id)), None)

    async def of_incident(self, incident_id: str) -> Sequence[T]:
        return await self._read(self._table.c.incident_id == incident_id)

    async def in_state(self, *states: str) -> Sequence[T]:
        return await self._read(self._table.c.state.in_(states))

    async def due(self, by: datetime, limit: int = 100) -> Sequence[T]:
        return await self._read(self._table.c.due_at <= by, first=(self._table.c.due_at,), limit=limit)

    async def _read(
        self, where: ColumnElement[bool], *, first: tuple[ColumnElement[Any], ...] = (), limit: int | None = None
    ) -> Sequence[T]:
        wanted = select(self._table.c.body).where(where).order_by(*first, self._table.c.id).limit(limit)
        bodies = await self._database.read(lambda connection: connection.execute(wanted).scalars().all())
        return tuple(decode(self._kind, body) for body in bodies)


class StoredLife:
    """The `Life` port."""

    def __init__(self, database: Database) -> None:
        self.roles = StoredKept(database, role_holdings, Holding)
        self.handoffs = StoredKept(database, handoffs, Handoff)
        self.updates = StoredKept(database, status_updates, StatusUpdate)
        self.cadences = StoredKept(database, cadences, Cadence)
        self.announcements = StoredKept(database, announcements, Announcement)
        self.follow_ups = StoredKept(database, follow_ups, FollowUp)
        self.drafts = StoredKept(database, postmortem_drafts, Draft)
        self.watches = StoredKept(database, watches, Watch)
        self.ties = StoredKept(database, incident_ties, Tie)


def forget_life(connection: Connection, incident_id: str) -> int:
    """With the ties of others to it. How many rows."""
    to_it = incident_ties.c.record_id.endswith(f">{incident_id}", autoescape=True)
    removed = connection.execute(delete(incident_ties).where(to_it)).rowcount
    for table in LIFE_TABLES:
        removed += connection.execute(delete(table).where(table.c.incident_id == incident_id)).rowcount
    return removed


def _values(one: Keepable) -> Mapping[str, Any]:
    return {"state": one.state, "due_at": one.due, "version": one.version, "body": encode(one)}
