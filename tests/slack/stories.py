"""Stories of what people do in an incident's channel, and two replicas of the bot that hear of it in any order.

The pretend workspace and the store are the real ones; only the wire between them and the bot is left out, since what
it does to the order of events is what the test decides.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import SystemClock
from bot.domain.approval import Message as MessageId
from bot.domain.approval import Posted, Reviewed, state
from bot.domain.errors import ChatError
from bot.domain.incident import Card, GroupingReason, Incident, Place, PlaceKind
from bot.domain.life import FollowUpState, Order, presses
from bot.domain.life.situation import Situation
from bot.domain.policy import ApproverGroup
from bot.flows.approve import Approve
from bot.flows.life.assigning import Assigning
from bot.flows.life.follow_ups import FollowUps
from bot.flows.life.handoff import HandingOver
from bot.flows.life.roles import Roles
from bot.slack import acting_ids as ids
from bot.slack import life_inbound
from bot.slack.acting_desk import ActingDesk
from bot.slack.acting_inbound import click_id, is_own_echo, recordable
from bot.slack.desk import Desk
from bot.slack.directory import SlackDirectory
from bot.slack.event_worker import EventWorker
from bot.slack.life_around import Desks
from bot.slack.life_desk import LifeDesk
from bot.slack.surroundings import SlackSurroundings
from bot.slack.telling import SlackTelling
from bot.slack.web_api import PASSING, WebApi
from bot.testing import make_alert
from memory.store import Store
from sandbox.slack import channels
from sandbox.slack.app import install
from sandbox.slack.control import Control
from sandbox.slack.errors import ControlError, SlackError
from sandbox.slack.reply import Reply
from sandbox.slack.values import Channel, JsonObject
from sandbox.slack.web_api import WebApi as Answering
from sandbox.slack.workspace import Workspace
from tests.slack import acting_cases, life_fakes
from tests.slack.acting import FakeRuns, FakeSwitches, button
from tests.slack.conftest import PEOPLE
from tests.slack.office import BOT, CATALOG, MANIFEST

MESSAGES = 3  # that people have written before the story begins
REQUEST = MESSAGES  # the number of the message with the request for approval
OFFER = MESSAGES + 1  # and of that with the buttons of an incident's life
OFFERED = (presses.TAKE_LEAD, presses.RESOLVE, presses.REOPEN)


class Near(WebApi):
    """The workspace's own Web API, without a socket."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(AsyncWebClient(token=workspace.bot_token))
        self._answering = Answering(workspace)
        self._token = workspace.bot_token

    def at(self, urgency: object) -> WebApi:
        return self

    async def call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        await asyncio.sleep(0)  # others may come first, as over a wire
        given = {name: value for name, value in arguments.items() if value is not None}
        answer = self._answering.run(method, self._token, given)
        if answer.error:
            raise ChatError(answer.error, method, is_final=answer.error not in PASSING)
        return answer.body


@dataclass(frozen=True, kw_only=True)
class Did:
    """One thing that a person does. `target`: the number of a message; `word`: an emoji, a text, a button."""

    what: str  # react, unreact, pin, unpin, edit, delete, mention, press
    who: str
    target: int = 0
    word: str = ""


class NoRooms:
    """Nothing is said in channels by name, and no picture is shown."""


class NoSituations:
    async def of(self, incident: Incident) -> Situation:
        return Situation(incident=incident, now=SystemClock().now())


class NoPager:
    async def who(self, service: str) -> str:
        return "Nobody is on call."

    async def ask(self, incident: Incident, target: str) -> str:
        return "Page nobody?"

    async def page(self, order: Order, target: str) -> str:
        return "Nobody was paged."


class NoBoard:
    """Nobody looks at the messages of requests here."""

    async def show_request(self, *given: object, **more: object) -> None:
        return None


@dataclass(frozen=True)
class Envelope:
    id: str
    body: bytes


