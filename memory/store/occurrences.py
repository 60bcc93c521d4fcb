"""What fired in the last incidents: what fires together is learned of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, select

from bot.domain.grouping import named
from bot.domain.incident import GroupingReason
from bot.domain.together import MOST_OF_ONE, Occurrence
from memory.store.codec import decode_alert
from memory.store.database import Database
from memory.store.schema import alerts, incidents

MOST_INCIDENTS = 200  # the newest: what fired together a year ago may have been taken apart since


class StoredOccurrences:
    """The `Occurrences` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self, most: int = MOST_INCIDENTS) -> Sequence[Sequence[Occurrence]]:
        """Of each incident, the newest first, what fired in it, in order of arrival."""
        return await self._database.read(lambda connection: _read(connection, most))


def _read(connection: Connection, most: int) -> Sequence[Sequence[Occurrence]]:
    newest = select(incidents.c.id).order_by(incidents.c.number.desc()).limit(most)
    ids = list(connection.execute(newest).scalars())
    wanted = (
        select(alerts.c.incident_id, alerts.c.received_at, alerts.c.body)
        .where(
            alerts.c.incident_id.in_(ids),
            alerts.c.position < MOST_OF_ONE,
            alerts.c.reason != GroupingReason.STORM.value,  # what a storm swept together says nothing
        )
        .order_by(alerts.c.incident_id, alerts.c.position)
    )
    found: dict[str, list[Occurrence]] = defaultdict(list)
    for row in connection.execute(wanted):
        found[row.incident_id].append(Occurrence(condition=named(decode_alert(row.body)), at=row.received_at))
    return [found[name] for name in ids if name in found]
