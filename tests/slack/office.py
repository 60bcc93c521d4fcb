"""People in a workspace and our listeners behind it: everything between them goes over the wire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.types import ASGIApp

from bot.app import SlackDoor, SystemClock
from bot.asking import asking, read_only_tools
from bot.domain.alert import Alert, Delivery
from bot.domain.catalog import Catalog, Service
from bot.domain.incident import Card, GroupingReason, Incident, Place, PlaceKind
from bot.domain.remembered import Recalled
from bot.domain.runbook import Runbook
from bot.flows.guard import Guard
from bot.flows.learn import Learn
from bot.flows.metered import MeteredModel
from bot.flows.quote import Quoting
from bot.slack.archive import Archive
from bot.slack.desk import Desk
from bot.slack.event_worker import EventWorker
from bot.slack.listeners import build
from bot.slack.pacing import Pacing
from bot.slack.settings import SlackSettings
from bot.slack.web_api import WebApi
from bot.testing import make_alert
from bot.web import create_app as front_door
from memory.ledger import Ledger
from memory.nearest import nearest
from memory.settings import MemorySettings
from memory.store import Store
from sandbox.serve import serving
from sandbox.slack.app import create_app, install
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace
from tests.scene import PATIENCE, until

MANIFEST = Path(__file__).parent.parent.parent / "manifest.yaml"
BOT = "first-responder"
PING_EVERY = 10.0  # seconds; half of it without an answer, on a busy machine, and the client connects anew
HURRY = 100  # how much faster than Slack's the office's minutes are: nobody here tests how calls are paced


CATALOG = Catalog(
    services={
        service.name: service
        for service in (
            Service(name="checkout", owner="shop-team", tier=1, depends_on=("payments",), channels=("#shop",)),
            Service(name="payments", owner="payments-team"),
        )
    }
)


@dataclass(kw_only=True)
class Office:
    workspace: Workspace
    control: Control
    store: Store
    api: WebApi
    settings: SlackSettings
    bot_url: str = ""  # where our own front door is, in HTTP mode
    wakes: list[int] = field(default_factory=list)  # one for each incident that was declared
    model: MeteredModel | None = None
    guards: Sequence[Guard] = ()
    runbooks: Sequence[Runbook] = ()

    def __post_init__(self) -> None:
        quoting = Quoting(
            briefings=self.store.briefings,
            timeline=self.store.timeline,
            catalog=CATALOG,
            similar=self.similar,
            nearest=nearest,
            clock=SystemClock(),
        )
        tools = read_only_tools(
            self.store,
            catalog=CATALOG,
            similar=self.similar,
            runbooks=self.runbooks,
            guards=self.guards,
            clock=SystemClock(),
        )
        self.questions = asking(
            self.store, self.api, tools=tools, quoting=quoting, model=self.model, clock=SystemClock(), command="/inc"
        )
        self.desk = Desk(
            api=self.api,
            incidents=self.store.incidents,
            timeline=self.store.timeline,
            effects=self.store.effects,
            inbox=self.store.inbox,
            clock=SystemClock(),
            command="/inc",
            services=("checkout", "payments"),
            on_accepted=lambda: self.wakes.append(1),
            costs=Ledger(self.store.spending, MemorySettings().limits),
            archive=Archive(
                similar=self.similar,
                learn=Learn(
                    past=self.store.past,
                    postmortems=self.store.postmortems,
                    lessons=self.store.lessons,
                    feedback=self.store.feedback,
                    clock=SystemClock(),
                ),
                notes=self.store.notes,
                file=None,
                known_service=lambda name: name.lower() if name.lower() in ("checkout", "payments") else None,
                clock=SystemClock(),
                command="/inc",
            ),
            quoting=quoting,
            questions=self.questions,
        )
        self.worker = EventWorker(self.questions.events, self.desk)
        self.questions.events.wake = self.worker.wake

    def app(self) -> AsyncApp:
        made = build(
            self.api.client, self.settings, events=self.store.slack_events, desk=self.desk, on_event=self.worker.wake
        )
        for listener in made._async_listeners:
            listener.ack_timeout = int(PATIENCE)  # Bolt's own 3 seconds
        return made

    # Memory

    async def similar(self, text: str, service: str | None, *, most: int) -> Sequence[Recalled]:
        """By whole words of the title: what the search does with them is tested where it is at home."""
        words = set(text.lower().split())
        held = (await self.store.past.by_id()).values()
        return [
            Recalled(past=past, score=0.5, why=("title",)) for past in held if words & set(past.title.lower().split())
        ][:most]

    # Incidents

    async def incident(self, kind: PlaceKind = PlaceKind.CHANNEL, **details: Any) -> Incident:
        """With a channel of its own, or a card in #incident-triage; ana and bo are there."""
        alert = make_alert(**{"started_at": SystemClock().now(), **details})
        opened = await self.open(alert)
        name = opened.id.lower() if kind is PlaceKind.CHANNEL else "incident-triage"
        channel = self.workspace.find_channel(name)
        if channel is None:
            channel_id = str((await self.api.call("conversations.create", name=name))["channel"]["id"])
            for who in ("ana", "bo"):
                await self.control.join(who, channel_id)
        else:
            channel_id = channel.id
        sent = await self.api.call("chat.postMessage", channel=channel_id, text=f"card of {opened.id}")
        await self.store.places.save_place(opened.id, Place(kind=kind, channel=channel_id, name=name))
        await self.store.places.save_card(opened.id, Card(channel=channel_id, ts=sent["ts"]))
        found = await self.store.incidents.get(opened.id)
        assert found is not None
        return found

    async def open(self, alert: Alert) -> Incident:
        received = SystemClock().now()
        return await self.store.desk.transact(
            lambda desk: desk.open_incident(alert, GroupingReason.NEW_CONDITION, received)
        )

    async def deliveries(self) -> list[Delivery]:
        """What waits to be triaged."""
        waiting = await self.store.desk.transact(lambda desk: [row.delivery for row in desk.pending(100)])
        return list(waiting)

    # People

    async def command(self, words: str, channel: str = "general", who: str = "ana") -> str:
        """The answer that this person alone sees."""
        before = len(await self._private(who, channel))
        outcome = await self.control.command(who, channel, "/inc", words)
        assert outcome.ok, outcome
        async with asyncio.timeout(PATIENCE):
            while len(await self._private(who, channel)) == before:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await self.quiet()
        answers = await self._private(who, channel)
        assert len(answers) == before + 1, "every command is answered once"
        return str(answers[-1]["text"])

    async def _private(self, who: str, channel: str) -> list[Mapping[str, Any]]:
        return [message for message in await self.control.messages(who, channel) if message["ephemeral"]]

    async def mention(self, words: str, channel: str, who: str = "ana", thread: str | None = None) -> str:
        """The answer in the thread."""
        ts = await self.control.say(who, channel, f"@{BOT} {words}", thread)
        await self.quiet()
        return self.reply_to(ts, channel, thread)

    def reply_to(self, ts: str, channel: str, thread: str | None = None) -> str:
        """The one answer of the bot to a message, in its thread."""
        told = [
            m for m in self.bot_messages(channel) if m.get("thread_ts") == (thread or ts) and float(m["ts"]) > float(ts)
        ]
        assert len(told) == 1, told
        return str(told[0]["text"])

    def bot_messages(self, channel: str) -> list[Mapping[str, Any]]:
        place = self.workspace.channel(channel).id
        user = self.workspace.bot.id
        return [m for m in self.workspace.all_messages() if m["channel"] == place and m.get("user") == user]

    async def quiet(self) -> None:
        """Until everything is delivered and worked off, and each listener has come to its end."""

        async def settled() -> bool:
            rest, _ = await self.control.quiet(idle=0.03, timeout=5.0)
            return rest and not listeners_at_work() and not await self.store.slack_events.unhandled(1)

        async with asyncio.timeout(PATIENCE):
            while not await settled():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            while not (await self.control.quiet(idle=0.03, timeout=5.0))[0]:
                pass

    @property
    def outcomes(self) -> list[str]:
        """What came of the recorded events, oldest first."""
        return [outcome for _, outcome in self._handled]

    def watch(self) -> None:
        """Notes every event's outcome from now on."""
        self._handled: list[tuple[int, str]] = []
        handled = self.store.slack_events.handled

        async def noting(row: int, outcome: str) -> None:
            self._handled.append((row, outcome))
            await handled(row, outcome)

        self.store.slack_events.handled = noting  # type: ignore[method-assign]

    @property
    def pings(self) -> list[str]:
        """Whom the bot's messages would have notified, but for Slack's own notices about itself."""
        own = self.workspace.bot.id
        return [ping.target for ping in self.workspace.pings if ping.by == own and ping.target != own]


