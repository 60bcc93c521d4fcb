"""The writing thread: group commit, fairness, and what is told when nothing can be written."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text

from bot.domain.errors import NotStored, SettingsError
from bot.domain.ports import Acceptance
from memory.store import Store
from memory.store.database import Database
from memory.store.inbox import StoredInbox
from memory.store.schema import effects
from memory.store.waiting import Intake, Piece, answer
from memory.store.writer import TURN, Writer
from tests.memory.store.samples import delivery

INSERT = "INSERT INTO effects (key) VALUES (:key)"
EFFECTS = Intake(table=effects, key=("key",))


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: its locks, its full disk and its pragmas are what is tested here."""
    return sqlite_url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.open(database_url, lock_timeout=0.2)
    yield opened
    await opened.close()


def keys(path: Path) -> set[str]:
    with closing(sqlite3.connect(path / "store.db")) as file:
        return {row[0] for row in file.execute("SELECT key FROM effects")}


def put(key: str, *, fail: bool = False) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        connection.execute(text(INSERT), {"key": key})
        if fail:
            raise ZeroDivisionError(key)
        return key

    return work


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program holds the write lock."""
    with closing(sqlite3.connect(path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


class Busy:
    """Keeps the writer busy, so that work gathers behind it."""

    def __init__(self) -> None:
        self._begun, self._go = threading.Event(), threading.Event()

    async def begin(self, writer: Writer) -> None:
        self._task = asyncio.ensure_future(writer.write(self._wait))
        await asyncio.to_thread(self._begun.wait, 10)

    async def end(self) -> None:
        self._go.set()
        await self._task

    def _wait(self, _: Connection) -> None:
        self._begun.set()
        self._go.wait(10)


async def test_a_failing_piece_fails_alone_and_leaves_nothing(database: Database, tmp_path: Path) -> None:
    pieces = [database.writer.write(put(f"k{n}", fail=n == 3)) for n in range(10)]
    results = await asyncio.gather(*pieces, return_exceptions=True)
    assert isinstance(results[3], ZeroDivisionError)
    assert keys(tmp_path) == {f"k{n}" for n in range(10) if n != 3}


async def test_a_failing_statement_fails_alone(database: Database, tmp_path: Path) -> None:
    def nonsense(connection: Connection) -> None:
        connection.execute(text("INSERT INTO no_such_table VALUES (1)"))

    pieces = [database.writer.write(put("a")), database.writer.write(nonsense), database.writer.write(put("b"))]
    results = await asyncio.gather(*pieces, return_exceptions=True)
    assert isinstance(results[1], NotStored)
    assert keys(tmp_path) == {"a", "b"}


async def test_five_hundred_deliveries_at_once_are_all_stored_in_a_few_commits(database: Database) -> None:
    commits: list[int] = []
    engine: Engine = database.writer._engine
    event.listen(engine, "commit", lambda _: commits.append(1))
    inbox = StoredInbox(database)
    answers = await asyncio.gather(*(inbox.accept(delivery(f"k{n}")) for n in range(500)))
    assert answers == [Acceptance.STORED] * 500
    count = await database.read(lambda c: c.execute(text("SELECT count(*) FROM deliveries")).scalar())
    assert count == 500
    assert len(commits) < 50, "each delivery had a commit of its own"


async def test_of_equal_deliveries_at_once_exactly_one_is_new(database: Database) -> None:
    inbox = StoredInbox(database)
    answers = await asyncio.gather(*(inbox.accept(delivery(f"k{n % 10}")) for n in range(200)))
    assert answers.count(Acceptance.STORED) == 10
    assert answers[:10] == [Acceptance.STORED] * 10


async def test_a_row_the_database_refuses_does_not_cost_its_neighbours(database: Database, tmp_path: Path) -> None:
    def take_in(key: str | None) -> Coroutine[None, None, bool]:
        return database.writer.take_in(EFFECTS, {"key": key, "result": None})

    results = await asyncio.gather(take_in("a"), take_in(None), take_in("b"), take_in("a"), return_exceptions=True)
    assert results[0] is True
    assert isinstance(results[1], Exception)
    assert (results[2], results[3]) == (True, False)
    assert keys(tmp_path) == {"a", "b"}


async def test_a_locked_database_is_told_within_the_lock_time_out_and_recovers(
    database: Database, tmp_path: Path
) -> None:
    inbox = StoredInbox(database)
    with locked(tmp_path):
        begun = time.monotonic()
        answers = await asyncio.gather(*(inbox.accept(delivery(f"k{n}")) for n in range(600)), return_exceptions=True)
        took = time.monotonic() - begun
    assert all(isinstance(a, NotStored) for a in answers)
    assert "locked" in str(answers[0])
    assert took < 60.0, "600 waiting deliveries are three groups, and still one time-out of 0.2 s"
    assert await inbox.accept(delivery("k1")) is Acceptance.STORED


async def test_a_transaction_of_triage_is_told_too_when_the_database_is_locked(
    database: Database, tmp_path: Path
) -> None:
    with locked(tmp_path), pytest.raises(NotStored, match="locked"):
        await database.writer.write(put("a"))
    assert keys(tmp_path) == set()


async def test_a_full_disk_loses_nothing_that_was_acknowledged_and_acknowledges_nothing_it_lost(
    database: Database, tmp_path: Path
) -> None:
    inbox = StoredInbox(database)
    await inbox.accept(delivery("before"))
    await database.writer.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1") and None)  # what there is now
    answers = await asyncio.gather(*(inbox.accept(delivery(f"k{n}")) for n in range(300)), return_exceptions=True)
    assert any(isinstance(a, NotStored) and "full" in str(a) for a in answers)
    stored = sum(a is Acceptance.STORED for a in answers) + 1
    assert await database.read(lambda c: c.execute(text("SELECT count(*) FROM deliveries")).scalar()) == stored


async def test_pieces_on_a_full_disk_all_fail_though_sqlite_rolls_back_in_the_middle(
    database: Database, tmp_path: Path
) -> None:
    await database.writer.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1") and None)
    large = "x" * 390
    pieces = [database.writer.write(put(f"{n}{large}")) for n in range(400)]
    answers = await asyncio.gather(*pieces, return_exceptions=True)
    done = {a for a in answers if isinstance(a, str)}
    assert any(isinstance(a, NotStored) for a in answers)
    assert keys(tmp_path) == done


async def test_a_read_only_database_is_told(database: Database) -> None:
    await database.writer.write(lambda c: c.exec_driver_sql("PRAGMA query_only = ON") and None)
    with pytest.raises(NotStored, match="readonly"):
        await StoredInbox(database).accept(delivery())


async def test_a_full_queue_is_told_at_once(database_url: str) -> None:
    writer = Writer(create_engine(database_url), capacity=2)
    busy = Busy()
    await busy.begin(writer)
    waiting = [asyncio.ensure_future(writer.write(lambda _: None)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(NotStored, match="waiting already"):
        await writer.write(lambda _: None)
    await busy.end()
    await asyncio.gather(*waiting)
    await asyncio.to_thread(writer.close)


async def test_intakes_and_other_work_take_turns(database: Database) -> None:
    """Many slow pieces wait; a delivery that comes then is not behind all of them."""
    done: list[int] = []

    def slow(connection: Connection) -> None:
        time.sleep(TURN / 5)
        done.append(1)

    pieces = [asyncio.ensure_future(database.writer.write(slow)) for _ in range(100)]
    await asyncio.sleep(0)
    assert await StoredInbox(database).accept(delivery()) is Acceptance.STORED
    assert len(done) < 60
    await asyncio.gather(*pieces)
    assert len(done) == 100


async def test_other_work_goes_on_while_deliveries_pour_in(database: Database) -> None:
    inbox = StoredInbox(database)
    stop = False

    async def pour(source: int) -> int:
        count = 0
        while not stop:
            await inbox.accept(delivery(f"{source}-{count}"))
            count += 1
        return count

    pouring = [asyncio.ensure_future(pour(n)) for n in range(32)]
    await asyncio.sleep(0)
    for n in range(20):
        async with asyncio.timeout(60):
            await database.writer.write(put(f"triage {n}"))
    stop = True
    assert sum(await asyncio.gather(*pouring)) >= 20


async def test_work_that_is_given_up_before_it_began_does_not_run(database: Database, tmp_path: Path) -> None:
    busy = Busy()
    await busy.begin(database.writer)
    given_up = asyncio.ensure_future(database.writer.write(put("given up")))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    await busy.end()
    await database.writer.write(put("after"))
    assert keys(tmp_path) == {"after"}


async def test_closing_writes_what_waits_and_then_refuses(database_url: str, tmp_path: Path) -> None:
    store = await Store.open(database_url)
    waiting = [asyncio.ensure_future(store.effects.begin(f"k{n}")) for n in range(50)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*waiting)
    assert len(keys(tmp_path)) == 50
    with pytest.raises(NotStored, match="closed"):
        await store.effects.begin("late")


def test_answers_to_an_event_loop_that_has_ended_are_dropped() -> None:
    loop = asyncio.new_event_loop()
    future = loop.create_future()
    loop.close()
    answer([Piece(future=future, loop=loop, work=lambda _: None)])
    assert not future.done()


async def test_commits_are_synced_to_the_disk(database: Database) -> None:
    def pragmas(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert await database.writer.write(pragmas) == ["wal", 2, 1]  # 2 is FULL


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://localhost/x", "runs on sqlite or postgresql"),
        ("no address", "is no address"),
        ("sqlite:////proc/no/such/folder/store.db", "cannot be opened.*folder exist"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_with_the_variable(url: str, says: str) -> None:
    with pytest.raises(SettingsError, match=f"(?s)DATABASE_URL.*{says}|{says}.*DATABASE_URL"):
        Database.open(url)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"something else entirely" * 100)
    with pytest.raises(SettingsError, match="not a database"):
        Database.open(f"sqlite:///{tmp_path / 'store.db'}")


def test_a_password_is_never_shown() -> None:
    hidden = "s" * 32
    with pytest.raises(SettingsError) as raised:
        Database.open(f"oracle://bot:{hidden}@localhost/x")
    assert hidden not in str(raised.value)
