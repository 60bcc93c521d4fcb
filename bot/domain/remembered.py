"""What is kept of earlier times so that it helps the next time: incidents, pages, lessons, notes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Held(StrEnum):
    """Whether what was done lasted. Unknown is not failure."""

    HELD = "held"
    CAME_BACK = "came_back"
    UNKNOWN = "unknown"


class CommandRisk(StrEnum):
    """What a command that stands in a page would do. Shown beside it; nothing from a page is ever run."""

    READ = "read-only"
    MUTATING = "mutating"
    UNKNOWN = "unknown"


class RecordKind(StrEnum):
    INCIDENT = "incident"
    POSTMORTEM = "postmortem"
    PAGE = "page"
    LESSON = "lesson"


FIRST_TRUST = 0.5  # of what nobody has judged yet


@dataclass(frozen=True, kw_only=True)
class PastIncident:
    """What happened once, why, and what fixed it."""

    id: str
    title: str
    service: str | None
    started_at: datetime
    minutes: int | None  # from onset to resolution
    cause: str
    cause_kind: str  # a `CauseKind` value, or "" where it was never settled
    fix: str
    symptoms: str = ""
    link: str | None = None
    unhelpful: str = ""  # what was tried and did not help
    alerts: tuple[str, ...] = ()  # names of the alerts and error codes that told of it
    labels: Mapping[str, str] = field(default_factory=dict)
    outcome: Held = Held.UNKNOWN
    trust: float = FIRST_TRUST  # 0 to 1, in cause and fix
    origin: str = ""  # "file", "pagerduty", "github", "postmortem"

    @property
    def text(self) -> str:
        """What a vector is made of."""
        return _joined((self.title, self.service or "", self.symptoms, self.cause, self.fix))

    @property
    def digest(self) -> str:
        return digest_of(self.text)


@dataclass(frozen=True, kw_only=True)
class Postmortem:
    """As people accepted it."""

    incident: str
    title: str
    text: str  # Markdown
    accepted_by: str  # a Slack user id, or the name of the place it was imported from
    accepted_at: datetime


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command as it stands in a page, character by character."""

    text: str
    risk: CommandRisk
    line: int  # within the page, from 1
    language: str = ""  # as the fence names it: "sh", "sql", "promql"
    placeholders: tuple[str, ...] = ()  # what a person has to fill in: "<pod>", "$NAMESPACE"


@dataclass(frozen=True, kw_only=True)
class Page:
    """A runbook as a page of anybody's: found, shown and linked, never run."""

    id: str  # unique among all: the source and the path
    title: str
    text: str  # Markdown, verbatim
    source: str  # the folder or repository it comes from
    path: str  # within the source
    link: str | None = None
    alerts: tuple[str, ...] = ()  # names of alerts it says it is for
    service: str | None = None
    owner: str = ""
    updated_at: datetime | None = None  # as its source tells

    @property
    def digest(self) -> str:
        return digest_of(_joined((self.title, self.text)))


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One thing learned, in a sentence or two that a person has accepted."""

    id: str
    text: str
    service: str | None
    at: datetime
    author: str  # who accepted it
    incident: str | None = None
    outcome: Held = Held.UNKNOWN
    trust: float = FIRST_TRUST


@dataclass(frozen=True, kw_only=True)
class Note:
    """A line about a service that people keep."""

    id: int  # 0: not stored yet
    service: str
    text: str
    author: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Recalled:
    """A past incident that fits what was asked, and why."""

    past: PastIncident
    score: float  # 0 to 1
    why: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A part of a record that is short enough for one vector."""

    kind: RecordKind
    owner: str  # the record's id
    position: int  # within the record, from 0
    text: str

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.owner}:{self.position}"

    @property
    def digest(self) -> str:
        return digest_of(self.text)


def digest_of(text: str) -> str:
    """Tells whether a text has changed."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _joined(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)
