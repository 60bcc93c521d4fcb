"""Ask the sources about an incident, show their answers as they come in, keep what they said."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bot.domain.card import CardView
from bot.domain.catalog import Catalog
from bot.domain.compose import number
from bot.domain.conclude import conclude
from bot.domain.context import ContextRequest
from bot.domain.evidence import Finding
from bot.domain.incident import Incident
from bot.domain.ports import Briefings, Cards, Clock, Incidents
from bot.flows.gather import Gather
from bot.flows.picture import DrawChart
from bot.flows.place import existing

# Incidents whose sources' answers are shown one by one. Where more open at once, Slack would let so many edits through
# (50 a minute) that the briefings had to wait behind them.
MOST_SHOWN = 10


class Investigate:
    def __init__(
        self,
        *,
        incidents: Incidents,
        briefings: Briefings,
        cards: Cards,
        gather: Gather,
        draw: DrawChart,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        self._incidents = incidents
        self._briefings = briefings
        self._cards = cards
        self._gather = gather
        self.draw = draw
        self._catalog = catalog
        self._clock = clock
        self._ticks: set[asyncio.Task[None]] = set()
        self._asking: Counter[str] = Counter()  # incidents whose sources are being asked
        self._newest: dict[str, tuple[tuple[Finding, ...], tuple[str, ...]]] = {}  # by incident: still to be shown

    @property
    def sources(self) -> tuple[str, ...]:
        return self._gather.names

    async def __call__(self, incident_id: str) -> tuple[Finding, ...]:
        """Returns the findings once they are stored; asks nobody where they already are."""
        if (stored := await self._briefings.findings(incident_id)) is not None:
            return tuple(stored)
        incident = await existing(self._incidents, incident_id)
        self._asking[incident_id] += 1
        try:
            return await self._found(incident)
        finally:
            self._asking -= Counter((incident_id,))

    async def _found(self, incident: Incident) -> tuple[Finding, ...]:
        incident_id = incident.id

        def on_answer(answered: Sequence[Finding], pending: Sequence[str]) -> None:
            if pending:  # the last answer is followed by the briefing itself
                self._tick(incident_id, answered, pending)

        request = request_for(incident, self._catalog, self._clock)
        findings = _concluded(request, await self._gather(request, on_answer))
        self.draw.begin(incident_id, findings)
        await self._briefings.save_findings(incident_id, findings)
        return findings

    def _tick(self, incident_id: str, answered: Sequence[Finding], pending: Sequence[str]) -> None:
        if len(self._asking) > MOST_SHOWN:
            return
        is_coming = incident_id in self._newest
        self._newest[incident_id] = (tuple(answered), tuple(pending))
        if is_coming:  # where many incidents open at once, answers come faster than they can be shown
            return
        task = asyncio.create_task(self._show(incident_id))
        self._ticks.add(task)
        task.add_done_callback(self._ticks.discard)

    async def _show(self, incident_id: str) -> None:
        try:
            incident = await self._incidents.get(incident_id)
        finally:
            answered, pending = self._newest.pop(incident_id)
        if incident and incident.card:  # the place may still be opening: the next answer shows this one too
            view = CardView(incident=incident, findings=answered, pending=pending)
            await self._cards.edit(incident.card, view)


def _concluded(request: ContextRequest, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """What the sources said and what follows from it, numbered. The series are not needed any more."""
    started = time.perf_counter()
    own = conclude(request, findings)
    own = replace(own, seconds=time.perf_counter() - started)
    return number([*(replace(finding, series=()) for finding in findings), own])


def request_for(incident: Incident, catalog: Catalog, clock: Clock) -> ContextRequest:
    """What the sources are asked: the incident, with what the catalog knows of its surroundings."""
    alerts = tuple(grouped.alert for grouped in incident.alerts)
    service = catalog.resolve(incident.service, alerts[0].labels).service
    return ContextRequest(
        incident_id=incident.id,
        alerts=alerts,
        onset=min(alert.started_at for alert in alerts),
        now=clock.now(),
        service=service,
        neighbours=catalog.neighbours(service.name) if service else (),
    )
