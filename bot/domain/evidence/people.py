"""Who is there, what is kept of earlier times, and what is known of a service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class OnCallFact:
    person: str
    email: str
    level: int  # 1 is paged first
    policy: str
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class NextOnCallFact:
    """Who takes over at a level."""

    person: str
    level: int
    policy: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class PastIncidentFact:
    incident: str
    title: str
    service: str | None
    cause: str
    cause_kind: str  # a `CauseKind` value, or "" where it was never settled
    fix: str
    at: datetime
    minutes: int | None  # from onset to resolution
    score: float  # 0 to 1, how alike
    why: tuple[str, ...]  # words and fields that matched
    outcome: str = ""  # a `Held` value: whether the fix lasted
    unhelpful: str = ""  # what was tried and did not help


@dataclass(frozen=True, kw_only=True)
class RecentIncidentFact:
    """An incident of the same service that another tool keeps."""

    service: str
    reference: str  # the other tool's id or number
    title: str
    at: datetime
    status: str  # the other tool's word: "resolved", "acknowledged"
    resolved_at: datetime | None = None
    urgency: str = ""
    notes: tuple[str, ...] = ()  # newest first, redacted and cut


@dataclass(frozen=True, kw_only=True)
class RecurrenceFact:
    """The same alert of the same service was an incident before, lately."""

    service: str
    alert: str
    count: int  # this incident included
    days: int  # within so many before it
    incidents: tuple[str, ...]  # ids, newest first, without this one
    last_at: datetime


@dataclass(frozen=True, kw_only=True)
class NoteFact:
    """A line that people keep about a service, or a lesson that they accepted."""

    service: str
    text: str
    author: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RunbookFact:
    runbook: str
    title: str
    why: tuple[str, ...]
    steps: tuple[str, ...]  # one line a step, commands verbatim
    score: float
    owner: str = ""
    can_run: bool = False  # its steps can be carried out, each once it is approved


@dataclass(frozen=True, kw_only=True)
class ServiceFact:
    service: str
    owner: str
    tier: int | None
    depends_on: tuple[str, ...]
    dependants: tuple[str, ...]
    known: bool  # False: not in the catalog; the rest is a guess


@dataclass(frozen=True, kw_only=True)
class AlertFact:
    """Another alert of the same monitoring system that fires at the same time."""

    name: str
    service: str | None
    since: datetime
    severity: str = ""
