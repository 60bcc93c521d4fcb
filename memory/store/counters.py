"""Numbers without gaps: taken inside the transaction that uses them."""

from __future__ import annotations

from sqlalchemy import Connection

from memory.store.schema import counters
from memory.store.upsert import insert


def next_number(connection: Connection, name: str) -> int:
    """1, 2, 3 ... for each name."""
    first = insert(connection.dialect.name, counters).values(name=name, value=1)
    counted = first.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})
    return int(connection.execute(counted.returning(counters.c.value)).scalar_one())
