"""How it goes: numbers and charts for whoever asks. Implements `StatsDesk`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.chart.weeks import weeks_alt, weeks_svg
from bot.domain.incident import Incident
from bot.domain.life import Watch, WatchState
from bot.domain.life.measures import counted, weeks
from bot.domain.life.recovery import OPENED_AGAIN
from bot.domain.life.stats import Numbers, stats_lines
from bot.domain.life.tallies import Decisions, FeedbackTally
from bot.domain.ports.drawing import Drawing
from bot.domain.ports.kept import Kept
from bot.domain.ports.life import StatsReport
from bot.flows.life.incident_chart import IncidentCharts


class MeasuredReads(Protocol):
    """What is kept anyway, read for measures: `store.measured`. Spans hold their beginning and not their end."""

    async def opened_between(self, since: datetime, until: datetime) -> Sequence[Incident]: ...

    async def decisions(self, since: datetime, until: datetime) -> Decisions: ...

    async def feedback(self, since: datetime, until: datetime) -> FeedbackTally: ...


async def numbers_of(
    measured: MeasuredReads, watches: Kept[Watch], since: datetime, until: datetime
) -> tuple[Numbers, Sequence[Watch]]:
    """And the watches of what came back within the span."""
    incidents = counted(await measured.opened_between(since, until))
    over = await watches.in_state(WatchState.CAME_BACK, WatchState.ENDED)
    again = [one for one in over if one.state is WatchState.CAME_BACK or one.sentence == OPENED_AGAIN]
    numbers = Numbers(
        incidents=incidents,
        decisions=await measured.decisions(since, until),
        feedback=await measured.feedback(since, until),
        again=frozenset(watch.incident for watch in again),
    )
    came_back = [one for one in again if one.state is WatchState.CAME_BACK and since <= one.since < until]
    return numbers, came_back


class Measuring:
    def __init__(
        self, *, measured: MeasuredReads, watches: Kept[Watch], drawing: Drawing, charts: IncidentCharts
    ) -> None:
        self._measured = measured
        self._watches = watches
        self._drawing = drawing
        self._charts = charts

    async def stats(self, since: datetime, until: datetime) -> StatsReport:
        """Of public incidents that were opened then."""
        numbers, _ = await numbers_of(self._measured, self._watches, since, until)
        last = until - timedelta(microseconds=1)
        title = f"Incidents from {since:%Y-%m-%d} to {max(since, last):%Y-%m-%d}"
        if not numbers.incidents:
            return StatsReport(title=title, lines=stats_lines(numbers))
        found = weeks(numbers.incidents, since, until)
        png = await self._drawing.png(weeks_svg(title, found))
        return StatsReport(title=title, lines=stats_lines(numbers), chart=png, alt=weeks_alt(title, found))

    async def incident_chart(self, incident_id: str) -> StatsReport | None:
        return await self._charts(incident_id)
