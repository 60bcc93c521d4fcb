"""Records of memory: one table each, with their passages; a number tells every process whether it is up to date."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Row, Table, bindparam, delete, func, select

from bot.domain.remembered import Passage, RecordKind
from memory.store.counters import next_number
from memory.store.database import Database
from memory.store.passages import drop_passages, put_passages
from memory.store.schema import counters
from memory.store.upsert import put

R = TypeVar("R")

COUNTER = "memory"  # of changes
AT_ONCE = 500  # ids in one statement; SQLite takes 32,766 parameters, PostgreSQL's driver 65,535


@dataclass(frozen=True, kw_only=True)
class Shape(Generic[R]):
    """How one kind of record is kept. The first column of `table` is its key, the second `seq`."""

    kind: RecordKind
    table: Table
    values: Callable[[R], Mapping[str, Any]]  # without key and `seq`
    key: Callable[[R], str]
    read: Callable[[Row[Any]], R]
    texts: Callable[[R], Sequence[str]]  # its passages, in order


class Records(Generic[R]):
    def __init__(self, database: Database, shape: Shape[R]) -> None:
        self._database = database
        self._shape = shape
        self._id = shape.table.c[0]

    async def save(self, records: Sequence[R]) -> int:
        """Adds and replaces by id. How many were new or different; the others change nothing. Raises NotStored."""
        return await self._database.writer.write(lambda connection: self.put(connection, records))

    async def by_id(self) -> Mapping[str, R]:
        found = await self._database.read(lambda connection: connection.execute(select(self._shape.table)).all())
        return {row[0]: self._shape.read(row) for row in found}

    async def versions(self) -> Mapping[str, int]:
        """The number of the last change of each, by id."""
        wanted = select(self._id, self._shape.table.c.seq)
        found = await self._database.read(lambda connection: connection.execute(wanted).all())
        return {row[0]: row[1] for row in found}

    async def get(self, ids: Collection[str]) -> Mapping[str, R]:
        """Those that are there."""

        def read(connection: Connection) -> dict[str, R]:
            wanted = select(self._shape.table).where(self._id.in_(bindparam("ids", expanding=True)))
            names, found = list(ids), {}
            for at in range(0, len(names), AT_ONCE):
                for row in connection.execute(wanted, {"ids": names[at : at + AT_ONCE]}):
                    found[row[0]] = self._shape.read(row)
            return found

        return await self._database.read(read)

    async def count(self) -> int:
        wanted = select(func.count()).select_from(self._shape.table)
        return int(await self._database.read(lambda connection: connection.execute(wanted).scalar_one()))

    async def remove(self, ids: Collection[str]) -> int:
        """How many there were. Their texts may still stand in free pages of the file: see `Store.forget`."""
        return await self._database.writer.write(lambda connection: self.take_out(connection, ids))

    # --- within a transaction ----------------------------------------------------------------------------------------

    def put(self, connection: Connection, records: Sequence[R]) -> int:
        changed = [record for record in records if self._differs(connection, record)]
        if not changed:
            return 0
        shape, seq = self._shape, next_number(connection, COUNTER)
        for record in changed:
            key = shape.key(record)
            put(connection, shape.table, {self._id.name: key, "seq": seq, **shape.values(record)}, key=(self._id.name,))
            texts = shape.texts(record)
            put_passages(
                connection,
                [Passage(kind=shape.kind, owner=key, position=n, text=text) for n, text in enumerate(texts)],
                kind=shape.kind,
                owner=key,
            )
        return len(changed)

    def take_out(self, connection: Connection, ids: Collection[str]) -> int:
        removed = 0
        for key in ids:
            removed += connection.execute(delete(self._shape.table).where(self._id == key)).rowcount
            drop_passages(connection, self._shape.kind, key)
        if removed:
            next_number(connection, COUNTER)
        return removed

    def _differs(self, connection: Connection, record: R) -> bool:
        found = connection.execute(select(self._shape.table).where(self._id == self._shape.key(record))).one_or_none()
        return found is None or self._shape.read(found) != record


async def mark_of(database: Database) -> int:
    """Grows with every change of any record; 0 where nothing was ever kept."""
    wanted = select(counters.c.value).where(counters.c.name == COUNTER)
    return int(await database.read(lambda connection: connection.execute(wanted).scalar()) or 0)
