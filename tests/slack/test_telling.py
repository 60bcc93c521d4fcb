"""Messages to people arrive once, where they should, within Slack's limits, with buttons that can be pressed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.app import SystemClock
from bot.domain.approval import Message
from bot.domain.errors import ChatError
from bot.domain.incident import Card, Incident, Place, PlaceKind
from bot.domain.life.presses import ACCEPT_HANDOFF, SNOOZE, WRITE_UPDATE
from bot.domain.ports.life import Choice
from bot.slack.chat import SlackPictures, SlackRooms
from bot.slack.emails import SlackEmails
from bot.slack.telling import LEFT_OUT, SlackTelling, content
from bot.slack.web_api import WebApi
from memory.store import Store
from sandbox.slack.workspace import Workspace
from tests.flows.life.hour import incident
from tests.slack.office import hurried

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


class Crash(BaseException):
    pass


class CrashingAfter(WebApi):
    """The process ends once Slack has answered a call of this method."""

    def __init__(self, api: WebApi, method: str) -> None:
        super().__init__(api.client, pacing=hurried())
        self._api = api
        self._method = method

    async def call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        answer = await self._api.call(method, **arguments)
        if method == self._method:
            raise Crash
        return answer


@dataclass
class Office:
    workspace: Workspace
    api: WebApi
    store: Store
    channel: str

    def telling(self, api: WebApi | None = None) -> SlackTelling:
        """One process'."""
        used = api or self.api
        rooms = SlackRooms(used, bot_user=self.workspace.bot.id)
        return SlackTelling(used, self.store.effects, rooms, SlackPictures(used), SystemClock())

    @property
    def person(self) -> str:
        return self.workspace.member("ana").id

    def said(self) -> list[Mapping[str, Any]]:
        own = self.workspace.bot.id
        hidden = {"channel_join", "channel_name"}
        return [m for m in self.workspace.all_messages() if m.get("user") == own and m.get("subtype") not in hidden]

    def in_channel(self) -> Incident:
        return incident(place=Place(kind=PlaceKind.CHANNEL, channel=self.channel, name="inc-1"))

    async def in_thread(self) -> Incident:
        sent = await self.api.call("chat.postMessage", channel=self.channel, text="card")
        place = Place(kind=PlaceKind.THREAD, channel=self.channel, name="inc-1")
        return incident(place=place, card=Card(channel=self.channel, ts=sent["ts"]))


@pytest.fixture
async def office(workspace: Workspace, api: WebApi, tmp_path: Path) -> AsyncIterator[Office]:
    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    channel = str((await api.call("conversations.create", name="inc-1"))["channel"]["id"])
    yield Office(workspace, api, store, channel)
    await store.close()


async def test_a_direct_message_reaches_this_person_once(office: Office) -> None:
    telling = office.telling()
    first = await telling.direct(office.person, "hello *you*", key="k")
    again = await telling.direct(office.person, "hello *you*", key="k")
    after_a_restart = await office.telling().direct(office.person, "hello *you*", key="k")
    assert first == again == after_a_restart
    [said] = office.said()
    assert said["channel"] == office.workspace.im_with(office.person).id
    assert said["text"] == "hello *you*"


@pytest.mark.parametrize("where", ["direct", "channel", "thread", "aloud", "named"])
async def test_what_was_posted_before_a_crash_is_found_and_not_posted_again(office: Office, where: str) -> None:
    about = await office.in_thread() if where in ("thread", "aloud") else office.in_channel()
    before = len(office.said())

    async def tell(telling: SlackTelling) -> Message | None:
        match where:
            case "direct":
                return await telling.direct(office.person, "x", key="k")
            case "named":
                return await telling.in_channel("incidents", "x", key="k")
            case _:
                return await telling.in_place(about, "x", key="k", aloud=where == "aloud")

    with pytest.raises(Crash):
        await tell(office.telling(CrashingAfter(office.api, "chat.postMessage")))
    found = await tell(office.telling())
    [said] = office.said()[before:]
    assert found is not None
    assert found.ts == said["ts"]


async def test_at_the_same_time_it_is_posted_once(office: Office) -> None:
    telling = office.telling()
    await asyncio.gather(*(telling.direct(office.person, "x", key="k") for _ in range(5)))
    assert len(office.said()) == 1


async def test_a_thread_s_message_stands_under_the_card_and_aloud_in_the_channel_too(office: Office) -> None:
    telling, about = office.telling(), await office.in_thread()
    assert about.card is not None
    quiet = await telling.in_place(about, "quiet", key="1")
    loud = await telling.in_place(about, "loud", key="2", aloud=True)
    by_ts = {said["ts"]: said for said in office.said()}
    assert quiet is not None
    assert loud is not None
    assert by_ts[quiet.ts]["thread_ts"] == by_ts[loud.ts]["thread_ts"] == about.card.ts
    assert by_ts[quiet.ts].get("subtype") is None
    assert by_ts[loud.ts]["subtype"] == "thread_broadcast"


async def test_in_a_channel_of_its_own_aloud_means_nothing(office: Office) -> None:
    said = await office.telling().in_place(office.in_channel(), "x", key="k", aloud=True)
    assert said is not None
    assert office.said()[-1].get("thread_ts") is None


