"""The shipped fakes behave as the real adapters do: the same expectations, held against both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from bot.domain.card import CardView, Dressing
from bot.domain.context import ContextRequest
from bot.domain.errors import ChatError, SourceError
from bot.domain.evidence import Answer, FailureReason
from bot.domain.incident import PlaceKind
from bot.domain.ports import Cards, Pictures, Rooms
from bot.slack.chat import SlackCards, SlackPictures, SlackRooms
from bot.slack.web_api import WebApi
from bot.testing import NOON, FakeChat, FakeRenderer, FakeSource, FrozenClock, make_alert
from sandbox.serve import serving
from sandbox.slack.app import create_app
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace
from tests.domain.test_naming import INCIDENT
from tests.scene import CHART
from tests.slack.conftest import PEOPLE

NAME = "inc-20261120-checkout"


class Chat(Protocol):
    """What the expectations need to arrange and to look at."""

    rooms: Rooms
    cards: Cards
    pictures: Pictures

    async def others_make(self, name: str) -> None: ...

    def messages(self, channel: str) -> int: ...

    def shown(self, channel: str) -> str: ...


@dataclass
class Fake:
    rooms: Rooms
    cards: Cards
    pictures: Pictures
    chat: FakeChat

    async def others_make(self, name: str) -> None:
        self.chat.channels[name] = ""

    def messages(self, channel: str) -> int:
        return sum(1 for place, _ in self.chat.posted if place == channel)

    def shown(self, channel: str) -> str:
        (versions,) = (versions for (place, _), versions in self.chat.posted.items() if place == channel)
        return versions[-1].incident.title


@dataclass
class Slack:
    rooms: Rooms
    cards: Cards
    pictures: Pictures
    workspace: Workspace

    async def others_make(self, name: str) -> None:
        await Control(self.workspace).create_channel("ana", name)

    def _cards(self, channel: str) -> list[dict[str, object]]:
        return [m for m in self.workspace.all_messages() if m["channel"] == channel and m.get("metadata")]

    def messages(self, channel: str) -> int:
        return len(self._cards(channel))

    def shown(self, channel: str) -> str:
        (card,) = self._cards(channel)
        return INCIDENT.title if INCIDENT.title in str(card["blocks"]) else str(card["blocks"])


@pytest.fixture(params=["fake", "slack"])
async def chat(request: pytest.FixtureRequest) -> AsyncIterator[Chat]:
    if request.param == "fake":
        fake = FakeChat()
        yield Fake(rooms=fake, cards=fake, pictures=fake, chat=fake)
        return
    from slack_sdk.web.async_client import AsyncWebClient

    workspace = Workspace(PEOPLE, bot_name="first-responder")
    async with serving(create_app(workspace)) as url:
        api = WebApi(AsyncWebClient(token=workspace.bot_token, base_url=f"{url}/api/"))
        rooms = SlackRooms(api, bot_user=workspace.bot.id)
        yield Slack(rooms=rooms, cards=SlackCards(api), pictures=SlackPictures(api), workspace=workspace)


def since() -> datetime:
    return datetime.now(UTC)


def view(incident_id: str = "INC-2026-0001", title: str = INCIDENT.title) -> CardView:
    incident = replace(INCIDENT, id=incident_id, title=title, opened_at=since(), started_at=since())
    return CardView(incident=incident, pending=("prometheus",))


async def test_a_channel_is_opened_once_and_adopted_afterwards(chat: Chat) -> None:
    first = await chat.rooms.open_channel(NAME, incident_id="INC-2026-0001", since=since())
    again = await chat.rooms.open_channel(NAME, incident_id="INC-2026-0001", since=since())
    assert first == again
    assert (first.kind, first.name) == (PlaceKind.CHANNEL, NAME)


async def test_a_channel_of_others_is_refused_for_good(chat: Chat) -> None:
    await chat.others_make(NAME)
    with pytest.raises(ChatError) as refused:
        await chat.rooms.open_channel(NAME, incident_id="INC-2026-0001", since=since())
    assert (refused.value.code, refused.value.is_final) == ("name_taken", True)


@pytest.mark.parametrize("exists", [True, False])
async def test_the_triage_channel_is_joined_or_made_and_stays_the_same(chat: Chat, exists: bool) -> None:
    if exists:
        await chat.others_make("incident-triage")
    first = await chat.rooms.join_channel("incident-triage")
    assert (first.kind, first.name) == (PlaceKind.THREAD, "incident-triage")
    assert await chat.rooms.join_channel("incident-triage") == first


async def test_a_card_is_adopted_only_where_it_is_looked_for_and_is_this_incidents(chat: Chat) -> None:
    place = await chat.rooms.join_channel("incident-triage")
    first = await chat.cards.post(place, view(), look_first=True)
    assert await chat.cards.post(place, view(), look_first=True) == first
    other = await chat.cards.post(place, view("INC-2026-0002"), look_first=True)
    assert other != first
    await chat.cards.post(place, view(), look_first=False)
    assert chat.messages(place.channel) == 3


async def test_a_card_in_another_channel_is_not_adopted(chat: Chat) -> None:
    triage = await chat.rooms.join_channel("incident-triage")
    posted = await chat.cards.post(triage, view(), look_first=False)
    place = await chat.rooms.open_channel(NAME, incident_id="INC-2026-0001", since=since())
    assert await chat.cards.post(place, view(), look_first=True) != posted


async def test_the_last_edit_is_shown_when_it_returns(chat: Chat) -> None:
    place = await chat.rooms.open_channel(NAME, incident_id="INC-2026-0001", since=since())
    card = await chat.cards.post(place, view(title="Before"), look_first=False)
    await chat.cards.edit(card, view(), last=True)
    await chat.cards.pin(card)
    assert card.ts.replace(".", "") in await chat.cards.link(card)
    assert chat.messages(place.channel) == 1
    assert chat.shown(place.channel) == INCIDENT.title


async def test_dressing_that_works_has_nothing_to_tell(chat: Chat) -> None:
    place = await chat.rooms.open_channel(NAME, incident_id="INC-2026-0001", since=since())
    assert await chat.rooms.dress(place, Dressing(topic="SEV1 | Triage")) == ()


async def test_a_picture_keeps_its_words(chat: Chat) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 64
    one = await chat.pictures.upload(png, name="a.png", title="Error ratio", alt="rises")
    two = await chat.pictures.upload(png, name="b.png", title="Error ratio", alt="falls")
    assert (one.alt, two.alt) == ("rises", "falls")
    assert one.file_id != two.file_id


def asked() -> ContextRequest:
    return ContextRequest(incident_id="INC-2026-0001", alerts=(make_alert(),), onset=NOON, now=NOON, service=None)


async def test_a_source_answers_or_fails_as_told_and_remembers_who_asked() -> None:
    answer = Answer(checked="everything")
    source = FakeSource("a", answer)
    assert await source.look(asked()) is answer
    assert source.asked == [asked()]
    with pytest.raises(SourceError, match="down"):
        await FakeSource("b", SourceError(FailureReason.UNREACHABLE, "down")).look(asked())


def test_the_clock_stands_still_until_it_is_told_to_go_on() -> None:
    clock = FrozenClock()
    assert clock.now() == clock.now() == NOON
    clock.go_on(timedelta(hours=1))
    assert clock.now() == NOON + timedelta(hours=1)


async def test_the_renderer_draws_a_png_of_a_kind() -> None:
    assert (await FakeRenderer().render(CHART)).startswith(b"\x89PNG")
