"""Triage's write transactions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Connection, Row, bindparam, select, text, update

from bot.domain.alert import Alert, Delivery
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.domain.ports import Episode, PendingDelivery, Said, TriageTransaction
from bot.domain.storm import Rush
from memory.store import lifecycle, regrouping, storms
from memory.store.changes import Changes
from memory.store.codec import Undecodable, decode_delivery
from memory.store.database import Database
from memory.store.incidents import with_alerts
from memory.store.known import Known
from memory.store.regrouping import numbered, was_told
from memory.store.schema import FAILED, PENDING, deliveries

log = logging.getLogger(__name__)

T = TypeVar("T")

# PostgreSQL only: replicas triage one after the other, as the threads of one process do. Any fixed number will do.
TRIAGE_LOCK = 7_202_611

# Said literally: with a parameter the partial index of pending deliveries would not be used.
_IS_PENDING: BindParameter[str] = bindparam("state", PENDING, literal_execute=True)

# Made once: making them takes longer than running them.
_PENDING = (
    select(deliveries.c.id, deliveries.c.body)
    # Said literally: with a parameter the partial index of pending deliveries would not be used.
    .where(
        deliveries.c.state == bindparam("state", PENDING, literal_execute=True), deliveries.c.id > bindparam("after")
    )
    .order_by(deliveries.c.id)
    .limit(bindparam("most"))
)
_SET_ASIDE = (
    update(deliveries).where(deliveries.c.id == bindparam("row")).values(state=FAILED, problem=bindparam("why"))
)


class StoredDesk:
    """The `TriageDesk` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def transact(self, work: Callable[[TriageTransaction], T]) -> T:
        return await self._database.writer.write(lambda connection: _run(connection, work))


def _run(connection: Connection, work: Callable[[TriageTransaction], T]) -> T:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": TRIAGE_LOCK})
    transaction = StoredTransaction(connection)
    result = work(transaction)
    transaction.write()
    return result


