"""What the flows write to the chat."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from bot.domain.card import CardView, Dressing, Picture
from bot.domain.evidence import TriggerChart
from bot.domain.incident import Card, Place


class Rooms(Protocol):
    """Opens places in the chat. Everything here may be done again and then changes nothing twice. Raises ChatError."""

    async def open_channel(self, name: str, *, incident_id: str, since: datetime, is_private: bool = False) -> Place:
        """Create it, or adopt the one of this name that we ourselves created for this incident since then.

        Raises ChatError("name_taken") where the name belongs to somebody else.
        """
        ...

    async def join_channel(self, name: str) -> Place:
        """An existing public channel, created where it is missing."""
        ...

    async def dress(self, place: Place, dressing: Dressing) -> tuple[str, ...]:
        """Topic, bookmarks, invitations. Raises nothing: returns what could not be done, one sentence each."""
        ...


class Cards(Protocol):
    """The one message of an incident. Raises ChatError."""

    async def post(self, place: Place, view: CardView, *, look_first: bool) -> Card:
        """The message is marked as this incident's card; with `look_first`, one that is there already is adopted."""
        ...

    async def edit(self, card: Card, view: CardView, *, last: bool = False) -> None:
        """Edits of one card never overtake each other; one that waits is replaced by a newer one.

        `last`: wait until it is shown. Otherwise it may be dropped for a newer one and errors are swallowed.
        """
        ...

    async def pin(self, card: Card) -> None: ...

    async def link(self, card: Card) -> str:
        """The address under which people find it."""
        ...


class Pictures(Protocol):
    """Images in the chat."""

    async def upload(self, png: bytes, *, name: str, title: str, alt: str) -> Picture:
        """Ready to be shown in a message. Raises ChatError."""
        ...


class ChartRenderer(Protocol):
    """Draws."""

    async def render(self, chart: TriggerChart) -> bytes:
        """A PNG."""
        ...
