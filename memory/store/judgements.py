"""What people say of a record, and what was imported from where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from bot.domain.remembered import RecordKind
from memory.store.database import Database
from memory.store.schema import feedback, imported
from memory.store.upsert import put, put_all


@dataclass(frozen=True, kw_only=True)
class Import:
    """One thing that came from elsewhere. `digest` tells whether it has changed there since."""

    source: str  # "folder:postmortems", "pagerduty", "github:shop/incidents"
    key: str  # the source's own id of it
    digest: str
    record: str  # the id it has here
    at: datetime


class Feedback:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def say(self, kind: RecordKind, owner: str, person: str, *, helped: bool, at: datetime) -> bool | None:
        """What that person had said before, None for nothing: a second click of the same kind counts no more."""
        table = feedback
        mine = (table.c.kind == kind.value, table.c.owner == owner, table.c.person == person)
        values = {"kind": kind.value, "owner": owner, "person": person, "helped": helped, "at": at}

        def write(connection: Connection) -> bool | None:
            before = connection.execute(select(table.c.helped).where(*mine)).scalar()
            put(connection, table, values, key=("kind", "owner", "person"))
            return None if before is None else bool(before)

        return await self._database.writer.write(write)

    async def counts(self, kind: RecordKind, owner: str) -> tuple[int, int]:
        """How many it helped, how many it did not."""
        wanted = select(feedback.c.helped).where(feedback.c.kind == kind.value, feedback.c.owner == owner)
        said = await self._database.read(lambda connection: connection.execute(wanted).scalars().all())
        return sum(said), len(said) - sum(said)


class Imports:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, source: str) -> Mapping[str, str]:
        """Digests by the source's keys."""
        wanted = select(imported.c.key, imported.c.digest).where(imported.c.source == source)
        found = await self._database.read(lambda connection: connection.execute(wanted).all())
        return {row.key: row.digest for row in found}

    async def save(self, imports: Sequence[Import]) -> None:
        await self._database.writer.write(lambda connection: self.put(connection, imports))

    def put(self, connection: Connection, imports: Sequence[Import]) -> None:
        """Within a transaction."""
        rows = [
            {"source": one.source, "key": one.key, "digest": one.digest, "record": one.record, "at": one.at}
            for one in imports
        ]
        put_all(connection, imported, rows, key=("source", "key"))
