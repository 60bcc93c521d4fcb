"""What triage asks and keeps in a storm, of flapping conditions and of what waits for the end of a maintenance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, func, select, update

from bot.domain.incident import OVER, GroupingReason, IncidentStatus
from bot.domain.storm import OpenStorm, Rush
from memory.store.regrouping import was_told
from memory.store.schema import PENDING, alerts, deliveries, incident_services, incidents

HELD = "held"  # state of a delivery: it waits for the end of a maintenance
FLAPPING_KEY = "told/flapping"  # of the timeline's event that told of it
_OPEN = sorted(status.value for status in IncidentStatus if status not in OVER)

# Made once: making a statement takes longer than running it.
_HEARD = select(alerts.c.received_at).order_by(alerts.c.id.desc()).limit(bindparam("most"))
_OPENED = select(incidents.c.opened_at).order_by(incidents.c.number.desc()).limit(bindparam("most"))
_FIRST = alerts.alias("first")
_NEWEST = alerts.alias("newest")
_STORM = (
    select(incidents.c.id, _NEWEST.c.received_at)
    .join(_FIRST, and_(_FIRST.c.incident_id == incidents.c.id, _FIRST.c.position == 0))
    .join(_NEWEST, and_(_NEWEST.c.incident_id == incidents.c.id, _NEWEST.c.position == incidents.c.alert_count - 1))
    # Open ones by name: they are few, and found by the index of states.
    .where(
        incidents.c.status.in_(_OPEN),
        _FIRST.c.reason == GroupingReason.STORM.value,
        incidents.c.is_private.is_(False),  # what people keep among themselves takes in nothing by itself
    )
    .order_by(incidents.c.number.desc())
    .limit(1)
)
_SERVICES = select(func.count(incident_services.c.service.distinct())).where(
    incident_services.c.incident_id == bindparam("incident")
)
_SERVICE_OF_EACH = (
    select(alerts.c.service).where(alerts.c.incident_id == bindparam("incident")).order_by(alerts.c.position)
)
_CALM = (
    select(incidents.c.id)
    .where(incidents.c.status == IncidentStatus.MONITORING.value, incidents.c.firing_count == 0)
    .order_by(incidents.c.number)
)
_LAST_END = select(func.max(alerts.c.resolved_at)).where(alerts.c.incident_id == bindparam("incident"))
_HOLD = update(deliveries).where(deliveries.c.id == bindparam("row")).values(state=HELD, problem=bindparam("why"))
_RELEASE = update(deliveries).where(deliveries.c.state == HELD).values(state=PENDING, problem=None)


def rush(connection: Connection, most_alerts: int, most_incidents: int) -> Rush:
    heard = connection.execute(_HEARD, {"most": most_alerts}).scalars()
    opened = connection.execute(_OPENED, {"most": most_incidents}).scalars()
    storm = connection.execute(_STORM).one_or_none()
    return Rush(
        alerts=tuple(heard),
        opened=tuple(opened),
        storm=None if storm is None else OpenStorm(incident_id=storm.id, heard_at=storm.received_at),
    )


def services(connection: Connection, incident_id: str) -> int:
    return connection.execute(_SERVICES, {"incident": incident_id}).scalar_one()


def alert_services(connection: Connection, incident_id: str) -> Sequence[str]:
    return [name or "" for name in connection.execute(_SERVICE_OF_EACH, {"incident": incident_id}).scalars()]


def quiet(connection: Connection, since: datetime) -> Sequence[str]:
    calm = connection.execute(_CALM).scalars().all()
    flapping = [name for name in calm if was_told(connection, f"{name}/{FLAPPING_KEY}")]
    return [name for name in flapping if _ended_before(connection, name, since)]


def _ended_before(connection: Connection, incident_id: str, since: datetime) -> bool:
    last = connection.execute(_LAST_END, {"incident": incident_id}).scalar()
    return last is not None and last < since


def hold(connection: Connection, row: int, why: str) -> None:
    """Kept as it came, out of the way of those behind it."""
    connection.execute(_HOLD, {"row": row, "why": why})


def release(connection: Connection) -> None:
    connection.execute(_RELEASE)
