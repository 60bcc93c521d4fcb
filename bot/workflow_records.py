"""What the workflow engine keeps of incidents: which steps were done, under workflow ids that hold the incident's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

FILE = "workflows.db"
PATIENCE = 10.0  # seconds to wait for the running bot's own writing
ID = "workflow_uuid"  # the engine's column


def forget_workflows(folder: Path, incident_ids: Iterable[str]) -> int:
    """Deletes the rows of these incidents, overwritten in the file: how many. Raises sqlite3.Error."""
    file = folder / FILE
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
