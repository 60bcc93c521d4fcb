"""The tables at start: made at once, upgraded, or refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from bot.domain.errors import SettingsError
from bot.domain.ports import Acceptance
from memory.migrations.upgrading import config, upgrade
from memory.store import Store
from memory.store.database import Database
from memory.store.schema import deliveries, metadata
from memory.store.upgrade import HEAD
from memory.store.upsert import add_returning
from tests.memory.store.samples import delivery

OPEN_TWICE = """
import asyncio, sys
from memory.store import Store

async def main():
    for _ in range(2):
        await (await Store.open(sys.argv[1])).close()

asyncio.run(main())
print([m for m in ("alembic", "chromadb", "numpy") if m in sys.modules])
"""


def shape(engine: Engine) -> dict[str, object]:
    """Everything that can be told about the tables."""
    found = inspect(engine)
    return {
        name: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)],
            found.get_pk_constraint(name),
            sorted(map(str, found.get_foreign_keys(name))),
            sorted(map(str, found.get_unique_constraints(name))),
            indexes(engine, name),
        )
        for name in found.get_table_names()
    }


def indexes(engine: Engine, table: str) -> list[str]:
    """As they were written, with their conditions."""
    wanted = text("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL")
    with engine.connect() as connection:
        return sorted(connection.execute(wanted, {"table": table}).scalars())


async def test_the_tables_made_at_once_are_those_that_the_migrations_make(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'made.db'}")
    await store.close()
    migrated = create_engine(f"sqlite:///{tmp_path / 'migrated.db'}")
    with migrated.begin() as connection:
        upgrade(connection)
    made = create_engine(f"sqlite:///{tmp_path / 'made.db'}")
    assert shape(migrated) == shape(made)
    for engine in (made, migrated):
        with engine.connect() as connection:
            assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == HEAD
        engine.dispose()


def test_the_head_that_a_new_database_is_marked_with_is_the_newest_migration(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert ScriptDirectory.from_config(config(connection)).get_current_head() == HEAD
    engine.dispose()


async def test_an_older_database_is_upgraded_and_used(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:  # one that Alembic knows, before the first revision
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
    engine.dispose()
    store = await Store.open(database_url)
    assert await store.inbox.accept(delivery()) is Acceptance.STORED
    await store.close()


async def test_the_database_of_a_newer_version_is_refused(database_url: str) -> None:
    await (await Store.open(database_url)).close()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(SettingsError, match=f"newer version of the bot \\(9999; this one knows up to {HEAD}"):
        Database.open(database_url)


def test_a_database_with_other_tables_is_refused(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE customers (id INTEGER)"))
    engine.dispose()
    with pytest.raises(SettingsError, match="holds other tables \\(customers"):
        Database.open(database_url)


def test_a_start_imports_neither_alembic_nor_chroma(tmp_path: Path) -> None:
    """Twice: with an empty database, and with one that is up to date."""
    command = [sys.executable, "-c", OPEN_TWICE, f"sqlite:///{tmp_path / 'store.db'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_tables_and_upserts_can_be_said_to_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert "INDEX" in str(CreateIndex(index).compile(dialect=dialect))
    new = add_returning("postgresql", deliveries, ("source", "key")).compile(dialect=dialect)
    assert "ON CONFLICT DO NOTHING RETURNING deliveries.source, deliveries.key" in " ".join(str(new).split())
