"""The kill switch: stops what the bot does by itself, everywhere or somewhere, until somebody lets it go on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Stopped(StrEnum):
    AI = "ai"  # asking the model
    ACTIONS = "actions"
    ALL = "all"

    def covers(self, kind: Stopped) -> bool:
        """ALL covers either, and is bitten by either."""
        return Stopped.ALL in (self, kind) or self is kind


class Scope(StrEnum):
    GLOBAL = "global"
    SERVICE = "service"
    INCIDENT = "incident"


class Cause(StrEnum):
    """Why it was engaged."""

    PERSON = "person"
    AUDIT_FAILED = "audit_failed"  # what cannot be written down is not done
    VERIFIES_FAILED = "verifies_failed"  # changes that did not help: the bot is wrong about what is broken


@dataclass(frozen=True, kw_only=True)
class Switch:
    stopped: Stopped
    scope: Scope
    name: str = ""  # of the service, or the incident's id; "" where it is global
    who: str  # Slack's user id; "" where it was engaged by itself
    why: str
    at: datetime
    cause: Cause = Cause.PERSON

    @property
    def key(self) -> tuple[Stopped, Scope, str]:
        return self.stopped, self.scope, _name(self.name)

    @property
    def sentence(self) -> str:
        """ "Actions are stopped for service checkout since 12:00 UTC by U1: the runbook is wrong." """
        what = {Stopped.AI: "The model is", Stopped.ACTIONS: "Actions are", Stopped.ALL: "The model and actions are"}
        where = "" if self.scope is Scope.GLOBAL else f" for {self.scope} {self.name}"
        who = f" by {self.who}" if self.who else " by the bot itself"
        why = f": {self.why.rstrip('.')}" if self.why else ""
        return f"{what[self.stopped]} stopped{where} since {self.at:%H:%M} UTC{who}{why}."


def bites(switches: Iterable[Switch], kind: Stopped, service: str | None, incident: str | None) -> Switch | None:
    """The widest switch that stops `kind` there, the oldest of these; None where nothing does.

    An action of which nobody knows what service it touches is stopped by the switch of any service.
    """
    found = [s for s in switches if s.stopped.covers(kind) and _reaches(s, kind, service, incident)]
    return min(found, key=lambda s: (_WIDTH.index(s.scope), s.at, s.key)) if found else None


_WIDTH = (Scope.GLOBAL, Scope.SERVICE, Scope.INCIDENT)


def _reaches(switch: Switch, kind: Stopped, service: str | None, incident: str | None) -> bool:
    if switch.scope is Scope.GLOBAL:
        return True
    if switch.scope is Scope.INCIDENT:
        return _name(switch.name) == _name(incident or "")
    if not _name(service or ""):
        return kind is not Stopped.AI
    return _name(switch.name) == _name(service or "")


def _name(text: str) -> str:
    return text.strip().casefold()


def engage(switches: Sequence[Switch], switch: Switch) -> tuple[Switch, ...]:
    """The first one of its kind and place stays: since when, by whom and why it is stopped is not written over."""
    return tuple(switches) if any(s.key == switch.key for s in switches) else (*switches, switch)


class ResumeReason(StrEnum):
    LIFTED = "lifted"
    STILL_STOPPED = "still_stopped"  # lifted, or not there, but another switch of a wider or narrower place holds
    WAS_NOT_STOPPED = "was_not_stopped"


@dataclass(frozen=True, kw_only=True)
class Resumption:
    reason: ResumeReason
    left: tuple[Switch, ...]
    lifted: tuple[Switch, ...] = ()
    still: Switch | None = None  # what stops it yet

    @property
    def sentence(self) -> str:
        if self.reason is ResumeReason.WAS_NOT_STOPPED:
            return "It was not stopped there."
        return "It goes on." if self.still is None else f"It does not go on yet: {self.still.sentence}"


def resume(switches: Sequence[Switch], kind: Stopped, scope: Scope, name: str = "") -> Resumption:
    """Lifts `kind` at exactly this place. Of a switch for all, the other half stays."""
    here = [s for s in switches if s.scope is scope and _name(s.name) == _name(name)]
    lifted = tuple(s for s in here if s.stopped.covers(kind))
    halves = tuple(
        replace(s, stopped=_other(kind)) for s in lifted if s.stopped is not kind and kind is not Stopped.ALL
    )
    left = tuple(s for s in switches if s not in lifted)
    for half in halves:
        left = engage(left, half)
    service, incident = (name if scope is at else "" for at in (Scope.SERVICE, Scope.INCIDENT))
    asked = (Stopped.AI, Stopped.ACTIONS) if kind is Stopped.ALL else (kind,)
    still = next((s for half in asked if (s := _still(left, half, service, incident))), None)
    if still:
        return Resumption(reason=ResumeReason.STILL_STOPPED, left=left, lifted=lifted, still=still)
    reason = ResumeReason.LIFTED if lifted else ResumeReason.WAS_NOT_STOPPED
    return Resumption(reason=reason, left=left, lifted=lifted)


def _still(left: Sequence[Switch], kind: Stopped, service: str, incident: str) -> Switch | None:
    """Only what holds there for certain: that of another service does not stop this incident as a whole."""
    known = [s for s in left if s.scope is not Scope.SERVICE or (service and _name(s.name) == _name(service))]
    return bites(known, kind, service, incident)


def _other(kind: Stopped) -> Stopped:
    return Stopped.ACTIONS if kind is Stopped.AI else Stopped.AI


# --- engaged by itself -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class FailedVerify:
    """A change was made, and what it should have brought about did not hold."""

    at: datetime
    incident: str
    step: str = ""


def after_audit_failure(now: datetime, detail: str) -> Switch:
    """`detail`: a plain sentence that says why it could not be written."""
    why = f"the audit log cannot be written ({detail.rstrip('.')}), and what is not written down is not done"
    return Switch(stopped=Stopped.ACTIONS, scope=Scope.GLOBAL, who="", why=why, at=now, cause=Cause.AUDIT_FAILED)


def after_failed_verifies(
    failures: Iterable[FailedVerify],
    now: datetime,
    *,
    in_an_incident: int,
    in_all: int,
    within: timedelta,
    resumed_at: datetime | None = None,
) -> Switch | None:
    """A switch for everything, else for the incident in which most failed; None while there are too few.

    `resumed_at`: when somebody last let it go on, having seen the failures until then.
    """
    recent = [f for f in failures if now - within <= f.at <= now and (resumed_at is None or f.at > resumed_at)]
    if len(recent) >= in_all:
        return _stopped_by_verifies(len(recent), now, Scope.GLOBAL, "")
    by_incident: dict[str, int] = {}
    for failure in recent:
        by_incident[failure.incident] = by_incident.get(failure.incident, 0) + 1
    worst = max(by_incident, key=lambda name: (by_incident[name], name), default="")
    if by_incident.get(worst, 0) < in_an_incident:
        return None
    return _stopped_by_verifies(by_incident[worst], now, Scope.INCIDENT, worst)


def _stopped_by_verifies(count: int, now: datetime, scope: Scope, name: str) -> Switch:
    why = f"{count} changes were made and did not help"
    cause = Cause.VERIFIES_FAILED
    return Switch(stopped=Stopped.ACTIONS, scope=scope, name=name, who="", why=why, at=now, cause=cause)
