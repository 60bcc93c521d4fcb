"""Notes about services: dated and attributed lines that people keep."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Row, delete, select, update

from bot.domain.remembered import Note
from memory.store.database import Database
from memory.store.schema import notes


class Notes:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, note: Note) -> Note:
        """With its number. Raises NotStored."""
        values = {"service": note.service, "text": note.text, "author": note.author, "at": note.at}

        def write(connection: Connection) -> Note:
            row = connection.execute(notes.insert().returning(*notes.c), values).one()
            return _note(row)

        return await self._database.writer.write(write)

    async def change(self, note: Note) -> bool:
        """Text and service of the note of this number. Whether it was there."""
        change = update(notes).where(notes.c.id == note.id).values(service=note.service, text=note.text)
        return await self._database.writer.write(lambda connection: connection.execute(change).rowcount > 0)

    async def of(self, service: str) -> Sequence[Note]:
        """Newest first."""
        wanted = select(notes).where(notes.c.service == service).order_by(notes.c.at.desc(), notes.c.id.desc())
        found = await self._database.read(lambda connection: connection.execute(wanted).all())
        return tuple(_note(row) for row in found)

    async def all(self) -> Sequence[Note]:
        """By service, oldest first."""
        wanted = select(notes).order_by(notes.c.service, notes.c.at, notes.c.id)
        found = await self._database.read(lambda connection: connection.execute(wanted).all())
        return tuple(_note(row) for row in found)

    async def remove(self, number: int) -> bool:
        """Whether it was there."""
        change = delete(notes).where(notes.c.id == number)
        return await self._database.writer.write(lambda connection: connection.execute(change).rowcount > 0)


def _note(row: Row[*tuple[object, ...]]) -> Note:
    return Note(id=row.id, service=row.service, text=row.text, author=row.author, at=row.at)
