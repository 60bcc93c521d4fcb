"""How people move an incident on, and what is refused and why. Pure.

triage -> investigating -> identified -> monitoring -> resolved; any open one may be cancelled; whatever is over goes on
only by being opened again. Steps may be left out: nobody at night should have to say "identified" before "resolved".
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.alert import Severity
from bot.domain.incident import Incident, IncidentStatus


class Step(StrEnum):
    INVESTIGATE = "investigate"
    IDENTIFY = "identify"  # the cause is known
    MITIGATE = "mitigate"  # something was done; it is watched whether it holds
    RESOLVE = "resolve"
    CANCEL = "cancel"  # it was none: a false alarm, a test, a duplicate
    REOPEN = "reopen"

    @property
    def leads_to(self) -> IncidentStatus:
        return _LEADS_TO[self]


_LEADS_TO = {
    Step.INVESTIGATE: IncidentStatus.INVESTIGATING,
    Step.IDENTIFY: IncidentStatus.IDENTIFIED,
    Step.MITIGATE: IncidentStatus.MONITORING,
    Step.RESOLVE: IncidentStatus.RESOLVED,
    Step.CANCEL: IncidentStatus.CANCELLED,
    Step.REOPEN: IncidentStatus.INVESTIGATING,
}


class MoveReason(StrEnum):
    MOVED = "moved"
    ALREADY = "already"  # it is there; nothing to do
    OVER = "over"  # resolved or cancelled: it must be opened again first
    NOT_OVER = "not_over"  # what is open cannot be opened again
    REPEATED = "repeated"  # the same word once more: it was dealt with before


@dataclass(frozen=True, kw_only=True)
class Move:
    reason: MoveReason
    sentence: str  # for people
    after: Incident  # as it was where nothing changed

    @property
    def is_made(self) -> bool:
        return self.reason is MoveReason.MOVED


def move(incident: Incident, step: Step, now: datetime, *, by_person: bool = True) -> Move:
    """The first move of a person takes it on. When it was first identified and mitigated stays, also when it is opened
    again."""
    refusal = _refusal(incident, step)
    if refusal:
        reason, sentence = refusal
        return Move(reason=reason, sentence=sentence, after=incident)
    target = step.leads_to
    after = replace(
        incident,
        status=target,
        resolved_at=None if target.is_open else now,
        acknowledged_at=incident.acknowledged_at or (now if by_person else None),
        identified_at=incident.identified_at or (now if step is Step.IDENTIFY else None),
        mitigated_at=incident.mitigated_at or (now if step in (Step.MITIGATE, Step.RESOLVE) else None),
        revision=incident.revision + 1,
    )
    return Move(reason=MoveReason.MOVED, sentence=_told(incident, target), after=after)


def repeated(incident: Incident) -> Move:
    return Move(reason=MoveReason.REPEATED, sentence=f"{incident.id} is {incident.status}.", after=incident)


def why_not_merged(incident: Incident, into: Incident) -> str:
    """A sentence, or "" where the first may go on in the second."""
    if incident.id == into.id:
        return f"{incident.id} cannot be merged into itself."
    for one in (incident, into):
        if one.merged_into is not None:
            return f"{one.id} was merged into {one.merged_into} already; use {one.merged_into} in its place."
        if not one.status.is_open:
            return f"{one.id} is {one.status}; open it again first."
    if incident.is_private != into.is_private:
        private = incident.id if incident.is_private else into.id
        return f"{private} is private and the other is not: what is known of one would be shown to those of the other."
    return ""


def why_not_split(incident: Incident, positions: Collection[int]) -> str:
    """`positions` of alerts, from 0. A sentence, or "" where they may leave."""
    if incident.merged_into is not None:
        return f"{incident.id} was merged into {incident.merged_into}; split that one."
    if not incident.status.is_open:
        return f"{incident.id} is {incident.status}; open it again first."
    if not positions:
        return "Say which alerts are not related."
    unknown = sorted(position for position in positions if not 0 <= position < incident.alert_count)
    if unknown:
        return f"{incident.id} has no alert {unknown[0] + 1}: it has {incident.alert_count}."
    if len(set(positions)) == incident.alert_count:
        return f"{incident.id} must keep at least one alert; cancel it where none of them belongs to it."
    return ""


def _refusal(incident: Incident, step: Step) -> tuple[MoveReason, str] | None:
    status = incident.status
    if incident.merged_into is not None:
        return MoveReason.OVER, f"{incident.id} was merged into {incident.merged_into}; it goes on there."
    if step is Step.REOPEN and status.is_open:
        return MoveReason.NOT_OVER, f"{incident.id} is open already: {status}."
    if step is not Step.REOPEN and status is step.leads_to:
        return MoveReason.ALREADY, f"{incident.id} is {status} already."
    if step is not Step.REOPEN and not status.is_open:
        return MoveReason.OVER, f"{incident.id} is {status}; open it again first."
    return None


def _told(incident: Incident, target: IncidentStatus) -> str:
    """What still fires is said: the monitor and a person disagree, and the next alert opens the incident again."""
    said = f"{incident.id} is {target} now."
    firing = incident.firing_count
    if target.is_open or not firing:
        return said
    alerts = "1 alert still fires" if firing == 1 else f"{firing} alerts still fire"
    return f"{said} {alerts}."


@dataclass(frozen=True, kw_only=True)
class Regraded:
    sentence: str
    after: Incident
    is_repeated: bool = False  # the same word once more: it was dealt with before

    def is_change_of(self, before: Incident) -> bool:
        """Also where it was one before: after a crash those who were to be told of it may not have been."""
        return self.is_repeated or self.after.severity is not before.severity


def regraded_before(incident: Incident) -> Regraded:
    return Regraded(sentence=f"{incident.id} is {incident.severity} now.", after=incident, is_repeated=True)


def regrade(incident: Incident, severity: Severity) -> Regraded:
    """By a person: up or down, also of what is over."""
    before = incident.severity
    if severity is before:
        return Regraded(sentence=f"{incident.id} is {severity} already.", after=incident)
    way = "raised" if severity.is_worse_than(before) else "lowered"
    after = replace(incident, severity=severity, revision=incident.revision + 1)
    return Regraded(sentence=f"{incident.id} was {way} from {before} to {severity}.", after=after)
