"""Draws an incident's chart again once something was done about it: people look there first whether it helped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from bot.domain.catalog import Catalog
from bot.domain.errors import ChatError, FirstResponderError
from bot.domain.ports import Briefings, Clock, Incidents
from bot.flows.guard import Guard
from bot.flows.investigate import request_for
from bot.flows.picture import DrawChart

log = logging.getLogger(__name__)

# Seconds: at once, when a rate over a minute or two has followed, and when one over five minutes has.
LOOKS = (0.0, 75.0, 300.0)


class Redraw:
    """Best effort: what a restart interrupts is drawn again at the next occasion, and the card has its older chart."""

    def __init__(
        self,
        *,
        guards: Sequence[Guard],
        incidents: Incidents,
        briefings: Briefings,
        draw: DrawChart,
        show: Callable[[str], Awaitable[object]],
        catalog: Catalog,
        clock: Clock,
        looks: Sequence[float] = LOOKS,
    ) -> None:
        """`guards`: of the sources that a chart is drawn from; `show` writes the card anew."""
        self._guards = tuple(guards)
        self._incidents = incidents
        self._briefings = briefings
        self._draw = draw
        self._show = show
        self._catalog = catalog
        self._clock = clock
        self._looks = tuple(looks)
        self._going: dict[str, asyncio.Task[None]] = {}

    def soon(self, incident_id: str) -> None:
        """Something was done, or it is over. A later word begins the looks anew."""
        if going := self._going.pop(incident_id, None):
            going.cancel()
        task = asyncio.create_task(self._look(incident_id))
        self._going[incident_id] = task
        task.add_done_callback(lambda task: self._ended(incident_id, task))

    async def close(self) -> None:
        for task in self._going.values():
            task.cancel()
        await asyncio.gather(*self._going.values(), return_exceptions=True)

    def _ended(self, incident_id: str, task: asyncio.Task[None]) -> None:
        if self._going.get(incident_id) is task:
            del self._going[incident_id]

    async def _look(self, incident_id: str) -> None:
        waited = 0.0
        for at in self._looks:
            await asyncio.sleep(at - waited)
            waited = at
            try:
                await self(incident_id)
            except (ChatError, FirstResponderError) as error:
                log.warning("%s: its chart is not drawn again: %s", incident_id, error)

    async def __call__(self, incident_id: str) -> bool:
        """Whether there is a newer chart on the card now. Raises ChatError, NotStored."""
        incident = await self._incidents.get(incident_id)
        findings = await self._briefings.findings(incident_id)
        if incident is None or incident.card is None or findings is None or not self._guards:
            return False
        request = request_for(incident, self._catalog, self._clock)
        fresh = await asyncio.gather(*(guard.ask(request) for guard in self._guards))
        # What was concluded stays, the onset among it; what changed since then is told by the sources.
        has_data = any(finding.chart for finding in fresh)
        if not has_data or not await self._draw.again(incident_id, (*fresh, *findings)):
            return False
        await self._show(incident_id)
        return True
