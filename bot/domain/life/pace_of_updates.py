"""When the next update is due, and what becomes of the plan when something changes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.alert import Severity
from bot.domain.incident import Incident
from bot.domain.life import Cadence

# What most teams promise: those who wait for news of an outage ask again after half an hour.
SPANS: Mapping[Severity, timedelta] = {
    Severity.SEV1: timedelta(minutes=30),
    Severity.SEV2: timedelta(minutes=60),
    Severity.SEV3: timedelta(hours=4),
}
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=2)  # of what people ask for
CLAIM = timedelta(minutes=1)  # whoever claimed a nudge sends it within this time, or another one does
OVER = "over"


def span_of(incident: Incident) -> timedelta | None:
    """None: nobody is asked."""
    return SPANS.get(incident.severity) if incident.status.is_open else None


def basis_of(incident: Incident) -> str:
    """What a plan rests on; where it becomes another one, it is planned anew."""
    return incident.severity.value if incident.status.is_open else OVER


def first_plan(incident: Incident, updated_at: datetime | None) -> Cadence:
    return Cadence(
        incident=incident.id, next_at=_after(updated_at or incident.opened_at, incident), updated_at=updated_at
    )


def replanned(plan: Cadence, incident: Incident, *, was: str, now: datetime) -> Cadence:
    """It is worse, better, over or open again; what people have put off is forgotten. `was`: what it rested on."""
    known = [incident.opened_at, plan.updated_at, plan.nudged_at, now if was == OVER else None]
    since = max(moment for moment in known if moment is not None)
    return replace(plan, next_at=_after(since, incident), snoozed_until=None)


def updated(plan: Cadence, incident: Incident, at: datetime, next_in: timedelta | None) -> Cadence:
    """An update went out at `at`. One that is older than the newest changes nothing."""
    if plan.updated_at is not None and at <= plan.updated_at:
        return plan
    wanted = _within_reason(next_in) if next_in is not None and incident.status.is_open else None
    due = at + wanted if wanted is not None else _after(at, incident)
    return replace(plan, updated_at=at, next_at=due, snoozed_until=None)


def snoozed(plan: Cadence, now: datetime, length: timedelta) -> Cadence:
    """Asked again after `length`, whatever was planned."""
    until = now + _within_reason(length)
    return replace(plan, next_at=until, snoozed_until=until)


def stopped(plan: Cadence) -> Cadence:
    return replace(plan, next_at=None, snoozed_until=None)


def claimed(plan: Cadence, now: datetime) -> Cadence | None:
    """To send the nudge that is due. None: none is due, or somebody else has just begun to."""
    due = plan.due
    if due is None or due > now:
        return None
    if plan.nudged_at is not None and plan.nudged_at >= due and now < plan.nudged_at + CLAIM:
        return None
    return replace(plan, nudged_at=now)


def nudged(plan: Cadence, incident: Incident, now: datetime) -> Cadence:
    """After the nudge: due again a whole span later; what was missed meanwhile is not made up for."""
    due, span = plan.due, span_of(incident)
    if due is None or span is None:
        return stopped(plan)
    missed = max(0, (now - due) // span)
    return replace(plan, next_at=due + span * (missed + 1), snoozed_until=None)


def _after(since: datetime, incident: Incident) -> datetime | None:
    span = span_of(incident)
    return None if span is None else since + span


def _within_reason(length: timedelta) -> timedelta:
    return min(max(length, SHORTEST), LONGEST)
