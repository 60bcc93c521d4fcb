"""Writes to Slack, against the workspace on the wire: done twice, they change nothing twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.alert import Link, Severity
from bot.domain.card import CardView, Dressing
from bot.domain.errors import ChatError
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.slack import chat
from bot.slack.chat import SlackCards, SlackPictures, SlackRooms
from bot.slack.pacing import Pacing
from bot.slack.web_api import WebApi
from bot.testing import make_alert
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace

NAME = "inc-20261120-checkout"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def rooms(api: WebApi) -> SlackRooms:
    return SlackRooms(api, bot_user=str((await api.call("auth.test"))["user_id"]))


@pytest.fixture
def view() -> CardView:
    alert = GroupedAlert(alert=make_alert(), reason=GroupingReason.NEW_CONDITION, received_at=now())
    incident = Incident(
        id="INC-2026-0001",
        title="High error ratio",
        severity=Severity.SEV1,
        status=IncidentStatus.TRIAGE,
        service="checkout",
        started_at=now(),
        opened_at=now(),
        alerts=(alert,),
    )
    return CardView(incident=incident, pending=("prometheus", "github"))


async def test_a_channel_opened_again_after_a_crash_is_the_same_channel(rooms: SlackRooms) -> None:
    first = await rooms.open_channel(NAME, incident_id="INC-2026-0001", since=now())
    again = await rooms.open_channel(NAME, incident_id="INC-2026-0001", since=now())
    assert (first, first.name) == (again, NAME)


async def test_a_channel_of_somebody_else_is_not_taken_over(rooms: SlackRooms, workspace: Workspace) -> None:
    await Control(workspace).create_channel("ana", NAME)
    with pytest.raises(ChatError) as refused:
        await rooms.open_channel(NAME, incident_id="INC-2026-0001", since=now())
    assert (refused.value.code, refused.value.is_final) == ("name_taken", True)


async def test_our_own_channel_from_before_the_incident_is_not_taken_over(rooms: SlackRooms) -> None:
    await rooms.open_channel(NAME, incident_id="INC-2026-0001", since=now())
    with pytest.raises(ChatError, match="name_taken"):
        await rooms.open_channel(NAME, incident_id="INC-2026-0099", since=now() + timedelta(hours=1))


async def test_a_card_posted_before_a_crash_is_found_again(rooms: SlackRooms, api: WebApi, view: CardView) -> None:
    place = await rooms.open_channel(NAME, incident_id="INC-2026-0001", since=now())
    cards = SlackCards(api)
    posted = await cards.post(place, view, look_first=False)
    assert await SlackCards(api).post(place, view, look_first=True) == posted
    other = replace(view, incident=replace(view.incident, id="INC-2026-0002"))
    assert await cards.post(place, other, look_first=True) != posted


async def test_an_edited_card_is_still_one_message_and_pins_once(
    rooms: SlackRooms, api: WebApi, view: CardView, workspace: Workspace
) -> None:
    place = await rooms.open_channel(NAME, incident_id="INC-2026-0001", since=now())
    cards = SlackCards(api)
    card = await cards.post(place, view, look_first=False)
    await cards.edit(card, replace(view, pending=()), last=True)
    await cards.pin(card)
    await cards.pin(card)
    ours = [m for m in workspace.all_messages() if m["channel"] == place.channel and m.get("metadata")]
    assert [message["ts"] for message in ours] == [card.ts]
    assert (await api.call("pins.list", channel=place.channel))["items"][0]["message"]["ts"] == card.ts


async def test_dressing_twice_adds_nothing_twice_and_says_what_it_could_not_do(
    rooms: SlackRooms, api: WebApi, workspace: Workspace
) -> None:
    place = await rooms.open_channel(NAME, incident_id="INC-2026-0001", since=now())
    dressing = Dressing(
        topic="SEV1 | Triage",
        bookmarks=(Link(title="Dashboard", url="https://grafana.example/d/1"),),
        invite_emails=("ana@example.com", "nobody@example.com"),
    )
    for _ in range(2):
        undone = await rooms.dress(place, dressing)
        assert len(undone) == 1
        assert "nobody@example.com could not be invited" in undone[0]
    assert len((await api.call("bookmarks.list", channel_id=place.channel))["bookmarks"]) == 1
    assert (await api.call("conversations.info", channel=place.channel))["channel"]["topic"]["value"] == "SEV1 | Triage"
    assert workspace.member("ana").id in (await api.call("conversations.members", channel=place.channel))["members"]


async def test_a_bookmark_that_slack_refuses_costs_only_itself(
    rooms: SlackRooms, api: WebApi, workspace: Workspace
) -> None:
    place = await rooms.open_channel(NAME, incident_id="INC-2026-0001", since=now())
    await Control(workspace).fault(kind="error", method="bookmarks.add", error="invalid_link", times=1)
    links = tuple(Link(title=name, url=f"https://example.com/{name}") for name in ("first", "second"))
    undone = await rooms.dress(place, Dressing(topic="SEV1", bookmarks=links))
    assert ["invalid_link" in sentence for sentence in undone] == [True]
    there = (await api.call("bookmarks.list", channel_id=place.channel))["bookmarks"]
    assert [bookmark["title"] for bookmark in there] == ["second"]


async def test_the_triage_channel_is_made_where_it_is_missing_and_joined_where_it_is_not(rooms: SlackRooms) -> None:
    made = await rooms.join_channel("incident-triage")
    assert await rooms.join_channel("incident-triage") == made


async def test_a_picture_can_be_shown_by_its_id(api: WebApi) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 64
    picture = await SlackPictures(api).upload(png, name="a.png", title="Error ratio", alt="rises at 14:02")
    assert (await api.call("files.info", file=picture.file_id))["file"]["title"] == "Error ratio"


@pytest.mark.parametrize(
    ("kind", "error", "final"),
    [("away", "", False), ("error", "is_archived", True), ("error", "token_revoked", False)],
)
async def test_failures_say_whether_trying_again_can_help(
    api: WebApi, workspace: Workspace, kind: str, error: str, final: bool
) -> None:
    await Control(workspace).fault(method="chat.postMessage", kind=kind, error=error)
    with pytest.raises(ChatError) as failed:
        await api.call("chat.postMessage", channel="general", text="hello")
    assert failed.value.is_final is final


async def test_a_rate_limit_is_waited_for(api: WebApi, workspace: Workspace) -> None:
    await Control(workspace).fault(method="conversations.list", kind="ratelimited", retry_after=0, times=1)
    assert (await api.call("conversations.list"))["ok"]


class Late(Pacing):
    """Says that calls wait."""

    seconds = 42.0

    @property
    def behind(self) -> float:
        return self.seconds


async def test_a_card_says_that_updates_are_delayed_while_slack_limits_them(
    workspace: Workspace, api: WebApi, rooms: SlackRooms, view: CardView
) -> None:
    place = await rooms.join_channel("incident-triage")
    pacing = Late()
    cards = SlackCards(WebApi(api.client, pacing=pacing))
    card = await cards.post(place, view, look_first=False)
    await cards.edit(card, view, last=True)
    assert "updates are delayed by some 42 s" in str(workspace.all_messages()[-1]["blocks"])
    pacing.seconds = 0.0
    await cards.edit(card, view, last=True)
    assert "delayed" not in str(workspace.all_messages()[-1]["blocks"])


async def test_many_incidents_at_once_look_for_the_triage_channel_once_and_later_ones_again(
    rooms: SlackRooms, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looks() -> int:
        return sum(call.method == "conversations.list" for call in workspace.calls.calls)

    before = looks()
    assert len(set(await asyncio.gather(*(rooms.join_channel("incident-triage") for _ in range(9))))) == 1
    assert looks() == before + 1
    monkeypatch.setattr(chat, "BELIEVED", 0.0)
    later = SlackRooms(rooms._api, bot_user=rooms._bot_user)
    for _ in range(2):
        await later.join_channel("incident-triage")
    assert looks() == before + 3
