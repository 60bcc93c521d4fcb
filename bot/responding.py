"""The second half of the composition root: Slack, sources, flows and the workflow engine, wired by hand.

Importing this module imports slack_bolt and DBOS (about 1.5 s): `bot.app` does so once webhooks are accepted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from bot.acting import Acting, acting, actions, checkpointing, pager, policy_of, stops_model, switching
from bot.analysing import analysis, metered_model
from bot.asking import questions
from bot.domain.catalog import Catalog
from bot.domain.ports import Clock, ContextSource, Warmable
from bot.domain.ports.opinion import ThreadNotes
from bot.domain.runbook import Runbook
from bot.flows.analyse import KeptOpinions
from bot.flows.brief import Brief
from bot.flows.dispatch import Dispatch
from bot.flows.dress import Dress
from bot.flows.gather import Gather
from bot.flows.guard import Guard, Limits
from bot.flows.investigate import Investigate
from bot.flows.metered import MeteredModel
from bot.flows.picture import DrawChart
from bot.flows.place import OpenPlace
from bot.flows.redraw import Redraw
from bot.flows.respond import Responder
from bot.flows.switching import Switching
from bot.flows.triage import Triage
from bot.flows.upkeep import Upkeep
from bot.garbage import calm
from bot.keeping import archive, chores, quoting
from bot.settings import BotSettings, Settings
from bot.slack.acting_desk import ActingDesk
from bot.slack.chat import SlackCards, SlackPictures, SlackRooms
from bot.slack.connection import connected, reach, web_client
from bot.slack.desk import Desk
from bot.slack.event_worker import EventWorker
from bot.slack.listeners import build
from bot.slack.questions import Questions
from bot.slack.thread_notes import SlackThreadNotes
from bot.slack.web_api import WebApi
from bot.source_health import SourceHealth
from bot.workflows import Workflows
from integrations.descriptor import ActionTools, Integration, Tools
from integrations.programs.programs import Programs
from integrations.resvg import ResvgRenderer
from integrations.threads import SourceThreads
from memory.knowledge import Files, Knowledge
from memory.ledger import Ledger
from memory.runbooks import load_runbooks
from memory.store import Store

log = logging.getLogger(__name__)

# Blocking calls of one integration's client, times incidents that open at the same moment. Started as they are needed.
SOURCE_THREADS = 32
ENDS_WITHIN = 8.0  # seconds that a step which is being done has to end by itself when the bot is stopped
DRAWN_FROM = ("prometheus", "github")  # sources of charts, and of the changes that are marked in them
GITHUB = "https://github.com"


@dataclass(frozen=True, kw_only=True)
class Doors:
    """What the front half lends: where Slack's HTTP requests come in, who is told of new webhooks, what is ready.

    `sources` takes in how every source does.
    """

    open_slack: Callable[[ASGIApp], None]
    set_wake: Callable[[Callable[[], None]], None]
    ready: Callable[[str, str], None]  # (part, "ok" or what is missing)
    sources: SourceHealth


async def respond(
    settings: Settings,
    integrations: Mapping[str, Integration[Any]],
    store: Store,
    tools: Tools,
    doors: Doors,
) -> None:
    """Respond to incidents until cancelled."""
    async with AsyncExitStack() as stack:
        knowledge = await _knowledge(settings, store, tools.clock)
        stack.push_async_callback(knowledge.close)
        api = WebApi(await stack.enter_async_context(web_client(settings.slack)))
        bot_user = str((await reach(lambda: api.call("auth.test"), doors.ready))["user_id"])
        sources = _sources(settings, integrations, tools)
        guards = _guards(settings.bot, sources, knowledge.sources, tools.clock, doors.sources)
        gather = Gather(guards, deadline=settings.bot.source_deadline)
        notes = SlackThreadNotes(api, store.effects)
        switches = switching(store, notes, tools.clock)
        model = await stack.enter_async_context(
            metered_model(settings, store, notes, tools.clock, is_stopped=stops_model(switches))
        )
        runbooks = load_runbooks(Path(settings.bot.runbooks))
        asked = questions(settings, store, api, knowledge, guards, runbooks, model, tools.clock)
        stack.push_async_callback(asked.close)
        responder = _responder(settings, store, api, bot_user, gather, knowledge.catalog, tools, model, notes)
        if responder.analyse is not None:
            stack.push_async_callback(responder.analyse.close)
        redraw = _redraw(store, responder, guards, knowledge.catalog, tools.clock)
        stack.push_async_callback(redraw.close)
        workflows = await stack.enter_async_context(_durable(settings, responder))
        doors.ready("workflows", "ok")
        dispatch = _dispatch(settings.bot, store, workflows, redraw, tools.clock)
        doors.set_wake(dispatch.wake)
        doing = _acting(settings, integrations, store, api, tools, knowledge.catalog, runbooks, switches, redraw)
        stack.push_async_callback(doing.engine.stop, ENDS_WITHIN)
        await stack.enter_async_context(checkpointing(settings, store, tools.clock))
        worker = await stack.enter_async_context(
            _listening(settings, store, api, knowledge, tools.clock, dispatch, doors, asked, doing.desk)
        )
        if settings.bot.preload:
            stack.enter_context(_preloading(sources, knowledge, tools, doors))
        calm()
        async with asyncio.TaskGroup() as working:  # none of them ends but by a bug, which must not go unnoticed
            working.create_task(dispatch.run())
            working.create_task(worker.run())
            working.create_task(doing.engine.run())
            working.create_task(Upkeep(chores(knowledge, store, tools.clock, settings.bot.folder)).run())


async def _knowledge(settings: Settings, store: Store, clock: Clock) -> Knowledge:
    bot, github = settings.bot, settings.vendors.get("github")
    files = Files(
        catalog=Path(bot.catalog),
        runbooks=Path(bot.runbooks),
        history=Path(bot.history) if bot.history else None,
        data=bot.folder,
    )
    web, token = (github.web, github.token) if github else (GITHUB, None)
    return await Knowledge.load(files, settings.memory, store, clock, github=web, token=token)


def _sources(
    settings: Settings, integrations: Mapping[str, Integration[Any]], tools: Tools
) -> Mapping[str, tuple[ContextSource, ...]]:
    """By integration. Each has threads of its own: a dead vendor's calls keep no other vendor's waiting."""
    made = {}
    for name, integration in integrations.items():
        if integration.sources is not None:
            threads, deadline = SourceThreads(SOURCE_THREADS), settings.bot.deadline_of(name)
            own = replace(tools, threads=threads, source_deadline=deadline)
            made[name] = integration.sources(settings.vendors[name], own)
    return made


def _guards(
    bot: BotSettings,
    sources: Mapping[str, Sequence[ContextSource]],
    own: Sequence[ContextSource],
    clock: Clock,
    health: SourceHealth,
) -> tuple[Guard, ...]:
    """Vendors' sources with their limits, then our own."""
    guards = [
        Guard(
            source,
            deadline=bot.deadline_of(name),
            limits=Limits(clock=clock, rate=bot.rate_of(name)),
            watch=health.note,
        )
        for name, made in sources.items()
        for source in made
    ]
    guards += [Guard(source, deadline=bot.source_deadline, watch=health.note) for source in own]
    health.expect(guard.name for guard in guards)
    return tuple(guards)


