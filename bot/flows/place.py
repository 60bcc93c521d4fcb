"""Open the place of an incident and post its card, once, whatever crashed before."""

from __future__ import annotations

import asyncio
import logging

from bot.domain.alert import Severity
from bot.domain.card import CardView, Dressing
from bot.domain.errors import ChatError, FirstResponderError
from bot.domain.incident import Card, Incident, Place
from bot.domain.naming import channel_name
from bot.domain.ports import Cards, Effect, Effects, Incidents, Places, Rooms

log = logging.getLogger(__name__)

DECLARED = "slack"  # the source of an alert that a person made
NAME_TRIES = 20  # other people's channels with our name: -2, -3 ... and then the triage channel


class OpenPlace:
    """Channel for SEV1 and SEV2, a thread in the triage channel for the rest and where no channel can be made.

    A private incident has a private channel whatever its severity, or no place at all.
    """

    def __init__(
        self, *, incidents: Incidents, places: Places, effects: Effects, rooms: Rooms, cards: Cards, triage_channel: str
    ) -> None:
        self._incidents = incidents
        self._places = places
        self._effects = effects
        self._rooms = rooms
        self._own_channel = OwnChannel(places, rooms)
        self._cards = cards
        self._triage_channel = triage_channel

    async def __call__(self, incident_id: str, sources: tuple[str, ...]) -> Card:
        """The card, posted now or earlier. Raises ChatError where Slack cannot be used right now."""
        incident = await existing(self._incidents, incident_id)
        if incident.card:
            return incident.card
        place, effect = await self._begun(incident)
        view = CardView(incident=incident, pending=sources)
        card = await self._cards.post(place, view, look_first=effect.begun)
        await self._places.save_card(incident.id, card)
        return card

    async def _begun(self, incident: Incident) -> tuple[Place, Effect]:
        """Where its card stands, and what is known of an earlier attempt to post it."""
        key = f"card:{incident.id}"
        if incident.place:
            return incident.place, await self._effects.begin(key)
        place = await self._open(incident)
        _, effect = await asyncio.gather(self._places.save_place(incident.id, place), self._effects.begin(key))
        return place, effect

    async def _open(self, incident: Incident) -> Place:
        return await (self._channel(incident) if deserves_channel(incident) else self._thread())

    async def _channel(self, incident: Incident) -> Place:
        try:
            place = await self._own_channel(incident)
        except ChatError as error:
            if not error.is_final or incident.is_private:  # of a private one nothing is told in the triage channel
                raise
            log.warning("%s: no channel can be made (%s); using the triage channel", incident.id, error)
            return await self._thread()
        if incident.is_private:
            await self._rooms.dress(place, Dressing(topic="", invite_users=declarer(incident)))
        return place

    async def _thread(self) -> Place:
        return await self._rooms.join_channel(self._triage_channel)


class OwnChannel:
    """Opens an incident's own channel, or finds the one that was opened for it before a crash."""

    def __init__(self, places: Places, rooms: Rooms) -> None:
        self._places = places
        self._rooms = rooms

    async def __call__(self, incident: Incident) -> Place:
        """Raises ChatError; with `is_final` where no channel can be made for it."""
        taken: list[str] = []
        while True:
            name = await self._places.reserve_name(incident.id, channel_name(incident), taken=taken)
            try:
                return await self._rooms.open_channel(
                    name, incident_id=incident.id, since=incident.opened_at, is_private=incident.is_private
                )
            except ChatError as error:
                taken.append(name)
                if error.code != "name_taken" or len(taken) == NAME_TRIES:
                    raise


def deserves_channel(incident: Incident) -> bool:
    return incident.is_private or incident.severity in (Severity.SEV1, Severity.SEV2)


def declarer(incident: Incident) -> tuple[str, ...]:
    """Slack's id of the person who declared it; nobody where a monitor did: anyone's alert may have labels."""
    first = incident.first_alert
    person = first.labels.get("declared_by") if first.source == DECLARED else None
    return (person,) if person else ()


async def existing(incidents: Incidents, incident_id: str) -> Incident:
    """The incident, which is there: whoever asks got its id from the store."""
    incident = await incidents.get(incident_id)
    if incident is None:
        raise FirstResponderError(f"{incident_id} is not in the store")
    return incident
