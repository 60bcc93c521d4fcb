"""Messages to people: to one alone, where an incident is worked on, in a channel. Each is posted once for its key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.domain.approval import Message
from bot.domain.errors import ChatError
from bot.domain.incident import Incident
from bot.domain.plaintext import plain
from bot.domain.ports import Clock, Effects, Pictures, Rooms
from bot.domain.ports.life import Choice
from bot.slack.blocks.acting import actions, button
from bot.slack.blocks.limits import MESSAGE_LIMIT, NOTICE_ROOM, SECTION_LIMIT, Block, image, section
from bot.slack.blocks.limits import Message as Content
from bot.slack.mrkdwn import bold
from bot.slack.posting import Posting, Spot, spot_of
from bot.slack.web_api import WebApi

IN_A_ROW = 5  # buttons side by side; Slack takes 25, and a telephone shows them one above the other
MOST_CHOICES = 25
TITLE_LIMIT = 200  # characters of a picture's title
LOOK_BACK = timedelta(days=7)  # how old a message may be that is looked for because a crash came after its intent
LEFT_OUT = "_The rest is left out here._"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")


class SlackTelling:
    """The `Telling` port."""

    def __init__(self, api: WebApi, effects: Effects, rooms: Rooms, pictures: Pictures, clock: Clock) -> None:
        self._api = api
        self._rooms = rooms
        self._pictures = pictures
        self._clock = clock
        self._posting = Posting(api, effects)
        self._aloud = Posting(_Aloud(api), effects)
        self._direct: dict[str, str] = {}  # the channel of the direct messages, by person
        self._named: dict[str, str] = {}  # a channel's id, by its name

    async def direct(self, person: str, text: str, *, key: str, choices: Sequence[Choice] = ()) -> Message:
        if person not in self._direct:
            opened = await self._api.call("conversations.open", users=person)
            self._direct[person] = str(opened["channel"]["id"])
        return await self._once(key, Spot(channel=self._direct[person]), content(text, choices))

    async def in_place(
        self, incident: Incident, text: str, *, key: str, choices: Sequence[Choice] = (), aloud: bool = False
    ) -> Message | None:
        spot = spot_of(incident)
        if spot is None:
            return None
        return await self._once(key, spot, content(text, choices), aloud=aloud and bool(spot.thread))

    async def in_channel(self, channel: str, text: str, *, key: str) -> Message:
        name = channel.strip().removeprefix("#")
        if name not in self._named:
            self._named[name] = (await self._rooms.join_channel(name)).channel
        try:
            return await self._once(key, Spot(channel=self._named[name]), content(text))
        except ChatError:
            del self._named[name]  # it may have been renamed, archived or left
            raise

    async def change(self, message: Message, text: str, choices: Sequence[Choice] = ()) -> None:
        """Its metadata stays: Slack takes it away only where an empty one is sent."""
        new = content(text, choices)
        await self._api.call("chat.update", channel=message.channel, ts=message.ts, text=new.text, blocks=new.blocks)

    async def picture(self, incident: Incident, png: bytes, *, title: str, alt: str, key: str) -> None:
        """A crash between the upload and the post leaves a file behind that nobody sees."""
        spot = spot_of(incident)
        if spot is None or await self._posting.known(key):
            return
        name = f"{_NOT_IN_NAMES.sub('-', key).strip('-')[-80:] or 'picture'}.png"
        uploaded = await self._pictures.upload(png, name=name, title=plain(title, TITLE_LIMIT), alt=alt)
        heading = bold(plain(title, TITLE_LIMIT))
        blocks = [*([section(heading)] if heading else []), image(uploaded.file_id, uploaded.alt)]
        await self._once(key, spot, Content(text=heading or plain(alt, TITLE_LIMIT), blocks=blocks))

    async def _once(self, key: str, spot: Spot, new: Content, *, aloud: bool = False) -> Message:
        posting = self._aloud if aloud else self._posting
        return (await posting.once(key, spot, new, since=self._clock.now() - LOOK_BACK)).message


class _Aloud(WebApi):
    """What is posted through it into a thread is shown in the channel, too."""

    def __init__(self, api: WebApi) -> None:
        super().__init__(api.client)
        self._api = api

    async def call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        if method == "chat.postMessage":
            arguments["reply_broadcast"] = True
        return await self._api.call(method, **arguments)


def content(text: str, choices: Sequence[Choice] = ()) -> Content:
    """`text` is mrkdwn; what is longer than a message may be is left out at its end, with a notice."""
    pieces = _pieces(text)
    return Content(text=pieces[0], blocks=[*map(section, pieces), *_rows(choices[:MOST_CHOICES])])


def _pieces(text: str) -> list[str]:
    """As sections take them; cut between lines, else between words, never within an entity."""
    pieces: list[str] = []
    rest, room = text.strip() or "\u2026", MESSAGE_LIMIT - NOTICE_ROOM
    while rest:
        limit = min(SECTION_LIMIT, room)
        if len(rest) <= limit:
            return [*pieces, rest]
        at = _cut(rest, limit)
        if limit < SECTION_LIMIT:
            return [*pieces, *([rest[:at].rstrip()] if rest[:at].strip() else []), LEFT_OUT]
        pieces.append(rest[:at].rstrip())
        rest, room = rest[at:].lstrip("\n"), room - at
    return pieces


def _cut(text: str, limit: int) -> int:
    at = text.rfind("\n", 1, limit)
    at = at if at > 0 else text.rfind(" ", 1, limit)
    at = at if at > 0 else limit
    opened = text.rfind("<", 0, at)
    return opened if opened > 0 and ">" not in text[opened:at] else at


def _rows(choices: Sequence[Choice]) -> list[Block]:
    """An action's id stands once in a block: the same action with another value goes into a row of its own."""
    rows: list[list[Choice]] = []
    for choice in choices:
        if not rows or len(rows[-1]) == IN_A_ROW or choice.action in {one.action for one in rows[-1]}:
            rows.append([])
        rows[-1].append(choice)
    return [actions(*map(_button, row)) for row in rows]


def _button(choice: Choice) -> Block:
    return button(choice.text, choice.action, choice.value, style="danger" if choice.is_danger else "")
