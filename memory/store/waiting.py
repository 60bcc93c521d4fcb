"""Writes that wait for the writing thread, and how those who await them are answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError

from bot.domain.errors import NotStored
from memory.store.upsert import add_returning

log = logging.getLogger(__name__)


class Caught:
    """Takes an exception out of its block, so that it can be raised where the work is awaited."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        if isinstance(error, Exception):
            self.error = error
        return self.error is not None


def is_trouble(error: Exception) -> bool:
    """Whether the database itself is in trouble (locked, full, read-only, gone), not the statement."""
    of_statement = (IntegrityError, DataError, ProgrammingError, NotSupportedError)
    return isinstance(error, DBAPIError) and not isinstance(error, of_statement)


@dataclass(frozen=True, kw_only=True, eq=False)
class Intake:
    """A table whose rows are taken in once each: `key` names the unique columns."""

    table: Table
    key: tuple[str, ...]


@dataclass(kw_only=True, eq=False)
class Waiting:
    """A write and who awaits it."""

    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    outcome: Any = None
    error: Exception | None = None

    def fail(self, error: Exception) -> None:
        self.error = error

    def run(self, connection: Connection) -> None:
        """In a savepoint. What it raises is kept for whoever awaits it; raises where the whole transaction is lost."""
        if self.future.cancelled():
            return
        caught = Caught()
        with caught, connection.begin_nested():
            self.outcome = self.do(connection)
        if caught.error is None:
            return
        # A full disk makes SQLite roll back everything, and a commit after it would succeed without a word.
        if not _in_transaction(connection):
            raise caught.error
        self.error = caught.error
        if is_trouble(caught.error):
            self.error = NotStored(f"the database did not take it: {caught.error}")

    def do(self, connection: Connection) -> Any:
        raise NotImplementedError

    def settle(self) -> None:
        """On the event loop."""
        if self.future.done():  # given up meanwhile
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.outcome)


@dataclass(kw_only=True, eq=False)
class Piece(Waiting):
    work: Callable[[Connection], Any]

    def do(self, connection: Connection) -> Any:
        return self.work(connection)


@dataclass(kw_only=True, eq=False)
class Row(Waiting):
    """Its outcome is whether it is new."""

    intake: Intake
    values: Mapping[str, Any]

    @property
    def identity(self) -> tuple[Any, ...]:
        return tuple(self.values[name] for name in self.intake.key)

    def do(self, connection: Connection) -> bool:
        insert_rows(connection, [self])
        return bool(self.outcome)


def insert_rows(connection: Connection, rows: Sequence[Row]) -> None:
    """One statement for each table. Of rows with one key the first is new, the others are repeats."""
    by_intake: dict[Intake, list[Row]] = {}
    for row in rows:
        by_intake.setdefault(row.intake, []).append(row)
    for intake, group in by_intake.items():
        statement = add_returning(connection.dialect.name, intake.table, intake.key)
        new = {tuple(found) for found in connection.execute(statement, [dict(row.values) for row in group])}
        for row in group:
            row.outcome = row.identity in new
            new.discard(row.identity)


def answer(group: Iterable[Waiting]) -> None:
    """Tell all who wait, with one call into each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Waiting]] = {}
    for waiting in group:
        by_loop.setdefault(waiting.loop, []).append(waiting)
    for loop, those in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, those)
        except RuntimeError:  # the loop is closed: nobody waits any more
            log.warning("%d writes were done after their event loop had ended", len(those))


def _settle(group: Sequence[Waiting]) -> None:
    for waiting in group:
        waiting.settle()


def _in_transaction(connection: Connection) -> bool:
    raw = connection.connection.dbapi_connection
    return not connection.invalidated and bool(getattr(raw, "in_transaction", True))
