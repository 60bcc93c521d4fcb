"""How people move an incident on, and what is refused and why. Pure.

triage -> investigating -> identified -> monitoring -> resolved; any open one may be cancelled; whatever is over goes on
only by being opened again. Steps may be left out: nobody at night should have to say "identified" before "resolved".
"""

from __future__ import annotations

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


def move(incident: Incident, step: Step, now: datetime) -> Move:
    refusal = _refusal(incident, step)
    if refusal:
        reason, sentence = refusal
        return Move(reason=reason, sentence=sentence, after=incident)
    target = step.leads_to
    after = replace(
        incident,
        status=target,
        resolved_at=None if target.is_open else now,
        revision=incident.revision + 1,
    )
    return Move(reason=MoveReason.MOVED, sentence=_told(incident, target), after=after)


def repeated(incident: Incident) -> Move:
    return Move(reason=MoveReason.REPEATED, sentence=f"{incident.id} is {incident.status}.", after=incident)


def _refusal(incident: Incident, step: Step) -> tuple[MoveReason, str] | None:
    status = incident.status
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

    def is_change_of(self, before: Incident) -> bool:
        return self.after.severity is not before.severity


def regrade(incident: Incident, severity: Severity) -> Regraded:
    """By a person: up or down, also of what is over."""
    before = incident.severity
    if severity is before:
        return Regraded(sentence=f"{incident.id} is {severity} already.", after=incident)
    way = "raised" if severity.is_worse_than(before) else "lowered"
    after = replace(incident, severity=severity, revision=incident.revision + 1)
    return Regraded(sentence=f"{incident.id} was {way} from {before} to {severity}.", after=after)
