"""An incident moves from its thread to a channel of its own, over Slack's protocol, whatever is done twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.alert import Severity
from bot.domain.card import CardView
from bot.domain.catalog import Catalog
from bot.domain.compose import compose
from bot.domain.incident import GroupingReason, Incident, PlaceKind
from bot.domain.life import Order
from bot.flows.investigate import request_for
from bot.flows.life.promote import Promotion
from bot.flows.life.steer import Steer
from bot.flows.place import OpenPlace
from bot.slack.chat import SlackCards, SlackRooms
from bot.slack.surroundings import SlackSurroundings
from bot.slack.web_api import WebApi
from bot.testing import make_alert
from memory.store import Store
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Move:
    """One process; a second one on the same store and workspace is what a restart makes."""

    def __init__(self, store: Store, api: WebApi, bot_user: str) -> None:
        self.store, self.api, self.bot_user = store, api, bot_user
        self.cards, self.rooms = SlackCards(api), SlackRooms(api, bot_user=bot_user)
        around = SlackSurroundings(api)
        self.promotion = Promotion(
            incidents=store.incidents,
            briefings=store.briefings,
            places=store.places,
            effects=store.effects,
            timeline=store.timeline,
            rooms=self.rooms,
            cards=self.cards,
            old_cards=self.cards,
            voices=around,
            surroundings=around,
            dress=self.get,
            show=self.show,
            clock=Now(),
        )

    async def get(self, incident_id: str) -> Incident:
        found = await self.store.incidents.get(incident_id)
        assert found is not None
        return found

    async def show(self, incident_id: str) -> None:
        incident = await self.get(incident_id)
        assert incident.card is not None
        await self.cards.edit(incident.card, CardView(incident=incident), last=True)

    async def incident(self) -> Incident:
        """A low one with its card in the triage channel."""
        alert, now = make_alert(severity=Severity.SEV3, started_at=Now().now()), Now().now()
        opened = await self.store.desk.transact(
            lambda desk: desk.open_incident(alert, GroupingReason.NEW_CONDITION, now)
        )
        place = OpenPlace(
            incidents=self.store.incidents,
            places=self.store.places,
            effects=self.store.effects,
            rooms=self.rooms,
            cards=self.cards,
            triage_channel="incident-triage",
        )
        await place(opened.id, ())
        return await self.get(opened.id)

    async def messages(self, channel: str) -> list[str]:
        page = await self.api.call("conversations.history", channel=channel)
        return [str(message["text"]) for message in page["messages"] if "subtype" not in message]


@pytest.fixture
async def move(tmp_path: Path, api: WebApi) -> AsyncIterator[Move]:
    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield Move(store, api, str((await api.call("auth.test"))["user_id"]))
    await store.close()


async def test_those_who_wrote_find_each_other_in_the_new_channel(move: Move, workspace: Workspace) -> None:
    incident, control = await move.incident(), Control(workspace)
    assert incident.card is not None
    await control.join("ana", incident.card.channel)
    await control.say("ana", incident.card.channel, "I am looking", incident.card.ts)
    steer = Steer(desk=move.store.desk, clock=Now(), on_change=lambda: None)
    await steer.regrade(Order(id="1", incident=incident.id, person="UANA"), Severity.SEV1)
    await move.promotion.follow(await move.get(incident.id))
    assert (await move.get(incident.id)).place == incident.place, "it waits for its briefing"
    await move.store.briefings.save_findings(incident.id, [])
    briefing = compose(request_for(incident, Catalog(), Now()), [], Now().now())
    await move.store.briefings.save_briefing(incident.id, briefing, at=Now().now())
    for process in (move, Move(move.store, move.api, move.bot_user)):
        await process.promotion.follow(await move.get(incident.id))
        await process.promotion.promote(incident.id)
    now = await move.get(incident.id)
    assert now.place is not None
    assert now.place.kind is PlaceKind.CHANNEL
    assert len(await move.messages(now.place.channel)) == 1
    (old,) = await move.messages(incident.card.channel)
    assert old.endswith(f"goes on in <#{now.place.channel}>.")
    members = await SlackSurroundings(move.api).members(now.place)
    assert members == {move.bot_user, workspace.member("ana").id}
