"""Incidents that a service had before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from bot.domain.alert import Alert
from memory.store.codec import decode_alert
from memory.store.database import Database
from memory.store.schema import alerts, incidents

MOST = 500  # within the time that is asked about; more are a storm, not a history


@dataclass(frozen=True, kw_only=True)
class Earlier:
    id: str
    at: datetime
    alert: Alert  # its first


async def earlier_of(database: Database, service: str, since: datetime) -> Sequence[Earlier]:
    """Incidents of a service that began since then, newest first."""
    wanted = (
        select(incidents.c.id, incidents.c.started_at, alerts.c.body)
        .join(alerts, (alerts.c.incident_id == incidents.c.id) & (alerts.c.position == 0))
        .where(incidents.c.service == service, incidents.c.started_at >= since)
        .order_by(incidents.c.started_at.desc())
        .limit(MOST)
    )

    def read(connection: Connection) -> list[Earlier]:
        return [
            Earlier(id=row.id, at=row.started_at, alert=decode_alert(row.body)) for row in connection.execute(wanted)
        ]

    return await database.read(read)
