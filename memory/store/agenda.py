"""What still has to be done about incidents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select, update

from memory.store.database import Database
from memory.store.schema import incidents

# Made once: they are asked after each batch of triage.
_IN_ORDER = select(incidents.c.id).order_by(incidents.c.number)
# One that goes on in another is not briefed any more; its card says so where it has one.
_UNBRIEFED = _IN_ORDER.where(incidents.c.briefed_at.is_(None), incidents.c.merged_into.is_(None))
_OUTDATED = _IN_ORDER.where(incidents.c.shown_revision < incidents.c.revision, incidents.c.briefed_at.is_not(None))


class StoredAgenda:
    """The `Agenda` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def unbriefed(self) -> Sequence[str]:
        return await self._ids(_UNBRIEFED)

    async def outdated(self) -> Sequence[str]:
        return await self._ids(_OUTDATED)

    async def shown(self, incident_id: str, revision: int) -> None:
        older = (incidents.c.id == incident_id, incidents.c.shown_revision < revision)
        change = update(incidents).where(*older).values(shown_revision=revision)
        await self._database.writer.write(lambda connection: connection.execute(change).rowcount)

    async def _ids(self, wanted: Select[Any]) -> Sequence[str]:
        return await self._database.read(lambda connection: tuple(connection.execute(wanted).scalars()))
