"""What the one post in the announcement channel says. Pure."""

from __future__ import annotations

import hashlib

from bot.domain.incident import Incident
from bot.domain.life.role import Role
from bot.domain.life.situation import Situation
from bot.domain.life.wording import ago, lines_said, local, person, span, title_of, where

UPDATE_LIMIT = 1500  # characters of the newest update; the whole of it stands in the incident's place
_SIGNS = {"SEV1": ":red_circle:", "SEV2": ":large_orange_circle:"}
NOT_SHOWN = "This incident is not shown here any more."


def announcement_text(situation: Situation) -> str:
    """mrkdwn. Its age is counted by Slack, so that it changes only where something has happened."""
    incident = situation.incident
    sign = _SIGNS.get(incident.severity, ":large_yellow_circle:") if incident.status.is_open else ":white_circle:"
    lead = situation.holders.get(Role.LEAD)
    facts = [
        f"Led by {person(lead)}" if lead else "Nobody leads yet",
        _age(situation),
        *([f"Worked on in {place}"] if (place := where(incident)) else []),
    ]
    if not incident.status.is_open and not lead:
        facts = facts[1:]
    lines = [
        f"{sign} *{incident.severity} \u00b7 {incident.status.capitalize()} \u00b7 {incident.id}*",
        f"*{title_of(incident)}*",
        " \u00b7 ".join(facts),
    ]
    return "\n".join([*lines, *_update(situation)])


def hidden_text(incident: Incident) -> str:
    """For a post of what has become private, or goes on elsewhere."""
    if incident.is_private or incident.merged_into is None:
        return NOT_SHOWN
    return f":white_circle: {incident.id} goes on in {incident.merged_into}."


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _age(situation: Situation) -> str:
    incident = situation.incident
    if incident.status.is_open or incident.resolved_at is None:
        return f"since {local(incident.started_at)} ({ago(incident.started_at)})"
    return f"{local(incident.started_at)} to {local(incident.resolved_at)} ({span(situation.lasted)})"


def _update(situation: Situation) -> list[str]:
    last = situation.last_internal
    if last is None:
        return []
    text = last.text if len(last.text) <= UPDATE_LIMIT else f"{last.text[: UPDATE_LIMIT - 1]}\u2026"
    quoted = "\n".join(f"> {line}" for line in lines_said(text).split("\n"))
    return [f"*Update* by {person(last.by)}, {local(last.at)}:", quoted]
