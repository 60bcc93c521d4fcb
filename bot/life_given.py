"""What the parts of the wiring of an incident's life are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.domain.catalog import Catalog
from bot.domain.ports import Clock
from bot.domain.ports.acting import Directory, Pager
from bot.flows.analyse import KeptOpinions
from bot.flows.guard import Guard
from bot.flows.learn import Learn
from bot.flows.life.beliefs import Beliefs
from bot.flows.life.surroundings import Topic
from bot.flows.metered import MeteredModel
from bot.flows.respond import Responder
from bot.incident_metrics import IncidentMetrics
from bot.settings import Settings
from bot.slack.chat import SlackCards, SlackRooms
from bot.slack.people import People
from bot.slack.surroundings import SlackSurroundings
from bot.slack.web_api import WebApi
from integrations.descriptor import ActionTools
from memory.store import Store

DRAWN_FROM = ("prometheus", "github")  # sources of charts, and of the changes that are marked in them


class Waking:
    """Says that something has changed, to whoever turns up later in the wiring."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[str], None]] = []

    def __call__(self, incident_id: str = "") -> None:
        for listener in self.listeners:
            listener(incident_id)


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What the first response needs of the incident's life."""

    topic: Topic
    beliefs: Beliefs
    surroundings: SlackSurroundings


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the rest of the composition root lends."""

    settings: Settings
    store: Store
    api: WebApi
    rooms: SlackRooms
    cards: SlackCards
    catalog: Catalog
    guards: Sequence[Guard]
    responder: Responder
    model: MeteredModel | None
    directory: Directory
    pager: Pager | None
    learn: Learn
    lent: ActionTools
    metrics: IncidentMetrics
    changed: Waking
    on_accepted: Callable[[], None]
    leads: Callable[[], bool]

    @property
    def clock(self) -> Clock:
        return self.lent.clock

    def guards_named(self, names: Sequence[str]) -> Sequence[Guard]:
        """In the order of the names."""
        return [guard for name in names for guard in self.guards if guard.name == name]


def beside(store: Store, api: WebApi, opinions: KeptOpinions | None) -> Beside:
    surroundings = SlackSurroundings(api)
    return Beside(
        topic=Topic(surroundings=surroundings, roles=store.life.roles, names=People(api), effects=store.effects),
        beliefs=Beliefs(briefings=store.briefings, timeline=store.timeline, effects=store.effects, opinions=opinions),
        surroundings=surroundings,
    )
