"""What stands around a channel, private channels, and old cards, against the workspace on the wire."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.alert import Link, Severity
from bot.domain.card import CardView
from bot.domain.errors import ChatError
from bot.domain.incident import Card, GroupedAlert, GroupingReason, Incident, IncidentStatus, Place, PlaceKind
from bot.slack.chat import SlackCards, SlackRooms
from bot.slack.surroundings import SlackSurroundings
from bot.slack.web_api import WebApi
from bot.testing import make_alert
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace

NAME = "inc-20261120-checkout"
PAGE = Link(title="Status", url="https://status.example/")


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def rooms(api: WebApi) -> SlackRooms:
    return SlackRooms(api, bot_user=str((await api.call("auth.test"))["user_id"]))


async def opened(rooms: SlackRooms, *, is_private: bool = False) -> Place:
    return await rooms.open_channel(NAME, incident_id="INC-2026-0001", since=now(), is_private=is_private)


@pytest.fixture
def view() -> CardView:
    alert = GroupedAlert(alert=make_alert(), reason=GroupingReason.NEW_CONDITION, received_at=now())
    incident = Incident(
        id="INC-2026-0001",
        title="High <error> ratio",
        severity=Severity.SEV3,
        status=IncidentStatus.TRIAGE,
        service="checkout",
        started_at=now(),
        opened_at=now(),
        alerts=(alert,),
    )
    return CardView(incident=incident)


async def test_topic_bookmarks_and_people_are_there_once(rooms: SlackRooms, api: WebApi, workspace: Workspace) -> None:
    place, around, ana = await opened(rooms), SlackSurroundings(api), workspace.member("ana").id
    for _ in range(2):
        await around.set_topic(place, "SEV1 | " + "x" * 300)
        await around.add_bookmark(place, PAGE)
        await around.invite(place, ana)
    assert len((await api.call("conversations.info", channel=place.channel))["channel"]["topic"]["value"]) == 250
    assert len((await api.call("bookmarks.list", channel_id=place.channel))["bookmarks"]) == 1
    assert ana in await around.members(place)
    assert workspace.member("bo").id not in await around.members(place)


async def test_around_a_thread_nothing_happens(rooms: SlackRooms, api: WebApi, workspace: Workspace) -> None:
    place, around = await rooms.join_channel("incident-triage"), SlackSurroundings(api)
    await around.set_topic(place, "SEV1")
    await around.add_bookmark(place, PAGE)
    await around.invite(place, workspace.member("ana").id)
    assert (await api.call("conversations.info", channel=place.channel))["channel"]["topic"]["value"] == ""
    assert (await api.call("bookmarks.list", channel_id=place.channel))["bookmarks"] == []
    assert workspace.member("ana").id not in await around.members(place)


async def test_those_who_wrote_in_a_thread_are_people(rooms: SlackRooms, api: WebApi, workspace: Workspace) -> None:
    place, control = await rooms.join_channel("incident-triage"), Control(workspace)
    card = (await api.call("chat.postMessage", channel=place.channel, text="card"))["ts"]
    other = (await api.call("chat.postMessage", channel=place.channel, text="other"))["ts"]
    for who in ("ana", "bo"):
        await control.join(who, place.channel)
    await control.say("ana", place.channel, "looking", card)
    await control.say("bo", place.channel, "elsewhere", other)
    await api.call("chat.postMessage", channel=place.channel, thread_ts=card, text="noted")
    found = await SlackSurroundings(api).who_wrote(Card(channel=place.channel, ts=card))
    assert found == {workspace.member("ana").id}


async def test_a_private_channel_is_private_and_found_again_after_a_crash(
    rooms: SlackRooms, api: WebApi, workspace: Workspace
) -> None:
    place = await opened(rooms, is_private=True)
    channel = (await api.call("conversations.info", channel=place.channel))["channel"]
    assert (channel["is_private"], place.kind) == (True, PlaceKind.CHANNEL)
    assert await opened(rooms, is_private=True) == place
    with pytest.raises(ChatError, match="name_taken"):
        await opened(rooms)


async def test_a_public_channel_is_not_taken_for_a_private_incident(rooms: SlackRooms) -> None:
    await opened(rooms)
    with pytest.raises(ChatError) as refused:
        await opened(rooms, is_private=True)
    assert (refused.value.code, refused.value.is_final) == ("name_taken", True)


async def test_a_private_channel_of_others_is_not_seen_and_not_taken(
    rooms: SlackRooms, api: WebApi, workspace: Workspace
) -> None:
    await Control(workspace).create_channel("ana", NAME, is_private=True)
    with pytest.raises(ChatError, match="name_taken"):
        await opened(rooms, is_private=True)


async def test_an_old_card_is_one_line_that_leads_on_whatever_is_edited_later(
    rooms: SlackRooms, api: WebApi, view: CardView
) -> None:
    thread, place, cards = await rooms.join_channel("incident-triage"), await opened(rooms), SlackCards(api)
    card = await cards.post(thread, view, look_first=False)
    await cards.edit(card, view)
    await cards.point(card, view.incident, place)
    await cards.edit(card, view, last=True)
    await cards.point(card, view.incident, place)
    (message,) = [
        one for one in (await api.call("conversations.history", channel=thread.channel))["messages"] if "blocks" in one
    ]
    assert len(message["blocks"]) == 1
    assert message["text"] == (f"INC-2026-0001 SEV3 checkout: High &lt;error&gt; ratio goes on in <#{place.channel}>.")


async def test_the_card_of_what_was_merged_says_so(rooms: SlackRooms, api: WebApi, view: CardView) -> None:
    place, cards = await opened(rooms), SlackCards(api)
    over = {"status": IncidentStatus.CANCELLED, "merged_into": "INC-2026-0002", "resolved_at": now()}
    merged = replace(view, incident=replace(view.incident, **over))  # type: ignore[arg-type]
    card = await cards.post(place, merged, look_first=False)
    (message,) = (await api.call("conversations.replies", channel=place.channel, ts=card.ts))["messages"]
    assert "Merged into INC-2026-0002: SEV3" in message["blocks"][0]["text"]["text"]
    assert "merged into INC-2026-0002 at" in str(message["blocks"][1])
