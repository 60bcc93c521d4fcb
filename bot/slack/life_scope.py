"""Which incident is meant, who may see it, and who may change it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain.approval import PersonKind
from bot.domain.errors import ChatError
from bot.domain.incident import Incident, Place
from bot.domain.plaintext import plain
from bot.domain.ports import Incidents
from bot.domain.ports.acting import Directory
from bot.slack.acting_views import not_for
from bot.slack.inbound import Asked
from bot.slack.life_said import Told
from bot.slack.life_words import subject
from bot.slack.mrkdwn import escape
from bot.slack.responses import is_same_place

log = logging.getLogger(__name__)

OUTSIDERS = frozenset({PersonKind.GUEST, PersonKind.STRANGER, PersonKind.BOT, PersonKind.DEACTIVATED})
LONGEST_CHAIN = 10  # incidents that were merged into one another


class Members(Protocol):
    """Who is in an incident's channel. Raises ChatError."""

    async def members(self, place: Place) -> frozenset[str]: ...


@dataclass(frozen=True, kw_only=True)
class Meant:
    """An incident, what was said beside its id, and whether it was asked about from elsewhere."""

    incident: Incident
    rest: str = ""
    is_elsewhere: bool = False
    merged: str = ""  # the id of the one that was named, where that goes on in this one

    @property
    def is_secret(self) -> bool:
        """What is answered elsewhere about a private one is for who asked alone."""
        return self.is_elsewhere and self.incident.is_private


class Scope:
    def __init__(self, incidents: Incidents, members: Members, directory: Directory, command: str) -> None:
        self._incidents = incidents
        self._members = members
        self._directory = directory
        self._command = command

    async def meant(self, asked: Asked, argument: str | None = None) -> Meant | Told:
        """The one whose id stands first, else that of the place; or what is to be said instead."""
        named, rest = subject(asked.command.argument if argument is None else argument)
        found = await (self._incidents.get(named) if named else self._incidents.in_place(asked.channel, asked.thread))
        if found is None or (named and not await self.sees(asked, found)):
            return Told(text=self.none_such(named, asked.command.name))
        survivor = await self.survivor(found)
        if survivor.id != found.id and not await self.sees(asked, survivor):
            return Told(text=self.none_such(found.id, asked.command.name))
        return Meant(
            incident=survivor,
            rest=rest,
            is_elsewhere=not is_same_place(asked, survivor),
            merged=found.id if survivor.id != found.id else "",
        )

    async def survivor(self, incident: Incident) -> Incident:
        """The one that goes on in its place."""
        for _ in range(LONGEST_CHAIN):
            if not incident.merged_into:
                break
            further = await self._incidents.get(incident.merged_into)
            if further is None:
                break
            incident = further
        return incident

    async def sees(self, asked: Asked, incident: Incident) -> bool:
        return is_same_place(asked, incident) or await self.may_see(asked.user, incident)

    async def may_see(self, user: str, incident: Incident) -> bool:
        """Of private ones those who are in its channel; guests and outsiders of what they are in alone."""
        if not incident.is_private and await self.kind(user) not in OUTSIDERS:
            return True
        if incident.place is None:
            return False
        try:
            return user in await self._members.members(incident.place)
        except ChatError as error:
            log.warning("nobody knows who is in the channel of %s: %s", incident.id, error)
            return False

    async def visible(self, user: str, incidents: Sequence[Incident]) -> list[Incident]:
        return [one for one in incidents if await self.may_see(user, one)]

    async def kind(self, user: str) -> PersonKind:
        try:
            found = (await self._directory.people([user])).get(user)
        except ChatError as error:
            log.warning("Slack does not tell who %s is: %s", user, error)
            return PersonKind.UNKNOWN
        return found.kind if found else PersonKind.UNKNOWN

    async def may_not_change(self, user: str, what: str = "change incidents") -> str:
        """Why this person may not; "" where they may: full members alone."""
        kind = await self.kind(user)
        return "" if kind is PersonKind.MEMBER else not_for(kind, what)

    def none_such(self, named: str, word: str) -> str:
        if named:
            return f"There is no incident {escape(plain(named, 40))}. `{self._command} list` shows the open ones."
        return (
            f"This channel belongs to no incident. Name one: `{self._command} {word} INC-...`; "
            f"`{self._command} list` shows the open ones."
        )
