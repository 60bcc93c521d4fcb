"""What the workflow engine keeps of incidents: which steps were done, under workflow ids that hold the incident's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from bot.domain.errors import NotStored

FILE = "workflows.db"
SCHEMA = "workflows"  # on PostgreSQL, as `bot.workflows` names it
PATIENCE = 10.0  # seconds to wait for the running bot's own writing
ID = "workflow_uuid"  # the engine's column


def forget_workflows(folder: Path, incident_ids: Iterable[str], store_url: str = "") -> int:
    """Deletes the rows of these incidents, overwritten in the file: how many.

    `store_url`: where the store is PostgreSQL, the engine's rows are there. Raises sqlite3.Error, NotStored.
    """
    ids = tuple(incident_ids)
    found = _of_postgresql(store_url, ids) if store_url.startswith("postgresql") else 0
    return found + _of_file(folder / FILE, ids)


def _of_file(file: Path, incident_ids: Iterable[str]) -> int:
    if not file.is_file():
        return 0
    with closing(sqlite3.connect(file, timeout=PATIENCE, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        tables = _tables(connection)
        connection.execute("BEGIN IMMEDIATE")
        found = sum(_drop(connection, table, name) for name in incident_ids for table in tables)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return found


def _of_postgresql(store_url: str, incident_ids: Iterable[str]) -> int:
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    engine = create_engine(make_url(store_url).set(drivername="postgresql+psycopg"))
    named = text("SELECT table_name FROM information_schema.columns WHERE table_schema = :schema AND column_name = :id")
    inner = f"':' || {ID} || ':'"
    try:
        with engine.begin() as connection:
            tables = sorted(connection.execute(named, {"schema": SCHEMA, "id": ID}).scalars())
            found = 0
            for name in incident_ids:
                for table in tables:
                    drop = f'DELETE FROM {SCHEMA}."{table}" WHERE strpos({inner}, :a) > 0 OR strpos({ID}, :b) > 0'
                    found += connection.execute(text(drop), {"a": f":{name}:", "b": f":{name}-"}).rowcount
            return found
    except SQLAlchemyError as error:
        raise NotStored(f"the workflow engine's rows cannot be dropped: {error}") from error
    finally:
        engine.dispose()


def _tables(connection: sqlite3.Connection) -> list[str]:
    names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [name for name in names if any(row[1] == ID for row in connection.execute(f'PRAGMA table_info("{name}")'))]


def _drop(connection: sqlite3.Connection, table: str, incident_id: str) -> int:
    """`respond:INC-1`, `respond:INC-1:2`, `refresh:INC-1:7`, and the engine's own ids below these."""
    inner = f"':' || {ID} || ':'"
    done = connection.execute(
        f'DELETE FROM "{table}" WHERE instr({inner}, ?) > 0 OR instr({ID}, ?) > 0',
        (f":{incident_id}:", f":{incident_id}-"),
    )
    return done.rowcount