class Two:
    """Two replicas on one store, and the people around them."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self.workspace = workspace
        self.control = Control(workspace)
        self.store = store
        self.sent: list[Envelope] = []  # what Slack wants to tell the bot, and has not told yet
        self.stages = 0
        self._catch_events()
        self._replicas = (self._replica(), self._replica())

    def _replica(self) -> EventWorker:
        api, store, clock = Near(self.workspace), self.store, SystemClock()
        group = ApproverGroup(name="on-call", users=tuple(self.workspace.member(who).id for who in ("ana", "bo")))
        directory = SlackDirectory(api, {"on-call": group}, kept_for=0)
        acting = ActingDesk(
            api=api,
            incidents=store.incidents,
            effects=store.effects,
            runs=FakeRuns(),
            approvals=Approve(
                approvals=store.approvals,
                directory=directory,
                board=NoBoard(),  # type: ignore[arg-type]
                clock=clock,
                wake=lambda _: None,
            ),
            switches=FakeSwitches(),
            directory=directory,
            clock=clock,
            command="/inc",
            services=tuple(CATALOG.services),
            known_service=lambda _: None,
        )
        life = LifeDesk(
            api=api,
            desks=self._desks(api, directory, clock),
            incidents=store.incidents,
            timeline=store.timeline,
            effects=store.effects,
            directory=directory,
            members=SlackSurroundings(api),
            requests=store.approvals,
            clock=clock,
            command="/inc",
        )
        desk = Desk(
            api=api,
            incidents=store.incidents,
            timeline=store.timeline,
            effects=store.effects,
            inbox=store.inbox,
            clock=clock,
            command="/inc",
            services=tuple(CATALOG.services),
            on_accepted=lambda: None,
            acting=acting,
            life=life,
        )
        return EventWorker(store.slack_events, desk)

    def _desks(self, api: WebApi, directory: SlackDirectory, clock: SystemClock) -> Desks:
        """Those that keep something are the real ones."""
        store = self.store
        telling = SlackTelling(api, store.effects, NoRooms(), NoRooms(), clock)  # type: ignore[arg-type]
        assigning = Assigning(
            life=store.life,
            timeline=store.timeline,
            effects=store.effects,
            telling=telling,
            directory=directory,
            clock=clock,
        )
        handing_over = HandingOver(
            life=store.life,
            incidents=store.incidents,
            telling=telling,
            assigning=assigning,
            situations=NoSituations(),  # type: ignore[arg-type]
            effects=store.effects,
            clock=clock,
        )
        return Desks(
            steer=life_fakes.steer(store, clock),
            roles=Roles(
                life=store.life,
                incidents=store.incidents,
                assigning=assigning,
                handing_over=handing_over,
                on_change=lambda _: None,
            ),
            follow_ups=FollowUps(
                life=store.life,
                incidents=store.incidents,
                timeline=store.timeline,
                directory=directory,
                tracker=None,
                clock=clock,
            ),
            updates=life_fakes.FakeUpdates(),
            postmortems=life_fakes.FakePostmortems(),
            paging=NoPager(),
            stats=life_fakes.FakeStats(),
        )

    # --- what Slack sends --------------------------------------------------------------------------------------------

    def _catch_events(self) -> None:
        """From now on nothing is delivered by itself."""
        delivery = self.workspace.delivery
        own, own_bot = self.workspace.bot.id, self.workspace.bot.bot_id

        def event(told: JsonObject, channel: Channel | None) -> None:
            body = delivery._envelope(told, channel)
            if not is_own_echo(body, own, own_bot):
                self.sent.append(Envelope(body["event_id"], json.dumps(body).encode()))

        async def interaction(kind: str, payload: JsonObject) -> Reply:
            if (click := recordable(payload)) is not None:
                self.sent.append(Envelope(click_id(click), json.dumps(click).encode()))
            else:
                pressed = life_inbound.recordable(payload)
                assert pressed is not None, f"{kind}: no button that is recorded"
                self.sent.append(Envelope(life_inbound.press_id(pressed), json.dumps(pressed).encode()))
            return Reply(payload=None)

        delivery.send_event = event  # type: ignore[method-assign, assignment]
        delivery.ask = interaction  # type: ignore[method-assign]

    async def deliver(self, envelope: Envelope) -> None:
        await self.store.slack_events.record(envelope.id, envelope.body)

    async def work(self, *which: int) -> None:
        """These replicas work off what is recorded, at the same time."""
        await asyncio.gather(*(self._replicas[number].run_once() for number in which))


@asynccontextmanager
async def two(folder: Path) -> AsyncIterator[Two]:
    workspace = Workspace(PEOPLE, bot_name=BOT)
    install(workspace, yaml.safe_load(MANIFEST.read_text()))
    store = await Store.open(f"sqlite:///{folder / 'store.db'}")
    try:
        yield Two(workspace, store)
    finally:
        await store.close()


@dataclass(kw_only=True, repr=False)
class Stage:
    """An incident with a channel of its own, in which a story is played."""

    here: Two
    incident: Incident
    channel: str
    request: str  # its id
    numbers: list[str]  # ts of the messages by their numbers, the request's last
    said: dict[str, str] = field(default_factory=dict)  # by ts: the words of those that came later

    @classmethod
    async def set_up(cls, here: Two) -> Stage:
        here.stages += 1
        control, store = here.control, here.store
        alert = make_alert(fingerprint=f"stage-{here.stages}", started_at=SystemClock().now())
        now = SystemClock().now()
        opened = await store.desk.transact(lambda desk: desk.open_incident(alert, GroupingReason.NEW_CONDITION, now))
        name = f"inc-{here.stages}"
        channel = channels.create(here.workspace, name, creator=here.workspace.bot.id, is_private=False).id
        for who in ("ana", "bo"):
            await control.join(who, channel)
        await store.places.save_place(opened.id, Place(kind=PlaceKind.CHANNEL, channel=channel, name=name))
        api = Near(here.workspace)
        card = await api.call("chat.postMessage", channel=channel, text="card")
        await store.places.save_card(opened.id, Card(channel=channel, ts=card["ts"]))
        numbers = [
            await control.say(("ana", "bo")[number % 2], channel, f"message {number}") for number in range(MESSAGES)
        ]
        request = f"A-{here.stages}"
        asked = acting_cases.request(
            id=request,
            incident=opened.id,
            requester="U0ELSE00000",
            needed=2,
            created_at=now - timedelta(minutes=1),
            expires_at=now + timedelta(hours=1),
        )
        buttons = [button(ids.APPROVE, ids.decision_value(asked)), button(ids.DENY, ids.decision_value(asked))]
        posted = await api.call(
            "chat.postMessage", channel=channel, text="approve?", blocks=[{"type": "actions", "elements": buttons}]
        )
        numbers.append(str(posted["ts"]))
        await store.approvals.open(asked)
        choices = [button(action, opened.id) for action in OFFERED]
        offer = await api.call(
            "chat.postMessage", channel=channel, text="well?", blocks=[{"type": "actions", "elements": choices}]
        )
        numbers.append(str(offer["ts"]))
        at = MessageId(channel=channel, ts=posted["ts"])
        await store.approvals.record(
            request, Posted(id=f"posted-{request}", at=now, message=at, request_digest=asked.digest)
        )
        here.sent.clear()
        return cls(here=here, incident=opened, channel=channel, request=request, numbers=numbers)

    async def play(self, did: Did) -> None:
        """What Slack does not let happen does not happen: a second pin of the same message, say."""
        try:
            await self._play(did)
        except (SlackError, ControlError):
            return

    async def _play(self, did: Did) -> None:
        control, ts = self.here.control, self.numbers[did.target]
        match did.what:
            case "react" | "unreact":
                await control.react(did.who, self.channel, ts, did.word, remove=did.what == "unreact")
            case "pin" | "unpin":
                await control.pin(did.who, self.channel, ts, remove=did.what == "unpin")
            case "edit":
                await control.edit(did.who, self.channel, ts, did.word)
            case "delete":
                await control.delete(did.who, self.channel, ts)
            case "mention":
                said = await control.say(did.who, self.channel, f"@{BOT} {did.word}")
                self.said[said] = did.word
            case "press":
                await control.click(did.who, did.word, channel=self.channel, ts=ts)
            case what:
                raise AssertionError(f"nobody can {what}")

    # --- what came of it ---------------------------------------------------------------------------------------------

    async def outcome(self) -> Mapping[str, Any]:
        """All that is kept of it; messages by their numbers, so that two stages can be compared."""
        store = self.here.store
        incident = await store.incidents.get(self.incident.id)
        assert incident is not None
        return {
            "incident": (incident.status, incident.severity, incident.title, incident.service),
            "timeline": sorted(
                (
                    self._when(event.at.timestamp()),
                    event.kind,
                    "" if event.kind == "follow-up" else event.text.replace(incident.id, "INC"),
                    event.actor,
                    self._linked(event.link),
                )
                for event in await store.timeline.of(incident.id)
            ),
            "approval": await self._approval(),
            "roles": {
                (str(one.role), one.person) for one in await store.life.roles.of_incident(incident.id) if one.person
            },
            # Their words are those of the message when it was marked, until a person edits them.
            "follow-ups": sorted(
                (self._linked(one.link), str(one.priority))
                for one in await store.life.follow_ups.of_incident(incident.id)
                if one.state is FollowUpState.OPEN
            ),
        }

    def _when(self, at: float) -> str:
        """Which message was posted then; "" for what carries the time at which the bot came to it."""
        for number, ts in enumerate(self.numbers):
            if abs(float(ts) - at) < 1e-5:
                return f"message {number}"
        return next((f"mention {word}" for ts, word in self.said.items() if abs(float(ts) - at) < 1e-5), "")

    def _linked(self, link: str | None) -> str:
        return next((str(n) for n, ts in enumerate(self.numbers) if link and ts.replace(".", "") in link), link or "")

    async def _approval(self) -> tuple[Any, ...]:
        approvals = self.here.store.approvals
        request, events = await approvals.get(self.request), await approvals.events(self.request)
        assert request is not None
        people = {event.reviewer.id: event.reviewer for event in events if isinstance(event, Reviewed)}
        found = state(request, events, SystemClock().now(), people)
        if not found.state.is_open:
            return ("over",)  # the first that was heard of ended it, and is named; it will not be done either way
        return found.state, sorted(review.reviewer.id for review in found.approvals)
