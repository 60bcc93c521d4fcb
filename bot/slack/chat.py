"""Writes to Slack: places, cards and pictures. Each effect looks before it acts, so that doing it again is safe."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.domain.card import CardView, Dressing, Picture
from bot.domain.errors import ChatError
from bot.domain.incident import Card, Incident, Place, PlaceKind
from bot.slack.blocks import Message, card
from bot.slack.blocks.moved import moved
from bot.slack.lane import Lane
from bot.slack.pacing import LONG
from bot.slack.surroundings import SlackSurroundings
from bot.slack.web_api import WebApi

CARD_EVENT = "incident_card"  # the metadata's event type on our cards; readable by the whole workspace
CLOCK_SKEW = timedelta(minutes=2)  # Slack's clock and ours, when telling whether a channel was made for this incident
PUBLIC, PRIVATE = "public_channel", "private_channel"  # Slack's words for kinds of channels
# Seconds: where many incidents open at once, one look for the triage channel serves them all. Whoever archives it or
# takes us out of it is noticed soon.
BELIEVED = 30.0
HISTORY_PAGES = 5  # of 200 messages: how far a card posted before a crash is looked for


class SlackRooms:
    """The `Rooms` port."""

    def __init__(self, api: WebApi, *, bot_user: str) -> None:
        self._api = api
        self._bot_user = bot_user
        self._surroundings = SlackSurroundings(api)
        self._joining = asyncio.Lock()
        self._joined: dict[str, tuple[Place, float]] = {}  # by name: and until when it is believed

    async def open_channel(self, name: str, *, incident_id: str, since: datetime, is_private: bool = False) -> Place:
        try:
            made = (await self._api.call("conversations.create", name=name, is_private=is_private))["channel"]
        except ChatError as error:
            if error.code != "name_taken":
                raise
            made = await self._adopt(name, since, is_private=is_private)
        return Place(kind=PlaceKind.CHANNEL, channel=made["id"], name=made["name"])

    async def _adopt(self, name: str, since: datetime, *, is_private: bool) -> Mapping[str, Any]:
        """The channel of this name, if we made it no earlier than the incident; the name is reserved for it alone.

        Of private channels Slack lists those alone that we are in, and we are in those that we made.
        """
        found = await self._find(name, PRIVATE if is_private else PUBLIC)
        ours = found is not None and found.get("creator") == self._bot_user
        if found is None or not ours or float(found.get("created", 0)) < (since - CLOCK_SKEW).timestamp():
            raise ChatError("name_taken", f"#{name} belongs to somebody else", is_final=True)
        if not found.get("is_member"):
            await self._api.call("conversations.join", channel=found["id"])
        return found

    async def join_channel(self, name: str) -> Place:
        now = asyncio.get_running_loop().time
        async with self._joining:  # whoever comes meanwhile waits for the first one's answer
            place, believed_until = self._joined.get(name, (None, 0.0))
            if place is None or now() >= believed_until:
                place = await self._join(name)
                self._joined[name] = (place, now() + BELIEVED)
        return place

    async def _join(self, name: str) -> Place:
        found = await self._find(name, PUBLIC)
        if found is None:
            found = (await self._api.call("conversations.create", name=name))["channel"]
        elif not found.get("is_member"):
            await self._api.call("conversations.join", channel=found["id"])
        return Place(kind=PlaceKind.THREAD, channel=found["id"], name=found["name"])

    async def _find(self, name: str, kind: str) -> Mapping[str, Any] | None:
        cursor = ""
        while True:
            page = await self._api.call(
                "conversations.list", types=kind, exclude_archived=False, limit=1000, cursor=cursor
            )
            for channel in page["channels"]:
                if channel["name"] == name:
                    return dict(channel)
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return None

    async def dress(self, place: Place, dressing: Dressing) -> tuple[str, ...]:
        around = self._surroundings
        jobs: list[tuple[str, Callable[[], Awaitable[Any]]]] = []
        if dressing.topic:
            jobs.append(("The topic could not be set", partial(around.set_topic, place, dressing.topic)))
        if dressing.bookmarks:
            jobs.append(("Bookmarks could not be added", partial(around.add_bookmarks, place, dressing.bookmarks)))
        for email in dressing.invite_emails:
            jobs.append((f"{email} could not be invited", partial(around.invite_by_email, place, email)))
        for user in dressing.invite_users:
            jobs.append((f"{user} could not be invited", partial(around.invite, place, user)))
        outcomes = await asyncio.gather(*(_told(what, job) for what, job in jobs))
        return tuple(told for told in outcomes if told)


async def _told(what: str, job: Callable[[], Awaitable[Any]]) -> str:
    try:
        await job()
    except ChatError as error:
        return f"{what}: {error}."
    return ""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What an old card shows: the incident goes on in this place."""

    incident: Incident
    place: Place


