"""Propose who leads: whoever is on call, and whoever declared the incident. Nobody is made lead by it."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Protocol

from bot.domain.alert import Severity
from bot.domain.approval import Message, PersonKind
from bot.domain.briefing import Briefing
from bot.domain.errors import ChatError
from bot.domain.evidence import OnCallFact
from bot.domain.incident import Incident
from bot.domain.life import Role
from bot.domain.life.presses import TAKE_LEAD
from bot.domain.life.role_words import is_now, proposed
from bot.domain.ports import Effects
from bot.domain.ports.acting import Directory
from bot.domain.ports.kept import Life
from bot.domain.ports.life import Choice, Telling
from bot.flows.life.situations import LatestBriefing

log = logging.getLogger(__name__)

DECLARED_BY = "declared_by"  # the label of an alert that a person made
FIRST_LEVEL = 1
SETTLED = "settled"  # instead of where the proposal stands: its button is gone
LEAST = Severity.SEV3  # nobody has to lead what can wait for working hours


class Emails(Protocol):
    async def user_of(self, email: str) -> str:
        """The Slack user id of an address; "" where nobody has it. Raises ChatError."""
        ...


class Proposing:
    """A `Follower`."""

    def __init__(
        self,
        *,
        life: Life,
        briefings: LatestBriefing,
        effects: Effects,
        telling: Telling,
        emails: Emails,
        directory: Directory,
        least: Severity = LEAST,
    ) -> None:
        """`least`: the mildest severity at which somebody is proposed."""
        self._life = life
        self._briefings = briefings
        self._effects = effects
        self._telling = telling
        self._emails = emails
        self._directory = directory
        self._least = least

    async def follow(self, incident: Incident) -> None:
        lead = await self._life.roles.get(f"{incident.id}:{Role.LEAD}")
        try:
            if lead is not None:
                await self._settle(incident, lead.person)
            elif self._is_wanted(incident):
                await self._propose(incident)
        except ChatError as error:
            if not error.is_final:
                raise
            log.warning("nobody is proposed as lead of %s: %s", incident.id, error)

    async def tick(self, now: datetime) -> None:
        pass

    def _is_wanted(self, incident: Incident) -> bool:
        is_bad_enough = not self._least.is_worse_than(incident.severity)
        return incident.status.is_open and incident.briefed_at is not None and is_bad_enough

    async def _propose(self, incident: Incident) -> None:
        if (await self._effects.begin(_key(incident))).result:
            return
        text = proposed(incident, await self._on_call(incident), await self._declarer(incident))
        choice = Choice(action=TAKE_LEAD, text="Take the lead", value=incident.id)
        message = await self._telling.in_place(incident, text, key=f"{_key(incident)}/message", choices=(choice,))
        if message is not None:
            await self._effects.finish(_key(incident), f"{message.channel} {message.ts}")

    async def _settle(self, incident: Incident, lead: str) -> None:
        """Somebody leads, or did: the button goes away."""
        posted = (await self._effects.begin(_key(incident))).result
        if not posted or posted == SETTLED:
            return
        channel, _, ts = posted.partition(" ")
        await self._telling.change(Message(channel=channel, ts=ts), is_now(incident, Role.LEAD, lead))
        await self._effects.finish(_key(incident), SETTLED)

    async def _on_call(self, incident: Incident) -> str:
        for email in first_level(await self._briefings.latest(incident.id)):
            if user := await self._member(await self._user_of(email)):
                return user
        return ""

    async def _declarer(self, incident: Incident) -> str:
        return await self._member(incident.first_alert.labels.get(DECLARED_BY, "") if incident.alerts else "")

    async def _user_of(self, email: str) -> str:
        try:
            return await self._emails.user_of(email)
        except ChatError as error:
            if error.is_final:
                return ""
            raise

    async def _member(self, user: str) -> str:
        """The same; "" where they can have no role."""
        found = (await self._directory.people([user])).get(user) if user else None
        return user if found is not None and found.kind is PersonKind.MEMBER else ""


def first_level(briefing: Briefing | None) -> tuple[str, ...]:
    """Addresses of those who are paged first."""
    facts = (item.fact for item in briefing.evidence) if briefing else ()
    return tuple(f.email for f in facts if isinstance(f, OnCallFact) and f.level == FIRST_LEVEL and f.email)


def _key(incident: Incident) -> str:
    return f"life/propose/{incident.id}"
