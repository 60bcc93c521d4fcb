"""After the briefing: pin the card, set topic and bookmarks, bring the on-call people in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from bot.domain.alert import Link
from bot.domain.card import Dressing
from bot.domain.catalog import Catalog
from bot.domain.errors import ChatError, FirstResponderError
from bot.domain.evidence import Finding, OnCallFact, RunbookFact
from bot.domain.incident import Card, Incident, Place, PlaceKind
from bot.domain.naming import topic
from bot.domain.ports import Briefings, Cards, Incidents, Places, Rooms
from bot.domain.ports.following import Follower
from bot.flows.place import declarer, existing

log = logging.getLogger(__name__)

MOST_BOOKMARKS = 6  # the bar above a channel holds about as many before it folds


class Dress:
    def __init__(
        self,
        *,
        incidents: Incidents,
        briefings: Briefings,
        places: Places,
        rooms: Rooms,
        cards: Cards,
        catalog: Catalog,
        topic: Follower | None = None,
    ) -> None:
        """`topic`: what keeps the topic; without it the topic is set here, once, without people's names."""
        self._topic = topic
        self._incidents = incidents
        self._places = places
        self._briefings = briefings
        self._rooms = rooms
        self._cards = cards
        self._catalog = catalog

    async def __call__(self, incident_id: str) -> tuple[str, ...]:
        """What could not be done, one sentence each. The triage channel itself is left as it is. Raises NotStored."""
        incident = await existing(self._incidents, incident_id)
        place, card = incident.place, incident.card
        if place is None or card is None:
            return ()
        linked = await self._link(incident_id, card)
        undone = () if place.kind is PlaceKind.THREAD else await self._all(incident, place, card)
        for sentence in (*linked, *undone):
            log.warning("%s: %s", incident_id, sentence)
        return (*linked, *undone)

    async def _all(self, incident: Incident, place: Place, card: Card) -> tuple[str, ...]:
        findings = await self._briefings.findings(incident.id) or ()
        wanted = dressing(incident, findings, self._catalog)
        dressed = self._rooms.dress(place, replace(wanted, topic="") if self._topic else wanted)
        undone, pinned, titled = await asyncio.gather(dressed, self._pin(card), self._set_topic(incident))
        return (*undone, *pinned, *titled)

    async def _set_topic(self, incident: Incident) -> tuple[str, ...]:
        try:
            if self._topic:
                await self._topic.follow(incident)
        except FirstResponderError as error:
            return (f"The topic could not be set: {error}.",)
        return ()

    async def _link(self, incident_id: str, card: Card) -> tuple[str, ...]:
        """Kept with the card: lists and answers lead to it."""
        if card.permalink:
            return ()
        try:
            permalink = await self._cards.link(card)
            if (await existing(self._incidents, incident_id)).card == card:  # it may have moved meanwhile
                await self._places.save_card(incident_id, replace(card, permalink=permalink))
        except ChatError as error:
            return (f"The card's link could not be kept: {error}.",)
        return ()

    async def _pin(self, card: Card) -> tuple[str, ...]:
        try:
            await self._cards.pin(card)
        except ChatError as error:
            return (f"The card could not be pinned: {error}.",)
        return ()


def dressing(incident: Incident, findings: Sequence[Finding], catalog: Catalog) -> Dressing:
    """Pure: topic, bookmarks (alert, dashboards, runbook) and who is brought in (first level on call, the declarer)."""
    service = catalog.find(incident.service)
    evidence = [item for finding in findings for item in finding.evidence]
    links = [*incident.first_alert.links, *(service.links if service else ())]
    links += [
        Link(title=f"Runbook: {item.fact.title}", url=item.link)
        for item in evidence
        if isinstance(item.fact, RunbookFact) and item.link
    ][:1]
    first_level = [i.fact.email for i in evidence if isinstance(i.fact, OnCallFact) and i.fact.level == 1]
    return Dressing(
        topic=topic(incident),
        bookmarks=tuple({link.url: link for link in links}.values())[:MOST_BOOKMARKS],
        # Whom a private incident is told of is for those to say who are in it.
        invite_emails=() if incident.is_private else tuple(dict.fromkeys(email for email in first_level if email)),
        invite_users=declarer(incident),
    )
