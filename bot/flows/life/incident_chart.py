"""The chart of one incident over its whole time: for `timeline chart` and for its postmortem."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.catalog import Catalog
from bot.domain.chart.incident import MOST_NOTES, Firing, Happened, IncidentChart, Standing, incident_alt, incident_svg
from bot.domain.evidence import TriggerChart
from bot.domain.incident import Incident, IncidentStatus
from bot.domain.naming import bare_title
from bot.domain.ports import Briefings, Clock, Incidents, Timeline, TimelineEvent
from bot.domain.ports.drawing import Drawing
from bot.domain.ports.life import StatsReport
from bot.flows.guard import Guard
from bot.flows.investigate import request_for

LEAD, TRAIL = 0.15, 0.14  # of the incident's length, before and after it: to see what was normal, and that it is again
LEAST = timedelta(minutes=5)
CAUSES_WITHIN = timedelta(hours=2)  # a deployment this long before the onset is shown
AFTER = timedelta(minutes=10)  # after the end, of the metric that is asked for
TOLD = frozenset({"action", "deployment", "belief", "watch", "role", "page"})  # kinds that become numbered events
_PERSON = re.compile(r"<@[UW][A-Z0-9]+>")
_OPENED = ("Opened again", "Open again")
_BY_WORD = {status.value: status for status in IncidentStatus}


class IncidentCharts:
    def __init__(
        self,
        *,
        incidents: Incidents,
        timeline: Timeline,
        briefings: Briefings,
        guards: Sequence[Guard],
        catalog: Catalog,
        clock: Clock,
        drawing: Drawing,
    ) -> None:
        """`guards`: of the sources that the metric is drawn from; where they do not answer, what they said when the
        incident opened is drawn.
        """
        self._incidents = incidents
        self._timeline = timeline
        self._briefings = briefings
        self._guards = tuple(guards)
        self._catalog = catalog
        self._clock = clock
        self._drawing = drawing

    async def __call__(self, incident_id: str) -> StatsReport | None:
        """None where there is no such incident. Raises NotStored."""
        incident = await self._incidents.get(incident_id)
        if incident is None:
            return None
        events = await self._timeline.of(incident_id)
        chart = chart_of(incident, events, self._clock.now(), await self._metric(incident))
        png = await self._drawing.png(incident_svg(chart))
        return StatsReport(title=chart.title, lines=(), chart=png, alt=incident_alt(chart))

    async def _metric(self, incident: Incident) -> TriggerChart | None:
        now = self._clock.now()
        until = min(now, incident.resolved_at + AFTER) if incident.resolved_at else now
        request = replace(request_for(incident, self._catalog, self._clock), now=until)
        fresh = await asyncio.gather(*(guard.ask(request) for guard in self._guards))
        known = await self._briefings.findings(incident.id) or ()
        return next((finding.chart for finding in (*fresh, *known) if finding.chart), None)


def chart_of(
    incident: Incident, events: Sequence[TimelineEvent], now: datetime, metric: TriggerChart | None
) -> IncidentChart:
    onset = min(incident.started_at, incident.opened_at)
    end = incident.resolved_at or now
    length = max(end - onset, timedelta(minutes=1))
    start = onset - max(length * LEAD, LEAST)
    happened = [_happened(event) for event in _worth_telling(events)]
    causes = [one.at for one in happened if one.is_change and onset - CAUSES_WITHIN <= one.at < start]
    start = min(causes, default=start + LEAST / 5) - LEAST / 5
    last = end + max(length * TRAIL, LEAST)
    return IncidentChart(
        title=f"{incident.id} {bare_title(incident.title)} ({incident.severity})",
        start=start,
        end=last if incident.resolved_at else max(now, onset + LEAST),
        firing=[
            Firing(
                label=bare_title(one.alert.title),
                since=max(min(one.alert.started_at, one.received_at), start),
                until=one.resolved_at,
            )
            for one in incident.alerts
        ],
        standings=standings(incident, events),
        happened=[one for one in happened if start <= one.at <= last],
        metric=metric,
    )


def standings(incident: Incident, events: Sequence[TimelineEvent]) -> list[Standing]:
    """How it stood, from what the timeline says of its status; each change once."""
    found = [Standing(status=IncidentStatus.TRIAGE.value, since=incident.opened_at)]
    told = [(event.at, word) for event in events if event.kind == "status" and (word := _status(event.text))]
    if incident.briefed_at is not None:
        told.append((incident.briefed_at, IncidentStatus.INVESTIGATING))
    for at, status in sorted(told, key=lambda pair: pair[0]):
        is_first_briefing = at == incident.briefed_at and found[-1].status != IncidentStatus.TRIAGE.value
        if status.value != found[-1].status and not is_first_briefing:
            found.append(Standing(status=status.value, since=at))
    return found


def _status(text: str) -> IncidentStatus | None:
    """As the store and `Steer` word it: the status, then perhaps a colon and why."""
    word = text.partition(":")[0].strip()
    if word in _OPENED:
        return IncidentStatus.INVESTIGATING
    return _BY_WORD.get(word.lower())


def _worth_telling(events: Sequence[TimelineEvent]) -> list[TimelineEvent]:
    """What was done, and as many of the newest notes of people as there is room for; in order."""
    told = [event for event in events if event.kind in TOLD]
    room = max(MOST_NOTES - len(told), 0)
    notes = sorted((event for event in events if event.kind == "note"), key=lambda event: event.at)
    return sorted([*told, *notes[len(notes) - min(room, len(notes)) :]], key=lambda event: event.at)


def _happened(event: TimelineEvent) -> Happened:
    text = _PERSON.sub("somebody", event.text)  # a picture cannot mention anybody
    return Happened(at=event.at, text=text, is_change=event.kind == "deployment")
