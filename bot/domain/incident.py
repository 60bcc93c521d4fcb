"""What people work on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.alert import Alert, Severity


class IncidentStatus(StrEnum):
    TRIAGE = "triage"
    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"  # the cause is known
    MONITORING = "monitoring"  # something was done; it is watched whether it holds
    RESOLVED = "resolved"
    CANCELLED = "cancelled"  # it was none

    @property
    def is_open(self) -> bool:
        return self not in OVER


OVER = frozenset({IncidentStatus.RESOLVED, IncidentStatus.CANCELLED})


class PlaceKind(StrEnum):
    CHANNEL = "channel"  # an own channel: SEV1 and SEV2
    THREAD = "thread"  # a thread under the card in the triage channel: SEV3 and SEV4


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an incident is worked on in Slack."""

    kind: PlaceKind
    channel: str  # Slack's channel id
    name: str  # the channel's name, without '#'


@dataclass(frozen=True, kw_only=True)
class Card:
    """The one message of an incident that is edited in place, from "gathering" to the briefing."""

    channel: str
    ts: str  # Slack's message id within the channel
    permalink: str | None = None


class GroupingReason(StrEnum):
    """Why an alert went where it went; stored with the alert and shown on the card."""

    NEW_CONDITION = "new_condition"  # nothing open fits: a new incident
    SAME_FINGERPRINT = "same_fingerprint"  # the same condition is already being worked on
    SAME_SERVICE = "same_service"  # the same service is burning, within the window
    RECURRED = "recurred"  # the same condition came back soon after it was resolved
    REPEAT = "repeat"  # said before, word for word
    RECOVERED = "recovered"  # the monitor says the condition is over
    LATE_FIRING = "late_firing"  # a firing notice that arrived after its own resolved notice
    UNKNOWN_RECOVERY = "unknown_recovery"  # a recovery of something never seen firing: remembered, shown nowhere
    DEPENDENCY = "dependency"  # a service that it depends on, or that depends on it, is burning here
    TOGETHER = "together"  # the two conditions fired together in earlier incidents
    UNSEEN_CRITICAL = "unseen_critical"  # critical and new: a new incident, although one that burns would fit
    STORM = "storm"  # so much came in that what is not critical stands together
    FLAPPING = "flapping"  # the condition comes and goes
    IN_MAINTENANCE = "in_maintenance"  # critical within a maintenance window; what is not critical waits for its end


@dataclass(frozen=True, kw_only=True)
class GroupedAlert:
    """An alert within its incident."""

    alert: Alert
    reason: GroupingReason
    received_at: datetime
    resolved_at: datetime | None = None

    @property
    def is_firing(self) -> bool:
        return self.resolved_at is None


@dataclass(frozen=True, kw_only=True)
class Incident:
    id: str  # INC-2026-0042
    title: str
    severity: Severity
    status: IncidentStatus
    service: str | None
    started_at: datetime  # the onset as the first alert states it
    opened_at: datetime  # when we opened it
    alerts: tuple[GroupedAlert, ...] = ()  # in order of arrival; of a large incident only some, see `alerts_left_out`
    place: Place | None = None
    card: Card | None = None
    briefed_at: datetime | None = None  # when the first briefing was posted
    resolved_at: datetime | None = None  # also of one that was cancelled
    revision: int = 1  # raised by every change that the card must show
    alerts_left_out: int = 0  # alerts that it has beside `alerts`: in a storm there are thousands
    firing_left_out: int = 0  # those of them that still fire
    is_private: bool = False  # worked on in a private channel; nothing of it is told to those who are not in it
    merged_into: str | None = None  # the incident that goes on in its place
    acknowledged_at: datetime | None = None  # when the first person took it on
    identified_at: datetime | None = None  # when the cause was first called known
    mitigated_at: datetime | None = None  # when it was first called mitigated, else when it was over

    @property
    def alert_count(self) -> int:
        return len(self.alerts) + self.alerts_left_out

    @property
    def firing_count(self) -> int:
        return sum(1 for grouped in self.alerts if grouped.is_firing) + self.firing_left_out

    @property
    def first_alert(self) -> Alert:
        return self.alerts[0].alert
