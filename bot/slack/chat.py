"""Writes to Slack: places, cards and pictures. Each effect looks before it acts, so that doing it again is safe."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.domain.alert import Link
from bot.domain.card import CardView, Dressing, Picture
from bot.domain.errors import ChatError
from bot.domain.incident import Card, Place, PlaceKind
from bot.slack.blocks import Message, card
from bot.slack.lane import Lane
from bot.slack.web_api import WebApi

CARD_EVENT = "incident_card"  # the metadata's event type on our cards; readable by the whole workspace
CLOCK_SKEW = timedelta(minutes=2)  # Slack's clock and ours, when telling whether a channel was made for this incident
TOPIC_LIMIT = 250  # Slack: topic and purpose, 250 characters each
HISTORY_PAGES = 5  # of 200 messages: how far a card posted before a crash is looked for


class SlackRooms:
    """The `Rooms` port."""

    def __init__(self, api: WebApi, *, bot_user: str) -> None:
        self._api = api
        self._bot_user = bot_user

    async def open_channel(self, name: str, *, incident_id: str, since: datetime, is_private: bool = False) -> Place:
        try:
            made = (await self._api.call("conversations.create", name=name, is_private=is_private))["channel"]
        except ChatError as error:
            if error.code != "name_taken":
                raise
            made = await self._adopt(name, since)
        return Place(kind=PlaceKind.CHANNEL, channel=made["id"], name=made["name"])

    async def _adopt(self, name: str, since: datetime) -> Mapping[str, Any]:
        """The channel of this name, if we made it no earlier than the incident; the name is reserved for it alone."""
        found = await self._find(name)
        ours = found is not None and found.get("creator") == self._bot_user
        if found is None or not ours or float(found.get("created", 0)) < (since - CLOCK_SKEW).timestamp():
            raise ChatError("name_taken", f"#{name} belongs to somebody else", is_final=True)
        if not found.get("is_member"):
            await self._api.call("conversations.join", channel=found["id"])
        return found

    async def join_channel(self, name: str) -> Place:
        found = await self._find(name)
        if found is None:
            found = (await self._api.call("conversations.create", name=name))["channel"]
        elif not found.get("is_member"):
            await self._api.call("conversations.join", channel=found["id"])
        return Place(kind=PlaceKind.THREAD, channel=found["id"], name=found["name"])

    async def _find(self, name: str) -> Mapping[str, Any] | None:
        cursor = ""
        while True:
            page = await self._api.call(
                "conversations.list", types="public_channel", exclude_archived=False, limit=1000, cursor=cursor
            )
            for channel in page["channels"]:
                if channel["name"] == name:
                    return dict(channel)
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return None

    async def dress(self, place: Place, dressing: Dressing) -> tuple[str, ...]:
        jobs: list[tuple[str, Callable[[], Awaitable[Any]]]] = [
            ("The topic could not be set", lambda: self._topic(place, dressing.topic)),
            ("Bookmarks could not be added", lambda: self._bookmarks(place, dressing.bookmarks)),
        ]
        for email in dressing.invite_emails:
            jobs.append((f"{email} could not be invited", partial(self._invite_email, place, email)))
        for user in dressing.invite_users:
            jobs.append((f"{user} could not be invited", partial(self._invite, place, user)))
        outcomes = await asyncio.gather(*(_told(what, job) for what, job in jobs))
        return tuple(told for told in outcomes if told)

    async def _topic(self, place: Place, topic: str) -> None:
        await self._api.call("conversations.setTopic", channel=place.channel, topic=topic[:TOPIC_LIMIT])

    async def _bookmarks(self, place: Place, links: tuple[Link, ...]) -> None:
        there = await self._api.call("bookmarks.list", channel_id=place.channel)
        known = {bookmark.get("link") for bookmark in there["bookmarks"]}
        refused: list[ChatError] = []
        for link in links:
            if link.url in known:
                continue
            try:
                await self._api.call(
                    "bookmarks.add", channel_id=place.channel, title=link.title, type="link", link=link.url
                )
            except ChatError as error:  # one bad address must not cost the others
                refused.append(error)
        if refused:
            raise refused[0]

    async def _invite_email(self, place: Place, email: str) -> None:
        user = (await self._api.call("users.lookupByEmail", email=email))["user"]
        await self._invite(place, user["id"])

    async def _invite(self, place: Place, user: str) -> None:
        try:
            await self._api.call("conversations.invite", channel=place.channel, users=user)
        except ChatError as error:
            if error.code not in ("already_in_channel", "cant_invite_self"):
                raise


async def _told(what: str, job: Callable[[], Awaitable[Any]]) -> str:
    try:
        await job()
    except ChatError as error:
        return f"{what}: {error}."
    return ""


class SlackCards:
    """The `Cards` port."""

    def __init__(self, api: WebApi) -> None:
        self._api = api
        self._lanes: dict[tuple[str, str], Lane[CardView]] = {}

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
        lane = self._lane(card)
        if last:
            await lane.settle(view)
        else:
            lane.offer(view)

    def _lane(self, shown: Card) -> Lane[CardView]:
        address = (shown.channel, shown.ts)
        if address not in self._lanes:
            self._lanes[address] = Lane(lambda view: self._update(shown, view))
        return self._lanes[address]

    async def _update(self, shown: Card, view: CardView) -> None:
        metadata = _metadata(card_key(view.incident.id), view)
        await self._api.call("chat.update", channel=shown.channel, ts=shown.ts, metadata=metadata, **_body(card(view)))

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


def _body(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": message.blocks}
