"""The audit log as it is kept: one chain, append-only, whole with what it tells of; whatever is done to it shows."""

from __future__ import annotations

import asyncio
import json
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from bot.domain.audit import GENESIS, AuditEntry, AuditFinding, AuditKind, Tampering, checkpoint, to_json_lines, verify
from bot.domain.audit import from_json_line as read_line
from bot.domain.errors import NotStored
from memory.migrations.upgrading import upgrade
from memory.store import Store
from memory.store.acting_schema import audit_entries
from tests.memory.store.acting_samples import INCIDENT, note
from tests.memory.store.samples import NOON

COUNT = 9
COLUMNS = tuple(column.name for column in audit_entries.c)
DROP_TRIGGERS = {
    "sqlite": (
        "DROP TRIGGER audit_entries_no_update",
        "DROP TRIGGER audit_entries_no_delete",
        "DROP TRIGGER audit_entries_no_replace",
    ),
    "postgresql": (
        "DROP TRIGGER audit_entries_no_change ON audit_entries",
        "DROP TRIGGER audit_entries_no_truncate ON audit_entries",
    ),
}


@contextmanager
def connected(database_url: str) -> Iterator[Connection]:
    """As somebody who has the database's password."""
    engine = create_engine(database_url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def tamper(database_url: str, *statements: str) -> None:
    with connected(database_url) as connection:
        for statement in (*DROP_TRIGGERS[connection.dialect.name], *statements):
            connection.execute(text(statement))


def keep_a_copy(database_url: str) -> None:
    tamper(database_url, "CREATE TABLE copied AS SELECT * FROM audit_entries")


def put_back(database_url: str) -> None:
    with connected(database_url) as connection:
        connection.execute(text("DELETE FROM audit_entries"))
        connection.execute(text("INSERT INTO audit_entries SELECT * FROM copied"))


def change(database_url: str, *statements: str) -> None:
    with connected(database_url) as connection:
        for statement in statements:
            connection.execute(text(statement))


def put(database_url: str, column: str, value: object, where: int) -> None:
    with connected(database_url) as connection:
        statement = text(f"UPDATE audit_entries SET {column} = :value WHERE sequence = :where")
        connection.execute(statement, {"value": value, "where": where})


def exchange(database_url: str, column: str, third: object, eighth: object) -> None:
    if column == "sequence":
        for where, value in ((3, 99), (8, 3), (99, 8)):  # a number is there once
            put(database_url, column, value, where)
        return
    put(database_url, column, eighth, 3)
    put(database_url, column, third, 8)


async def entries(store: Store) -> list[AuditEntry]:
    return await store.audit.through(lambda found: list(found))


async def findings(store: Store) -> set[tuple[Tampering, int]]:
    found: tuple[AuditFinding, ...] = await store.audit.through(verify)
    return {(finding.kind, finding.sequence) for finding in found}


async def filled(store: Store, count: int = COUNT) -> None:
    kinds = list(AuditKind)
    for number in range(count):
        told = note(
            f"R-{number}",
            kinds[number % len(kinds)],
            at=NOON + timedelta(seconds=number),
            who=f"U{number % 3}",
            details={"number": number, "share": 0.5, "words": ("a", "ü✅"), "nested": {"is": True, "none": None}},
            outputs=("a" * 64, "b" * 64)[: number % 3],
        )
        await store.audit.append([told])


# --- what is written -------------------------------------------------------------------------------------------------


async def test_entries_follow_on_each_other_over_a_restart(store: Store, database_url: str) -> None:
    assert await store.audit.last() is None
    await store.audit.append([])
    await filled(store, 2)
    again = await Store.open(database_url)
    await again.audit.append([note("third"), note("fourth")])
    await again.close()
    found = await entries(store)
    assert [entry.sequence for entry in found] == [1, 2, 3, 4]
    assert found[0].previous == GENESIS
    assert found[-1] == await store.audit.last()
    assert (found[0].kind, found[1].at, found[1].incident) == ("proposed", NOON + timedelta(seconds=1), INCIDENT)
    assert json.loads(found[1].details)["words"] == ["a", "ü✅"]
    assert await findings(store) == set()


async def test_whatever_is_said_can_be_written_and_verified(store: Store) -> None:
    odd = 'NUL \x00, half a pair \udcff, "quotes", line\nbreak, ✅'
    kathmandu = datetime(2026, 3, 4, 17, 45, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    told = note(odd, who=odd, incident=odd, details={odd: odd, "deep": ({"a": (odd,)}, 10**30, -0.0)}, at=kathmandu)
    await store.audit.append([told, replace(told, outputs=("c" * 64,))])
    assert await findings(store) == set()
    found = await entries(store)
    assert found[0].who == 'NUL \ufffd, half a pair ?, "quotes", line\nbreak, ✅'
    assert found[0].at == datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    assert [read_line(line) for line in to_json_lines(found)] == found


async def test_what_cannot_be_written_down_is_refused_whole(store: Store) -> None:
    for odd in ({"at": NOON.replace(tzinfo=None)}, {"details": {"a": float("nan")}}, {"details": {"a": NOON}}):
        with pytest.raises(NotStored, match="an audit entry of started cannot be written"):
            await store.audit.append([note(), note(**odd)])
    assert await entries(store) == []


# --- append-only -----------------------------------------------------------------------------------------------------

CHANGES = {
    "update": "UPDATE audit_entries SET who = 'U9' WHERE sequence = 2",
    "delete": "DELETE FROM audit_entries WHERE sequence = 2",
    "delete all": "DELETE FROM audit_entries",
}
OF_ONE_DATABASE = {
    "sqlite": "INSERT OR REPLACE INTO audit_entries SELECT 2, at, 'U9', kind, incident, subject, details, outputs, "
    "previous, hash FROM audit_entries WHERE sequence = 2",
    "postgresql": "TRUNCATE audit_entries",
}


@pytest.mark.parametrize("is_upgraded", [False, True])
async def test_the_database_refuses_to_change_or_delete_entries(database_url: str, is_upgraded: bool) -> None:
    if is_upgraded:
        with connected(database_url) as connection:
            upgrade(connection)
    store = await Store.open(database_url)
    await filled(store, 3)
    dialect = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    for statement in (*CHANGES.values(), OF_ONE_DATABASE[dialect]):
        with pytest.raises(DBAPIError, match="audit entries are never changed"), connected(database_url) as connection:
            connection.execute(text(statement))
    assert len(await entries(store)) == 3
    assert await findings(store) == set()
    await store.close()


async def test_two_entries_never_have_one_number(store: Store, database_url: str) -> None:
    await filled(store, 3)
    tamper(database_url)
    fork = "INSERT INTO audit_entries SELECT 3, at, 'U9', kind, incident, subject, details, outputs, previous, hash "
    with pytest.raises(IntegrityError), connected(database_url) as connection:
        connection.execute(text(fork + "FROM audit_entries WHERE sequence = 3"))


# --- tampering -------------------------------------------------------------------------------------------------------

EDITS = {
    "sequence": "sequence + 100",
    "at": "at + 1",
    "who": "'U9'",
    "kind": "'resumed'",
    "incident": "'INC-2026-0001'",
    "subject": "subject || ' '",
    "details": "replace(details, '0.5', '0.50')",  # the same number: another text
    "outputs": "'[\"d\"]'",
    "previous": "hash",
    "hash": "previous",
}


def test_every_column_is_tampered_with_here() -> None:
    assert tuple(EDITS) == COLUMNS


async def test_an_edit_of_any_column_is_found(store: Store, database_url: str) -> None:
    await filled(store)
    tamper(database_url)
    for column, edit in EDITS.items():
        for where in (1, 6, COUNT):
            edited = where + 100 if column == "sequence" else where
            with connected(database_url) as connection:
                kept = connection.execute(text(f"SELECT {column} FROM audit_entries WHERE sequence = {where}")).scalar()
                connection.execute(text(f"UPDATE audit_entries SET {column} = {edit} WHERE sequence = {where}"))
            found = await findings(store)
            assert (Tampering.EDITED, edited) in found, (column, where)
            if column == "sequence" and where < COUNT:
                assert (Tampering.MISSING, where + 1) in found
            put(database_url, column, kept, edited)
            assert await findings(store) == set()


async def test_the_values_of_two_entries_exchanged_are_found(store: Store, database_url: str) -> None:
    """Also the numbers alone: two entries that changed their places."""
    await filled(store)
    tamper(database_url)
    for column in COLUMNS:
        with connected(database_url) as connection:
            values = text(f"SELECT {column} FROM audit_entries WHERE sequence IN (3, 8) ORDER BY sequence")
            third, eighth = connection.execute(values).scalars()
        exchange(database_url, column, third, eighth)
        expected = set() if column == "incident" else {(Tampering.EDITED, 3), (Tampering.EDITED, 8)}  # theirs is one
        assert expected <= await findings(store), column
        exchange(database_url, column, eighth, third)
        assert await findings(store) == set()


SPELLINGS = {
    "outputs": "replace(outputs, '[', '[ ')",  # the same list: another text
    "details": "details || ' '",
    "hash": "upper(hash)",
    "previous": "upper(previous)",
}


async def test_another_spelling_of_the_same_is_an_edit(store: Store, database_url: str) -> None:
    await filled(store)
    tamper(database_url)
    for column, spelling in SPELLINGS.items():
        with connected(database_url) as connection:
            kept = connection.execute(text(f"SELECT {column} FROM audit_entries WHERE sequence = 6")).scalar()
            connection.execute(text(f"UPDATE audit_entries SET {column} = {spelling} WHERE sequence = 6"))
        assert (Tampering.EDITED, 6) in await findings(store), column
        put(database_url, column, kept, 6)


# SQLite keeps any value in any column; what is no time, no text, or no UTF-8 must not stop the verification.
ODD = {
    "at": ("'soon'", "x'00'", "9223372036854775807", "-1", "1.5"),
    "who": ("x'5531'", "CAST(x'ff' AS TEXT)", "'U1' || char(0)"),
    "details": ("'{'", "'[]'", "''", "CAST(x'ff' AS TEXT)"),
    "outputs": ("'{'", "'{}'", "'[1]'", "'[[]]'", "''", "x'5b5d'"),
    "hash": ("x'00'", "''"),
}


async def test_odd_values_are_found_and_exported_as_they_are(sqlite_url: str) -> None:
    store = await Store.open(sqlite_url)
    await filled(store)
    keep_a_copy(sqlite_url)
    for column, value in ((column, value) for column, values in ODD.items() for value in values):
        change(sqlite_url, f"UPDATE audit_entries SET {column} = {value} WHERE sequence = 6")
        assert (Tampering.EDITED, 6) in await findings(store), (column, value)
        exported = [read_line(line) for line in to_json_lines(await entries(store))]
        assert Tampering.EDITED in {finding.kind for finding in verify(exported) if finding.sequence == 6}
        await store.audit.append([note()])
        put_back(sqlite_url)
    await store.close()


async def test_entries_deleted_at_the_start_and_in_between_are_found(store: Store, database_url: str) -> None:
    await filled(store)
    keep_a_copy(database_url)
    for gone, after in (("1", 2), ("1, 2, 3", 4), ("5", 6), ("4, 5, 6", 7)):
        change(database_url, f"DELETE FROM audit_entries WHERE sequence IN ({gone})")
        assert await findings(store) == {(Tampering.MISSING, after)}
        put_back(database_url)


async def test_entries_deleted_and_the_rest_numbered_anew_are_found(store: Store, database_url: str) -> None:
    await filled(store)
    lift = "UPDATE audit_entries SET sequence = sequence + 1000 WHERE sequence > 5"
    lower = "UPDATE audit_entries SET sequence = sequence - 1001 WHERE sequence > 1000"
    tamper(database_url, "DELETE FROM audit_entries WHERE sequence = 5", lift, lower)
    found = await findings(store)
    assert (Tampering.BROKEN_LINK, 5) in found
    assert {(Tampering.EDITED, number) for number in range(5, COUNT)} <= found


async def test_an_entry_put_in_is_found(store: Store, database_url: str) -> None:
    await filled(store)
    copy = "at, 'U9', kind, incident, subject, details, outputs, previous, hash FROM audit_entries WHERE sequence = 4"
    tamper(database_url, f"INSERT INTO audit_entries SELECT {COUNT + 1}, {copy}")
    assert (Tampering.EDITED, COUNT + 1) in await findings(store)


async def test_a_cut_end_is_found_by_a_checkpoint_alone(store: Store, database_url: str) -> None:
    await filled(store)
    keep_a_copy(database_url)
    point = checkpoint(await store.audit.last(), NOON)
    for left in (0, 1, COUNT - 1):
        assert not await store.audit.through(lambda found: verify(found, [point]))
        change(database_url, f"DELETE FROM audit_entries WHERE sequence > {left}")
        assert not await findings(store), "the chain by itself cannot tell"
        (finding,) = await store.audit.through(lambda found: verify(found, [point]))
        assert (finding.kind, finding.sequence) == (Tampering.CUT, COUNT)
        for number in range(COUNT + 3):  # the log goes on where it was cut, and is longer than it was
            await store.audit.append([note(f"another-{number}")])
        (finding,) = await store.audit.through(lambda found: verify(found, [point]))
        assert finding.kind is Tampering.REWRITTEN
        put_back(database_url)


# --- two processes, and one that is killed ----------------------------------------------------------------------------

APPEND_FOREVER = """
import asyncio, os, sys
from memory.store import Store
from tests.memory.store.acting_samples import note, run_of

async def keep(store, name):
    n = 0
    while True:
        assert await store.runs.open(run_of(f"{name}-{n}"), [note(f"{name}-{n}")])
        os.write(1, f"{name}-{n}\\n".encode())
        n += 1

async def main():
    store = await Store.open(sys.argv[1])
    await asyncio.gather(*(keep(store, f"{sys.argv[2]}.{worker}") for worker in range(4)))

asyncio.run(main())
"""
UNTIL_KILLED = 60  # entries that a process has said to have written


async def appended_until_killed(database_url: str, name: str) -> list[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", APPEND_FOREVER, database_url, name, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    said: list[str] = []
    async for line in process.stdout:
        said.append(line.decode().strip())
        if len(said) == UNTIL_KILLED:
            process.kill()
            break
    said += [line.decode().strip() async for line in process.stdout if line.endswith(b"\n")]
    await process.wait()
    return said


async def test_two_processes_that_are_killed_while_they_write_leave_one_whole_chain(
    store: Store, database_url: str, record_property: Callable[[str, object], None]
) -> None:
    """Each run that was told to be kept has its one entry, each entry its run."""
    said = await asyncio.gather(*(appended_until_killed(database_url, name) for name in ("a", "b")))
    told = {name for names in said for name in names}
    assert await findings(store) == set()
    subjects = [entry.subject for entry in await entries(store)]
    record_property("entries", len(subjects))
    assert len(subjects) == len(set(subjects))
    assert told <= set(subjects)
    kept = {run.id for run in await store.runs.unfinished()}
    assert kept == set(subjects)


@pytest.mark.slow
async def test_verifying_many_entries_keeps_memory_flat(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'many.db'}")
    peaks = []
    for _ in range(2):
        await store.audit.append([note(f"R-{number}", details={"number": number}) for number in range(8000)])
        tracemalloc.start()
        assert await findings(store) == set()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    await store.close()
    assert peaks[1] < 1.2 * peaks[0]
    assert peaks[1] < 16_000_000  # bytes; all of them at once are more
