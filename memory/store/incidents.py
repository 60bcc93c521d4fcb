"""Incidents as rows: read whole, written by what changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, or_, select, update

from bot.domain.alert import Alert, Severity
from bot.domain.errors import FirstResponderError
from bot.domain.incident import Card, GroupedAlert, GroupingReason, Incident, IncidentStatus, Place, PlaceKind
from memory.store.codec import decode_alert
from memory.store.database import Database
from memory.store.schema import alerts, incidents

_SAME_CONDITION = select(alerts.c.incident_id).where(
    alerts.c.fingerprint == bindparam("fingerprint"), alerts.c.source == bindparam("source")
)
_SAME_SERVICE = select(alerts.c.incident_id).where(alerts.c.service == bindparam("service"))
_CANDIDATES = (
    select(incidents.c.id)
    .where(
        or_(incidents.c.status != IncidentStatus.RESOLVED.value, incidents.c.resolved_at >= bindparam("since")),
        or_(incidents.c.id.in_(_SAME_CONDITION), incidents.c.id.in_(_SAME_SERVICE)),
    )
    .order_by(incidents.c.number.desc())
)


class StoredIncidents:
    """The `Incidents` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, incident_id: str) -> Incident | None:
        found = await self._database.read(lambda connection: read(connection, incidents.c.id == incident_id))
        return found[0] if found else None

    async def list_open(self) -> Sequence[Incident]:
        is_open = incidents.c.status != IncidentStatus.RESOLVED.value
        # "SEV1" sorts before "SEV2".
        order = (incidents.c.severity, incidents.c.number)
        return await self._database.read(lambda connection: read(connection, is_open, *order))

    async def in_place(self, channel: str, thread_ts: str | None) -> Incident | None:
        here = and_(incidents.c.place_channel == channel, incidents.c.place_kind == PlaceKind.CHANNEL.value)
        if thread_ts is not None:
            here = or_(here, and_(incidents.c.card_channel == channel, incidents.c.card_ts == thread_ts))
        found = await self._database.read(lambda connection: read(connection, here))
        return found[0] if found else None


def read(connection: Connection, where: ColumnElement[bool], *order: ColumnElement[Any]) -> list[Incident]:
    """With their alerts; newest first where no other order is given."""
    rows = connection.execute(select(incidents).where(where).order_by(*(order or (incidents.c.number.desc(),)))).all()
    if not rows:
        return []
    grouped: dict[str, list[GroupedAlert]] = {row.id: [] for row in rows}
    of_these = select(alerts).join(incidents, incidents.c.id == alerts.c.incident_id).where(where)
    for row in connection.execute(of_these.order_by(alerts.c.incident_id, alerts.c.position)):
        grouped[row.incident_id].append(_grouped(row))
    return [_incident(row, tuple(grouped[row.id])) for row in rows]


def candidates(connection: Connection, alert: Alert, closed_since: datetime) -> list[str]:
    """Ids of incidents open, or resolved since then, that share the alert's condition or service; newest first."""
    asked = {
        "fingerprint": alert.fingerprint,
        "source": alert.source,
        "service": alert.service,  # none equals nothing in SQL
        "since": closed_since,
    }
    return list(connection.execute(_CANDIDATES, asked).scalars())


def change(connection: Connection, incident_id: str, **values: Any) -> None:
    """Raises FirstResponderError where there is no such incident."""
    done = connection.execute(update(incidents).where(incidents.c.id == incident_id).values(values))
    if done.rowcount == 0:
        raise FirstResponderError(f"{incident_id} is not in the store")


def _incident(row: Row[Any], grouped: tuple[GroupedAlert, ...]) -> Incident:
    return Incident(
        id=row.id,
        title=row.title,
        severity=Severity(row.severity),
        status=IncidentStatus(row.status),
        service=row.service,
        started_at=row.started_at,
        opened_at=row.opened_at,
        alerts=grouped,
        place=_place(row),
        card=_card(row),
        briefed_at=row.briefed_at,
        resolved_at=row.resolved_at,
        revision=row.revision,
    )


def _place(row: Row[Any]) -> Place | None:
    if row.place_kind is None:
        return None
    return Place(kind=PlaceKind(row.place_kind), channel=row.place_channel, name=row.place_name)


def _card(row: Row[Any]) -> Card | None:
    if row.card_channel is None:
        return None
    return Card(channel=row.card_channel, ts=row.card_ts, permalink=row.card_permalink)


def _grouped(row: Row[Any]) -> GroupedAlert:
    return GroupedAlert(
        alert=decode_alert(row.body),
        reason=GroupingReason(row.reason),
        received_at=row.received_at,
        resolved_at=row.resolved_at,
    )
