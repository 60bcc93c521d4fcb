"""Transactions that come one after the other, also those of several processes.

On SQLite its write lock sees to that. On PostgreSQL a lock of the transaction does; who does not get it at once tries
again later and holds no other lock meanwhile, so that groups of writes of two processes never wait crosswise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from bot.domain.errors import NotStored
from memory.store.database import Database

T = TypeVar("T")

ACTING_LOCK = 7_202_613  # PostgreSQL only; any fixed number that nothing else of ours uses
TRIES, BETWEEN_TRIES = 400, 0.01  # seconds; the lock is held for the milliseconds of a commit


@dataclass(frozen=True)
class _Busy:
    """Another process has its turn at this moment."""


class Overtaken(Exception):
    """Raised by work that finds somebody else was faster: nothing of it is written."""


async def alone(database: Database, work: Callable[[Connection], T], *, lock: int = ACTING_LOCK) -> T:
    """All of `work` or nothing of it, while nothing else is written under this lock: by default of what is done in
    production. Raises NotStored, also where the database refuses a row, and what `work` raises.
    """
    for _ in range(TRIES):
        try:
            done = await database.writer.write(lambda connection: _locked(connection, work, lock))
        except DBAPIError as error:
            raise NotStored(f"the database refused it: {error.orig}") from error
        if not isinstance(done, _Busy):
            return done
        await asyncio.sleep(BETWEEN_TRIES)
    raise NotStored("what only one may write at a time was in use without a pause")


def _locked(connection: Connection, work: Callable[[Connection], T], lock: int) -> T | _Busy:
    if connection.dialect.name == "postgresql":
        mine = connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": lock})
        if not mine.scalar():
            return _Busy()
    return work(connection)
