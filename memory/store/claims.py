"""Which process handles which of Slack's events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from bot.domain.ports import SlackEvent
from bot.domain.ports.replicas import MemberState
from memory.store.alone import alone
from memory.store.database import Database
from memory.store.replica_schema import replicas
from memory.store.schema import slack_events

CLAIMS_LOCK = 7_302_667  # PostgreSQL's; any number that nothing else of ours uses
LOOKED_AT = 1_000  # events, the oldest that are not handled: enough to find some that no other process keeps waiting

_WAITING = (
    select(slack_events.c.id, slack_events.c.lane, slack_events.c.holder)
    .where(slack_events.c.outcome.is_(None))
    .order_by(slack_events.c.id)
    .limit(LOOKED_AT)
)


async def claim(database: Database, holder: str, limit: int) -> Sequence[SlackEvent]:
    """The oldest that are this process' now; none for one that was taken for dead. Raises NotStored."""
    if not await database.read(lambda connection: connection.execute(_WAITING.limit(1)).first()):
        return ()  # mostly: and without a write

    return await alone(database, lambda connection: _claim(connection, holder, limit), lock=CLAIMS_LOCK)


def _claim(connection: Connection, holder: str, limit: int) -> Sequence[SlackEvent]:
    states = {row.holder: row.state for row in connection.execute(select(replicas.c.holder, replicas.c.state))}
    if states.get(holder) != MemberState.LIVE:
        return ()
    others = {name for name, state in states.items() if state != MemberState.GONE and name != holder}
    mine = free(connection.execute(_WAITING), others)[:limit]
    connection.execute(update(slack_events).where(slack_events.c.id.in_(mine)).values(holder=holder))
    rows = connection.execute(select(slack_events).where(slack_events.c.id.in_(mine)).order_by(slack_events.c.id))
    return tuple(SlackEvent(row=row.id, event_id=row.event_id, body=row.body) for row in rows)


def free(waiting: Iterable[Row[Any]], others: set[str]) -> list[int]:
    """Of a conversation in which another process has something in hand nothing is free: that one goes on with it."""
    ids: list[int] = []
    taken: set[str | None] = set()
    for row in waiting:
        if row.holder in others:
            taken.add(row.lane)
        elif row.lane not in taken:
            ids.append(row.id)
    return ids


def claimed_by_nobody(connection: Connection, holder: str) -> int:
    mine = (slack_events.c.holder == holder, slack_events.c.outcome.is_(None))
    return connection.execute(update(slack_events).where(*mine).values(holder=None)).rowcount
