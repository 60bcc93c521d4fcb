"""How an incident stands, as far as it is on record: what drafts, notes and the overview are made of. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.approval import Request
from bot.domain.briefing import Briefing, Hypothesis
from bot.domain.incident import Incident, IncidentStatus
from bot.domain.life.follow_up import FollowUp, FollowUpState
from bot.domain.life.role import Role
from bot.domain.life.status_update import Audience, StatusUpdate
from bot.domain.ports.record import TimelineEvent
from bot.domain.run import Run

ACTION, NOTE, STATUS = "action", "note", "status"  # kinds of events on the timeline
_IDENTIFIED = f"{IncidentStatus.IDENTIFIED.capitalize()}: "  # how an event of that step begins, before a person's word


@dataclass(frozen=True, kw_only=True)
class Situation:
    incident: Incident
    now: datetime
    holders: Mapping[Role, str] = field(default_factory=dict)  # Slack user ids; roles that nobody has are missing
    briefing: Briefing | None = None
    events: Sequence[TimelineEvent] = ()  # the oldest first
    runs: Sequence[Run] = ()  # the oldest first
    requests: Sequence[Request] = ()  # approvals that are waited for
    follow_ups: Sequence[FollowUp] = ()
    updates: Sequence[StatusUpdate] = ()  # the oldest first
    next_update_at: datetime | None = None

    @property
    def likeliest(self) -> Hypothesis | None:
        return self.briefing.hypotheses[0] if self.briefing and self.briefing.hypotheses else None

    @property
    def said_cause(self) -> str:
        """What a person said when they called the cause known; "" where nobody said anything."""
        said = [e.text for e in self.events if e.kind == STATUS and e.text.startswith(_IDENTIFIED)]
        return said[-1].removeprefix(_IDENTIFIED) if said else ""

    @property
    def is_identified(self) -> bool:
        known = (IncidentStatus.IDENTIFIED, IncidentStatus.MONITORING)
        return self.incident.identified_at is not None or self.incident.status in known

    @property
    def last_internal(self) -> StatusUpdate | None:
        internal = [update for update in self.updates if update.audience is Audience.INTERNAL]
        return max(internal, key=lambda update: update.at, default=None)

    @property
    def open_follow_ups(self) -> Sequence[FollowUp]:
        return [one for one in self.follow_ups if one.state is FollowUpState.OPEN]

    @property
    def lasted(self) -> timedelta:
        return (self.incident.resolved_at or self.now) - self.incident.started_at

    def newest(self, kind: str, most: int, since: datetime | None = None) -> Sequence[TimelineEvent]:
        """The oldest of them first."""
        found = [e for e in self.events if e.kind == kind and (since is None or e.at > since)]
        return found[-most:]
