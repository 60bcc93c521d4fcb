"""What the commands, buttons and forms of an incident's life work with."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.domain.approval import Request
from bot.domain.card import Picture
from bot.domain.incident import Incident
from bot.domain.life import Order
from bot.domain.plaintext import plain, visible
from bot.domain.ports import Clock, Incidents
from bot.domain.ports.life import (
    FollowUpDesk,
    PagingDesk,
    PostmortemDesk,
    RoleDesk,
    StatsDesk,
    SteerDesk,
    UpdateDesk,
)
from bot.domain.redact import redact
from bot.slack.acting_people import ActingPeople
from bot.slack.life_said import Told
from bot.slack.life_scope import Meant, Scope
from bot.slack.mrkdwn import escape
from bot.slack.vocabulary import BY_NAME

log = logging.getLogger(__name__)

WORD_LIMIT = 500  # characters of a reason, or of what was done
TEXT_LIMIT = 3000  # of an update
SENTENCE_LIMIT = 3500  # of what a desk answers
NAME_LIMIT = 60


class Uploads(Protocol):
    """Pictures that a message can show. Raises ChatError."""

    async def upload(self, png: bytes, *, name: str, title: str, alt: str) -> Picture: ...


class OpenRequests(Protocol):
    """Approvals that people are waited for. Raises NotStored."""

    async def open_requests(self) -> Sequence[Request]: ...


@dataclass(frozen=True, kw_only=True)
class Desks:
    """Behind Slack: what is done about an incident."""

    steer: SteerDesk
    roles: RoleDesk
    updates: UpdateDesk
    follow_ups: FollowUpDesk
    postmortems: PostmortemDesk
    paging: PagingDesk
    stats: StatsDesk


@dataclass(frozen=True, kw_only=True)
class Around:
    desks: Desks
    incidents: Incidents
    scope: Scope
    people: ActingPeople
    clock: Clock
    command: str
    uploads: Uploads | None = None  # None: no charts
    services: Sequence[str] = ()  # names in the catalog
    known_service: Callable[[str], str | None] = field(default=lambda name: None)
    on_change: Callable[[], None] = field(default=lambda: None)  # what the home tab shows may have changed

    async def word(self, text: str, limit: int = WORD_LIMIT) -> str:
        """One line of what somebody typed: mentions written out, secrets taken out."""
        return redact(plain(await self.people.typed(text), limit))

    async def text(self, text: str, limit: int = TEXT_LIMIT) -> str:
        """As `word`; its lines stay."""
        return redact(visible(await self.people.typed(text)).strip())[:limit]

    async def shown(self, sentence: str) -> str:
        """What a desk answered, as mrkdwn: its lines stay, people are named and not pinged."""
        named = await self.people.named(sentence)
        return "\n".join(escape(line) for line in named[:SENTENCE_LIMIT].split("\n"))

    async def name(self, user: str) -> str:
        return escape(plain((await self.people.names_of([user])).get(user, user), NAME_LIMIT))

    async def public(self, incident: Incident, person: str, sentence: str, why: str = "") -> Told:
        """What all are to know: who did what, and why."""
        because = f" \u201c{escape(why)}\u201d" if why else ""
        return Told(
            text=f"*{await self.name(person)}*: {await self.shown(sentence)}{because}",
            is_public=True,
            incident=incident,
        )

    async def private(self, meant: Meant, sentence: str) -> Told:
        """To who asked."""
        return Told(text=await self.shown(sentence), incident=meant.incident, is_secret=meant.is_secret)

    def usage(self, trouble: str, word: str, example: str) -> Told:
        nothing = " Nothing was changed." if BY_NAME[word].changes else ""
        lead = f"{escape(trouble)}{nothing} " if trouble else ""
        return Told(text=f"{lead}For example: `{f'{self.command} {word} {example}'.rstrip()}`")


def order(id: str, incident: Incident, person: str, word: str = "") -> Order:
    return Order(id=id, incident=incident.id, person=person, word=word)
