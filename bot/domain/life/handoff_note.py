"""What whoever takes over must know: what is known, what was tried and what is open. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.life.role import DUTIES, Role
from bot.domain.life.situation import ACTION, NOTE, Situation
from bot.domain.life.update_drafts import cause_sentence
from bot.domain.life.wording import clock, counted, local, person, said, span, title_of, where

MOST_IMPACT, MOST_EVENTS, MOST_RUNS, MOST_OPEN = 2, 5, 5, 5
FACT_LIMIT = 240  # characters
NOTHING = "\u2022 Nothing is on record."


def handoff_note(situation: Situation) -> str:
    """mrkdwn."""
    parts = (
        ("Known", list(_known(situation))),
        ("Tried", list(_tried(situation))),
        ("Open", list(_open(situation))),
    )
    shown = [f"*{name}*\n" + ("\n".join(f"\u2022 {line}" for line in lines) or NOTHING) for name, lines in parts]
    return "\n".join([_heading(situation), *shown])


def duties(role: Role) -> str:
    """mrkdwn."""
    return "\n".join(f"\u2022 {duty}" for duty in DUTIES[role])


def _heading(situation: Situation) -> str:
    incident = situation.incident
    place = where(incident)
    stands = f"*{incident.id}* \u00b7 {incident.severity} \u00b7 {incident.status}"
    since = f"since {local(incident.started_at)} ({span(situation.lasted)})"
    facts = [stands, since, *([place] if place else [])]
    return " \u00b7 ".join(facts) + f"\n{title_of(incident)}"


def _known(situation: Situation) -> Iterator[str]:
    for claim in (situation.briefing.impact if situation.briefing else ())[:MOST_IMPACT]:
        yield said(claim.text, FACT_LIMIT)
    yield said(cause_sentence(situation), FACT_LIMIT * 2)
    firing = situation.incident.firing_count
    if firing:
        yield f"{counted(firing, 'alert')} still {'fires' if firing == 1 else 'fire'}."


def _tried(situation: Situation) -> Iterator[str]:
    for run in [run for run in situation.runs if run.state.is_over and not run.is_dry][-MOST_RUNS:]:
        why = f": {said(run.why, FACT_LIMIT)}" if run.why else ""
        yield f"Runbook {said(run.runbook, FACT_LIMIT)} {run.state}{why}"
    told = [event for event in situation.events if event.kind in (ACTION, NOTE)][-MOST_EVENTS:]
    for event in told:
        who = f"{person(event.actor)}: " if event.kind == NOTE and event.actor else ""
        yield f"{clock(event.at)} {who}{said(event.text, FACT_LIMIT)}"


def _open(situation: Situation) -> Iterator[str]:
    for run in [run for run in situation.runs if not run.state.is_over][:MOST_OPEN]:
        yield f"Runbook {said(run.runbook, FACT_LIMIT)} is {run.state}."
    for request in situation.requests[:MOST_OPEN]:
        by = f", asked for by {person(request.requester)}" if request.requester else ""
        what = f"Approval of step {said(request.step, 80)} of {said(request.runbook, 80)}"
        yield f"{what}{by}, until {local(request.expires_at)}."
    for one in situation.open_follow_ups[:MOST_OPEN]:
        owner = f" ({person(one.owner)})" if one.owner else " (nobody's yet)"
        yield f"{one.priority} {said(one.text, FACT_LIMIT)}{owner}"
    if situation.next_update_at and situation.incident.status.is_open:
        yield f"The next update is due at {local(situation.next_update_at)}."
