"""What stands around an incident's channel: topic, bookmarks, people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from bot.domain.alert import Link
from bot.domain.errors import ChatError
from bot.domain.incident import Card, Place, PlaceKind
from bot.domain.naming import TOPIC_LIMIT
from bot.slack.people import USER_ID
from bot.slack.web_api import WebApi

MEMBERS_PAGE = 1000  # the most that Slack lists at once
THREAD_PAGE = 200
THREAD_PAGES = 25  # 5000 messages: a longer thread's later writers are brought in by hand


class SlackSurroundings:
    """The `Surroundings` port, and the `Voices` of a promotion. Everything may be done again."""

    def __init__(self, api: WebApi) -> None:
        self._api = api

    async def set_topic(self, place: Place, topic: str) -> None:
        if place.kind is PlaceKind.CHANNEL:
            await self._api.call("conversations.setTopic", channel=place.channel, topic=topic[:TOPIC_LIMIT])

    async def add_bookmark(self, place: Place, link: Link) -> None:
        await self.add_bookmarks(place, (link,))

    async def add_bookmarks(self, place: Place, links: Sequence[Link]) -> None:
        """One that Slack does not take keeps none of the others away; the first of them is raised."""
        if place.kind is not PlaceKind.CHANNEL:
            return
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
            except ChatError as error:
                refused.append(error)
        if refused:
            raise refused[0]

    async def invite(self, place: Place, person: str) -> None:
        if place.kind is not PlaceKind.CHANNEL:
            return
        try:
            await self._api.call("conversations.invite", channel=place.channel, users=person)
        except ChatError as error:
            if error.code not in ("already_in_channel", "cant_invite_self"):
                raise

    async def invite_by_email(self, place: Place, email: str) -> None:
        user = (await self._api.call("users.lookupByEmail", email=email))["user"]
        await self.invite(place, user["id"])

    async def members(self, place: Place) -> frozenset[str]:
        found: set[str] = set()
        async for page in self._pages("conversations.members", channel=place.channel, limit=MEMBERS_PAGE):
            found |= set(page["members"])
        return frozenset(found)

    async def who_wrote(self, card: Card) -> frozenset[str]:
        """People, not bots."""
        found, read = set(), 0
        where = {"channel": card.channel, "ts": card.ts, "limit": THREAD_PAGE}
        async for page in self._pages("conversations.replies", **where):
            found |= {str(said["user"]) for said in page["messages"] if _is_of_a_person(said)}
            read += 1
            if read == THREAD_PAGES:
                break
        return frozenset(found)

    async def _pages(self, method: str, **where: Any) -> AsyncIterator[Mapping[str, Any]]:
        cursor = ""
        while True:
            page = await self._api.call(method, **where, cursor=cursor)
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return


def _is_of_a_person(message: Mapping[str, Any]) -> bool:
    return not message.get("bot_id") and bool(USER_ID.fullmatch(str(message.get("user") or "")))
