"""Opens the database: a SQLite file that survives kill -9 and power cuts, or PostgreSQL."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from bot.domain.errors import NotStored, SettingsError
from memory.store.upgrade import prepare
from memory.store.writer import Writer

T = TypeVar("T")

LOCK_TIMEOUT = 2.0  # seconds another program may hold SQLite's write lock; senders of webhooks wait 5 to 10 s
IDLE_IN_TRANSACTION = 5  # seconds: a transaction of ours takes milliseconds, and nothing is awaited within one
# Of PostgreSQL's client library: a server that has vanished from the network is given up after some seconds.
SILENT_SERVER = {
    "connect_timeout": 3,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
}
TRIES, BETWEEN_TRIES = 50, 0.1  # seconds; reads take milliseconds
READERS = 4  # threads: reads take a millisecond or two, and WAL lets them run beside the writer


class Database:
    """One writing thread, a few reading ones. All methods are called from the event loop."""

    def __init__(self, writing: Engine, reading: Engine) -> None:
        self.writer = Writer(writing)
        self._engines = (writing, reading)
        self._reading = reading
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")

    @classmethod
    def open(cls, url: str, *, lock_timeout: float = LOCK_TIMEOUT) -> Database:
        """Blocks for some milliseconds; creates or upgrades the tables. Raises SettingsError."""
        address = _address(url)
        writing = _engine(address, lock_timeout, begin="BEGIN IMMEDIATE", connections=1)
        reading = _engine(address, lock_timeout, begin="BEGIN", connections=READERS)
        try:
            prepare(writing)
        except DBAPIError as error:
            writing.dispose()
            raise SettingsError(
                f"The store {_shown(address)} cannot be opened: {error.orig}. Make its folder exist and be writable "
                "for this user, and its disk not full, or set DATABASE_URL to another place."
            ) from error
        except SettingsError:
            writing.dispose()
            raise
        return cls(writing, reading)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Sees everything that was committed before the call. Raises NotStored where the database cannot be read."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, work)

    def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._reading.connect() as connection:
                return work(connection)
        except DBAPIError as error:
            raise NotStored(f"the store cannot be read: {error.orig}") from error

    async def compact(self) -> None:
        """Leaves nothing of deleted rows in SQLite's file and its log; PostgreSQL does that by itself in time."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._compact)

    def _compact(self) -> None:
        if self._reading.dialect.name != "sqlite":
            return
        connection = self._reading.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("VACUUM")  # a new file, without what is free in the old one
            for _ in range(TRIES):
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                if cursor.fetchone() == (0, 0, 0):
                    return
                time.sleep(BETWEEN_TRIES)  # somebody reads from the log
            raise NotStored("the store is in use without a pause: its log could not be emptied; try again")
        except sqlite3.Error as error:
            raise NotStored(f"the store could not be written anew: {error}") from error
        finally:
            connection.close()

    async def close(self) -> None:
        """What is waiting is still written."""
        await asyncio.to_thread(self.writer.close)
        await asyncio.to_thread(self._threads.shutdown)
        for engine in self._engines:
            engine.dispose()


def _address(url: str) -> URL:
    try:
        address = make_url(url)
        name = address.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        raise SettingsError("DATABASE_URL is no address: write sqlite:///folder/file.db or postgresql://...") from error
    if name not in ("sqlite", "postgresql"):
        raise SettingsError(f"DATABASE_URL names {name}: the store runs on sqlite or postgresql.")
    if address.drivername == "postgresql":  # the driver that is installed, not SQLAlchemy's own default
        return address.set(drivername="postgresql+psycopg")
    if name == "sqlite" and address.database in (None, "", ":memory:"):
        raise SettingsError("DATABASE_URL names no file: a store in memory would lose every alert at a restart.")
    return address


def _shown(address: URL) -> str:
    """The place without a password."""
    if address.get_backend_name() == "sqlite":
        return str(Path(address.database or "").absolute())
    return address.render_as_string(hide_password=True)


def _engine(address: URL, lock_timeout: float, *, begin: str, connections: int) -> Engine:
    try:
        if address.get_backend_name() != "sqlite":
            served = create_engine(
                address, pool_size=connections, max_overflow=0, pool_pre_ping=True, connect_args=SILENT_SERVER
            )
            event.listen(served, "connect", _set_up_postgresql)
            return served
        # A file's connections are used by one thread at a time, not by the one that made them.
        arguments = {"timeout": lock_timeout, "check_same_thread": False}
        engine = create_engine(address, pool_size=connections, max_overflow=0, connect_args=arguments)
    except ImportError as error:
        raise SettingsError(f"DATABASE_URL needs a driver that is not installed: {error}") from error
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _set_up_postgresql(connection: Any, _: ConnectionPoolEntry) -> None:
    # A process that was stopped in the midst of a transaction would keep its locks from all the others.
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION}s'")
    cursor.close()
    connection.commit()  # the pool rolls back what was not committed


def _set_up_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the driver begins too late to hold a lock on reads
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")  # readers and the writer do not block each other
    cursor.execute("PRAGMA synchronous = FULL")  # a commit is on the disk: with NORMAL a power cut may take it back
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