class SlackCards:
    """The `Cards` port, and the `OldCards` of a promotion."""

    def __init__(self, api: WebApi) -> None:
        self._api = api
        self._lanes: dict[tuple[str, str], Lane[CardView | Moved]] = {}
        self._moved: set[tuple[str, str]] = set()  # they point elsewhere: what was begun before must not write over it

    async def post(self, place: Place, view: CardView, *, look_first: bool) -> Card:
        key = card_key(view.incident.id)
        if look_first and (found := await self._posted(place, key, view.incident.opened_at)):
            return found
        message = card(view)
        sent = await self._api.call(
            "chat.postMessage",
            channel=place.channel,
            metadata=_metadata(key, view),
            unfurl_links=False,
            unfurl_media=False,
            **_body(message),
        )
        return Card(channel=sent["channel"], ts=sent["ts"])

    async def _posted(self, place: Place, key: str, since: datetime) -> Card | None:
        cursor = ""
        for _ in range(HISTORY_PAGES):
            page = await self._api.call(
                "conversations.history",
                channel=place.channel,
                oldest=f"{(since - CLOCK_SKEW).timestamp():.6f}",
                include_all_metadata=True,
                limit=200,
                cursor=cursor,
            )
            for message in page["messages"]:
                metadata = message.get("metadata") or {}
                if metadata.get("event_type") == CARD_EVENT and metadata.get("event_payload", {}).get("key") == key:
                    return Card(channel=place.channel, ts=message["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return None

    async def edit(self, card: Card, view: CardView, *, last: bool = False) -> None:
        if (card.channel, card.ts) in self._moved:
            return
        lane = self._lane(card)
        if last:
            await lane.settle(view)
        else:
            lane.offer(view)

    async def point(self, card: Card, incident: Incident, place: Place) -> None:
        """It becomes one line that leads to where the incident goes on. Raises ChatError."""
        self._moved.add((card.channel, card.ts))
        await self._lane(card).settle(Moved(incident=incident, place=place))

    def _lane(self, shown: Card) -> Lane[CardView | Moved]:
        address = (shown.channel, shown.ts)
        if address not in self._lanes:
            self._lanes[address] = Lane(lambda view: self._update(shown, view))
        return self._lanes[address]

    async def _update(self, shown: Card, view: CardView | Moved) -> None:
        if isinstance(view, Moved):
            message = moved(view.incident, view.place)
            await self._api.call("chat.update", channel=shown.channel, ts=shown.ts, **_body(message))
            return
        metadata = _metadata(card_key(view.incident.id), view)
        message = _delayed(card(view), self._api.behind)
        await self._api.call("chat.update", channel=shown.channel, ts=shown.ts, metadata=metadata, **_body(message))

    async def pin(self, card: Card) -> None:
        try:
            await self._api.call("pins.add", channel=card.channel, timestamp=card.ts)
        except ChatError as error:
            if error.code != "already_pinned":
                raise

    async def link(self, card: Card) -> str:
        return str((await self._api.call("chat.getPermalink", channel=card.channel, message_ts=card.ts))["permalink"])


class SlackPictures:
    """The `Pictures` port: uploads that a message shows through an image block's `slack_file`."""

    PROCESSED_WITHIN = 3.0  # seconds; a block that names an unprocessed file is refused as invalid

    def __init__(self, api: WebApi) -> None:
        self._api = api

    async def upload(self, png: bytes, *, name: str, title: str, alt: str) -> Picture:
        answer = await self._api.call("files.upload.v2", content=png, filename=name, title=title, alt_txt=alt)
        file_id = answer["files"][0]["id"]
        await self._processed(file_id)
        return Picture(file_id=file_id, alt=alt)

    async def _processed(self, file_id: str) -> None:
        deadline = asyncio.get_running_loop().time() + self.PROCESSED_WITHIN
        while asyncio.get_running_loop().time() < deadline:
            info = await self._api.call("files.info", file=file_id)
            if info["file"].get("mimetype"):
                return
            await asyncio.sleep(0.2)


def card_key(incident_id: str) -> str:
    """What marks a message as this incident's card, for everybody to see: no secrets in it."""
    return f"card:{incident_id}"


def _metadata(key: str, view: CardView) -> dict[str, Any]:
    stage = "briefing" if view.briefing else "gathering"
    return {"event_type": CARD_EVENT, "event_payload": {"key": key, "stage": stage}}


def _delayed(message: Message, behind: float) -> Message:
    """What people see may be old: it is said as long as it is so."""
    if behind < LONG:
        return message
    words = f":hourglass: Slack limits how fast I may write: updates are delayed by some {behind:.0f} s."
    told = {"type": "context", "elements": [{"type": "mrkdwn", "text": words}]}
    return replace(message, blocks=[*message.blocks, told])


def _body(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": message.blocks}