@contextmanager
def _preloading(
    lent: Mapping[str, Sequence[ContextSource]], knowledge: Knowledge, tools: Tools, doors: Doors
) -> Iterator[None]:
    """Warms the sources one after the other in the background; not ready until it is done, but responding already."""

    async def warm() -> None:
        for source in (*(source for made in lent.values() for source in made), *knowledge.sources):
            if isinstance(source, Warmable):
                await tools.threads.run(source.warm)
        await knowledge.recall.settled()
        calm()
        doors.ready("sources", "ok")

    doors.ready("sources", "warming up")
    warming = asyncio.create_task(warm())
    try:
        yield
    finally:
        warming.cancel()


def _responder(
    settings: Settings,
    store: Store,
    api: WebApi,
    bot_user: str,
    gather: Gather,
    catalog: Catalog,
    tools: Tools,
    model: MeteredModel | None,
    notes: ThreadNotes,
) -> Responder:
    cards = SlackCards(api)
    opinions = KeptOpinions(store.answers)
    rooms = SlackRooms(api, bot_user=bot_user)
    draw = DrawChart(renderer=ResvgRenderer(tools.threads), pictures=SlackPictures(api), effects=store.effects)
    brief = Brief(
        incidents=store.incidents,
        briefings=store.briefings,
        agenda=store.agenda,
        cards=cards,
        draw=draw,
        catalog=catalog,
        clock=tools.clock,
        opinions=opinions if model else None,
    )
    return Responder(
        open_place=_open_place(settings, store, rooms, cards),
        investigate=Investigate(
            incidents=store.incidents,
            briefings=store.briefings,
            cards=cards,
            gather=gather,
            draw=draw,
            catalog=catalog,
            clock=tools.clock,
        ),
        brief=brief,
        dress=Dress(
            incidents=store.incidents,
            briefings=store.briefings,
            places=store.places,
            rooms=rooms,
            cards=cards,
            catalog=catalog,
        ),
        analyse=analysis(model, store, notes, catalog, tools.clock, brief, opinions),
    )


