"""Triage's write transactions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, bindparam, select, text, update

from bot.domain.alert import Alert
from bot.domain.errors import FirstResponderError
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.domain.ports import Episode, PendingDelivery, TimelineEvent, TriageTransaction
from memory.store import incidents as rows
from memory.store import lifecycle
from memory.store.codec import Undecodable, decode_delivery, encode
from memory.store.counters import next_number
from memory.store.database import Database
from memory.store.schema import DONE, FAILED, PENDING, alerts, deliveries, episodes, incidents
from memory.store.timeline import add_event
from memory.store.upsert import put

log = logging.getLogger(__name__)

T = TypeVar("T")

# PostgreSQL only: replicas triage one after the other, as the threads of one process do. Any fixed number will do.
TRIAGE_LOCK = 7_202_611

# Made once: in a storm making them takes longer than running them.
_EPISODE = select(episodes).where(episodes.c.episode == bindparam("wanted"))
_DONE = update(deliveries).where(deliveries.c.id == bindparam("row")).values(state=DONE)
_NEW_INCIDENT, _NEW_ALERT = incidents.insert(), alerts.insert()
_STATE = ("severity", "status", "resolved_at", "revision")
_CHANGE = (
    update(incidents)
    .where(incidents.c.id == bindparam("incident"))
    .values({name: bindparam(f"new_{name}") for name in _STATE})
)


class StoredDesk:
    """The `TriageDesk` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def transact(self, work: Callable[[TriageTransaction], T]) -> T:
        return await self._database.writer.write(lambda connection: work(_begin(connection)))


def _begin(connection: Connection) -> StoredTransaction:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": TRIAGE_LOCK})
    return StoredTransaction(connection)