async def test_without_a_place_nothing_is_said(office: Office) -> None:
    telling, nowhere = office.telling(), incident(place=None)
    assert await telling.in_place(nowhere, "x", key="k") is None
    await telling.picture(nowhere, PNG, title="t", alt="a", key="p")
    assert office.said() == []


async def test_a_named_channel_is_made_joined_and_found_again(office: Office) -> None:
    telling = office.telling()
    await telling.in_channel("#incidents", "one", key="1")
    made = office.workspace.channel("incidents")
    await telling.in_channel("incidents", "two", key="2")
    await office.telling().in_channel("incidents", "three", key="3")
    assert [said["text"] for said in office.said() if said["channel"] == made.id] == ["one", "two", "three"]


async def test_a_named_channel_that_was_archived_is_looked_for_again(office: Office) -> None:
    telling = office.telling()
    await telling.in_channel("incidents", "one", key="1")
    channel = office.workspace.channel("incidents")
    await office.api.call("conversations.archive", channel=channel.id)
    with pytest.raises(ChatError, match="is_archived"):
        await telling.in_channel("incidents", "two", key="2")
    channel.is_archived = False
    assert (await telling.in_channel("incidents", "two", key="2")).channel == channel.id


async def test_changing_a_message_takes_its_buttons_away_and_leaves_its_key(office: Office) -> None:
    telling = office.telling()
    choice = Choice(action=ACCEPT_HANDOFF, text="Accept", value="h")
    message = await telling.direct(office.person, "will you?", key="k", choices=(choice,))
    await telling.change(message, "you did")
    [said] = office.said()
    assert [block["type"] for block in said["blocks"]] == ["section"]
    assert said["text"] == "you did"
    kept = office.workspace.im_with(office.person).messages[message.ts]
    assert kept.metadata == {"event_type": "acting", "event_payload": {"key": "k"}}


async def test_the_same_action_with_other_values_is_in_rows_of_its_own(office: Office) -> None:
    choices = (
        Choice(action=WRITE_UPDATE, text="Write update", value="i"),
        Choice(action=SNOOZE, text="Snooze 15 min", value="i 15"),
        Choice(action=SNOOZE, text="Snooze 60 min", value="i 60", is_danger=True),
    )
    await office.telling().direct(office.person, "due", key="k", choices=choices)
    rows = [block["elements"] for block in office.said()[0]["blocks"] if block["type"] == "actions"]
    assert [[button["value"] for button in row] for row in rows] == [["i", "i 15"], ["i 60"]]
    assert rows[1][0]["style"] == "danger"


async def test_many_choices_and_a_long_text_are_within_the_limits(office: Office) -> None:
    choices = [Choice(action=f"a{number}", text="x" * 200, value=str(number)) for number in range(60)]
    text = "\n".join(f"line {number} about <@U0123456> &amp; more" for number in range(900))
    await office.telling().direct(office.person, text, key="k", choices=choices)
    [said] = office.said()
    sections = [block["text"]["text"] for block in said["blocks"] if block["type"] == "section"]
    assert sections[-1] == LEFT_OUT
    assert all(len(section) <= 3000 for section in sections)
    assert sum(map(len, sections)) <= 10_000
    assert all(len(block["elements"]) <= 5 for block in said["blocks"] if block["type"] == "actions")


@pytest.mark.parametrize("text", ["x" * 9000, "<@U0123456>" * 800, "a " * 5000, "ab\n" * 2500])
def test_long_texts_are_cut_between_words_and_never_in_an_entity(text: str) -> None:
    pieces = [block["text"]["text"] for block in content(text).blocks]
    assert all(0 < len(piece) <= 3000 for piece in pieces)
    for piece in pieces:
        assert piece.count("<") == piece.count(">")
    whole = "".join(piece for piece in pieces if piece != LEFT_OUT)
    plain = "".join(text.split())
    assert plain.startswith("".join(whole.split()))
    assert len(plain) < 9500 or pieces[-1] == LEFT_OUT


async def test_somebody_who_cannot_be_written_to_is_an_error_that_says_so(office: Office) -> None:
    with pytest.raises(ChatError) as error:
        await office.telling().direct("U0NOBODY", "x", key="k")
    assert error.value.is_final


async def test_a_picture_is_posted_once(office: Office) -> None:
    about = await office.in_thread()
    with pytest.raises(Crash):
        await office.telling(CrashingAfter(office.api, "chat.postMessage")).picture(
            about, PNG, title="Chart of <it>", alt="what it shows", key="chart/1"
        )
    for _ in range(2):
        await office.telling().picture(about, PNG, title="Chart of <it>", alt="what it shows", key="chart/1")
    shown = [said for said in office.said() if any(block["type"] == "image" for block in said.get("blocks") or ())]
    assert len(shown) == 1
    assert about.card is not None
    assert shown[0]["thread_ts"] == about.card.ts
    assert shown[0]["text"] == "*Chart of &lt;it&gt;*"


async def test_people_are_found_by_their_address(office: Office) -> None:
    emails = SlackEmails(office.api)
    assert await emails.user_of("ana@example.com") == office.person
    assert await emails.user_of("nobody@example.com") == ""
