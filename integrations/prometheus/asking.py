"""Sends the questions about one incident, within their budget, and keeps what became of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from integrations.descriptor import Threads
from integrations.prometheus.budget import Budget, Rank
from integrations.prometheus.client import SERIES_LIMIT, PrometheusClient
from integrations.prometheus.questions import Span
from integrations.prometheus.wire import LabelledSeries, LabelledValue

T = TypeVar("T")

# After these every further question has the same answer, and asking on makes it worse.
FINAL = frozenset({FailureReason.UNAUTHORISED, FailureReason.RATE_LIMITED})


@dataclass
class Asking:
    client: PrometheusClient
    threads: Threads
    budget: Budget = field(default_factory=Budget)
    answered: int = 0
    not_asked: int = 0
    pending: int = 0  # neither answered nor failed: once the time is up, what came too late
    errors: list[tuple[str, SourceError]] = field(default_factory=list)  # with what was asked about
    cut: list[tuple[str, str]] = field(default_factory=list)  # what was asked about, and why its answer is not whole

    async def range(
        self, query: str, span: Span, rank: Rank, about: str, most: int = SERIES_LIMIT
    ) -> tuple[LabelledSeries, ...] | None:
        """None where it failed or was not asked: that is noted, and the other questions go on. So with all methods."""
        work = partial(self.client.range, query, start=span.start, end=span.end, step=span.step, most=most)
        answer = await self.ask(work, rank, about)
        if answer is None:
            return None
        if answer[1]:
            self.cut.append((about, answer[1]))
        return answer[0]

    async def instant(self, query: str, span: Span, rank: Rank, about: str) -> tuple[LabelledValue, ...] | None:
        """At the end of the span."""
        return await self.ask(partial(self.client.instant, query, at=span.end), rank, about)

    async def ask(self, work: Callable[[], T], rank: Rank, about: str) -> T | None:
        self.pending += 1
        async with self.budget.slot(rank) as granted:
            if not granted:
                self.not_asked += 1
                self.pending -= 1
                return None
            try:
                result = await self.threads.run(work)
            except SourceError as error:
                self.pending -= 1
                self.errors.append((about, error))
                if error.reason in FINAL:
                    self.budget.close()
                return None
        self.pending -= 1
        self.answered += 1
        return result
