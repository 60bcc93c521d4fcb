"""SQLite, one connection for each step, on a thread. https://www.sqlite.org/c3ref/set_authorizer.html"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from integrations.descriptor import Threads
from integrations.sql.database import STATEMENT_SHARE, Changed, NothingDone, TooSlow, Uncertain, Values, said, too_many
from integrations.sql.rows import Rows, rows_of
from integrations.sql.statement import Statement

T = TypeVar("T")

_STEPS = 1000  # of its machine between two looks at the clock
_LOOKING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_CHANGING = {
    *_LOOKING, sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE, sqlite3.SQLITE_TRANSACTION,
}  # fmt: skip


class SQLite:
    """The `Backend` port."""

    def __init__(self, path: str, threads: Threads) -> None:
        self._path, self._threads = path, threads

    async def look(self, statement: Statement, values: Values, seconds: float) -> Rows:
        def work(stop: threading.Event) -> Rows:
            with self._opened("ro", _LOOKING, seconds, stop) as connection:
                cursor = connection.execute(statement.text, dict(values))
                return rows_of([column[0] for column in cursor.description or ()], cursor)

        return await self._run(work)

    async def count(self, statement: Statement, values: Values, seconds: float) -> str:
        return ""

    async def change(self, statement: Statement, values: Values, most: int, seconds: float) -> Changed:
        if statement.is_lasting:
            raise NothingDone("SQLite has no connections of others that could be ended.")

        def work(stop: threading.Event) -> Changed:
            with self._opened("rw", _CHANGING, seconds, stop) as connection:
                connection.execute("begin immediate")
                cursor = connection.execute(statement.text, dict(values))
                rows = rows_of([column[0] for column in cursor.description or ()], cursor)
                cursor.fetchall()
                if (count := max(0, cursor.rowcount)) > most:
                    raise too_many(count, most)
                if stop.is_set():
                    raise NothingDone("It was stopped before it was kept: nothing was changed.")
                connection.execute("commit")
                return Changed(count=count, rows=rows)

        return await self._run(work)

    async def _run(self, work: Callable[[threading.Event], T]) -> T:
        """Where its awaiter is gone it stops by itself."""
        stop = threading.Event()
        try:
            return await self._threads.run(lambda: work(stop))
        except asyncio.CancelledError:
            stop.set()
            raise

    @contextmanager
    def _opened(
        self, mode: str, allowed: set[int], seconds: float, stop: threading.Event
    ) -> Iterator[sqlite3.Connection]:
        """Raises NothingDone, Uncertain. What was not committed is undone."""
        ends = time.monotonic() + seconds * STATEMENT_SHARE
        try:
            address = f"file:{quote(str(Path(self._path)))}?mode={mode}"
            connection = sqlite3.connect(address, uri=True, timeout=seconds * STATEMENT_SHARE, isolation_level=None)
        except sqlite3.Error as error:
            raise NothingDone(f"The database cannot be opened: {said(error)}.") from None
        is_committing = False

        def authorise(action: int, *_: object) -> int:
            return sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY

        def watch(told: str) -> None:
            nonlocal is_committing
            is_committing = told == "commit"

        connection.set_authorizer(authorise)
        connection.set_progress_handler(lambda: int(stop.is_set() or time.monotonic() > ends), _STEPS)
        connection.set_trace_callback(watch)
        try:
            yield connection
        except sqlite3.Error as error:
            if is_committing:
                raise Uncertain(f"The database did not say whether it was kept: {said(error)}.") from None
            if "interrupted" in str(error) or "locked" in str(error):
                raise TooSlow(f"The database ended it: {said(error)}. Nothing was changed.") from None
            raise NothingDone(f"The database refused it: {said(error)}. Nothing was changed.") from None
        finally:
            connection.close()
