"""Keeps things moving: stored webhooks are triaged, new incidents responded to, changed ones shown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from bot.domain.errors import NotStored
from bot.domain.ports import Agenda, Incidents
from bot.flows.flood import Flood
from bot.flows.triage import Triage

log = logging.getLogger(__name__)

IDLE = 5.0  # seconds: what a lost wake-up would cost at the most
AFTER_FAILURE = 1.0  # seconds: the store did not take it
BATCH = 30  # deliveries triaged in one transaction, about 10 ms: new webhooks wait for the one writer meanwhile
# In a flood senders wait for each transaction of triage, and for their share of the processor: transactions are short
# then, and triage rests so many times as long as each took. What is stored can wait.
FLOOD_BATCH = 8
REST, LONGEST_REST = 4.0, 0.5
AGAIN_AFTER = 60.0  # seconds: a response that failed for good is begun again; one that is under way stays as it is
REFRESH_SPACING = 2.0  # seconds between two refreshes of one card: in a storm every alert changes it


class Starter(Protocol):
    """Begins durable work, at most once for the same words."""

    async def respond(self, incident_id: str) -> None: ...

    async def refresh(self, incident_id: str, revision: int) -> None: ...


class Dispatch:
    """The store is the queue: what a crash interrupted is found there again at the next start."""

    def __init__(
        self,
        *,
        triage: Triage,
        agenda: Agenda,
        incidents: Incidents,
        starter: Starter,
        on_over: Callable[[str], None] = lambda _: None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_over` is told of an incident that is over, once it is about to be shown so. `on_change`: some incident
        is new or has changed.
        """
        self._on_over = on_over
        self._on_change = on_change
        self._triage = triage
        self._agenda = agenda
        self._incidents = incidents
        self._starter = starter
        self._wake = asyncio.Event()
        self._arrivals = 0
        self._flood = Flood()
        self._respond_from: dict[str, float] = {}  # by incident: not before this time of the loop
        self._refresh_from: dict[str, float] = {}  # by incident: not before this time of the loop

    def wake(self) -> None:
        """Something was stored."""
        self._arrivals += 1
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._wake.clear()
            try:
                wait = await self.run_once()
            except NotStored as error:
                log.warning("triage waits: %s", error)
                wait = AFTER_FAILURE
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def run_once(self) -> float:
        """Triage all that waits and begin what is due. Seconds until there may be something to do again."""
        while await self._triage_some():
            pass
        await self._respond()  # after a restart there may be work without anything to triage
        return await self._refresh()

    async def _triage_some(self) -> bool:
        """Until nothing waits, or until a flood begins or is over; then True."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._flood.look(self._arrivals, began)
        was_on = self._flood.is_on
        async for _ in self._triage.drain(FLOOD_BATCH if was_on else BATCH):
            await self._respond()
            now = loop.time()
            self._flood.look(self._arrivals, now)
            if self._flood.is_on:
                await asyncio.sleep(min(REST * (now - began), LONGEST_REST))
            if self._flood.is_on != was_on:
                return True
            began = loop.time()
        return False

    async def _respond(self) -> None:
        now = asyncio.get_running_loop().time()
        due = [id for id in await self._agenda.unbriefed() if now >= self._respond_from.get(id, now)]
        try:
            self._respond_from.update(dict.fromkeys(due, now + AGAIN_AFTER))
            await asyncio.gather(*map(self._starter.respond, due))
        finally:
            if due:  # once for all: whoever hears of it looks at every incident
                self._on_change()

    async def _refresh(self) -> float:
        """Begin refreshes that are due; seconds until the next one is."""
        now = asyncio.get_running_loop().time()
        left = {id: self._refresh_from.get(id, now) - now for id in await self._agenda.outdated()}
        due = [id for id, wait in left.items() if wait <= 0]
        try:
            for incident_id in due:
                await self._show_anew(incident_id, now)
        finally:
            if due:
                self._on_change()
        return min([IDLE, *(wait for wait in left.values() if wait > 0)])

    async def _show_anew(self, incident_id: str, now: float) -> None:
        if incident := await self._incidents.get(incident_id):
            self._refresh_from[incident_id] = now + REFRESH_SPACING
            await self._starter.refresh(incident_id, incident.revision)
            if not incident.status.is_open:
                self._on_over(incident_id)
