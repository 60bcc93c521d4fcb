"""What a transaction of triage writes: gathered, and written with one statement for each kind of row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, update

from bot.domain.incident import GroupedAlert, Incident
from bot.domain.ports import TimelineEvent
from memory.store.codec import encode
from memory.store.schema import DONE, alerts, bounded, deliveries, episodes, incident_services, incidents
from memory.store.timeline import add_events
from memory.store.upsert import put_all

_STATE = (
    "title",
    "service",
    "severity",
    "status",
    "started_at",
    "resolved_at",
    "revision",
    "alert_count",
    "firing_count",
    "is_private",
    "merged_into",
    "acknowledged_at",
    "identified_at",
    "mitigated_at",
)

# Made once: in a storm making them takes longer than running them.
_NEW_INCIDENTS, _NEW_ALERTS = incidents.insert(), alerts.insert()
_CHANGED = (
    update(incidents)
    .where(incidents.c.id == bindparam("incident"))
    .values({name: bindparam(f"new_{name}") for name in _STATE})
)
_OVER = (
    update(alerts)
    .where(alerts.c.incident_id == bindparam("incident"), alerts.c.position == bindparam("place"))
    .values(resolved_at=bindparam("at"))
)
# What a monitor sent is kept as it came only until it was dealt with: it may hold secrets.
_DONE = update(deliveries).where(deliveries.c.id == bindparam("row")).values(state=DONE, body="")

Values = Mapping[str, Any]


class Changes:
    """Nothing is in the database before `write`."""

    def __init__(self) -> None:
        self._opened: dict[str, Values] = {}
        self._changed: dict[str, Incident] = {}
        self._alerts: list[Values] = []
        self._over: list[Values] = []
        self._services: dict[tuple[str, str, str], Values] = {}
        self._episodes: dict[str, Values] = {}
        self._events: list[tuple[str, TimelineEvent]] = []
        self._done: list[Values] = []

    def open_incident(self, incident: Incident, number: int) -> None:
        self._opened[incident.id] = {
            "id": incident.id,
            "number": number,
            "opened_at": incident.opened_at,
            "shown_revision": 0,
            **_state(incident),
        }

    def change_incident(self, incident: Incident) -> None:
        self._changed[incident.id] = incident

    def add_alert(self, incident_id: str, position: int, grouped: GroupedAlert) -> None:
        alert = grouped.alert
        values = {
            "incident_id": incident_id,
            "position": position,
            "source": alert.source,
            "fingerprint": alert.fingerprint,
            "service": alert.service,
            "episode": alert.episode,
            "reason": grouped.reason.value,
            "received_at": grouped.received_at,
            "body": encode(alert),
        }
        self._alerts.append(values)
        if alert.service is not None:
            key = (bounded(alert.service), incident_id, bounded(alert.environment or ""))
            names = ("service", "incident_id", "environment")
            self._services[key] = {**dict(zip(names, key, strict=True)), "position": position}

    def end_alert(self, incident_id: str, position: int, at: datetime) -> None:
        self._over.append({"incident": incident_id, "place": position, "at": at})

    def set_episode(self, episode: str, incident_id: str | None, *, resolved: bool, at: datetime) -> None:
        name = bounded(episode)
        values = {"episode": name, "incident_id": incident_id, "resolved": resolved, "changed_at": at}
        self._episodes[name] = values

    def tell(self, event: TimelineEvent, *, key: str) -> None:
        self._events.append((key, event))

    def say(self, incident: Incident, what: str, kind: str, said: str, at: datetime, actor: str = "") -> None:
        """`what` is told of it once."""
        event = TimelineEvent(incident_id=incident.id, at=at, kind=kind, text=said, actor=actor)
        self.tell(event, key=f"{incident.id}/{what}")

    def say_severity(self, before: Incident, after: Incident, at: datetime) -> None:
        said = f"Severity raised from {before.severity} to {after.severity}"
        self.say(after, f"severity/{after.revision}", "status", said, at)

    def say_alert(self, incident: Incident, what: str, grouped: GroupedAlert) -> None:
        """That it came, and that it is over where it is."""
        alert = grouped.alert
        self.say(incident, what, "alert", f"Alert: {alert.title}", grouped.received_at, alert.source)
        if grouped.resolved_at is not None:
            said = f"Recovered: {alert.title}"
            self.say(incident, f"{what}/recovered", "alert", said, grouped.resolved_at, alert.source)

    def done(self, row: int) -> None:
        self._done.append({"row": row})

    def write(self, connection: Connection) -> None:
        """Once. Rows come before those that refer to them."""
        changed = [_change(incident) for incident in self._changed.values()]
        for statement, rows in (
            (_NEW_INCIDENTS, list(self._opened.values())),
            (_CHANGED, changed),
            (_NEW_ALERTS, self._alerts),
            (_OVER, self._over),
            (_DONE, self._done),
        ):
            if rows:
                connection.execute(statement, rows)
        put_all(
            connection, incident_services, list(self._services.values()), key=("service", "incident_id", "environment")
        )
        put_all(connection, episodes, list(self._episodes.values()), key=("episode",))
        add_events(connection, self._events)


def _state(incident: Incident) -> dict[str, object]:
    """What changes over an incident's life."""
    return {
        "title": incident.title,
        "service": incident.service,
        "severity": incident.severity.value,
        "status": incident.status.value,
        "started_at": incident.started_at,
        "resolved_at": incident.resolved_at,
        "revision": incident.revision,
        "alert_count": incident.alert_count,
        "firing_count": incident.firing_count,
        "is_private": incident.is_private,
        "merged_into": incident.merged_into,
        "acknowledged_at": incident.acknowledged_at,
        "identified_at": incident.identified_at,
        "mitigated_at": incident.mitigated_at,
    }


def _change(incident: Incident) -> Values:
    return {"incident": incident.id, **{f"new_{name}": value for name, value in _state(incident).items()}}
