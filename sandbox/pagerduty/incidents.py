"""Incidents of the account, and what clients did to them: this is the one part that remembers writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

from sandbox.pagerduty.directory import Directory, Entity, ServiceEntity, identity
from sandbox.scenario.model import Scenario, Webhook

OPEN = ("triggered", "acknowledged")
_KINDS = {"triggered": "unacknowledge", "acknowledged": "acknowledge", "resolved": "resolve"}
_EVENTS = {
    "triggered": "incident.unacknowledged",
    "acknowledged": "incident.acknowledged",
    "resolved": "incident.resolved",
}
FIRST_NUMBER = 5001  # for incidents that clients create where the scenario has none


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of an incident's log."""

    id: str
    kind: str  # trigger, acknowledge, resolve, annotate
    at: float
    incident: str  # its id
    agent: Entity | None  # None: the service's integration
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Note:
    id: str
    at: float
    content: str
    user: Entity


@dataclass(frozen=True, kw_only=True)
class Incident:
    id: str
    number: int
    title: str
    status: str  # triggered, acknowledged, resolved
    urgency: str  # high, low
    key: str
    created_at: float
    changed_at: float
    service: ServiceEntity
    policy: Entity | None
    assignees: tuple[Entity, ...]
    teams: tuple[Entity, ...] = ()
    priority: Entity | None = None
    acknowledged_by: Entity | None = None
    details: str = ""
    event: Mapping[str, Any] | None = None  # the details that its monitor sent
    further_alerts: tuple[str, ...] = ()  # titles of alerts that were grouped into it
    merged_into: str = ""  # the id of another incident
    notes: tuple[Note, ...] = ()
    log: tuple[Entry, ...] = ()


Tell: TypeAlias = Callable[..., None]  # type of the event, incident, by whom, and the note where it is one


class AlreadyResolved(Exception):
    """A resolved incident takes no other status."""


@dataclass
class Incidents:
    """All incidents by id. `clock` in unix seconds; an incident that opens later is not there yet."""

    directory: Directory
    clock: Callable[[], float]
    found: dict[str, Incident] = field(default_factory=dict)
    tell: Tell = lambda *_: None  # of each thing that happens

    def visible(self) -> list[Incident]:
        """By number, ascending."""
        now = self.clock()
        return sorted((item for item in self.found.values() if item.created_at <= now), key=lambda item: item.number)

    def get(self, key: str) -> Incident | None:
        """By id or number."""
        if (item := self.found.get(key)) is not None:
            return item if item.created_at <= self.clock() else None
        return next((item for item in self.visible() if str(item.number) == key), None)

    def create(
        self,
        *,
        title: str,
        service: ServiceEntity,
        urgency: str,
        key: str | None,
        details: str,
        policy: Entity | None,
        assignees: Sequence[Entity],
        priority: Entity | None,
        by: Entity,
    ) -> Incident:
        now = self.clock()
        number = max((item.number for item in self.found.values()), default=FIRST_NUMBER - 1) + 1
        identifier = identity(f"incident {number} {title}", 13)
        made = Incident(
            id=identifier,
            number=number,
            title=title,
            status="triggered",
            urgency=urgency,
            key=key or identity(f"key {number}", 31),
            created_at=now,
            changed_at=now,
            service=service,
            policy=policy,
            assignees=tuple(assignees),
            priority=priority,
            details=details,
            log=(_entry(identifier, 0, "trigger", now, by, title),),
        )
        self.found[made.id] = made
        self.tell("incident.triggered", made, by)
        return made

    def change(self, incident: Incident, by: Entity, *, status: str | None = None, title: str | None = None,
               urgency: str | None = None, priority: Entity | None = None, policy: Entity | None = None,
               assignees: Sequence[Entity] | None = None) -> Incident:  # fmt: skip
        """What is None stays as it is. Raises AlreadyResolved."""
        changed = replace(
            incident,
            title=title or incident.title,
            urgency=urgency or incident.urgency,
            priority=priority or incident.priority,
            policy=policy or incident.policy,
            assignees=incident.assignees if assignees is None else tuple(assignees),
        )
        if status is not None and status != incident.status:
            changed = self._with_status(changed, status, by)
        self.found[incident.id] = changed
        if changed.status != incident.status:
            self.tell(_EVENTS[changed.status], changed, by)
        if changed.priority != incident.priority:
            self.tell("incident.priority_updated", changed, by)
        return changed

    def reopen(self, identifier: str, by: Entity) -> None:
        """Which people can do on the web page alone."""
        incident, now = self.found[identifier], self.clock()
        entry = _entry(incident.id, len(incident.log), "unacknowledge", now, by, "")
        again = replace(incident, status="triggered", changed_at=now, log=(*incident.log, entry))
        self.found[identifier] = again
        self.tell("incident.reopened", again, by)

    def end(self, identifier: str) -> None:
        """Its monitor says that it is over; nothing where a person said so before."""
        incident = self.found.get(identifier)
        if incident is not None and incident.status in OPEN:
            self.found[identifier] = self._with_status(incident, "resolved", None)
            self.tell(_EVENTS["resolved"], self.found[identifier], None)

    def _with_status(self, incident: Incident, status: str, by: Entity | None) -> Incident:
        if incident.status == "resolved":
            raise AlreadyResolved
        now, kind = self.clock(), _KINDS[status]
        entry = _entry(incident.id, len(incident.log), kind, now, by, "")
        return replace(
            incident,
            status=status,
            changed_at=now,
            acknowledged_by=by if status == "acknowledged" else None,
            assignees=() if status == "resolved" else incident.assignees,
            log=(*incident.log, entry),
        )

    def annotate(self, incident: Incident, content: str, by: Entity) -> Note:
        now = self.clock()
        note = Note(id=identity(f"note {incident.id} {len(incident.notes)}", 13), at=now, content=content, user=by)
        entry = _entry(incident.id, len(incident.log), "annotate", now, by, content)
        self.found[incident.id] = replace(incident, notes=(*incident.notes, note), log=(*incident.log, entry))
        self.tell("incident.annotated", self.found[incident.id], by, note)
        return note

    def log(self) -> Iterator[Entry]:
        """Newest first."""
        entries = [entry for item in self.visible() for entry in item.log if entry.at <= self.clock()]
        return iter(sorted(entries, key=lambda entry: -entry.at))


