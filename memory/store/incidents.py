"""Incidents as rows: read with as many of their alerts as the reader needs, written by what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, Update, and_, bindparam, or_, select, update

from bot.domain.alert import Severity
from bot.domain.errors import FirstResponderError
from bot.domain.incident import OVER, Card, GroupedAlert, GroupingReason, Incident, IncidentStatus, Place, PlaceKind
from memory.store.codec import decode_alert
from memory.store.database import Database
from memory.store.schema import alerts, incidents

# Of an incident's alerts the first ones tell how it began, the newest how it goes on. A card shows four, a briefing
# looks at conditions and services; decoding thousands for each edit would take longer than the edit.
FIRST, NEWEST = 50, 50

IS_OPEN = incidents.c.status.not_in(sorted(status.value for status in OVER))
_KEPT = or_(alerts.c.position < FIRST, alerts.c.position >= incidents.c.alert_count - NEWEST)
_ALERTS = (alerts.c.incident_id, alerts.c.body, alerts.c.reason, alerts.c.received_at, alerts.c.resolved_at)

# Made once: making a statement takes longer than running it.
_HEADER = select(incidents).where(incidents.c.id == bindparam("wanted"))
_ONE = select(*_ALERTS).join(incidents).where(incidents.c.id == bindparam("wanted"), _KEPT).order_by(alerts.c.position)
# Whoever may read what was merged may read what the other had by then; what came to it later may be private since.
_BY_THEN = (
    select(*_ALERTS)
    .where(
        alerts.c.incident_id == bindparam("wanted"),
        or_(alerts.c.position == 0, alerts.c.received_at <= bindparam("at")),
    )
    .order_by(alerts.c.position)
    .limit(FIRST)
)
_OPEN = select(incidents).where(IS_OPEN).order_by(incidents.c.severity, incidents.c.number)  # "SEV1" before "SEV2"
_FIRST_OF = select(*_ALERTS).where(
    alerts.c.incident_id.in_(bindparam("wanted", expanding=True)), alerts.c.position == 0
)


class StoredIncidents:
    """The `Incidents` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, incident_id: str) -> Incident | None:
        return await self._database.read(lambda connection: _read(connection, incident_id))

    async def list_open(self) -> Sequence[Incident]:
        return await self._database.read(_read_open)

    async def list_recent(self, since: datetime) -> Sequence[Incident]:
        wanted = (
            select(incidents).where(or_(IS_OPEN, incidents.c.resolved_at >= since)).order_by(incidents.c.number.desc())
        )
        return await self._database.read(lambda connection: _with_first(connection, connection.execute(wanted).all()))

    async def in_place(self, channel: str, thread_ts: str | None) -> Incident | None:
        here = and_(incidents.c.place_channel == channel, incidents.c.place_kind == PlaceKind.CHANNEL.value)
        if thread_ts is not None:
            here = or_(here, and_(incidents.c.card_channel == channel, incidents.c.card_ts == thread_ts))
        wanted = select(incidents.c.id).where(here).order_by(incidents.c.number.desc()).limit(1)

        def find(connection: Connection) -> Incident | None:
            found = connection.execute(wanted).scalar()
            return None if found is None else _read(connection, found)

        return await self._database.read(find)


def header(connection: Connection, incident_id: str) -> Incident:
    """Without its alerts. Raises FirstResponderError where there is no such incident."""
    row = connection.execute(_HEADER, {"wanted": incident_id}).one_or_none()
    if row is None:
        raise FirstResponderError(f"{incident_id} is not in the store")
    return header_of(row)


def change(connection: Connection, incident_id: str, **values: Any) -> None:
    """Raises FirstResponderError where there is no such incident."""
    given = {f"new_{name}": value for name, value in values.items()}
    done = connection.execute(_changing(tuple(values)), {"wanted": incident_id, **given})
    if done.rowcount == 0:
        raise FirstResponderError(f"{incident_id} is not in the store")


@cache
def _changing(columns: tuple[str, ...]) -> Update:
    new: dict[str, BindParameter[Any]] = {name: bindparam(f"new_{name}") for name in columns}
    return update(incidents).where(incidents.c.id == bindparam("wanted")).values(new)


def _read(connection: Connection, incident_id: str) -> Incident | None:
    row = connection.execute(_HEADER, {"wanted": incident_id}).one_or_none()
    if row is None:
        return None
    if row.merged_into is not None:
        by_then = {"wanted": row.merged_into, "at": row.resolved_at}
        return replace(header_of(row), alerts=tuple(map(grouped_of, connection.execute(_BY_THEN, by_then))))
    found = connection.execute(_ONE, {"wanted": incident_id})
    return with_alerts(header_of(row), tuple(grouped_of(one) for one in found))


def _read_open(connection: Connection) -> list[Incident]:
    return _with_first(connection, connection.execute(_OPEN).all())


def _with_first(connection: Connection, rows: Sequence[Row[Any]]) -> list[Incident]:
    """Each with its first alert alone."""
    wanted = {row.merged_into or row.id for row in rows}
    first = {row.incident_id: grouped_of(row) for row in connection.execute(_FIRST_OF, {"wanted": list(wanted)})}
    return [
        replace(header_of(row), alerts=(first[row.merged_into],))
        if row.merged_into is not None
        else with_alerts(header_of(row), (first[row.id],))
        for row in rows
    ]


def with_alerts(header: Incident, shown: tuple[GroupedAlert, ...]) -> Incident:
    """The incident with these of its alerts."""
    firing = sum(1 for grouped in shown if grouped.is_firing)
    return replace(
        header,
        alerts=shown,
        alerts_left_out=header.alerts_left_out - len(shown),
        firing_left_out=header.firing_left_out - firing,
    )


def header_of(row: Row[Any]) -> Incident:
    """Without its alerts."""
    return Incident(
        id=row.id,
        title=row.title,
        severity=Severity(row.severity),
        status=IncidentStatus(row.status),
        service=row.service,
        started_at=row.started_at,
        opened_at=row.opened_at,
        place=_place(row),
        card=_card(row),
        briefed_at=row.briefed_at,
        resolved_at=row.resolved_at,
        revision=row.revision,
        alerts_left_out=row.alert_count,
        firing_left_out=row.firing_count,
        is_private=row.is_private,
        merged_into=row.merged_into,
        acknowledged_at=row.acknowledged_at,
        identified_at=row.identified_at,
        mitigated_at=row.mitigated_at,
    )


def grouped_of(row: Row[*tuple[Any, ...]]) -> GroupedAlert:
    return GroupedAlert(
        alert=decode_alert(row.body),
        reason=GroupingReason(row.reason),
        received_at=row.received_at,
        resolved_at=row.resolved_at,
    )


def _place(row: Row[Any]) -> Place | None:
    if row.place_kind is None:
        return None
    return Place(kind=PlaceKind(row.place_kind), channel=row.place_channel, name=row.place_name)


def _card(row: Row[Any]) -> Card | None:
    if row.card_channel is None:
        return None
    return Card(channel=row.card_channel, ts=row.card_ts, permalink=row.card_permalink)