def listeners_at_work() -> int:
    """Of Bolt's, which acknowledges for them while they go on; and answers to what was asked by command."""
    named = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    return sum(name.endswith(("run_ack_function_asynchronously", "Questions._answer")) for name in named)


def hurried() -> Pacing:
    return Pacing(lambda: time.monotonic() * HURRY, lambda wait: asyncio.sleep(wait / HURRY))


@asynccontextmanager
async def office(
    folder: Path, people: Any, *, mode: str = "socket", connect: bool = True, **parts: Any
) -> AsyncIterator[Office]:
    """A workspace with our manifest installed and the listeners connected to it."""
    workspace = Workspace(people, bot_name=BOT)
    # Slack's 3 seconds are short for a busy machine.
    workspace.tickets.trigger_seconds, workspace.delivery.ack_seconds = PATIENCE, PATIENCE
    install(workspace, yaml.safe_load(MANIFEST.read_text()))
    workspace.delivery.retry_delays = (0.0, 0.0, 0.0)
    store = await Store.open(f"sqlite:///{folder / 'store.db'}")
    slack = create_app(workspace, manifest=yaml.safe_load(MANIFEST.read_text()))
    async with serving(slack) as url:
        settings = SlackSettings(
            bot_token=workspace.bot_token,
            app_token=workspace.app_token,
            signing_secret=workspace.signing_secret,
            mode=mode,
        )
        client = AsyncWebClient(token=workspace.bot_token, base_url=f"{url}/api/")
        api = WebApi(client, pacing=hurried())
        if callable(model := parts.get("model")):  # it is paid for out of this store
            parts = {**parts, "model": model(store)}
        control = slack.state.control
        made = Office(workspace=workspace, control=control, store=store, api=api, settings=settings, **parts)
        made.watch()
        try:
            if connect:
                async with connected(made):
                    yield made
            else:
                yield made
        finally:
            await store.close()


