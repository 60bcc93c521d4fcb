"""One numbered thing that a model may cite, as it was shown."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ItemKind(StrEnum):
    METRIC = "metric"
    FORECAST = "forecast"
    LOG = "log"
    CHANGE = "change"
    PLATFORM = "platform"  # pods, events, conditions
    PROBE = "probe"
    PROVIDER = "provider"
    ALERT = "alert"
    CONCLUSION = "conclusion"  # what was concluded from other evidence
    PAST = "past incident"
    NOTE = "note"
    RUNBOOK = "runbook"
    SERVICE = "service"
    PERSON = "person"
    LOOK = "look"  # what a source looked at, and whether it found anything
    GAP = "gap"  # what could not be looked at
    OTHER = "other"  # for example a tool's answer


class Trend(StrEnum):
    ROSE = "rose"
    FELL = "fell"
    STEADY = "steady"
    RECOVERED = "recovered"  # it moved, and is back


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A number then and now, in the unit of the fact. `limit` is a capacity or threshold."""

    before: float | None
    now: float | None
    limit: float | None = None
    unit: str = ""  # as `bot.domain.quantity` has them


@dataclass(frozen=True, kw_only=True)
class LedgerItem:
    """`text` is all that is shown of it, on one line: redacted, without invisible characters, mentions or links."""

    id: str  # "E1" evidence, "L1" a look, "G1" a gap, "T1" a tool's answer
    source: str
    kind: ItemKind
    text: str
    services: tuple[str, ...] = ()  # what it is about
    trend: Trend | None = None
    reading: Reading | None = None
    version: str = ""  # of a change
    previous: str = ""
    is_rollback: bool = False
    runbook: str = ""  # a runbook's id
    times: tuple[datetime, ...] = ()  # UTC
    is_empty: bool = False  # a look that found nothing

    @property
    def digest(self) -> str:
        """SHA-256 of what it says, first 16 hex digits; its number does not count."""
        return hashlib.sha256(f"{self.source}\n{self.kind}\n{self.text}".encode()).hexdigest()[:16]