class StoredTransaction:
    """The `TriageTransaction` port. Incidents are read once: in a storm one of them holds thousands of alerts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._incidents: dict[str, Incident] = {}

    # --- the inbox ---------------------------------------------------------------------------------------------------

    def pending(self, limit: int) -> Sequence[PendingDelivery]:
        waiting = select(deliveries).where(deliveries.c.state == PENDING).order_by(deliveries.c.id).limit(limit)
        while found := self._connection.execute(waiting).all():
            readable = []
            for row in found:
                try:
                    readable.append(PendingDelivery(row=row.id, delivery=decode_delivery(row.body)))
                except Undecodable as error:
                    self._set_aside(row.id, str(error))
            if readable:
                return readable
        return ()

    def done(self, row: int) -> None:
        self._connection.execute(_DONE, {"row": row})

    def _set_aside(self, row: int, problem: str) -> None:
        """Kept, but not in the way of those behind it."""
        log.error("delivery %d cannot be read and is skipped; it stays in the table deliveries: %s", row, problem)
        change = update(deliveries).where(deliveries.c.id == row).values(state=FAILED, problem=problem)
        self._connection.execute(change)

    # --- what is known -----------------------------------------------------------------------------------------------

    def episode(self, episode: str) -> Episode | None:
        row = self._connection.execute(_EPISODE, {"wanted": episode}).one_or_none()
        return None if row is None else Episode(incident_id=row.incident_id, resolved=row.resolved)

    def candidates(self, alert: Alert, closed_since: datetime) -> Sequence[Incident]:
        return [self._incident(found) for found in rows.candidates(self._connection, alert, closed_since)]

    def _incident(self, incident_id: str) -> Incident:
        if incident_id not in self._incidents:
            found = rows.read(self._connection, incidents.c.id == incident_id)
            if not found:
                raise FirstResponderError(f"{incident_id} is not in the store")
            self._incidents[incident_id] = found[0]
        return self._incidents[incident_id]

    # --- changes -----------------------------------------------------------------------------------------------------

    def open_incident(self, alert: Alert, reason: GroupingReason, received_at: datetime) -> Incident:
        number = next_number(self._connection, f"incidents of {received_at.year}")
        grouped = GroupedAlert(alert=alert, reason=reason, received_at=received_at)
        incident = lifecycle.opened(f"INC-{received_at.year}-{number:04d}", grouped)
        self._insert(incident)
        self._add_alert(incident)
        self._incidents[incident.id] = incident
        self._tell(incident, "opened", "status", f"Incident opened, {incident.severity}", received_at)
        return incident

    def join(self, incident_id: str, alert: Alert, reason: GroupingReason, received_at: datetime) -> None:
        before = self._incident(incident_id)
        grouped = GroupedAlert(alert=alert, reason=reason, received_at=received_at)
        after = lifecycle.joined(before, grouped)
        self._save(after)
        self._add_alert(after)
        self._tell_changes(before, after, received_at)

    def recover(self, incident_id: str, alert: Alert, received_at: datetime) -> None:
        before = self._incident(incident_id)
        after = lifecycle.recovered(before, alert, received_at)
        over = [p for p, (was, now) in enumerate(zip(before.alerts, after.alerts, strict=True)) if was is not now]
        here = alerts.c.incident_id == incident_id, alerts.c.position.in_(over)
        self._connection.execute(update(alerts).where(*here).values(resolved_at=received_at))
        self._save(after)
        self._remember(alert, incident_id, resolved=True, at=received_at)
        for position in over:
            self._tell(after, f"recovered/{position}", "alert", f"Recovered: {alert.title}", received_at, alert.source)
        self._tell_changes(before, after, received_at)

    def remember_recovery(self, alert: Alert, received_at: datetime) -> None:
        self._remember(alert, None, resolved=True, at=received_at)

    # --- rows --------------------------------------------------------------------------------------------------------

    def _insert(self, incident: Incident) -> None:
        values = {
            "id": incident.id,
            "number": next_number(self._connection, "incidents"),
            "title": incident.title,
            "service": incident.service,
            "started_at": incident.started_at,
            "opened_at": incident.opened_at,
            "shown_revision": 0,
        }
        self._connection.execute(_NEW_INCIDENT, values | _state(incident))

    def _save(self, incident: Incident) -> None:
        changed = {f"new_{name}": value for name, value in _state(incident).items()}
        self._connection.execute(_CHANGE, changed | {"incident": incident.id})
        self._incidents[incident.id] = incident

    def _add_alert(self, incident: Incident) -> None:
        """The last one."""
        grouped, position = incident.alerts[-1], len(incident.alerts) - 1
        alert = grouped.alert
        values = {
            "incident_id": incident.id,
            "position": position,
            "source": alert.source,
            "fingerprint": alert.fingerprint,
            "service": alert.service,
            "episode": alert.episode,
            "reason": grouped.reason.value,
            "received_at": grouped.received_at,
            "body": encode(alert),
        }
        self._connection.execute(_NEW_ALERT, values)
        self._remember(alert, incident.id, resolved=False, at=grouped.received_at)
        said = f"Alert: {alert.title}"
        self._tell(incident, f"alert/{position}", "alert", said, grouped.received_at, alert.source)

    def _remember(self, alert: Alert, incident_id: str | None, *, resolved: bool, at: datetime) -> None:
        values = {"episode": alert.episode, "incident_id": incident_id, "resolved": resolved, "changed_at": at}
        put(self._connection, episodes, values, key=("episode",))

    def _tell_changes(self, before: Incident, after: Incident, at: datetime) -> None:
        if before.status is not after.status:
            said = "Resolved: no alert fires any more" if after.status is IncidentStatus.RESOLVED else "Open again"
            self._tell(after, f"status/{after.revision}", "status", said, at)
        if before.severity is not after.severity:
            said = f"Severity raised from {before.severity} to {after.severity}"
            self._tell(after, f"severity/{after.revision}", "status", said, at)

    def _tell(self, incident: Incident, what: str, kind: str, said: str, at: datetime, actor: str = "") -> None:
        event = TimelineEvent(incident_id=incident.id, at=at, kind=kind, text=said, actor=actor)
        add_event(self._connection, event, key=f"{incident.id}/{what}")


def _state(incident: Incident) -> dict[str, object]:
    """What changes over an incident's life."""
    return {
        "severity": incident.severity.value,
        "status": incident.status.value,
        "resolved_at": incident.resolved_at,
        "revision": incident.revision,
    }
