"""From a thread of the triage channel to a channel of its own."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from weakref import WeakValueDictionary

from bot.domain.card import CardView
from bot.domain.errors import ChatError
from bot.domain.incident import Card, Incident, Place, PlaceKind
from bot.domain.ports import (
    Briefings,
    Cards,
    Clock,
    Effects,
    Incidents,
    Places,
    Rooms,
    Timeline,
    TimelineEvent,
)
from bot.domain.ports.life import Surroundings
from bot.flows.place import OwnChannel, deserves_channel, existing

log = logging.getLogger(__name__)


class OldCards(Protocol):
    """What a card becomes once its incident is worked on elsewhere. Raises ChatError."""

    async def point(self, card: Card, incident: Incident, place: Place) -> None:
        """One line that leads there; edits of the card that come later change nothing."""
        ...


class Voices(Protocol):
    """Who speaks. Raises ChatError."""

    async def who_wrote(self, card: Card) -> frozenset[str]:
        """Slack's ids of the people who wrote in the thread under it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The card that an incident had in the triage channel, and whether the way from there is done."""

    card: Card
    is_done: bool = False

    @property
    def text(self) -> str:
        return json.dumps([self.card.channel, self.card.ts, self.is_done])


def read_origin(text: str) -> Origin:
    channel, ts, is_done = json.loads(text)
    return Origin(card=Card(channel=channel, ts=ts), is_done=is_done)


class Promotion:
    """A `Follower`: incidents that deserve a channel, or for which a person has ordered one, get it.

    The old card is noted before anything is done. From then on each step looks before it acts and all are done again
    until the last one was: channel, card, what the store knows, the old card's pointer, people. A move waits for the
    first briefing, since the flows before it write to the card that they began with.
    """

    def __init__(
        self,
        *,
        incidents: Incidents,
        briefings: Briefings,
        places: Places,
        effects: Effects,
        timeline: Timeline,
        rooms: Rooms,
        cards: Cards,
        old_cards: OldCards,
        voices: Voices,
        surroundings: Surroundings,
        dress: Callable[[str], Awaitable[object]],
        show: Callable[[str], Awaitable[object]],
        clock: Clock,
    ) -> None:
        """`dress`: pins the card, sets bookmarks and brings the on-call people in; `show` writes the card anew."""
        self._incidents = incidents
        self._briefings = briefings
        self._places = places
        self._effects = effects
        self._timeline = timeline
        self._cards = cards
        self._own_channel = OwnChannel(places, rooms)
        self._old_cards = old_cards
        self._voices = voices
        self._surroundings = surroundings
        self._dress = dress
        self._show = show
        self._clock = clock
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # of people and timers
        self._settled: set[str] = set()  # in a channel, with nothing left to do
        self._waiting: set[str] = set()  # for their first briefing
        self._refused: set[str] = set()  # Slack lets no channel be made for them; asked again after a restart

    async def follow(self, incident: Incident) -> None:
        place = incident.place
        if place is None or incident.card is None:
            return
        is_here = place.kind is PlaceKind.CHANNEL and incident.card.channel == place.channel
        if is_here and incident.id in self._settled:
            return
        origin = await self._origin(incident.id)
        if is_here and (origin is None or origin.is_done):
            self._settled.add(incident.id)
            return
        if not is_here and not self._is_wanted(incident, origin):
            return
        if incident.briefed_at is None:
            self._waiting.add(incident.id)
            return
        try:
            await self.promote(incident.id)
        except ChatError as error:
            if not error.is_final:
                raise
            self._refused.add(incident.id)
            log.warning("%s stays in its thread: %s", incident.id, error)

    def _is_wanted(self, incident: Incident, origin: Origin | None) -> bool:
        if not incident.status.is_open or incident.id in self._refused:
            return False
        return origin is not None or deserves_channel(incident)

    async def tick(self, now: datetime) -> None:
        """Those that wait for their first briefing are looked at again."""
        for incident_id in tuple(self._waiting):
            incident = await self._incidents.get(incident_id)
            if incident is not None:
                await self.follow(incident)
            if incident is None or incident.briefed_at is not None:
                self._waiting.discard(incident_id)

    async def order(self, incident: Incident) -> None:
        """It is on disk that a person wants it. Raises NotStored."""
        if incident.card is not None and await self._origin(incident.id) is None:
            await self._effects.finish(_key(incident.id), Origin(card=incident.card).text)

    async def promote(self, incident_id: str) -> Place:
        """Now. Raises ChatError, with `is_final` where no channel can be made for it."""
        async with self._turns.setdefault(incident_id, asyncio.Lock()):
            return await self._promote(await existing(self._incidents, incident_id))

    async def _promote(self, incident: Incident) -> Place:
        await self.order(incident)
        origin, place = await self._origin(incident.id), incident.place
        assert origin is not None, "it was just noted"
        assert place is not None, "where there is a card there is a place"
        if place.kind is PlaceKind.THREAD:
            place = await self._own_channel(incident)
        if incident.card is None or incident.card.channel != place.channel:
            await self._move_card(incident, place)
        elif incident.place != place:  # the last attempt ended just before this
            await self._places.save_place(incident.id, place)
        if not origin.is_done:
            await self._leave(replace(incident, place=place), place, origin)
        return place

    async def _move_card(self, incident: Incident, place: Place) -> None:
        effect = await self._effects.begin(f"card:{incident.id}:{place.channel}")
        findings = await self._briefings.findings(incident.id) or ()
        view = CardView(incident=replace(incident, place=place), findings=tuple(findings))
        card = await self._cards.post(place, view, look_first=effect.begun)
        await self._places.save_card(incident.id, card)
        await self._places.save_place(incident.id, place)  # last: until then all of this is done again

    async def _leave(self, incident: Incident, place: Place, origin: Origin) -> None:
        await self._show(incident.id)
        await _if_it_can_be(self._old_cards.point(origin.card, incident, place), f"{incident.id}: its old card")
        await _if_it_can_be(self._bring(place, origin), f"{incident.id}: who wrote in its thread")
        await self._dress(incident.id)
        event = TimelineEvent(
            incident_id=incident.id, at=self._clock.now(), kind="status", text=f"Goes on in a channel: #{place.name}"
        )
        await self._timeline.add(event, key=f"{incident.id}/promoted")
        await self._effects.finish(_key(incident.id), replace(origin, is_done=True).text)
        self._settled.add(incident.id)

    async def _bring(self, place: Place, origin: Origin) -> None:
        for person in sorted(await self._voices.who_wrote(origin.card)):
            await _if_it_can_be(self._surroundings.invite(place, person), f"#{place.name}: {person}")

    async def _origin(self, incident_id: str) -> Origin | None:
        result = (await self._effects.begin(_key(incident_id))).result
        return read_origin(result) if result else None


def _key(incident_id: str) -> str:
    return f"promotion:{incident_id}"


async def _if_it_can_be(work: Awaitable[None], what: str) -> None:
    """A deleted card, or a person who may not be invited, keeps none of the rest from being done."""
    try:
        await work
    except ChatError as error:
        if not error.is_final:
            raise
        log.warning("%s is left as it is: %s", what, error)
