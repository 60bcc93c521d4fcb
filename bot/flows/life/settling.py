"""What follows from a watch that is over: memory learns of it, people are told, what came back is opened again.

It may be done again after a crash, and by several replicas: each part of it happens once.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.errors import ChatError
from bot.domain.incident import Incident, IncidentStatus
from bot.domain.life import Order, Watch, WatchState
from bot.domain.life.watched import was_blind
from bot.domain.ports import Briefings, Clock, Effects, Incidents, Timeline, TimelineEvent
from bot.domain.ports.kept import Kept
from bot.domain.ports.life import Telling
from bot.domain.remembered import Held
from bot.flows.life.recovery_words import came_back_text, ended_text, fact_text

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)  # of one look, or of what follows from it: the slowest source's deadline many times over

Reopen = Callable[[Order], Awaitable[object]]
Conclude = Callable[[str, Held], Awaitable[object]]
Successor = Callable[[Watch], Awaitable[Incident | None]]


@dataclass(frozen=True, kw_only=True)
class WatchRecord:
    """What a watch reads and writes."""

    watches: Kept[Watch]
    incidents: Incidents
    briefings: Briefings
    timeline: Timeline
    effects: Effects


class Settling:
    def __init__(
        self,
        *,
        record: WatchRecord,
        telling: Telling,
        reopen: Reopen,
        conclude: Conclude,
        successor: Successor,
        clock: Clock,
        on_end: Callable[[Watch], None],
    ) -> None:
        """`successor`: the newer incident of the same condition, where there is one."""
        self._record = record
        self._telling = telling
        self._reopen = reopen
        self._conclude = conclude
        self._successor = successor
        self._clock = clock
        self._on_end = on_end
        self._waiting: dict[str, Watch] = {}  # of which something may be left to do
        self._done: set[str] = set()
        self._mine: set[str] = set()  # ended by this process
        self._begun: dict[str, datetime] = {}  # that another process sees to, and since when that is known

    def add(self, watch: Watch, *, is_mine: bool) -> None:
        """It is over; `is_mine`: this process ended it."""
        if watch.id not in self._done:
            self._waiting[watch.id] = watch
        if is_mine:
            self._mine.add(watch.id)

    async def all(self) -> None:
        """Raises NotStored, ChatError; what was not done is done with the next call."""
        for watch in tuple(self._waiting.values()):
            if await self._settle(watch):
                self._done.add(watch.id)
                self._waiting.pop(watch.id, None)

    async def _settle(self, watch: Watch) -> bool:
        """False where another process is at it, or died over it a moment ago."""
        key, now = f"watch:{watch.id}", self._clock.now()
        effect = await self._record.effects.begin(key)
        if effect.result is not None:
            return True
        if effect.begun and watch.id not in self._mine and now - self._begun.setdefault(watch.id, now) < LEASE:
            return False
        incident = await self._record.incidents.get(watch.incident)
        if incident is not None and watch.state is WatchState.CAME_BACK:
            await self._came_back(watch, incident)
        elif incident is not None and (watch.state is WatchState.HELD or was_blind(watch)):
            await self._calm(watch, incident)
        await self._record.effects.finish(key, watch.state.value)
        self._on_end(watch)
        return True

    async def _came_back(self, watch: Watch, incident: Incident) -> None:
        """Where the condition has opened another incident, that one goes on: one thing is worked on in one place."""
        await self._conclude(incident.id, Held.CAME_BACK)
        successor = await self._successor(watch)
        if successor is None and incident.status is IncidentStatus.RESOLVED:
            word = fact_text(watch)
            await self._reopen(Order(id=f"watch:{watch.id}", incident=incident.id, person="", word=word))
        await self._note(watch, incident)
        events = await self._record.timeline.of(incident.id)
        await self._tell(incident, came_back_text(watch, incident, events, successor=successor), watch, "here")
        if successor is not None and (successor.is_private or not incident.is_private):
            text = came_back_text(watch, incident, events, successor=successor, is_there=True)
            await self._tell(successor, text, watch, "there")

    async def _calm(self, watch: Watch, incident: Incident) -> None:
        if watch.state is WatchState.HELD:
            await self._conclude(incident.id, Held.HELD)
        await self._note(watch, incident)
        await self._tell(incident, ended_text(watch), watch, "here")

    async def _note(self, watch: Watch, incident: Incident) -> None:
        event = TimelineEvent(incident_id=incident.id, at=self._clock.now(), kind="watch", text=fact_text(watch))
        await self._record.timeline.add(event, key=f"watch:{watch.id}:{watch.state}")

    async def _tell(self, incident: Incident, text: str, watch: Watch, where: str) -> None:
        """A channel that was archived takes no words: what was kept does not wait for it."""
        key = f"watch:{watch.id}:{watch.state}:{where}"
        try:
            await self._telling.in_place(incident, text, key=key, aloud=watch.state is WatchState.CAME_BACK)
        except ChatError as error:
            if not error.is_final:
                raise
            log.warning("%s: people are not told how its watch ended: %s", incident.id, error)
