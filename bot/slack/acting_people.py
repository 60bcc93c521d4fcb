"""Who may do what from Slack, what people are called, and how one of them alone is told something."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Mapping

from bot.domain.approval import PersonKind
from bot.domain.errors import ChatError
from bot.domain.ports import Effects
from bot.domain.ports.acting import Directory
from bot.slack import acting_views as views
from bot.slack.people import USER_ID, People
from bot.slack.web_api import WebApi

log = logging.getLogger(__name__)

_ID = re.compile(rf"<@({USER_ID.pattern})(?:\|[^<>]*)?>|(?<![\w-])({USER_ID.pattern})\b")  # mentioned, or bare
PATIENCE = 1.0  # seconds that a stop waits to learn who asks for it
MAY_STOP = frozenset({PersonKind.MEMBER, PersonKind.GUEST, PersonKind.UNKNOWN})


class ActingPeople:
    def __init__(self, api: WebApi, directory: Directory, effects: Effects) -> None:
        self._api = api
        self._directory = directory
        self._effects = effects
        self._people = People(api)

    async def typed(self, text: str) -> str:
        """`text`, a message's mrkdwn, as its author saw it."""
        return await self._people.typed(text)

    async def names_of(self, users: Iterable[str]) -> Mapping[str, str]:
        return await self._people.names_of(users)

    async def named(self, sentence: str) -> str:
        """The sentence with names in place of user ids."""
        users = [found[1] or found[2] for found in _ID.finditer(sentence)]
        names = await self._people.names_of(users) if users else {}
        return _ID.sub(lambda found: names.get(found[1] or found[2], found[1] or found[2]), sentence)

    async def may_not_act(self, user: str, what: str) -> str:
        """Why this person may not; "" where they may: full members alone."""
        kind = await self._kind(user)
        return "" if kind is PersonKind.MEMBER else views.not_for(kind, what)

    async def may_not_stop(self, user: str, what: str) -> str:
        """To stop must be easy: guests may, and everybody of whom Slack tells nothing at the moment."""
        try:
            async with asyncio.timeout(PATIENCE):
                kind = await self._kind(user)
        except TimeoutError:
            kind = PersonKind.UNKNOWN
        return "" if kind in MAY_STOP else views.not_for(kind, what)

    async def _kind(self, user: str) -> PersonKind:
        try:
            found = (await self._directory.people([user])).get(user)
        except ChatError as error:
            log.warning("Slack does not tell who %s is: %s", user, error)
            return PersonKind.UNKNOWN
        return found.kind if found else PersonKind.UNKNOWN

    async def tell(self, key: str, channel: str, user: str, text: str, thread: str | None = None) -> None:
        """To this person alone, once for a key; nothing waits for it where Slack does not take it."""
        if not text or (await self._effects.begin(key)).begun:
            return
        try:
            await self._api.call("chat.postEphemeral", channel=channel, user=user, text=text, thread_ts=thread)
        except ChatError as error:
            log.warning("%s could not be told: %s", user, error)
            return
        await self._effects.finish(key, "told")

    async def thread_of(self, channel: str, ts: str) -> str | None:
        """The thread in which a message stands, for an answer beside it."""
        try:
            page = await self._api.call(
                "conversations.replies", channel=channel, ts=ts, oldest=ts, latest=ts, inclusive=True, limit=10
            )
        except ChatError:
            return None
        found: Mapping[str, object] = next((m for m in page["messages"] if m.get("ts") == ts), {})
        thread = found.get("thread_ts")
        return str(thread) if thread and thread != ts else None
