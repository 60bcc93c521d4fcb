"""Messages that are posted once, whatever crashes in between.

The intent is on disk before the post, and the message carries its key as metadata. Where a post may have happened and
its result is not known, the place is looked through for that key first.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

from bot.domain.approval import Message
from bot.domain.incident import Incident, PlaceKind
from bot.domain.ports import Effects
from bot.slack.blocks.limits import Message as Content
from bot.slack.web_api import WebApi

ACTING_EVENT = "acting"  # the metadata's event type; readable by the whole workspace, so the key tells nothing secret
CLOCK_SKEW = timedelta(minutes=2)  # between Slack's clock and ours
PAGES = 5  # of 200 messages: how far a message posted before a crash is looked for


@dataclass(frozen=True, kw_only=True)
class Spot:
    channel: str
    thread: str = ""  # "" in the channel itself


@dataclass(frozen=True, kw_only=True)
class Posted:
    channel: str
    ts: str
    thread: str = ""  # where it is a reply itself: Slack has one level of threads
    kept: Mapping[str, str] = field(default_factory=dict)  # what is needed to show it again
    is_new: bool = False  # it was posted just now, so it shows what it should

    @property
    def message(self) -> Message:
        return Message(channel=self.channel, ts=self.ts)

    @property
    def replies(self) -> Spot:
        """Where answers to it stand."""
        return Spot(channel=self.channel, thread=self.thread or self.ts)

    @property
    def text(self) -> str:
        return json.dumps([self.channel, self.ts, self.thread, dict(self.kept)], ensure_ascii=False)


def read_posted(text: str) -> Posted:
    """What `Posted.text` says."""
    channel, ts, thread, kept = json.loads(text)
    return Posted(channel=channel, ts=ts, thread=thread, kept=kept)


def spot_of(incident: Incident) -> Spot | None:
    """Where an incident is worked on: its channel, or the thread under its card. None while there is no place yet."""
    if incident.place is None:
        return None
    if incident.place.kind is PlaceKind.CHANNEL:
        return Spot(channel=incident.place.channel)
    return Spot(channel=incident.card.channel, thread=incident.card.ts) if incident.card else None


class Posting:
    def __init__(self, api: WebApi, effects: Effects) -> None:
        self._api = api
        self._effects = effects
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by key
        self._known: dict[str, Posted] = {}  # by key: what was posted does not change

    async def known(self, key: str) -> Posted | None:
        """What was posted under this key, as far as that is written down."""
        if key not in self._known and (result := (await self._effects.begin(key)).result):
            self._known[key] = read_posted(result)
        return self._known.get(key)

    async def once(
        self, key: str, spot: Spot, content: Content, *, since: datetime, kept: Mapping[str, str] | None = None
    ) -> Posted:
        """`since`: it was posted no earlier. Raises ChatError."""
        async with self._turns.setdefault(key, asyncio.Lock()):
            if key in self._known:
                return self._known[key]
            effect = await self._effects.begin(key)
            if effect.result:
                return self._known.setdefault(key, read_posted(effect.result))
            found = await self._found(key, spot, since) if effect.begun else None
            ts = found or await self._post(key, spot, content)
            posted = Posted(channel=spot.channel, ts=ts, thread=spot.thread, kept=kept or {})
            await self._effects.finish(key, posted.text)
            self._known[key] = posted
            return replace(posted, is_new=found is None)

    async def upload_once(self, key: str, spot: Spot, content: str, *, name: str, title: str) -> None:
        """A text file in a thread. Its name is what it is found by, so it is this file's alone. Raises ChatError."""
        async with self._turns.setdefault(key, asyncio.Lock()):
            effect = await self._effects.begin(key)
            if effect.result or (effect.begun and await self._has_file(spot, name)):
                return
            answer = await self._api.call(
                "files.upload.v2",
                channel=spot.channel,
                thread_ts=spot.thread,
                content=content,
                filename=name,
                title=title,
            )
            await self._effects.finish(key, str(answer["files"][0]["id"]))

    async def keyed(self, begin: str, spot: Spot) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
        """Messages there whose key begins so, with their keys, whichever process posted them. Raises ChatError."""
        async for message in self._messages(spot, None):
            key = ((message.get("metadata") or {}).get("event_payload") or {}).get("key") or ""
            if key.startswith(begin):
                yield key, message

    async def edit(self, posted: Message, key: str, content: Content) -> None:
        await self._api.call(
            "chat.update",
            channel=posted.channel,
            ts=posted.ts,
            text=content.text,
            blocks=content.blocks,
            metadata=_metadata(key),
        )

    async def link(self, message: Message) -> str:
        answer = await self._api.call("chat.getPermalink", channel=message.channel, message_ts=message.ts)
        return str(answer["permalink"])

    async def _post(self, key: str, spot: Spot, content: Content) -> str:
        thread = {"thread_ts": spot.thread} if spot.thread else {}
        sent = await self._api.call(
            "chat.postMessage",
            channel=spot.channel,
            text=content.text,
            blocks=content.blocks,
            metadata=_metadata(key),
            unfurl_links=False,
            unfurl_media=False,
            **thread,
        )
        return str(sent["ts"])

    async def _found(self, key: str, spot: Spot, since: datetime) -> str | None:
        async for message in self._messages(spot, since):
            if ((message.get("metadata") or {}).get("event_payload") or {}).get("key") == key:
                return str(message["ts"])
        return None

    async def _has_file(self, spot: Spot, name: str) -> bool:
        async for message in self._messages(spot, None):
            if any(file.get("name") == name for file in message.get("files") or ()):
                return True
        return False

    async def _messages(self, spot: Spot, since: datetime | None) -> AsyncIterator[Mapping[str, Any]]:
        where: dict[str, Any] = {"channel": spot.channel, "include_all_metadata": True, "limit": 200}
        if spot.thread:
            where["ts"] = spot.thread
        elif since is not None:
            where["oldest"] = f"{(since - CLOCK_SKEW).timestamp():.6f}"
        cursor = ""
        for _ in range(PAGES):
            method = "conversations.replies" if spot.thread else "conversations.history"
            page = await self._api.call(method, **where, cursor=cursor)
            for message in page["messages"]:
                yield message
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return


def _metadata(key: str) -> dict[str, Any]:
    return {"event_type": ACTING_EVENT, "event_payload": {"key": key}}
