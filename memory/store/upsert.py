"""INSERT ... ON CONFLICT in the words of the database at hand.

Statements are made once: making one takes longer than running it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table
from sqlalchemy.sql.dml import ReturningInsert

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert


def add(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Whether it is new: a row that breaks a unique constraint of the table changes nothing."""
    return connection.execute(_add(connection.dialect.name, table), dict(values)).rowcount > 0


def add_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Those that break a unique constraint of the table change nothing."""
    if rows:
        connection.execute(_add(connection.dialect.name, table), rows)


def put(connection: Connection, table: Table, values: Mapping[str, Any], *, key: tuple[str, ...]) -> None:
    """Adds the row, or replaces its values where one of the same key is there."""
    changing = tuple(name for name in values if name not in key)
    connection.execute(_put(connection.dialect.name, table, key, changing), dict(values))


def put_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, key: tuple[str, ...]) -> None:
    """All with the same columns, each key once."""
    if rows:
        changing = tuple(name for name in rows[0] if name not in key)
        connection.execute(_put(connection.dialect.name, table, key, changing), rows)


def insert(dialect: str, table: Table) -> SqliteInsert | PostgresInsert:
    """With `on_conflict_do_nothing` and `on_conflict_do_update`, which both databases spell alike."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


@cache
def add_returning(dialect: str, table: Table, key: tuple[str, ...]) -> ReturningInsert[*tuple[Any, ...]]:
    """Of many rows, the key of each that is new."""
    return _add(dialect, table).returning(*(table.c[name] for name in key))


@cache
def _add(dialect: str, table: Table) -> SqliteInsert | PostgresInsert:
    # Kept: for an INSERT that gives numbers SQLAlchemy would not look at the count of rows.
    return insert(dialect, table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


@cache
def _put(dialect: str, table: Table, key: tuple[str, ...], changing: tuple[str, ...]) -> SqliteInsert | PostgresInsert:
    new = insert(dialect, table)
    return new.on_conflict_do_update(index_elements=list(key), set_={name: new.excluded[name] for name in changing})
