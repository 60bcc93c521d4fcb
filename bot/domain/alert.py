"""What a monitor said, in our own words: vendor JSON becomes an `Alert` in the first function that sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is for users; SEV1 is the worst."""

    SEV1 = "SEV1"
    SEV2 = "SEV2"
    SEV3 = "SEV3"
    SEV4 = "SEV4"

    @property
    def rank(self) -> int:
        """1 for SEV1 to 4 for SEV4: lower is worse."""
        return int(self.value[-1])

    def is_worse_than(self, other: Severity) -> bool:
        return self.rank < other.rank


class AlertStatus(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True)
class Link:
    title: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One condition as a monitor reported it at one moment.

    `fingerprint` names the condition and stays the same over its whole life; an *episode* is one stretch of it
    firing, told apart by `started_at`. All times are timezone-aware UTC.
    """

    source: str  # the integration that received it, for example "alertmanager"
    fingerprint: str  # the condition's identity within its source
    status: AlertStatus
    severity: Severity
    title: str
    started_at: datetime  # when the monitor says the episode began
    service: str | None = None  # the catalog's name for what is burning, where the payload tells
    environment: str | None = None
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    query: str | None = None  # the monitor's own expression (PromQL), where the payload carries it
    ended_at: datetime | None = None  # when the monitor says it ended; only for RESOLVED
    started_at_is_receipt: bool = False  # True where the payload had no usable time and ours stands in

    @property
    def episode(self) -> str:
        """Identity of this stretch of firing: the same for its firing and its resolved notice."""
        return f"{self.source}|{self.fingerprint}|{self.started_at.isoformat()}"

    @property
    def dedup_key(self) -> str:
        """Identity of this very statement: an exact repeat has the same one and changes nothing."""
        return f"{self.episode}|{self.status}"


class RemarkKind(StrEnum):
    ACKNOWLEDGED = "acknowledged"  # a person took it on there
    ANNOTATED = "annotated"
    REGRADED = "regraded"


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What somebody did about a condition in the tool that reported it. It opens no incident."""

    kind: RemarkKind
    source: str  # with `fingerprint`: the condition, as in its alerts
    fingerprint: str
    key: str  # the same when it comes twice
    at: datetime
    text: str  # for the timeline, as one sentence
    severity: Severity | None = None  # only for REGRADED


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One accepted webhook: what is stored, durably, before the sender is told so."""

    source: str
    key: str  # unique per source; a sender's retry of the same message has the same one
    received_at: datetime
    alerts: tuple[Alert, ...]
    remarks: tuple[Remark, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.alerts and not self.remarks