def _open_place(settings: Settings, store: Store, rooms: SlackRooms, cards: SlackCards) -> OpenPlace:
    return OpenPlace(
        incidents=store.incidents,
        places=store.places,
        effects=store.effects,
        rooms=rooms,
        cards=cards,
        triage_channel=settings.slack.triage_channel,
    )


def _dispatch(bot: BotSettings, store: Store, workflows: Workflows, redraw: Redraw, clock: Clock) -> Dispatch:
    return Dispatch(
        triage=Triage(store.desk, clock=clock, window=timedelta(minutes=bot.grouping_window)),
        agenda=store.agenda,
        incidents=store.incidents,
        starter=workflows,
        on_over=redraw.soon,
    )


def _acting(
    settings: Settings,
    integrations: Mapping[str, Integration[Any]],
    store: Store,
    api: WebApi,
    tools: Tools,
    catalog: Catalog,
    runbooks: Sequence[Runbook],
    switches: Switching,
    redraw: Redraw,
) -> Acting:
    """Raises ConfigFileError."""
    lent = ActionTools(clock=tools.clock, threads=tools.threads, programs=Programs())
    return acting(
        settings,
        store,
        api,
        runbooks=runbooks,
        policy=policy_of(settings),
        catalog=catalog,
        actions=actions(settings, integrations, store, api, lent),
        switches=switches,
        pager=pager(settings, lent, catalog),
        clock=tools.clock,
        on_change=redraw.soon,
    )


def _redraw(store: Store, responder: Responder, guards: Sequence[Guard], catalog: Catalog, clock: Clock) -> Redraw:
    return Redraw(
        guards=[guard for guard in guards if guard.name in DRAWN_FROM],
        incidents=store.incidents,
        briefings=store.briefings,
        draw=responder.investigate.draw,
        show=responder.brief,
        catalog=catalog,
        clock=clock,
    )


@asynccontextmanager
async def _durable(settings: Settings, responder: Responder) -> AsyncIterator[Workflows]:
    workflows = Workflows(responder, data_dir=settings.bot.folder, executor_id=settings.bot.executor_id)
    workflows.launch()
    try:
        yield workflows
    finally:
        await workflows.close()


@asynccontextmanager
async def _listening(
    settings: Settings,
    store: Store,
    api: WebApi,
    knowledge: Knowledge,
    clock: Clock,
    dispatch: Dispatch,
    doors: Doors,
    asked: Questions,
    acts: ActingDesk,
) -> AsyncIterator[EventWorker]:
    desk = Desk(
        api=api,
        incidents=store.incidents,
        timeline=store.timeline,
        effects=store.effects,
        inbox=store.inbox,
        clock=clock,
        command=settings.slack.command,
        services=tuple(knowledge.catalog.services),
        on_accepted=dispatch.wake,
        archive=archive(knowledge, store, clock, settings.slack.command),
        quoting=quoting(knowledge, store, clock),
        questions=asked,
        costs=Ledger(store.spending, settings.memory.limits),
        acting=acts,
    )
    worker = EventWorker(asked.events, desk)
    asked.events.wake = worker.wake
    app = build(api.client, settings.slack, events=store.slack_events, desk=desk, on_event=worker.wake)
    async with connected(settings.slack, app, api, open_door=doors.open_slack, ready=doors.ready):
        yield worker
