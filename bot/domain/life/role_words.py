"""What is said about roles. Plain text with people as `<@U...>`, fit for mrkdwn as it is. Pure."""

from __future__ import annotations

from bot.domain.approval import PersonKind
from bot.domain.incident import Incident
from bot.domain.life.role import DUTIES, Role
from bot.domain.life.wording import person as mention
from bot.domain.life.wording import title_of, where

CALLED = {Role.LEAD: "lead", Role.COMMUNICATIONS: "communications lead", Role.SCRIBE: "scribe"}
_NOT_FOR = {
    PersonKind.GUEST: "is a guest of this workspace",
    PersonKind.STRANGER: "belongs to another organisation",
    PersonKind.BOT: "is a bot",
    PersonKind.DEACTIVATED: "has no active account any more",
}


def not_for(person: str, kind: PersonKind) -> str:
    why = _NOT_FOR.get(kind, "is not known to Slack")
    return f"{mention(person)} {why}: roles are for full members only. Choose another person."


def is_now(incident: Incident, role: Role, person: str) -> str:
    who = mention(person) if person else "Nobody"
    return f"{who} is {CALLED[role]} of {incident.id} now."


def is_already(incident: Incident, role: Role, person: str) -> str:
    who = f"{mention(person)} is {CALLED[role]}" if person else f"Nobody is {CALLED[role]}"
    return f"{who} of {incident.id} already."


def told_holder(incident: Incident, role: Role, by: str) -> str:
    """The direct message with the duties; mrkdwn."""
    place = where(incident)
    stands = f"*{incident.id}* \u00b7 {incident.severity} \u00b7 {incident.status}"
    lines = [
        f"You are the *{CALLED[role]}* of {stands}{f', in {place}' if place else ''}.",
        title_of(incident),
        *(f"\u2022 {duty}" for duty in DUTIES[role]),
        *([f"Given to you by {mention(by)}."] if by else []),
    ]
    return "\n".join(lines)


def offered(incident_id: str, giver: str, note: str) -> str:
    """The direct message with the offer; mrkdwn."""
    return f"{mention(giver)} asks you to take over the lead of {incident_id}.\n\n{note}"


def proposed(incident: Incident, on_call: str, declared_by: str) -> str:
    """mrkdwn."""
    who = []
    if on_call:
        who.append(f"{mention(on_call)}, you are on call: will you lead?")
    if declared_by and declared_by != on_call:
        who.append(f"{mention(declared_by)}, you declared it: {'or will you' if on_call else 'will you lead'}?")
    return " ".join([f"Nobody leads {incident.id} yet.", *(who or ["Whoever takes it on, say so here."])])
