"""The verbs of a response wired over the real store and the fakes of the outside."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.domain.alert import Alert, Delivery
from bot.domain.catalog import Catalog
from bot.domain.evidence import Answer, Evidence, ServiceFact, TriggerChart
from bot.domain.incident import GroupingReason, Incident
from bot.domain.ports import ContextSource
from bot.flows.brief import Brief
from bot.flows.dispatch import Dispatch, Starter
from bot.flows.dress import Dress
from bot.flows.gather import Gather
from bot.flows.investigate import Investigate
from bot.flows.picture import DrawChart
from bot.flows.place import OpenPlace
from bot.flows.respond import Responder
from bot.flows.triage import Triage
from bot.testing import NOON, FakeChat, FakeRenderer, FakeSource, FrozenClock, make_alert
from memory.store import Store

PATIENCE = 60.0  # seconds a condition may take on a busy machine
OWNER = Evidence(
    source="catalog",
    text="checkout belongs to payments",
    fact=ServiceFact(service="checkout", owner="payments", tier=1, depends_on=(), dependants=(), known=True),
)
CHART = TriggerChart(title="Error ratio", unit="ratio", query="up", series=(), onset=NOON)


@dataclass(kw_only=True)
class Scene:
    """One bot's flows. A second one on the same store and chat is what a restart makes."""

    store: Store
    chat: FakeChat = field(default_factory=FakeChat)
    clock: FrozenClock = field(default_factory=FrozenClock)
    catalog: Catalog = field(default_factory=Catalog)
    sources: Sequence[ContextSource] = field(
        default_factory=lambda: (FakeSource("catalog", Answer(evidence=(OWNER,))),)
    )
    deadline: float = PATIENCE
    renderer: Any = field(default_factory=FakeRenderer)

    def __post_init__(self) -> None:
        store, chat = self.store, self.chat
        self.draw = DrawChart(renderer=self.renderer, pictures=chat, effects=store.effects)
        shared: dict[str, Any] = {"incidents": store.incidents, "cards": chat}
        asking = {**shared, "briefings": store.briefings, "draw": self.draw, "catalog": self.catalog}
        self.flows = Responder(
            open_place=OpenPlace(
                **shared, places=store.places, effects=store.effects, rooms=chat, triage_channel="incident-triage"
            ),
            investigate=Investigate(**asking, gather=Gather(self.sources, deadline=self.deadline), clock=self.clock),
            brief=Brief(**asking, agenda=store.agenda, clock=self.clock),
            dress=Dress(**shared, briefings=store.briefings, places=store.places, rooms=chat, catalog=self.catalog),
        )

    def restarted(self, **changes: Any) -> Scene:
        return replace(self, **changes)

    async def incident(self, alert: Alert | None = None, **details: Any) -> str:
        """The id of a new incident."""
        about = alert or make_alert(**details)
        received = self.clock.now()
        opened = await self.store.desk.transact(
            lambda desk: desk.open_incident(about, GroupingReason.NEW_CONDITION, received)
        )
        return opened.id

    async def join(self, incident_id: str, alert: Alert) -> None:
        received = self.clock.now()
        await self.store.desk.transact(
            lambda desk: desk.join(incident_id, alert, GroupingReason.SAME_SERVICE, received)
        )

    async def deliver(self, key: str, *alerts: Alert) -> None:
        delivery = Delivery(source="alertmanager", key=key, received_at=self.clock.now(), alerts=alerts)
        await self.store.inbox.accept(delivery)

    async def get(self, incident_id: str) -> Incident:
        found = await self.store.incidents.get(incident_id)
        assert found is not None
        return found

    async def open(self, incident_id: str) -> None:
        await self.flows.open_place(incident_id, self.flows.investigate.sources)

    async def briefed(self, incident_id: str) -> None:
        """All that comes before and with the first briefing."""
        await self.open(incident_id)
        await self.flows.investigate(incident_id)
        await self.flows.brief(incident_id)

    def dispatch(self, starter: Starter) -> Dispatch:
        triage = Triage(self.store.desk, clock=self.clock, window=timedelta(minutes=30))
        return Dispatch(triage=triage, agenda=self.store.agenda, incidents=self.store.incidents, starter=starter)


@asynccontextmanager
async def scene(folder: Path, **details: Any) -> AsyncIterator[Scene]:
    store = await Store.open(f"sqlite:///{folder / 'store.db'}")
    try:
        yield Scene(store=store, **details)
    finally:
        await store.close()


async def until(condition: Callable[[], object], *, patience: float = PATIENCE) -> None:
    """Waits for a condition; fails where it does not come about."""
    ends = time.perf_counter() + patience
    while not condition():
        assert time.perf_counter() < ends, "it did not come about in time"
        await asyncio.sleep(0.005)


def raising(name: str, error: Exception, *, times: int = 1) -> Callable[[str], None]:
    """For `fail` and `crash_after`: raises at the first `times` writes of this name."""
    left = [times]

    def check(write: str) -> None:
        if write == name and left[0] > 0:
            left[0] -= 1
            raise error

    return check
