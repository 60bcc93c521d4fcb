"""Roles, an offer, updates, the announcement and the canvas: the flows on the real store, over Slack's protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.alert import Severity
from bot.domain.incident import Card, GroupingReason, Incident, Place, PlaceKind
from bot.domain.life import Audience, Order, Role
from bot.flows.life.announcing import Announcing
from bot.flows.life.assigning import Assigning
from bot.flows.life.cadence import Cadences
from bot.flows.life.drafting import Drafting
from bot.flows.life.handoff import HandingOver
from bot.flows.life.overview import Overview
from bot.flows.life.proposing import Proposing
from bot.flows.life.roles import Roles
from bot.flows.life.situations import Situations
from bot.flows.life.updates import Updates
from bot.slack.canvases import SlackCanvases
from bot.slack.chat import SlackPictures, SlackRooms
from bot.slack.directory import SlackDirectory
from bot.slack.emails import SlackEmails
from bot.slack.telling import SlackTelling
from bot.slack.web_api import WebApi
from bot.testing import FrozenClock, make_alert
from memory.store import Store
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace


@dataclass
class Room:
    """Wired as the bot is; `restarted` makes all of it anew over the same store and workspace."""

    workspace: Workspace
    api: WebApi
    store: Store
    id: str
    clock: FrozenClock
    woken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        store, api, clock, life = self.store, self.api, self.clock, self.store.life
        rooms = SlackRooms(api, bot_user=self.workspace.bot.id)
        telling = SlackTelling(api, store.effects, rooms, SlackPictures(api), clock)
        directory = SlackDirectory(api, {})
        shared: dict[str, Any] = {"life": life, "telling": telling}
        about: dict[str, Any] = {"incidents": store.incidents, "clock": clock}
        situations = Situations(
            life=life,
            briefings=store.briefings,
            timeline=store.timeline,
            runs=store.runs,
            approvals=store.approvals,
            clock=clock,
        )
        assigning = Assigning(
            **shared, timeline=store.timeline, effects=store.effects, directory=directory, clock=clock
        )
        handing = HandingOver(**shared, **about, assigning=assigning, situations=situations, effects=store.effects)
        self.roles = Roles(
            life=life,
            incidents=store.incidents,
            assigning=assigning,
            handing_over=handing,
            on_change=self.woken.append,
        )
        self.cadences = Cadences(**shared, **about, effects=store.effects)
        self.updates = Updates(
            **shared,
            **about,
            timeline=store.timeline,
            effects=store.effects,
            directory=directory,
            cadences=self.cadences,
            drafting=Drafting(**about, situations=situations),
            on_change=self.woken.append,
            channel="incidents",
        )
        proposing = Proposing(
            **shared,
            briefings=store.briefings,
            effects=store.effects,
            emails=SlackEmails(api),
            directory=directory,
        )
        announcing = Announcing(**shared, **about, situations=situations, channel="incidents")
        canvases = SlackCanvases(api)
        overview = Overview(**about, effects=store.effects, canvases=canvases, situations=situations)
        self.followers = (handing, proposing, self.cadences, announcing, overview)

    async def look(self, by: timedelta = timedelta()) -> None:
        """What the bot does when something has changed, and when time has passed."""
        self.clock.go_on(by)
        about = await self.incident()
        for follower in self.followers:
            await follower.follow(about)
            await follower.tick(self.clock.now())

    async def incident(self) -> Incident:
        found = await self.store.incidents.get(self.id)
        assert found is not None
        return found

    def person(self, handle: str) -> str:
        return self.workspace.member(handle).id

    def order(self, id: str, word: str = "") -> Order:
        return Order(id=id, incident=self.id, person=self.person("ana"), word=word)

    def said(self, where: str) -> list[Mapping[str, Any]]:
        """By the bot, in a channel or to a person."""
        people = [member.handle for member in self.workspace.members.values()]
        channel = self.workspace.im_with(self.person(where)) if where in people else self.workspace.channel(where)
        own, hidden = self.workspace.bot.id, {"channel_join"}
        found = [m for m in self.workspace.all_messages() if m["channel"] == channel.id and m.get("user") == own]
        return [m for m in found if m.get("subtype") not in hidden]


@pytest.fixture
async def room(workspace: Workspace, api: WebApi, tmp_path: Path) -> AsyncIterator[Room]:
    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    clock = FrozenClock()
    alert = make_alert(severity=Severity.SEV1)
    opened = await store.desk.transact(
        lambda desk: desk.open_incident(alert, GroupingReason.NEW_CONDITION, clock.now())
    )
    channel = str((await api.call("conversations.create", name="inc-1"))["channel"]["id"])
    await store.places.save_place(opened.id, Place(kind=PlaceKind.CHANNEL, channel=channel, name="inc-1"))
    await store.places.save_card(opened.id, Card(channel=channel, ts="1.000001"))
    yield Room(workspace, api, store, opened.id, clock)
    await store.close()


async def test_an_hour_is_told_once_however_often_the_bot_starts(room: Room) -> None:
    ana, bo = room.person("ana"), room.person("bo")
    await room.look()
    assert [said["text"].split("\n")[0] for said in room.said("incidents")] == [
        f":red_circle: *SEV1 · Triage · {room.id}*"
    ]
    await room.roles.assign(room.order("1"), Role.LEAD, ana)
    room.clock.go_on(timedelta(minutes=10))
    await room.roles.offer(room.order("2"), bo)
    room.__post_init__()
    await room.look()
    assert [button["text"]["text"] for button in room.said("bo")[0]["blocks"][-1]["elements"]] == ["Accept", "Decline"]
    await room.roles.answer_offer("2", bo, accepted=True, at=room.clock.now())
    assert await room.roles.holders(room.id) == {Role.LEAD: bo}
    draft = await room.updates.draft(room.id, Audience.INTERNAL)
    await room.updates.send(room.order("3", draft), Audience.INTERNAL)
    await room.look(timedelta(minutes=1))
    [post] = room.said("incidents")
    assert f"Led by <@{bo}>" in post["text"]
    assert "checkout has been affected since 12:00 UTC (10 minutes)." in post["text"]
    await room.look(timedelta(minutes=30))
    room.__post_init__()
    await room.look()
    assert "is due an update: the last one went out 31 minutes ago" in room.said("bo")[-1]["text"]
    assert len(room.said("bo")) == 3, "the offer, the duties and one question for an update"
    assert len(room.said("ana")) == 1, "the duties"
    kinds = [event.kind for event in await room.store.timeline.of(room.id)]
    assert (kinds.count("role"), kinds.count("update")) == (2, 1)
    canvas = room.workspace.channels[room.workspace.channel("inc-1").id].canvas
    assert canvas is not None
    assert f"- Lead: ![](@{bo})" in room.workspace.canvases[canvas].markdown


async def test_guests_outsiders_and_those_who_left_get_no_role(room: Room, workspace: Workspace) -> None:
    control = Control(workspace)
    guest = await control.person("gus", "guest")
    outsider = await control.person("out", "stranger")
    await control.deactivate("bo")
    for number, (person, why) in enumerate(
        [(guest, "guest"), (outsider, "another organisation"), (room.person("bo"), "no active account")]
    ):
        assert why in await room.roles.assign(room.order(f"a{number}"), Role.LEAD, person)
        assert why in await room.roles.offer(room.order(f"o{number}"), person)
    assert await room.roles.holders(room.id) == {}
    assert room.said("inc-1") == []
