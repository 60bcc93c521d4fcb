"""What went well and what did not, as far as the record shows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bot.domain.causes.words import span
from bot.domain.postmortem.material import BRIEFED, ONSET, OPENED, RESOLVED, Material
from bot.domain.postmortem.notes import Notes
from bot.domain.postmortem.statement import Statement

SOON = timedelta(minutes=5)  # from the onset to the alert: what a rule that waits five minutes needs
QUICK = timedelta(minutes=2)  # from the incident to its first briefing
SHORT = timedelta(minutes=30)


def went_well(material: Material) -> Iterator[Statement]:
    incident = material.incident
    if incident.opened_at - incident.started_at <= SOON:
        took = span(max(incident.opened_at - incident.started_at, timedelta(0)))
        yield Statement(text=f"It was noticed {took} after it began.", facts=(ONSET, OPENED))
    if incident.briefed_at is not None and incident.briefed_at - incident.opened_at <= QUICK:
        took = span(incident.briefed_at - incident.opened_at)
        yield Statement(text=f"The first briefing stood {took} after the incident was opened.", facts=(OPENED, BRIEFED))
    if incident.resolved_at is not None and incident.resolved_at - incident.started_at <= SHORT:
        yield Statement(text="It was over within half an hour.", facts=(ONSET, RESOLVED))


def went_badly(material: Material, notes: Notes) -> Iterator[Statement]:
    incident = material.incident
    late = incident.opened_at - incident.started_at
    if late > SOON:
        yield Statement(text=f"It was noticed {span(late)} after it began.", facts=(ONSET, OPENED))
    if incident.briefed_at is not None and incident.briefed_at - incident.opened_at > QUICK:
        took = span(incident.briefed_at - incident.opened_at)
        yield Statement(text=f"The first briefing took {took}.", facts=(OPENED, BRIEFED))
    for tried in notes.unhelpful:
        yield Statement(text=f"Tried without success: {tried.text}", facts=tried.facts)
    for claim in material.briefing.not_checked if material.briefing else ():
        # What could not be looked at has no evidence of its own; the briefing said so when it was posted.
        basis = claim.evidence or ((BRIEFED,) if incident.briefed_at else (OPENED,))
        yield Statement(text=f"Could not be looked at: {material.clean(claim.text)}", facts=basis)
