"""What went well and what did not, as far as the record shows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bot.domain.causes.words import span
from bot.domain.postmortem.material import ACKNOWLEDGED, BRIEFED, ONSET, OPENED, RESOLVED, Material
from bot.domain.postmortem.notes import Notes
from bot.domain.postmortem.statement import Statement

SOON = timedelta(minutes=5)  # from the onset to the alert: what a rule that waits five minutes needs
AT_ONCE = timedelta(seconds=1)
QUICK = timedelta(minutes=2)  # from the incident to its first briefing
TAKEN_ON = timedelta(minutes=5)  # from the incident to the first person who took it on
SHORT = timedelta(minutes=30)
BELIEF, UPDATE = "belief", "update"  # kinds of entries of the timeline
MOST_FACTS = 12  # that one sentence names


def went_well(material: Material) -> Iterator[Statement]:
    incident = material.incident
    if incident.opened_at - incident.started_at <= SOON:
        late = incident.opened_at - incident.started_at
        how = f"{span(late)} after it began" if late >= AT_ONCE else "at once"
        yield Statement(text=f"It was noticed {how}.", facts=(ONSET, OPENED))
    if incident.briefed_at is not None and incident.briefed_at - incident.opened_at <= QUICK:
        took = span(incident.briefed_at - incident.opened_at)
        yield Statement(text=f"The first briefing stood {took} after the incident was opened.", facts=(OPENED, BRIEFED))
    if incident.acknowledged_at is not None and incident.acknowledged_at - incident.opened_at <= TAKEN_ON:
        took = span(max(incident.acknowledged_at - incident.opened_at, timedelta(0)))
        yield Statement(text=f"Somebody took it on {took} after it was opened.", facts=(OPENED, ACKNOWLEDGED))
    if sent := [(name, event) for name, event in material.told() if event.kind == UPDATE]:
        _, first = sent[0]
        count = "One update was sent" if len(sent) == 1 else f"{len(sent)} updates were sent, the first one"
        took = span(max(first.at - incident.opened_at, timedelta(0)))
        yield Statement(text=f"{count} {took} after it was opened.", facts=(OPENED, *(one for one, _ in sent[:3])))
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
    if incident.acknowledged_at is not None and incident.acknowledged_at - incident.opened_at > TAKEN_ON:
        took = span(incident.acknowledged_at - incident.opened_at)
        yield Statement(text=f"It took {took} until somebody took it on.", facts=(OPENED, ACKNOWLEDGED))
    if len(turns := [name for name, event in material.told() if event.kind == BELIEF]) > 1:
        text = f"What was held to be the likeliest cause changed {len(turns)} times."
        yield Statement(text=text, facts=tuple(turns[:MOST_FACTS]))
    for tried in notes.unhelpful:
        yield Statement(text=f"Tried without success: {tried.text}", facts=tried.facts)
    for name, text in material.gaps().items():
        yield Statement(text=f"Could not be looked at: {text}", facts=(name,))