def incidents(scenario: Scenario, known: Directory, clock: Callable[[], float]) -> Incidents:
    """Those that the scenario's PagerDuty webhooks tell of, and those of its history."""
    from sandbox.pagerduty.past import past_incidents  # which makes values of this module

    found = Incidents(directory=known, clock=clock)
    for webhook in (scenario.webhook, *scenario.distractors):
        item = _from_webhook(webhook, known) if webhook.source == "pagerduty" else None
        if item is not None:
            found.found[item.id] = item
    first = min((item.number for item in found.found.values()), default=FIRST_NUMBER)
    found.found |= {item.id: item for item in past_incidents(scenario, known, first_number=first)}
    return found


def _from_webhook(webhook: Webhook, known: Directory) -> Incident | None:
    data = webhook.payload.get("event", {}).get("data", {})
    service = known.services.get(_id(data.get("service")) or "")
    if data.get("type") != "incident" or service is None:
        return None
    at = datetime.fromisoformat(data["created_at"]).timestamp()
    assignees = [known.user_by_id(_id(item) or "") for item in data.get("assignees") or ()]
    teams = [known.teams.get(_id(item) or "") for item in data.get("teams") or ()]
    return Incident(
        id=data["id"],
        number=int(data["number"]),
        title=data["title"],
        status=data.get("status", "triggered"),
        urgency=data.get("urgency", "high"),
        key=data.get("incident_key") or data["id"],
        created_at=at,
        changed_at=at,
        service=service,
        policy=known.policies.get(_id(data.get("escalation_policy")) or ""),
        assignees=tuple(item for item in assignees if item),
        teams=tuple(item for item in teams if item),
        priority=known.priorities.get(_id(data.get("priority")) or ""),
        log=(_entry(data["id"], 0, "trigger", at, None, data["title"]),),
    )


def _id(reference: object) -> str | None:
    return str(reference["id"]) if isinstance(reference, Mapping) and "id" in reference else None


def _entry(incident: str, place: int, kind: str, at: float, agent: Entity | None, text: str) -> Entry:
    return Entry(
        id=identity(f"log {incident} {place}", 25), kind=kind, at=at, incident=incident, agent=agent, text=text
    )
