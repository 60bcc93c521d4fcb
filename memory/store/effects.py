"""Intent and result of outside effects."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from bot.domain.ports import Effect
from memory.store.database import Database
from memory.store.schema import effects
from memory.store.upsert import add, put

_RESULT = select(effects.c.result).where(effects.c.key == bindparam("wanted"))


class StoredEffects:
    """The `Effects` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, key: str) -> Effect:
        return await self._database.writer.write(lambda connection: _begin(connection, key))

    async def finish(self, key: str, result: str) -> None:
        def save(connection: Connection) -> None:
            put(connection, effects, {"key": key, "result": result}, key=("key",))

        await self._database.writer.write(save)


def _begin(connection: Connection, key: str) -> Effect:
    if add(connection, effects, {"key": key, "result": None}):
        return Effect(begun=False, result=None)
    result = connection.execute(_RESULT, {"wanted": key}).scalar()
    return Effect(begun=True, result=result)
