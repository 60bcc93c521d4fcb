"""What still has to be done about incidents."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, update

from memory.store.database import Database
from memory.store.schema import incidents


class StoredAgenda:
    """The `Agenda` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def unbriefed(self) -> Sequence[str]:
        return await self._ids(incidents.c.briefed_at.is_(None))

    async def outdated(self) -> Sequence[str]:
        is_old = incidents.c.shown_revision < incidents.c.revision
        return await self._ids(is_old, incidents.c.briefed_at.is_not(None))

    async def shown(self, incident_id: str, revision: int) -> None:
        older = (incidents.c.id == incident_id, incidents.c.shown_revision < revision)
        change = update(incidents).where(*older).values(shown_revision=revision)
        await self._database.writer.write(lambda connection: connection.execute(change).rowcount)

    async def _ids(self, *where: ColumnElement[bool]) -> Sequence[str]:
        wanted = select(incidents.c.id).where(*where).order_by(incidents.c.number)
        return await self._database.read(lambda connection: tuple(connection.execute(wanted).scalars()))
