"""Questions by templates: first what exists, then only what can have an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from bot.domain.catalog import Signal
from bot.domain.context import ContextRequest
from integrations.prometheus.budget import Rank
from integrations.prometheus.discovery import (
    FOUND_MOST,
    Batch,
    Existing,
    batches,
    existing,
    forecast_batches,
    histogram_of,
    what_exists,
)
from integrations.prometheus.names import whose
from integrations.prometheus.questions import (
    HISTORY,
    HISTORY_STEP,
    QUANTILE,
    SIDE,
    Span,
    Subject,
    about,
    asks_usual,
    beside,
    of_template,
    rank_of,
    usual_query,
    with_limit,
)
from integrations.prometheus.settings import PrometheusSettings
from integrations.prometheus.templates import ForecastTemplate, Template, templates
from integrations.prometheus.told import Foretold, Told
from integrations.prometheus.wire import LabelledSeries, LabelledValue
from integrations.prometheus.wording import measured

DISCOVERY = "what metrics exist"
BATCH_SERIES = 1_000  # of one query about several services: twenty services with fifty pods each

Job = Coroutine[Any, Any, None]


@dataclass(frozen=True, kw_only=True)
class Templated:
    request: ContextRequest
    told: Told
    settings: PrometheusSettings

    async def ask(self) -> None:
        """The burning service first, then its dependencies; of its dependants only what users feel."""
        signals: Mapping[str, Sequence[Signal]] = {one.name: one.signals for one in self.request.services}
        there, shipped, label = await self._exists(), templates(), self.settings.service_label
        if there is None:
            return
        jobs: list[Job] = []
        for rank, of in groupby(self.told.services, key=lambda one: rank_of(self.request, one.service)):
            some = tuple(of)
            is_far = rank is Rank.DEPENDANT
            for index, batch in enumerate(batches(some, there, shipped, label, asked=signals, symptoms_only=is_far)):
                jobs += self._of_batch(index, batch, rank)
            if rank is Rank.OWN and (histogram := histogram_of(some[0], there, shipped, label)):
                jobs.append(self._beside(some[0].service, beside(histogram, self.settings.rate_window)))
            if not is_far:
                jobs += [self._foretell(batch) for batch in forecast_batches(some, there, shipped, label)]
        await asyncio.gather(*jobs)

    async def _exists(self) -> Existing | None:
        """Asked at three moments in one request: what is gone by now existed before, and the other way round."""
        span, services = self.told.span, self.told.services
        step = max(1, int((span.end - span.start).total_seconds()) // 2)
        query = what_exists(services, templates(), self.settings.service_label)
        found = await self.told.asking.range(query, replace(span, step=step), Rank.DISCOVERY, DISCOVERY, FOUND_MOST)
        self.told.existing = None if found is None else existing(found, services)
        return self.told.existing

    def _of_batch(self, index: int, batch: Batch, rank: Rank) -> list[Job]:
        template, window = batch.template, self.settings.rate_window
        assert isinstance(template, Template)
        self.told.asked += batch.services
        subjects = {
            name: of_template(self.request, template, name, batch.query(template.query, window, name))
            for name in batch.services
        }
        jobs = [self._signal(index, batch, rank, subjects)]
        if rank is Rank.OWN:
            (own,) = subjects.values()
            if asks_usual(self.request, own):
                jobs.append(self._usual(index, own))
        return jobs

    async def _signal(self, index: int, batch: Batch, rank: Rank, subjects: Mapping[str, Subject]) -> None:
        template = batch.template
        assert isinstance(template, Template)
        topic = f"{template.name} of {', '.join(subjects)}"
        query = with_limit(batch, self.settings.rate_window)
        series = await self.told.asking.range(query, self.told.span, rank, topic, BATCH_SERIES)
        if series is None:
            return
        for name, subject in subjects.items():
            values, limits = self._of(series, batch.label, name)
            place = (self._index(name), 1, index)
            if not (found := measured(subject, values, {})):
                self.told.silent[place] = about(subject)
                continue
            self.told.signals[place] = found
            if template.limit is not None:
                self.told.limits[place] = (LabelledValue(labels={}, value=template.limit),)
            else:
                newest = (LabelledValue(labels=one.labels, value=one.points[-1][1]) for one in limits if one.points)
                self.told.limits[place] = tuple(newest)

    def _of(
        self, series: Sequence[LabelledSeries], label: str, service: str
    ) -> tuple[tuple[LabelledSeries, ...], tuple[LabelledSeries, ...]]:
        """One service's part of an answer about several: values, capacities; without the label that we added."""
        own = [one for one in series if self._is_of(one.labels, label, service)]
        sides: dict[bool, list[LabelledSeries]] = {False: [], True: []}
        for one in own:
            labels = {name: value for name, value in one.labels.items() if name != SIDE}
            sides[one.labels.get(SIDE) == "limit"].append(replace(one, labels=labels))
        return tuple(sides[False]), tuple(sides[True])

    def _is_of(self, labels: Mapping[str, str], label: str, service: str) -> bool:
        return whose(labels.get(label, ""), label, self.told.services) == service

    async def _beside(self, service: str, query: str) -> None:
        """Whether the 95th quantile is the catalog's or a template's, the others are told beside it."""
        topic = f"other quantiles of the latency of {service}"
        found = await self.told.asking.range(query, self.told.span, Rank.OWN, topic)
        self.told.quantiles += [(service, one.labels.get(QUANTILE, ""), one) for one in found or ()]

    async def _usual(self, index: int, subject: Subject) -> None:
        query = usual_query(subject.query)
        found = await self.told.asking.instant(query, self.told.span, Rank.USUAL, "what is usual at this hour")
        self.told.usual[self._index(subject.service), 1, index] = found or ()

    async def _foretell(self, batch: Batch) -> None:
        template, window, end = batch.template, self.settings.rate_window, self.told.span.end
        assert isinstance(template, ForecastTemplate)
        topic = f"when something of {', '.join(batch.services)} runs out"
        query, asking = batch.query(template.query, window), self.told.asking
        span = Span(start=end - HISTORY, end=end, step=HISTORY_STEP)
        left: Sequence[LabelledValue] = ()
        series: Sequence[LabelledSeries] = ()
        if template.is_countdown:
            left = await asking.instant(query, span, Rank.FORECAST, topic) or ()
        else:
            series = await asking.range(query, span, Rank.FORECAST, topic, BATCH_SERIES) or ()
        self.told.foretold += [
            Foretold(
                template=template,
                service=name,
                query=batch.query(template.query, window, name),
                series=tuple(one for one in series if self._is_of(one.labels, batch.label, name)),
                left=tuple(one for one in left if self._is_of(one.labels, batch.label, name)),
            )
            for name in batch.services
        ]

    def _index(self, service: str) -> int:
        return next(index for index, one in enumerate(self.told.services) if one.service == service)