class StoredTransaction:
    """The `TriageTransaction` port. It reads for many alerts at once and writes at its end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._expected: list[Alert] = []
        self._known = Known(connection, self._expected)
        self._changes = Changes()

    def write(self) -> None:
        """Everything that was changed so far."""
        self._changes.write(self._connection)
        self._changes = Changes()

    # --- the inbox ---------------------------------------------------------------------------------------------------

    def pending(self, limit: int) -> Iterator[PendingDelivery]:
        after = 0
        while rows := self._connection.execute(_PENDING, {"after": after, "most": limit}).all():
            readable = 0
            for row in rows:
                after = row.id
                if (delivery := self._read(row)) is not None:
                    readable += 1
                    yield PendingDelivery(row=row.id, delivery=delivery)
            if readable:
                return

    def done(self, row: int) -> None:
        self._changes.done(row)

    def hold(self, row: int, why: str) -> None:
        storms.hold(self._connection, row, why)

    def release(self) -> None:
        storms.release(self._connection)

    def _read(self, row: Row[*tuple[Any, ...]]) -> Delivery | None:
        """None where it cannot be read: it is kept, but not in the way of those behind it."""
        try:
            delivery = decode_delivery(row.body)
        except Undecodable as error:
            log.error("delivery %d cannot be read and is skipped; it stays in the table deliveries: %s", row.id, error)
            self._connection.execute(_SET_ASIDE, {"row": row.id, "why": str(error)})
            return None
        self._expected.extend(delivery.alerts)
        return delivery

    # --- what is known -----------------------------------------------------------------------------------------------

    def episode(self, episode: str) -> Episode | None:
        return self._known.episode(episode)

    def candidates(self, alert: Alert, closed_since: datetime, services: Collection[str] = ()) -> Sequence[Incident]:
        if not self._known.reaches(closed_since):  # the clock was set back between two deliveries
            self.write()
            self._known = Known(self._connection, self._expected)
        return self._known.candidates(alert, closed_since, services)

    def services(self, incident_id: str) -> int:
        self.write()
        return storms.services(self._connection, incident_id)

    def alert_services(self, incident_id: str) -> Sequence[str]:
        self.write()
        return storms.alert_services(self._connection, incident_id)

    def rush(self, alerts: int, incidents: int) -> Rush:
        self.write()
        return storms.rush(self._connection, alerts, incidents)

    def quiet(self, since: datetime) -> Sequence[str]:
        self.write()
        return storms.quiet(self._connection, since)

    # --- changes -----------------------------------------------------------------------------------------------------

    def open_incident(self, alert: Alert, reason: GroupingReason, received_at: datetime) -> Incident:
        header, number = numbered(
            self._connection, lambda name: lifecycle.opened(name, alert, received_at), received_at
        )
        self._changes.open_incident(header, number)
        self._known.add_incident(header, number)
        grouped = GroupedAlert(alert=alert, reason=reason, received_at=received_at)
        self._add_alert(header, grouped)
        self._changes.say(header, "opened", "status", f"Incident opened, {header.severity}", received_at)
        return with_alerts(header, (grouped,))

    def join(self, incident_id: str, alert: Alert, reason: GroupingReason, received_at: datetime) -> None:
        before = self._known.header(incident_id)
        after = lifecycle.joined(before, alert.severity)
        self._save(after)
        self._add_alert(after, GroupedAlert(alert=alert, reason=reason, received_at=received_at))
        self._tell_changes(before, after, received_at)

    def recover(
        self,
        incident_id: str,
        alert: Alert,
        received_at: datetime,
        *,
        leads_to: IncidentStatus = IncidentStatus.RESOLVED,
    ) -> None:
        before = self._known.header(incident_id)
        over = self._known.firing(incident_id, alert)
        after = lifecycle.recovered(before, len(over), received_at, leads_to)
        self._save(after)
        self._remember(alert, incident_id, resolved=True, at=received_at)
        for position, grouped in over:
            self._known.set_alert(incident_id, position, replace(grouped, resolved_at=received_at))
            self._changes.end_alert(incident_id, position, received_at)
            what = f"recovered/{after.revision}/{position}"
            self._changes.say(after, what, "alert", f"Recovered: {alert.title}", received_at, alert.source)
        self._tell_changes(before, after, received_at)

    def steer(self, incident_id: str, decide: Callable[[Incident], Incident], said: Said) -> Incident:
        before = self._known.header(incident_id)
        what = f"steered/{said.key}"
        if was_told(self._connection, f"{incident_id}/{what}"):
            return before
        after = decide(before)
        if after != before:
            self._save(after)
            self._changes.say(after, what, "status", said.text, said.at, said.who)
        return after

    def tell(self, incident_id: str, said: Said) -> None:
        self._changes.say(self._known.header(incident_id), f"told/{said.key}", "note", said.text, said.at, said.who)

    def revise(self, incident_id: str, decide: Callable[[Incident], Incident]) -> None:
        self._save(decide(self._known.header(incident_id)))

    def merge(self, incident_id: str, into: str, said: Said) -> tuple[Incident, Incident]:
        return self._on_rows(lambda connection: regrouping.merge(connection, incident_id, into, said))

    def split(self, incident_id: str, positions: Sequence[int], said: Said) -> Incident | None:
        return self._on_rows(lambda connection: regrouping.split(connection, incident_id, positions, said))

    def _on_rows(self, work: Callable[[Connection], T]) -> T:
        """On everything as it is kept now; what is known is then read anew."""
        self.write()
        try:
            return work(self._connection)
        finally:
            self._known = Known(self._connection, self._expected)

    def remember_recovery(self, alert: Alert, received_at: datetime) -> None:
        self._remember(alert, None, resolved=True, at=received_at)

    # --- rows --------------------------------------------------------------------------------------------------------

    def _save(self, header: Incident) -> None:
        self._known.set_header(header)
        self._changes.change_incident(header)

    def _add_alert(self, header: Incident, grouped: GroupedAlert) -> None:
        """The newest, which the incident counts already."""
        alert, position = grouped.alert, header.alert_count - 1
        self._known.add_alert(header.id, position, grouped)
        self._changes.add_alert(header.id, position, grouped)
        self._remember(alert, header.id, resolved=False, at=grouped.received_at)
        self._changes.say_alert(header, f"alert/{header.revision}", grouped)

    def _remember(self, alert: Alert, incident_id: str | None, *, resolved: bool, at: datetime) -> None:
        self._known.set_episode(alert.episode, Episode(incident_id=incident_id, resolved=resolved))
        self._changes.set_episode(alert.episode, incident_id, resolved=resolved, at=at)

    def _tell_changes(self, before: Incident, after: Incident, at: datetime) -> None:
        if before.status is not after.status:
            quiet = f"{after.status.capitalize()}: no alert fires any more"
            said = quiet if before.status.is_open else "Open again"
            self._changes.say(after, f"status/{after.revision}", "status", said, at)
        if before.severity is not after.severity:
            self._changes.say_severity(before, after, at)
