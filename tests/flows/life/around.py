"""What stands around incidents, in memory: people, messages, topics, invitations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain.alert import Link
from bot.domain.approval import Message
from bot.domain.errors import ChatError
from bot.domain.incident import Card, Incident, Place, PlaceKind
from bot.domain.ports.life import Choice
from bot.testing import FakeChat


@dataclass
class Chat(FakeChat):
    """With old cards that point elsewhere."""

    pointers: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # (channel, ts) -> where they led

    async def point(self, card: Card, incident: Incident, place: Place) -> None:
        self.fail("point")
        self.pointers.setdefault((card.channel, card.ts), []).append(place.channel)
        self.crash_after("point")


@dataclass
class Around:
    """`Surroundings`, `Voices` and `Names`."""

    topics: list[tuple[str, str]] = field(default_factory=list)
    bookmarks: list[tuple[str, Link]] = field(default_factory=list)
    people: dict[str, set[str]] = field(default_factory=dict)  # by channel
    writers: dict[tuple[str, str], set[str]] = field(default_factory=dict)  # by card
    names: dict[str, str] = field(default_factory=lambda: {"UANA": "ana", "UBO": "bo"})
    refuses: ChatError | None = None
    calls: int = 0

    async def set_topic(self, place: Place, topic: str) -> None:
        self._called()
        self.topics.append((place.channel, topic))

    async def add_bookmark(self, place: Place, link: Link) -> None:
        self._called()
        assert place.kind is PlaceKind.CHANNEL
        self.bookmarks.append((place.channel, link))

    async def invite(self, place: Place, person: str) -> None:
        self._called()
        self.people.setdefault(place.channel, set()).add(person)

    async def members(self, place: Place) -> frozenset[str]:
        return frozenset(self.people.get(place.channel, ()))

    async def who_wrote(self, card: Card) -> frozenset[str]:
        self._called()
        return frozenset(self.writers.get((card.channel, card.ts), ()))

    async def names_of(self, users: Iterable[str]) -> Mapping[str, str]:
        return {user: self.names[user] for user in users if user in self.names}

    def _called(self) -> None:
        self.calls += 1
        if self.refuses is not None:
            raise self.refuses


@dataclass
class Told:
    """The `Telling` port: each key once."""

    sent: dict[str, tuple[str, str, tuple[Choice, ...]]] = field(default_factory=dict)  # key -> to whom, text, choices
    refuses: ChatError | None = None

    async def direct(self, person: str, text: str, *, key: str, choices: Sequence[Choice] = ()) -> Message:
        return self._once(key, person, text, choices)

    async def in_place(
        self, incident: Incident, text: str, *, key: str, choices: Sequence[Choice] = (), aloud: bool = False
    ) -> Message | None:
        return self._once(key, incident.place.channel, text, choices) if incident.place else None

    async def in_channel(self, channel: str, text: str, *, key: str) -> Message:
        return self._once(key, channel, text, ())

    async def change(self, message: Message, text: str, choices: Sequence[Choice] = ()) -> None:
        raise NotImplementedError

    async def picture(self, incident: Incident, png: bytes, *, title: str, alt: str, key: str) -> None:
        raise NotImplementedError

    def _once(self, key: str, to: str, text: str, choices: Sequence[Choice]) -> Message:
        if self.refuses is not None:
            raise self.refuses
        self.sent.setdefault(key, (to, text, tuple(choices)))
        return Message(channel=to, ts=key)
