"""The part of the composition root that is about the first response: sources, place, briefing, chart, analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.analysing import analysis
from bot.domain.catalog import Catalog
from bot.domain.ports import Clock, ContextSource
from bot.domain.ports.opinion import ThreadNotes
from bot.flows.analyse import KeptOpinions
from bot.flows.brief import Brief
from bot.flows.dress import Dress
from bot.flows.gather import Gather
from bot.flows.guard import Guard, Limits
from bot.flows.investigate import Investigate
from bot.flows.metered import MeteredModel
from bot.flows.picture import DrawChart
from bot.flows.place import OpenPlace
from bot.flows.redraw import Redraw
from bot.flows.respond import Responder
from bot.life_given import DRAWN_FROM, Beside
from bot.settings import BotSettings, Settings
from bot.slack.chat import SlackCards, SlackPictures, SlackRooms
from bot.slack.web_api import WebApi
from bot.source_health import SourceHealth
from integrations.descriptor import Integration, Tools
from integrations.resvg import ResvgRenderer
from integrations.threads import SourceThreads
from memory.store import Store

# Blocking calls of one integration's client, times incidents that open at the same moment. Started as they are needed.
SOURCE_THREADS = 32


@dataclass(frozen=True, kw_only=True)
class Slack:
    """What of Slack a response writes to."""

    api: WebApi
    rooms: SlackRooms
    cards: SlackCards


def sources_of(
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


def guards_of(
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


def responder(
    settings: Settings,
    store: Store,
    slack: Slack,
    gather: Gather,
    catalog: Catalog,
    tools: Tools,
    model: MeteredModel | None,
    notes: ThreadNotes,
    opinions: KeptOpinions,
    beside: Beside,
    on_briefed: Callable[[str], None],
) -> Responder:
    pictures = SlackPictures(slack.api)
    draw = DrawChart(renderer=ResvgRenderer(tools.threads), pictures=pictures, effects=store.effects)
    looking: dict[str, Any] = {"incidents": store.incidents, "briefings": store.briefings, "catalog": catalog}
    brief = Brief(
        **looking,
        agenda=store.agenda,
        cards=slack.cards,
        draw=draw,
        clock=tools.clock,
        opinions=opinions if model else None,
        beliefs=beside.beliefs,
        on_shown=on_briefed,
    )
    return Responder(
        open_place=OpenPlace(
            incidents=store.incidents,
            places=store.places,
            effects=store.effects,
            rooms=slack.rooms,
            cards=slack.cards,
            triage_channel=settings.slack.triage_channel,
        ),
        investigate=Investigate(**looking, cards=slack.cards, gather=gather, draw=draw, clock=tools.clock),
        brief=brief,
        dress=Dress(**looking, places=store.places, rooms=slack.rooms, cards=slack.cards, topic=beside.topic),
        analyse=analysis(model, store, notes, catalog, tools.clock, brief, opinions),
    )


def redraw(store: Store, responder: Responder, guards: Sequence[Guard], catalog: Catalog, clock: Clock) -> Redraw:
    return Redraw(
        guards=[guard for guard in guards if guard.name in DRAWN_FROM],
        incidents=store.incidents,
        briefings=store.briefings,
        draw=responder.investigate.draw,
        show=responder.brief,
        catalog=catalog,
        clock=clock,
    )
