"""What happened to an incident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, select, update

from bot.domain.ports import Acceptance, TimelineEvent
from bot.domain.ports.acting import Line
from memory.store.database import Database
from memory.store.schema import incidents, timeline
from memory.store.upsert import add, add_all


class StoredTimeline:
    """The `Timeline` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, event: TimelineEvent, *, key: str) -> Acceptance:
        is_new = await self._database.writer.write(lambda connection: add_event(connection, event, key=key))
        return Acceptance.STORED if is_new else Acceptance.REPEAT

    async def remove(self, key: str) -> None:
        gone = delete(timeline).where(timeline.c.key == key)
        await self._database.writer.write(lambda connection: connection.execute(gone).rowcount)

    async def change(self, key: str, text: str) -> None:
        new = update(timeline).where(timeline.c.key == key).values(text=text)
        await self._database.writer.write(lambda connection: connection.execute(new).rowcount)

    async def of(self, incident_id: str) -> Sequence[TimelineEvent]:
        order = (timeline.c.happened_at, timeline.c.id)
        wanted = select(timeline).where(timeline.c.incident_id == incident_id).order_by(*order)
        found = await self._database.read(lambda connection: connection.execute(wanted).all())
        return tuple(
            TimelineEvent(
                incident_id=row.incident_id,
                at=row.happened_at,
                kind=row.kind,
                text=row.text,
                actor=row.actor,
                link=row.link,
            )
            for row in found
        )


def add_event(connection: Connection, event: TimelineEvent, *, key: str) -> bool:
    """Whether it is new."""
    return add(connection, timeline, _values(event, key))


def add_events(connection: Connection, events: Sequence[tuple[str, TimelineEvent]]) -> None:
    """Each with its key; those that are there already change nothing."""
    add_all(connection, timeline, [_values(event, key) for key, event in events])


def write_lines(connection: Connection, lines: Sequence[Line]) -> None:
    """Within the transaction of what they tell of; nothing of an incident that was forgotten."""
    if not lines:
        return
    told_of = {line.event.incident_id for line in lines}
    known = set(connection.execute(select(incidents.c.id).where(incidents.c.id.in_(told_of))).scalars())
    add_events(connection, [(line.key, line.event) for line in lines if line.event.incident_id in known])


def _values(event: TimelineEvent, key: str) -> Mapping[str, Any]:
    return {
        "key": key,
        "incident_id": event.incident_id,
        "happened_at": event.at,
        "kind": event.kind,
        "text": event.text,
        "actor": event.actor,
        "link": event.link,
    }
