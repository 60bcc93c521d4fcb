"""Entities as PagerDuty's JSON."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sandbox.pagerduty.directory import Directory, Entity, ServiceEntity, identity
from sandbox.pagerduty.incidents import Entry, Incident, Note
from sandbox.scenario.model import Deployment, OnCall

Json: TypeAlias = dict[str, Any]

_PLURALS = {"escalation_policy": "escalation_policies", "priority": "priorities"}
_AGO = "2024-03-04T09:00:00Z"  # when people and services were set up
_REPEATS = 2  # how often an escalation policy starts over


def timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """`api` is the server's address without a trailing slash."""

    api: str
    directory: Directory

    def _address(self, kind: str, identity: str) -> Json:
        plural = _PLURALS.get(kind, f"{kind}s")
        return {
            "self": f"{self.api}/{plural}/{identity}",
            "html_url": f"https://{self.directory.subdomain}.pagerduty.com/{plural}/{identity}",
        }

    def reference(self, item: Entity | None) -> Json | None:
        if item is None:
            return None
        return {
            "id": item.id,
            "type": f"{item.kind}_reference",
            "summary": item.name,
            **self._address(item.kind, item.id),
        }

    def _whole(self, item: Entity) -> Json:
        address = self._address(item.kind, item.id)
        return {"id": item.id, "type": item.kind, "summary": item.name, **address, "name": item.name}

    def user(self, item: Entity) -> Json:
        person = self.directory.people[item.id]
        method = {"id": identity(f"email {item.id}"), "type": "email_contact_method_reference", "summary": "Default"}
        return {
            **self._whole(item),
            "email": person.email,
            "time_zone": "Etc/UTC",
            "color": "purple",
            "avatar_url": f"https://{self.directory.subdomain}.pagerduty.com/avatars/{item.id}.png",
            "billed": True,
            "role": "user",
            "description": None,
            "invitation_sent": False,
            "job_title": person.title or None,
            "created_via_sso": False,
            "teams": [],
            "contact_methods": [method],
            "notification_rules": [],
            "coordinated_incidents": [],
        }

    def service(self, item: ServiceEntity) -> Json:
        return {
            **self._whole(item),
            "description": item.description,
            "created_at": _AGO,
            "updated_at": _AGO,
            "status": "active",
            "teams": [],
            "alert_creation": "create_alerts_and_incidents",
            "auto_resolve_timeout": None,
            "acknowledgement_timeout": None,
            "addons": [],
            "integrations": [],
            "incident_urgency_rule": {"type": "constant", "urgency": "high"},
            "escalation_policy": self.reference(self.directory.policies.get(item.policy or "")),
        }

    def policy(self, item: Entity) -> Json:
        services = [service for service in self.directory.services.values() if service.policy == item.id]
        return {
            **self._whole(item),
            "escalation_rules": self._rules(item),
            "services": [self.reference(service) for service in services],
            "num_loops": _REPEATS,
            "teams": [],
            "description": None,
            "on_call_handoff_notifications": "if_has_services",
        }

    def _rules(self, policy: Entity) -> list[Json]:
        levels: dict[int, list[OnCall]] = {}
        for item in self.directory.oncalls:
            if item.escalation_policy == policy.id:
                levels.setdefault(item.level, []).append(item)
        return [
            {
                "id": identity(f"rule {policy.id} {level}"),
                "escalation_delay_in_minutes": 15,
                "targets": list({target["id"]: target for item in items for target in [self._target(item)]}.values()),
            }
            for level, items in sorted(levels.items())
        ]

    def _target(self, item: OnCall) -> Json:
        schedule = self.directory.schedule_named(item.schedule)
        return self.reference(schedule or self.directory.users[item.person]) or {}

    def schedule(self, item: Entity) -> Json:
        mine = [entry for entry in self.directory.oncalls if entry.schedule == item.name]
        users = {self.directory.users[entry.person].id: self.directory.users[entry.person] for entry in mine}
        policies = {entry.escalation_policy: self.directory.policies[entry.escalation_policy] for entry in mine}
        return {
            **self._whole(item),
            "time_zone": "Etc/UTC",
            "description": None,
            "users": [self.reference(user) for user in users.values()],
            "escalation_policies": [self.reference(policy) for policy in policies.values()],
            "teams": [],
        }

    def priority(self, item: Entity) -> Json:
        return {**self._whole(item), "description": "", "color": "a8171c"}

    def oncall(self, item: OnCall, include: Collection[str] = ()) -> Json:
        """Without a schedule a person is on call always: no start, no end."""
        policy, user = self.directory.policies[item.escalation_policy], self.directory.users[item.person]
        schedule = self.directory.schedule_named(item.schedule)
        return {
            "escalation_policy": self.policy(policy) if "escalation_policies" in include else self.reference(policy),
            "escalation_level": item.level,
            "schedule": self.schedule(schedule) if schedule and "schedules" in include else self.reference(schedule),
            "user": self.user(user) if "users" in include else self.reference(user),
            "start": timestamp(item.start) if schedule else None,
            "end": timestamp(item.end) if schedule else None,
        }

    def incident(self, item: Incident, include: Collection[str] = ()) -> Json:
        created, changed = timestamp(item.created_at), timestamp(item.changed_at)
        actor = self.reference(item.log[-1].agent) or self.reference(item.service)
        acknowledged = [{"at": changed, "acknowledger": self.reference(item.acknowledged_by)}]
        return {
            "id": item.id,
            "type": "incident",
            "summary": f"[#{item.number}] {item.title}",
            **self._address("incident", item.id),
            "incident_number": item.number,
            "title": item.title,
            "description": item.title,
            "created_at": created,
            "updated_at": changed,
            "status": item.status,
            "incident_key": item.key,
            "service": self.reference(item.service),
            "assignments": [{"at": created, "assignee": self.reference(user)} for user in item.assignees],
            "assigned_via": "escalation_policy",
            "last_status_change_at": changed,
            "last_status_change_by": actor,
            "resolved_at": changed if item.status == "resolved" else None,
            "first_trigger_log_entry": self.log_entry(item.log[0], item)
            if "first_trigger_log_entries" in include
            else self._entry_reference(item.log[0], item),
            "alert_counts": self._alert_counts(item),
            "is_mergeable": item.status != "resolved",
            "escalation_policy": self.reference(item.policy),
            "teams": [self.reference(team) for team in item.teams],
            "impacted_services": [self.reference(item.service)],
            "pending_actions": [],
            "acknowledgements": acknowledged if item.acknowledged_by else [],
            "alert_grouping": None,
            "priority": self.priority(item.priority) if item.priority else None,
            "resolve_reason": self._merge(item.merged_into) if item.merged_into else None,
            "incidents_responders": [],
            "responder_requests": [],
            "subscriber_requests": [],
            "urgency": item.urgency,
            "incident_type": {"name": "incident_default"},
            "body": {"type": "incident_body", "details": item.details or None},
        }

    def hooked(self, item: Incident) -> Json:
        """As webhooks tell of it."""
        created = timestamp(item.created_at)
        return {
            "id": item.id,
            "type": "incident",
            **self._address("incident", item.id),
            "number": item.number,
            "status": item.status,
            "incident_key": item.key,
            "created_at": created,
            "title": item.title,
            "service": self.reference(item.service),
            "assignees": [self.reference(user) for user in item.assignees],
            "escalation_policy": self.reference(item.policy),
            "teams": [self.reference(team) for team in item.teams],
            "priority": self.reference(item.priority),
            "urgency": item.urgency,
            "conference_bridge": None,
            "resolve_reason": None,
            "incident_type": {"name": "incident_default"},
        }

    def hooked_note(self, item: Incident, note: Note) -> Json:
        """A note as webhooks tell of it."""
        about = self.incident_reference(item)
        return {"incident": about, "id": note.id, "content": note.content, "trimmed": False, "type": "incident_note"}

    def _merge(self, into: str) -> Json:
        return {"type": "merge_resolve_reason", "incident": {"id": into, "type": "incident_reference",
                                                             "summary": f"incident {into}"}}  # fmt: skip

    def incident_reference(self, item: Incident) -> Json:
        summary = f"[#{item.number}] {item.title}"
        return {"id": item.id, "type": "incident_reference", "summary": summary, **self._address("incident", item.id)}

    def past_incident(self, item: Incident, *, score: float) -> Json:
        told = {"id": item.id, "created_at": timestamp(item.created_at), "title": item.title}
        return {"incident": {**told, "self": f"{self.api}/incidents/{item.id}"}, "score": score}

    def _alert_counts(self, item: Incident) -> Json:
        count = 1 + len(item.further_alerts)
        resolved = count if item.status == "resolved" else 0
        return {"all": count, "triggered": count - resolved, "resolved": resolved}

    def alerts(self, item: Incident) -> list[Json]:
        return [
            self._alert(item, title, item.event if place == 0 else None)
            for place, title in enumerate((item.title, *item.further_alerts))
        ]

    def _alert(self, item: Incident, title: str, event: Mapping[str, Any] | None) -> Json:
        key = identity(f"alert {item.id}" if title == item.title else f"alert {item.id} {title}", 13)
        resolved = item.status == "resolved"
        return {
            "id": key,
            "type": "alert",
            "summary": title,
            **self._address("alert", key),
            "created_at": timestamp(item.created_at),
            "status": "resolved" if resolved else "triggered",
            "alert_key": item.key,
            "service": self.reference(item.service),
            "incident": self.incident_reference(item),
            "severity": "critical" if item.urgency == "high" else "warning",
            "suppressed": False,
            "body": {"type": "alert_body", "contexts": [], "details": event or item.details or title},
            "integration": None,
            "privilege": None,
        }

    def note(self, item: Note) -> Json:
        return {
            "id": item.id,
            "user": self.reference(item.user),
            "content": item.content,
            "created_at": timestamp(item.at),
            "channel": {"summary": "The PagerDuty website or APIs", "id": None, "type": "web_channel_reference"},
        }

    def _entry_reference(self, entry: Entry, item: Incident) -> Json:
        return {"id": entry.id, "type": f"{entry.kind}_log_entry_reference", "summary": self._told(entry, item)}

    def _told(self, entry: Entry, item: Incident) -> str:
        who = entry.agent.name if entry.agent else item.service.name
        words = {"trigger": "Triggered through", "acknowledge": "Acknowledged by", "resolve": "Resolved by",
                 "annotate": "Note added by", "unacknowledge": "Unacknowledged by"}  # fmt: skip
        return f"{words[entry.kind]} {who}."

    def log_entry(self, entry: Entry, item: Incident) -> Json:
        channel: Json = {"type": "note", "summary": entry.text} if entry.kind == "annotate" else {"type": "api"}
        if entry.kind == "trigger":
            channel |= {"summary": item.title, "details": item.event or item.details or None}
        return {
            "id": entry.id,
            "type": f"{entry.kind}_log_entry",
            "summary": self._told(entry, item),
            "self": f"{self.api}/log_entries/{entry.id}",
            "html_url": None,
            "created_at": timestamp(entry.at),
            "agent": self.reference(entry.agent) or self.reference(item.service),
            "channel": channel,
            "service": self.reference(item.service),
            "incident": self.incident_reference(item),
            "teams": [self.reference(team) for team in item.teams],
            "contexts": [],
        }

    def change_event(self, item: Deployment, services: Collection[ServiceEntity]) -> Json:
        key = identity(f"change {item.id}", 25)
        return {
            "id": key,
            "type": "change_event",
            "summary": f"Deployed {item.ref} to {item.environment}"
            + (f": {item.description}" if item.description else ""),
            "self": f"{self.api}/change_events/{key}",
            "html_url": f"https://{self.directory.subdomain}.pagerduty.com/change_events/{key}",
            "timestamp": timestamp(item.at),
            "source": item.repository,
            "services": [self.reference(service) for service in services],
            "integration": None,
            "routing_key": None,
            "links": [],
            "images": [],
            "custom_details": {"ref": item.ref, "sha": item.sha, "environment": item.environment},
        }
