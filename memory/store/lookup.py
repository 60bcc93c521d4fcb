"""The questions of triage to the database: about many alerts in one statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, and_, bindparam, or_, select

from memory.store.incidents import IS_OPEN
from memory.store.schema import alerts, episodes, incident_services, incidents

_WANTED: BindParameter[str] = bindparam("wanted", expanding=True)
_IS_RECENT = or_(IS_OPEN, incidents.c.resolved_at >= bindparam("since"))
_ALERT = [column for column in alerts.c if column.name not in ("id", "service", "episode")]

# Made once: in a storm making them takes longer than running them.
_EPISODES = select(episodes).where(episodes.c.episode.in_(_WANTED))
_INCIDENTS = select(incidents).where(incidents.c.id.in_(_WANTED))
_OF_CONDITIONS = select(*_ALERT).join(incidents).where(alerts.c.fingerprint.in_(_WANTED), _IS_RECENT)
_OF_CONDITION_IN = select(*_ALERT).where(
    alerts.c.incident_id == bindparam("incident"),
    alerts.c.source == bindparam("source"),
    alerts.c.fingerprint == bindparam("fingerprint"),
)
_BURNING = (
    select(*_ALERT, incident_services.c.service, incident_services.c.environment)
    .join_from(incident_services, incidents)
    .join(
        alerts,
        and_(
            alerts.c.incident_id == incident_services.c.incident_id,
            alerts.c.position == incident_services.c.position,
        ),
    )
    .where(incident_services.c.service.in_(_WANTED), _IS_RECENT)
)
_NEWEST = (
    select(*_ALERT)
    .join(incidents, and_(incidents.c.id == alerts.c.incident_id, alerts.c.position == incidents.c.alert_count - 1))
    .where(incidents.c.id.in_(_WANTED))
)

Rows = Sequence[Row[*tuple[Any, ...]]]  # of alerts: as `memory.store.incidents.grouped_of` reads them


def known_episodes(connection: Connection, names: Collection[str]) -> Rows:
    return connection.execute(_EPISODES, {"wanted": list(names)}).all()


def incident_rows(connection: Connection, ids: Collection[str]) -> Rows:
    return connection.execute(_INCIDENTS, {"wanted": list(ids)}).all()


def newest_alerts(connection: Connection, ids: Collection[str]) -> Rows:
    """The last alert of each of these incidents."""
    return connection.execute(_NEWEST, {"wanted": list(ids)}).all()


def alerts_of_conditions(connection: Connection, fingerprints: Collection[str], since: datetime) -> Rows:
    """In incidents that are open or were resolved since then."""
    return connection.execute(_OF_CONDITIONS, {"wanted": list(fingerprints), "since": since}).all()


def alerts_of_condition_in(connection: Connection, incident_id: str, source: str, fingerprint: str) -> Rows:
    asked = {"incident": incident_id, "source": source, "fingerprint": fingerprint}
    return connection.execute(_OF_CONDITION_IN, asked).all()


def burning(connection: Connection, services: Collection[str], since: datetime) -> Rows:
    """The newest alert of each service and environment, in incidents that are open or were resolved since then."""
    return connection.execute(_BURNING, {"wanted": list(services), "since": since}).all()
