"""PagerDuty's JSON, and what it says as values. https://developer.pagerduty.com/api-reference"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from bot.domain.moment import read_moment

_VERSION_KEYS = ("version", "app_version", "release", "tag", "ref", "build", "build_number", "revision")
_AUTHOR_KEYS = ("author", "user", "deployed_by", "creator", "actor", "committer")
_PLACE_KEYS = ("environment", "env", "stage")


class UserJson(msgspec.Struct):
    id: str = ""
    name: str | None = None
    summary: str | None = None
    email: str | None = None


class ReferenceJson(msgspec.Struct):
    id: str = ""
    type: str = ""
    summary: str | None = None
    html_url: str | None = None


class OnCallJson(msgspec.Struct):
    user: UserJson
    escalation_policy: ReferenceJson
    escalation_level: int
    start: str | None = None
    end: str | None = None


class ServiceJson(msgspec.Struct):
    id: str
    name: str | None = None
    escalation_policy: ReferenceJson | None = None


class ResolveReasonJson(msgspec.Struct):
    type: str = ""
    incident: ReferenceJson | None = None


class IncidentJson(msgspec.Struct):
    id: str
    created_at: str
    title: str | None = None
    status: str = ""
    incident_number: int | None = None
    urgency: str | None = None
    html_url: str | None = None
    resolved_at: str | None = None
    last_status_change_at: str | None = None
    last_status_change_by: ReferenceJson | None = None
    resolve_reason: ResolveReasonJson | None = None
    service: ReferenceJson | None = None


class AssignmentJson(msgspec.Struct):
    assignee: ReferenceJson


class StandingJson(msgspec.Struct):
    """An incident, as far as it is changed."""

    id: str
    title: str | None = None
    status: str = ""
    incident_number: int | None = None
    html_url: str | None = None
    service: ReferenceJson | None = None
    escalation_policy: ReferenceJson | None = None
    assignments: list[AssignmentJson] = []


class NoteJson(msgspec.Struct):
    content: str
    created_at: str = ""
    user: UserJson | None = None


class PastJson(msgspec.Struct):
    incident: IncidentJson


class ChangeJson(msgspec.Struct):
    id: str
    timestamp: str
    summary: str | None = None
    source: str | None = None
    html_url: str | None = None
    services: list[ReferenceJson] = []
    custom_details: Any = None  # anything that the sender put there


@dataclass(frozen=True, kw_only=True)
class Known:
    """A service as PagerDuty has it."""

    id: str
    name: str
    policy: str  # its escalation policy's id; "" where it was not told


@dataclass(frozen=True, kw_only=True)
class Duty:
    """Who is on call. Without `start` and `end` it is permanent."""

    person: str
    email: str
    level: int
    policy: str
    start: datetime | None
    end: datetime | None
    link: str | None

    def is_on(self, at: datetime) -> bool:
        return (self.start is None or self.start <= at) and (self.end is None or self.end > at)


@dataclass(frozen=True, kw_only=True)
class Happened:
    """An incident of PagerDuty's."""

    id: str
    number: str  # "#4711"; the id where there is none
    title: str
    at: datetime
    status: str  # "triggered", "acknowledged", "resolved"; "" where it was not told
    urgency: str
    resolved_at: datetime | None
    changed_by: str  # who set the status last
    is_by_monitor: bool  # the status was set by what had raised it
    merged_into: str  # another incident, where it was resolved by that
    service_id: str
    service_name: str
    link: str | None

    @property
    def is_open(self) -> bool:
        return self.status in ("triggered", "acknowledged")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An incident of PagerDuty's, as it stands now."""

    id: str
    number: str  # "#4711"; the id where there is none
    title: str
    status: str
    service: str  # its name
    policy: str  # the escalation policy's id; "" where it was not told
    assigned: tuple[str, ...]  # people's names
    link: str


@dataclass(frozen=True, kw_only=True)
class Noted:
    at: datetime | None
    text: str
    author: str


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A change event."""

    id: str
    at: datetime
    summary: str
    source: str
    services: tuple[tuple[str, str], ...]  # id and name
    version: str
    author: str
    environment: str
    link: str | None


def known(item: ServiceJson) -> Known:
    policy = item.escalation_policy
    return Known(id=item.id, name=item.name or "", policy=policy.id if policy else "")


def duty(item: OnCallJson) -> Duty:
    return Duty(
        person=item.user.name or item.user.summary or item.user.id,
        email=item.user.email or "",
        level=item.escalation_level,
        policy=item.escalation_policy.summary or item.escalation_policy.id,
        start=read_moment(item.start),
        end=read_moment(item.end),
        link=item.escalation_policy.html_url,
    )


def happened(item: IncidentJson) -> Happened | None:
    """None where it has no time that can be read."""
    at = read_moment(item.created_at)
    if at is None:
        return None
    is_resolved = item.status == "resolved"
    by, merged = item.last_status_change_by, item.resolve_reason
    return Happened(
        id=item.id,
        number=item.id if item.incident_number is None else f"#{item.incident_number}",
        title=item.title or "",
        at=at,
        status=item.status,
        urgency=item.urgency or "",
        resolved_at=read_moment(item.resolved_at or item.last_status_change_at) if is_resolved else None,
        changed_by=(by.summary or "") if by else "",
        is_by_monitor=by is not None and by.type.startswith(("service", "integration")),
        merged_into=(merged.incident.summary or merged.incident.id) if merged and merged.incident else "",
        service_id=item.service.id if item.service else "",
        service_name=(item.service.summary or "") if item.service else "",
        link=item.html_url,
    )


def standing(item: StandingJson) -> Standing:
    return Standing(
        id=item.id,
        number=item.id if item.incident_number is None else f"#{item.incident_number}",
        title=item.title or "",
        status=item.status,
        service=(item.service.summary or item.service.id) if item.service else "",
        policy=item.escalation_policy.id if item.escalation_policy else "",
        assigned=tuple(one.assignee.summary or one.assignee.id for one in item.assignments),
        link=item.html_url or "",
    )


def noted(item: NoteJson) -> Noted:
    user = item.user
    return Noted(at=read_moment(item.created_at), text=item.content, author=(user.summary or "") if user else "")


def changed(item: ChangeJson) -> Changed | None:
    """None where it has no time that can be read."""
    at = read_moment(item.timestamp)
    if at is None:
        return None
    return Changed(
        id=item.id,
        at=at,
        summary=item.summary or "",
        source=item.source or "",
        services=tuple((service.id, service.summary or "") for service in item.services),
        version=_detail(item.custom_details, _VERSION_KEYS),
        author=_detail(item.custom_details, _AUTHOR_KEYS),
        environment=_detail(item.custom_details, _PLACE_KEYS),
        link=item.html_url,
    )


def _detail(details: object, names: tuple[str, ...]) -> str:
    """The first of these that the sender wrote as a short text or number."""
    if not isinstance(details, dict):
        return ""
    lowered = {str(name).lower(): value for name, value in details.items()}
    values = (lowered.get(name) for name in names)
    return next((str(v) for v in values if isinstance(v, str | int) and not isinstance(v, bool) and str(v)), "")
