"""Numbers without gaps: taken inside the transaction that uses them."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam
from sqlalchemy.sql.dml import ReturningInsert

from memory.store.schema import counters
from memory.store.upsert import insert


def next_number(connection: Connection, name: str) -> int:
    """1, 2, 3 ... for each name."""
    return int(connection.execute(_next(connection.dialect.name), {"counter": name}).scalar_one())


@cache
def _next(dialect: str) -> ReturningInsert[*tuple[Any, ...]]:
    first = insert(dialect, counters).values(name=bindparam("counter"), value=1)
    counted = first.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})
    return counted.returning(counters.c.value)
