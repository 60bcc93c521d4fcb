"""The second half of the composition root: Slack, sources, flows and the workflow engine, wired by hand.

Importing this module imports slack_bolt and DBOS (about 1.5 s): `bot.app` does so once webhooks are accepted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from bot.acting import Acting, acting, actions, checkpointing, pager, policy_of, stops_model, switching
from bot.analysing import metered_model
from bot.asking import questions
from bot.dispatching import dispatching, learning
from bot.domain.ports import Clock, ContextSource, Warmable
from bot.domain.ports.acting import Pager
from bot.domain.runbook import Runbook
from bot.first_response import Slack, guards_of, redraw, responder, sources_of
from bot.flows.analyse import KeptOpinions
from bot.flows.dispatch import Dispatch
from bot.flows.fired_together import FiredTogether
from bot.flows.gather import Gather
from bot.flows.guard import Guard
from bot.flows.metered import MeteredModel
from bot.flows.redraw import Redraw
from bot.flows.respond import Responder
from bot.flows.switching import Switching
from bot.flows.upkeep import Upkeep
from bot.garbage import calm
from bot.incident_metrics import IncidentMetrics
from bot.keeping import archive, chores, learn, quoting
from bot.life_given import Beside, Given, Waking, beside
from bot.living import Living, living
from bot.replicas import Replica
from bot.settings import Settings
from bot.sharing import Alone, joined, leave
from bot.slack.acting_desk import ActingDesk
from bot.slack.chat import SlackCards, SlackRooms
from bot.slack.connection import connected, reach, web_client
from bot.slack.desk import Desk
from bot.slack.directory import SlackDirectory
from bot.slack.event_worker import EventWorker
from bot.slack.life_desk import LifeDesk
from bot.slack.listeners import build
from bot.slack.pacing import Urgency
from bot.slack.questions import Questions
from bot.slack.thread_notes import SlackThreadNotes
from bot.slack.web_api import WebApi
from bot.source_health import SourceHealth
from bot.workflows import Workflows
from integrations.descriptor import ActionTools, Integration, Tools
from integrations.programs.programs import Programs
from memory.knowledge import Files, Knowledge
from memory.ledger import Ledger
from memory.runbooks import load_runbooks
from memory.store import Store

log = logging.getLogger(__name__)

ENDS_WITHIN = 8.0  # seconds that a step which is being done has to end by itself when the bot is stopped
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
    metrics: IncidentMetrics


@dataclass(frozen=True, kw_only=True)
class _Ground:
    """What everything else stands on."""

    settings: Settings
    integrations: Mapping[str, Integration[Any]]
    store: Store
    tools: Tools
    doors: Doors
    stack: AsyncExitStack
    replica: Replica | Alone
    knowledge: Knowledge
    api: WebApi
    slack: Slack
    notes: SlackThreadNotes
    switches: Switching
    model: MeteredModel | None
    runbooks: Sequence[Runbook]

    @property
    def clock(self) -> Clock:
        return self.tools.clock


@dataclass(frozen=True, kw_only=True)
class _Looking:
    """The first response, and what keeps it going."""

    sources: Mapping[str, Sequence[ContextSource]]
    guards: Sequence[Guard]
    asked: Questions
    around: Beside
    followed: Waking
    first: Responder
    drawing: Redraw
    workflows: Workflows
    dispatch: Dispatch
    together: FiredTogether


async def respond(
    settings: Settings,
    integrations: Mapping[str, Integration[Any]],
    store: Store,
    tools: Tools,
    doors: Doors,
) -> None:
    """Respond to incidents until cancelled."""
    async with AsyncExitStack() as stack:
        ground = await _ground(settings, integrations, store, tools, doors, stack)
        looking = await _looking(ground)
        doing, life = await _doing(ground, looking)
        worker = await stack.enter_async_context(_listening(ground, looking, doing.desk, life.desk))
        if settings.bot.preload:
            stack.enter_context(_preloading(looking.sources, ground.knowledge, tools, doors))
        calm()
        await _work(ground, looking, doing, life, worker)


async def _ground(
    settings: Settings,
    integrations: Mapping[str, Integration[Any]],
    store: Store,
    tools: Tools,
    doors: Doors,
    stack: AsyncExitStack,
) -> _Ground:
    replica = await stack.enter_async_context(joined(settings.bot, store))
    knowledge = await _knowledge(settings, store, tools.clock)
    stack.push_async_callback(knowledge.close)
    api = WebApi(await stack.enter_async_context(web_client(settings.slack)))
    bot_user = str((await reach(lambda: api.call("auth.test"), doors.ready))["user_id"])
    urgent = api.at(Urgency.VERDICT)
    notes = SlackThreadNotes(api, store.effects)
    switches = switching(store, notes, tools.clock)
    model = await stack.enter_async_context(
        metered_model(settings, store, notes, tools.clock, is_stopped=stops_model(switches))
    )
    return _Ground(
        settings=settings,
        integrations=integrations,
        store=store,
        tools=tools,
        doors=doors,
        stack=stack,
        replica=replica,
        knowledge=knowledge,
        api=api,
        slack=Slack(api=urgent, rooms=SlackRooms(urgent, bot_user=bot_user), cards=SlackCards(urgent)),
        notes=notes,
        switches=switches,
        model=model,
        runbooks=load_runbooks(Path(settings.bot.runbooks)),
    )


async def _looking(ground: _Ground) -> _Looking:
    """Raises ConfigFileError."""
    settings, store, clock, stack, model = ground.settings, ground.store, ground.clock, ground.stack, ground.model
    knowledge, catalog = ground.knowledge, ground.knowledge.catalog
    sources = sources_of(settings, ground.integrations, ground.tools)
    guards = guards_of(settings.bot, sources, knowledge.sources, clock, ground.doors.sources)
    gather = Gather(guards, deadline=settings.bot.source_deadline)
    asked = questions(settings, store, ground.api, knowledge, guards, ground.runbooks, model, clock)
    stack.push_async_callback(asked.close)
    opinions = KeptOpinions(store.answers)
    around = beside(store, ground.api, opinions if model else None)
    followed = Waking()
    first = responder(
        settings, store, ground.slack, gather, catalog, ground.tools, model, ground.notes, opinions, around, followed
    )
    if first.analyse is not None:
        stack.push_async_callback(first.analyse.close)
    drawing = redraw(store, first, guards, catalog, clock)
    stack.push_async_callback(drawing.close)
    workflows = await stack.enter_async_context(_durable(settings, first, ground.replica))
    ground.doors.ready("workflows", "ok")
    together = FiredTogether(store.occurrences)
    dispatch = dispatching(
        settings,
        store,
        catalog,
        together,
        clock,
        starter=workflows,
        on_over=drawing.soon,
        on_change=followed,
    )
    ground.doors.set_wake(dispatch.wake)
    return _Looking(
        sources=sources,
        guards=guards,
        asked=asked,
        around=around,
        followed=followed,
        first=first,
        drawing=drawing,
        workflows=workflows,
        dispatch=dispatch,
        together=together,
    )


async def _doing(ground: _Ground, looking: _Looking) -> tuple[Acting, Living]:
    """Raises ConfigFileError."""
    settings, store, api, catalog = ground.settings, ground.store, ground.api, ground.knowledge.catalog
    lent = ActionTools(clock=ground.clock, threads=ground.tools.threads, programs=Programs())
    policy, paging = policy_of(settings), pager(settings, lent, catalog)
    doing = acting(
        settings,
        store,
        api.at(Urgency.APPROVAL),
        runbooks=ground.runbooks,
        policy=policy,
        catalog=catalog,
        actions=actions(settings, ground.integrations, store, api, lent),
        switches=ground.switches,
        pager=paging,
        clock=ground.clock,
        on_change=looking.drawing.soon,
        membership=ground.replica,
    )
    ground.stack.push_async_callback(doing.engine.stop, ENDS_WITHIN)
    await ground.stack.enter_async_context(checkpointing(settings, store, ground.clock))
    return doing, _living(ground, looking, SlackDirectory(api, policy.groups), paging, lent)


def _living(
    ground: _Ground, looking: _Looking, directory: SlackDirectory, paging: Pager | None, lent: ActionTools
) -> Living:
    changed = Waking()
    given = Given(
        settings=ground.settings,
        store=ground.store,
        api=ground.api,
        rooms=ground.slack.rooms,
        cards=ground.slack.cards,
        catalog=ground.knowledge.catalog,
        guards=looking.guards,
        responder=looking.first,
        model=ground.model,
        directory=directory,
        pager=paging,
        learn=learn(ground.store, ground.clock),
        lent=lent,
        metrics=ground.doors.metrics,
        changed=changed,
        on_accepted=looking.dispatch.wake,
        leads=lambda: ground.replica.is_leader,
    )
    life = living(given, looking.around)
    ground.stack.push_async_callback(life.close)
    looking.followed.listeners.append(life.following.wake)
    changed.listeners += [life.following.wake, lambda _: looking.dispatch.wake()]
    return life


async def _work(ground: _Ground, looking: _Looking, doing: Acting, life: Living, worker: EventWorker) -> None:
    def look_around() -> None:  # another process came or went
        doing.engine.look()
        worker.wake()
        looking.dispatch.wake()
        life.following.wake()

    kept = chores(ground.knowledge, ground.store, ground.clock, ground.settings.bot, ground.replica)
    upkeep = Upkeep((*kept, learning(looking.together, ground.clock)))
    ground.stack.push_async_callback(leave, ground.replica, ground.store)
    async with asyncio.TaskGroup() as working:  # none of them ends but by a bug, which must not go unnoticed
        working.create_task(looking.dispatch.run())
        working.create_task(worker.run())
        working.create_task(ground.replica.run(looking.workflows.adopt, on_change=look_around))
        working.create_task(doing.engine.run())
        working.create_task(life.following.run())
        working.create_task(upkeep.run())


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


@asynccontextmanager
async def _durable(settings: Settings, responder: Responder, replica: Replica | Alone) -> AsyncIterator[Workflows]:
    workflows = Workflows(
        responder,
        data_dir=settings.bot.folder,
        executor_id=replica.holder,
        store_url=settings.bot.store_url,
        membership=replica,
    )
    workflows.launch()
    try:
        yield workflows
    finally:
        await workflows.close()


@asynccontextmanager
async def _listening(
    ground: _Ground, looking: _Looking, acts: ActingDesk, life: LifeDesk
) -> AsyncIterator[EventWorker]:
    store, slack, knowledge, clock = ground.store, ground.settings.slack, ground.knowledge, ground.clock
    desk = Desk(
        api=ground.api,
        incidents=store.incidents,
        timeline=store.timeline,
        effects=store.effects,
        inbox=store.inbox,
        clock=clock,
        command=slack.command,
        services=tuple(knowledge.catalog.services),
        on_accepted=looking.dispatch.wake,
        archive=archive(knowledge, store, clock, slack.command),
        quoting=quoting(knowledge, store, clock),
        questions=looking.asked,
        costs=Ledger(store.spending, ground.settings.memory.limits),
        acting=acts,
        life=life,
        reactions=slack.reactions,
    )
    events = looking.asked.events
    worker = EventWorker(events, desk)
    events.wake = worker.wake
    app = build(ground.api.client, slack, events=store.slack_events, desk=desk, on_event=worker.wake)
    doors = ground.doors
    async with connected(slack, app, ground.api, open_door=doors.open_slack, ready=doors.ready):
        yield worker
