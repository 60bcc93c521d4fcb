"""What an incident belongs to: other incidents, and pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from bot.domain.alert import Link
from bot.domain.errors import ChatError
from bot.domain.incident import Incident, PlaceKind
from bot.domain.life import Order, Tie, TieKind
from bot.domain.plaintext import plain, visible
from bot.domain.ports import Clock, Incidents, Timeline, TimelineEvent
from bot.domain.ports.kept import Kept
from bot.domain.ports.life import Surroundings
from bot.domain.redact import redact
from bot.flows.place import existing

INCIDENT_ID = re.compile(r"INC-\d{4}-\d{1,9}", re.IGNORECASE)
ADDRESS_LIMIT = 2000  # characters; browsers and Slack's buttons take about 3000
TITLE_LIMIT = 60  # characters of a bookmark: the bar above a channel shows about thirty
_AS_SLACK_WRITES = re.compile(r"<(https?://[^|>]+)(?:\|[^>]*)?>")


class Linking:
    """Raises NotStored, ChatError, and FirstResponderError where there is no such incident."""

    def __init__(
        self, *, incidents: Incidents, timeline: Timeline, ties: Kept[Tie], surroundings: Surroundings, clock: Clock
    ) -> None:
        self._incidents = incidents
        self._timeline = timeline
        self._ties = ties
        self._surroundings = surroundings
        self._clock = clock

    async def link(self, order: Order, other: str) -> str:
        incident = await existing(self._incidents, order.incident)
        named = other.strip()
        if INCIDENT_ID.fullmatch(named):
            return await self._tie(order, incident, named.upper())
        return await self._page(order, incident, named)

    async def ties(self, incident_id: str) -> Sequence[Tie]:
        """From either side."""
        everything = await self._ties.in_state(*(kind.value for kind in TieKind))
        return tuple(tie for tie in everything if incident_id in (tie.incident, tie.other))

    async def other(self, order: Order, named: str) -> Incident | None:
        """One that the person may know of: a private one is there for those alone who are in its channel."""
        found = await self._incidents.get(named.strip().upper())
        if found is None or not found.is_private:
            return found
        inside = await self._surroundings.members(found.place) if found.place else frozenset()
        return found if order.person in inside else None

    # --- incidents ---------------------------------------------------------------------------------------------------

    async def _tie(self, order: Order, incident: Incident, named: str) -> str:
        other = await self.other(order, named)
        if other is None:
            return unknown(named)
        if refusal := _why_not_tied(incident, other):
            return refusal
        tie = Tie(
            incident=incident.id,
            other=other.id,
            kind=TieKind.RELATED,
            by=order.person,
            at=self._clock.now(),
            word=plain(redact(order.word), ADDRESS_LIMIT),
        )
        is_there = await self._ties.get(f"{other.id}>{incident.id}") is not None or not await self._ties.add(tie)
        # Told also where the tie was there: a crash may have come between the two.
        for here, there in ((incident, other), (other, incident)):
            await self._tell(order, here, f"Linked with {there.id}")
        if is_there:
            return f"{incident.id} and {other.id} are linked already."
        return f"{incident.id} and {other.id} are linked now; each shows the other."

    # --- pages -------------------------------------------------------------------------------------------------------

    async def _page(self, order: Order, incident: Incident, written: str) -> str:
        address = _bare(written)
        if refusal := why_no_address(address):
            return refusal
        title = plain(redact(order.word), TITLE_LIMIT) or plain(urlsplit(address).hostname or "", TITLE_LIMIT)
        await self._tell(order, incident, f"Linked: {title}", address)
        place = incident.place
        if place is None or place.kind is PlaceKind.THREAD:
            return (
                f"The page is on the timeline of {incident.id}. A thread has no bookmarks; a channel of its own does."
            )
        try:
            await self._surroundings.add_bookmark(place, Link(title=title, url=address))
        except ChatError as error:
            if not error.is_final:
                raise
            return f"The page is on the timeline of {incident.id}, but Slack takes no bookmark for it: {error.code}."
        return f"The page is a bookmark of {incident.id} now, and on its timeline."

    async def _tell(self, order: Order, incident: Incident, text: str, link: str | None = None) -> None:
        event = TimelineEvent(
            incident_id=incident.id, at=self._clock.now(), kind="note", text=text, actor=order.person, link=link
        )
        await self._timeline.add(event, key=f"{incident.id}/linked/{order.id}")


def unknown(named: str) -> str:
    return f"There is no incident {plain(named, 40)}. Look for its number in the list of open ones."


def _why_not_tied(incident: Incident, other: Incident) -> str:
    """A sentence, or "" where they may show each other."""
    if incident.id == other.id:
        return f"{incident.id} cannot be linked with itself."
    if incident.is_private != other.is_private:
        private = incident.id if incident.is_private else other.id
        return f"{private} is private: a link would tell of it to people who are not in its channel."
    return ""


def _bare(written: str) -> str:
    found = _AS_SLACK_WRITES.fullmatch(written)
    return (found[1] if found else written).replace("&amp;", "&")


def why_no_address(address: str) -> str:
    """A sentence, or "" for the address of a page that people can be sent to."""
    try:
        parts = urlsplit(address)
        host, person = parts.hostname, parts.username or parts.password
        _ = parts.port
    except ValueError:
        return "That is no address of a page: give an incident's number, or an address that begins with https://."
    if parts.scheme.lower() not in ("http", "https") or not host:
        return "Give an incident's number such as INC-2026-0042, or the address of a page: https:// or http://."
    if len(address) > ADDRESS_LIMIT:
        return f"That address has {len(address)} characters and at most {ADDRESS_LIMIT} fit: give a shorter one."
    if any(char.isspace() or char in "<>|" for char in address) or visible(address) != address:
        return "That address holds characters that no address has: copy it once more."
    if person or redact(address) != address:
        return "That address seems to hold a secret; give one without it, since everybody here would see it."
    return ""
