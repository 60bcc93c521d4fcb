"""Answers to who asked, where they asked, and to all where that is meant; each once, whatever crashed before."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from bot.domain.errors import ChatError
from bot.domain.incident import Incident, PlaceKind
from bot.domain.ports import Clock, Effects, Incidents
from bot.slack.blocks.limits import SECTION_LIMIT, Message, section
from bot.slack.inbound import Asked
from bot.slack.life_said import Told
from bot.slack.posting import Posted, Posting, Spot, spot_of
from bot.slack.web_api import WebApi, translating

log = logging.getLogger(__name__)

REPLY_EVENT = "reply"  # the metadata's event type on our answers
MOST_RESPONDERS = 500  # commands that wait for their answer
NOT_THERE = frozenset({"not_in_channel", "channel_not_found", "user_not_in_channel", "is_archived"})

Respond = Callable[..., Awaitable[Any]]  # Bolt's, for one command: it goes through the command's own address


class Responses:
    """A command's own address for answers is never written to disk: whoever has it can speak for us. After a crash a
    command is answered with a message that its author alone sees, or, where the bot is not in the channel, directly.
    """

    def __init__(self, api: WebApi, incidents: Incidents, effects: Effects, clock: Clock) -> None:
        self._api = api
        self._incidents = incidents
        self._effects = effects
        self._clock = clock
        self._posting = Posting(api, effects)
        self._responders: OrderedDict[str, Respond] = OrderedDict()  # by the command's id

    def expect(self, id: str, respond: Respond) -> None:
        """An answer to the command of this id goes this way."""
        self._responders[id] = respond
        while len(self._responders) > MOST_RESPONDERS:
            self._responders.popitem(last=False)

    async def give(self, asked: Asked, told: Told) -> None:
        incident = told.incident if told.is_public else None
        if incident is not None and (asked.is_slash or not is_same_place(asked, incident)):
            announced = await self.announce(incident, told.text, key=f"public:{asked.id}")
            if announced and asked.is_slash and incident.place and incident.place.channel == asked.channel:
                self._responders.pop(asked.id, None)  # who asked reads it there
                return
        if asked.is_slash:
            await self._respond(asked, told)
        elif told.is_secret and not asked.channel.startswith("D"):
            await self._ephemeral(asked, told)
        else:
            await self.reply(asked, told)

    async def announce(self, incident: Incident, text: str, *, key: str) -> bool:
        """To all who work on it. False: it has no place yet."""
        spot = spot_of(incident)
        if spot is None:
            return False
        await self.say(spot, text, key=key)
        return True

    async def say(self, spot: Spot, text: str, *, key: str) -> Posted:
        """Once for a key."""
        content = Message(text=text, blocks=[section(text[:SECTION_LIMIT])])
        return await self._posting.once(key, spot, content, since=self._clock.now())

    async def reply(self, asked: Asked, told: Told) -> None:
        """In the thread of a mention, or in the conversation with the bot."""
        key = f"reply:{asked.id}"
        effect = await self._effects.begin(key)
        if effect.result is not None or (effect.begun and await self._replied(asked, key)):
            return
        sent = await self._api.call(
            "chat.postMessage",
            channel=asked.channel,
            thread_ts=asked.thread,
            **({"reply_broadcast": True} if await self._is_aloud(asked, told) else {}),
            text=told.text,
            blocks=told.blocks,
            metadata={"event_type": REPLY_EVENT, "event_payload": {"key": key}},
            unfurl_links=False,
            unfurl_media=False,
        )
        await self._effects.finish(key, sent["ts"])

    async def to_person(self, user: str, incident: Incident, text: str, *, key: str) -> None:
        """To one person alone, where the incident is worked on; directly where they are not there. Once for a key."""
        if (await self._effects.begin(key)).result is not None:
            return
        spot = spot_of(incident)
        try:
            if spot is None:
                raise ChatError("channel_not_found", is_final=True)
            thread = spot.thread or None
            await self._api.call("chat.postEphemeral", channel=spot.channel, user=user, thread_ts=thread, text=text)
        except ChatError as error:
            if error.code not in NOT_THERE:
                raise
            await self._api.call("chat.postMessage", channel=user, text=text)
        await self._effects.finish(key, "told")

    async def _is_aloud(self, asked: Asked, told: Told) -> bool:
        """In an incident's channel those who do not read the thread see it, too."""
        if not told.is_public or not asked.thread or (told.incident and not is_same_place(asked, told.incident)):
            return False
        return await self._incidents.in_place(asked.channel, None) is not None

    async def _replied(self, asked: Asked, key: str) -> bool:
        method, where = (
            ("conversations.replies", {"ts": asked.thread}) if asked.thread else ("conversations.history", {})
        )
        asked_at = asked.id.rpartition(":")[2]  # the answer is newer
        page = await self._api.call(
            method, channel=asked.channel, oldest=asked_at, include_all_metadata=True, limit=200, **where
        )
        return any((m.get("metadata") or {}).get("event_payload", {}).get("key") == key for m in page["messages"])

    async def _respond(self, asked: Asked, told: Told) -> None:
        """To a command. Said again after a crash: who asked would else wait for an answer."""
        key = f"reply:{asked.id}"
        if (await self._effects.begin(key)).result is not None:
            return
        respond = self._responders.pop(asked.id, None)
        if respond is None or not await self._through(respond, told):
            await self._without_address(asked, told)
        await self._effects.finish(key, "told")

    async def _through(self, respond: Respond, told: Told) -> bool:
        try:
            with translating("response_url"):
                kind = "in_channel" if told.is_public and told.incident is None else "ephemeral"
                await respond(text=told.text, blocks=told.blocks, response_type=kind)
        except ChatError as error:
            log.info("a command's own address did not work: %s", error)
            return False
        return True

    async def _without_address(self, asked: Asked, told: Told) -> None:
        try:
            if told.is_public and told.incident is None:
                content = Message(text=told.text, blocks=told.blocks or [section(told.text[:SECTION_LIMIT])])
                await self._posting.once(
                    f"public:{asked.id}", Spot(channel=asked.channel), content, since=self._clock.now()
                )
            else:
                await self._ephemeral(asked, told)
        except ChatError as error:
            if error.code not in NOT_THERE:
                raise
            await self._api.call("chat.postMessage", channel=asked.user, text=told.text, blocks=told.blocks)

    async def _ephemeral(self, asked: Asked, told: Told) -> None:
        await self._api.call(
            "chat.postEphemeral",
            channel=asked.channel,
            user=asked.user,
            thread_ts=asked.thread if asked.thread and asked.thread != asked.id.rpartition(":")[2] else None,
            text=told.text,
            blocks=told.blocks,
        )


def is_same_place(asked: Asked, incident: Incident) -> bool:
    """Whether it was asked where the incident is worked on."""
    place = incident.place
    if place is None or place.channel != asked.channel:
        return False
    return place.kind is PlaceKind.CHANNEL or (incident.card is not None and incident.card.ts == asked.thread)
