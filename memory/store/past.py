"""Past incidents: the record. The index of vectors is made from it and can be thrown away."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from memory.store.database import Database
from memory.store.schema import past_incidents
from memory.store.upsert import put


@dataclass(frozen=True, kw_only=True)
class PastIncident:
    """What happened once, why, and what fixed it."""

    id: str
    title: str
    service: str | None
    started_at: datetime
    minutes: int | None  # from onset to resolution
    cause: str
    cause_kind: str  # a `CauseKind` value, or "" where it was never settled
    fix: str
    symptoms: str = ""
    link: str | None = None

    @property
    def text(self) -> str:
        """What a vector is made of."""
        parts = (self.title, self.service or "", self.symptoms, self.cause, self.fix)
        return "\n".join(part for part in parts if part)

    @property
    def digest(self) -> str:
        """Of the text."""
        return hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()


class PastIncidents:
    """The table of past incidents and their vectors."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, incidents: Sequence[PastIncident]) -> None:
        """Adds and replaces by id; a vector stays while the text does."""

        def write(connection: Connection) -> None:
            for incident in incidents:
                _save(connection, incident)

        await self._database.writer.write(write)

    async def all(self) -> Sequence[PastIncident]:
        """Newest first."""
        wanted = select(past_incidents).order_by(past_incidents.c.started_at.desc(), past_incidents.c.id)
        found = await self._database.read(lambda connection: connection.execute(wanted).all())
        return tuple(_incident(row) for row in found)

    async def vectors(self, embedder: str) -> Mapping[str, bytes]:
        """Those that this embedder made, by incident id."""
        table = past_incidents
        wanted = select(table.c.id, table.c.vector).where(table.c.embedder == embedder, table.c.vector.is_not(None))
        found = await self._database.read(lambda connection: connection.execute(wanted).all())
        return {row.id: row.vector for row in found}

    async def save_vectors(self, embedder: str, vectors: Mapping[str, bytes], digests: Mapping[str, str]) -> None:
        """A vector whose text has changed meanwhile (its digest tells) is dropped. Ids in both mappings."""
        table = past_incidents

        def write(connection: Connection) -> None:
            for name, vector in vectors.items():
                same = (table.c.id == name, table.c.digest == digests[name])
                connection.execute(update(table).where(*same).values(embedder=embedder, vector=vector))

        await self._database.writer.write(write)


def _save(connection: Connection, incident: PastIncident) -> None:
    table = past_incidents
    values = {
        "title": incident.title,
        "service": incident.service,
        "started_at": incident.started_at,
        "minutes": incident.minutes,
        "cause": incident.cause,
        "cause_kind": incident.cause_kind,
        "fix": incident.fix,
        "symptoms": incident.symptoms,
        "link": incident.link,
        "digest": incident.digest,
    }
    changed = update(table).where(table.c.id == incident.id, table.c.digest != incident.digest)
    connection.execute(changed.values(vector=None, embedder=None))
    put(connection, table, {"id": incident.id, **values}, key=("id",))


def _incident(row: Row[Any]) -> PastIncident:
    return PastIncident(
        id=row.id,
        title=row.title,
        service=row.service,
        started_at=row.started_at,
        minutes=row.minutes,
        cause=row.cause,
        cause_kind=row.cause_kind,
        fix=row.fix,
        symptoms=row.symptoms,
        link=row.link,
    )
