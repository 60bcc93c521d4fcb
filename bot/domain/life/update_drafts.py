"""Drafts of what people are told, in whole sentences, from what is on record. Pure.

For customers nothing internal is said: no host, no person, no cause, no name that only we use.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.domain.incident import Incident, IncidentStatus
from bot.domain.life.pace_of_updates import span_of
from bot.domain.life.role import Role
from bot.domain.life.situation import ACTION, NOTE, Situation
from bot.domain.life.wording import clock, sentence, span
from bot.domain.naming import bare_title
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from bot.domain.run import RunState

FACT_LIMIT = 300  # characters of one thing that is told
MOST_IMPACT, MOST_ACTIONS, MOST_NOTES = 2, 3, 2
SOME_SERVICE = "one of our services"


def internal_draft(situation: Situation) -> str:
    """Plain text, a paragraph each: how it stands, the cause, what is done, who leads and when more is told."""
    paragraphs = (_state(situation), _cause(situation), _done(situation), _who(situation))
    return "\n".join(" ".join(sentences) for part in paragraphs if (sentences := list(part)))


def public_draft(incident: Incident, now: datetime, public_name: str) -> str:
    """Plain text, in the words that status pages use. `public_name`: what customers call the service, or ""."""
    name = plain(redact(public_name), 80) or SOME_SERVICE
    heading, text = _public(incident, name)
    length = span_of(incident)
    more = f" We will post another update by {clock(now + length)}." if length else ""
    return f"{heading}: {text}{more}"


def _public(incident: Incident, name: str) -> tuple[str, str]:
    began = f"It began at about {clock(incident.started_at)} on {incident.started_at.day} {incident.started_at:%B %Y}."
    match incident.status:
        case IncidentStatus.TRIAGE | IncidentStatus.INVESTIGATING:
            return "Investigating", f"We are investigating a problem with {name}. {began}"
        case IncidentStatus.IDENTIFIED:
            return "Identified", f"We have found what causes the problem with {name} and are working on a fix. {began}"
        case IncidentStatus.MONITORING:
            return "Monitoring", f"A fix for the problem with {name} is in place, and we are watching that it holds."
        case IncidentStatus.RESOLVED:
            ended = f" and ended at about {clock(incident.resolved_at)}" if incident.resolved_at else ""
            return "Resolved", f"The problem with {name} is resolved. {began[:-1]}{ended}."
        case IncidentStatus.CANCELLED:
            return "Resolved", f"We looked into a possible problem with {name} and found that there was none."


def cause_sentence(situation: Situation) -> str:
    """How sure it is stands beside it."""
    likeliest = situation.likeliest
    told = f"{_fact(likeliest.statement).rstrip('.')} ({likeliest.confidence} confidence)" if likeliest else ""
    if situation.is_identified:
        if situation.said_cause:
            return f"The cause is known: {sentence(_fact(situation.said_cause))}"
        return f"The cause was called known; the evidence points to: {told}." if told else "The cause was called known."
    return f"The likeliest cause so far: {told}." if told else "The cause is not known yet."


def _state(situation: Situation) -> Iterator[str]:
    incident = situation.incident
    what = _fact(incident.service or "") or _fact(bare_title(incident.title))
    began = clock(incident.started_at)
    if incident.status is IncidentStatus.CANCELLED:
        yield f"{incident.id} was cancelled: there was no incident."
        return
    if incident.status is IncidentStatus.RESOLVED:
        ended = f" at {clock(incident.resolved_at)}" if incident.resolved_at else ""
        yield f"{incident.id} ({incident.severity}) was resolved{ended}."
        yield f"{what} was affected for {span(situation.lasted)}."
        return
    yield f"{what} has been affected since {began} ({span(situation.lasted)})."
    if incident.service:
        yield sentence(_fact(bare_title(incident.title)))
    yield f"{incident.id} is {incident.severity} and {_STANDS[incident.status]}."
    for claim in (situation.briefing.impact if situation.briefing else ())[:MOST_IMPACT]:
        yield sentence(_fact(claim.text))


_STANDS = {
    IncidentStatus.TRIAGE: "being looked at",
    IncidentStatus.INVESTIGATING: "being investigated",
    IncidentStatus.IDENTIFIED: "being fixed",
    IncidentStatus.MONITORING: "mitigated; we are watching whether it holds",
}


def _cause(situation: Situation) -> Iterator[str]:
    if situation.incident.status is not IncidentStatus.CANCELLED:
        yield cause_sentence(situation)


def _done(situation: Situation) -> Iterator[str]:
    if situation.incident.status is IncidentStatus.CANCELLED:
        return
    last = situation.last_internal
    since = last.at if last else None
    actions = situation.newest(ACTION, MOST_ACTIONS, since)
    notes = situation.newest(NOTE, MOST_NOTES, since)
    for event in (*actions, *notes):
        yield f"At {clock(event.at)}: {sentence(_fact(event.text))}"
    going = [run for run in situation.runs if not run.state.is_over and not run.is_dry]
    for run in going[:MOST_ACTIONS]:
        waits = " and waits for people" if run.state is RunState.WAITING else ""
        yield f"The runbook {_fact(run.runbook)} is being carried out{waits}."
    if situation.requests:
        yield _approvals(len(situation.requests))
    if not (actions or notes or going or situation.requests) and situation.incident.status.is_open:
        yield "No action is on record since the last update." if last else "No action is on record yet."


def _approvals(count: int) -> str:
    return "1 approval is waited for." if count == 1 else f"{count} approvals are waited for."


def _who(situation: Situation) -> Iterator[str]:
    incident = situation.incident
    if not incident.status.is_open:
        return
    lead = situation.holders.get(Role.LEAD)
    yield f"<@{lead}> leads." if lead else "Nobody leads yet."
    if told := situation.holders.get(Role.COMMUNICATIONS):
        yield f"Ask <@{told}> for news."
    if length := span_of(incident):
        yield f"The next update comes by {clock(situation.now + length)}."


def _fact(text: str) -> str:
    return plain(redact(text), FACT_LIMIT)