@asynccontextmanager
async def connected(made: Office) -> AsyncIterator[None]:
    """The listeners hear, and the worker works, until the end."""
    working = asyncio.create_task(made.worker.run())
    try:
        async with _http(made) if made.settings.mode == "http" else _socket(made):
            yield
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        await made.questions.close()


@asynccontextmanager
async def _socket(made: Office) -> AsyncIterator[None]:
    handler = AsyncSocketModeHandler(made.app(), made.workspace.app_token, ping_interval=PING_EVERY)
    before = made.workspace.delivery.socket.connections
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        await until(lambda: made.workspace.delivery.socket.connections > before)
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def _http(made: Office) -> AsyncIterator[None]:
    door = SlackDoor()
    door.open(cast(ASGIApp, AsyncSlackRequestHandler(made.app())))
    async with serving(http_front(made, door)) as url:
        made.bot_url = f"{url}/slack/events"
        await made.control.deliver_to(made.bot_url)
        try:
            yield
        finally:
            await made.control.deliver_to(None)


def http_front(made: Office, door: SlackDoor) -> ASGIApp:
    async def ready() -> Mapping[str, str]:
        return {"store": "ok"}

    return front_door(
        formats={},
        inbox=made.store.inbox,
        clock=SystemClock(),
        readiness=ready,
        on_accepted=lambda: None,
        slack_events=door,
    )
