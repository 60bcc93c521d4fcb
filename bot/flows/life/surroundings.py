"""The topic of an incident's channel follows how it stands and who leads it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from bot.domain.errors import ChatError
from bot.domain.incident import Incident, Place, PlaceKind
from bot.domain.life import Holding, Role
from bot.domain.naming import topic
from bot.domain.ports import Effects
from bot.domain.ports.kept import Kept
from bot.domain.ports.life import Surroundings

log = logging.getLogger(__name__)


class Names(Protocol):
    """What people are called."""

    async def names_of(self, users: Iterable[str]) -> Mapping[str, str]:
        """By Slack user id; those who cannot be looked up are missing."""
        ...


class Topic:
    """A `Follower`. Each change of a topic is a notice in the channel, so it is set only where it is another one."""

    def __init__(self, *, surroundings: Surroundings, roles: Kept[Holding], names: Names, effects: Effects) -> None:
        self._surroundings = surroundings
        self._roles = roles
        self._names = names
        self._effects = effects
        self._shown: dict[str, tuple[str, str]] = {}  # by incident: the channel and its topic

    async def follow(self, incident: Incident) -> None:
        place = incident.place
        if place is None or place.kind is PlaceKind.THREAD:
            return
        wanted = await self._text(incident)
        if self._shown.get(incident.id) == (place.channel, wanted):
            return
        key = f"topic:{incident.id}:{place.channel}"
        if (await self._effects.begin(key)).result != wanted:
            await self._set(incident, place, wanted)
            await self._effects.finish(key, wanted)
        self._shown[incident.id] = (place.channel, wanted)

    async def tick(self, now: datetime) -> None:
        """Nothing is due."""

    async def _set(self, incident: Incident, place: Place, wanted: str) -> None:
        try:
            await self._surroundings.set_topic(place, wanted)
        except ChatError as error:
            if not error.is_final:
                raise
            log.warning("%s: the topic cannot be set: %s", incident.id, error)  # an archived channel, for example

    async def _text(self, incident: Incident) -> str:
        lead = await self._holder(incident, Role.LEAD)
        communications = await self._holder(incident, Role.COMMUNICATIONS)
        names = await self._names.names_of([person for person in (lead, communications) if person])
        return topic(incident, lead=names.get(lead, ""), communications=names.get(communications, ""))

    async def _holder(self, incident: Incident, role: Role) -> str:
        """Slack's user id; "" where nobody has the role."""
        held = await self._roles.get(f"{incident.id}:{role}")
        return held.person if held else ""
