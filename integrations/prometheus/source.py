"""Asks Prometheus about an incident: the alert's expression, the signals around it, what else fires, what runs out."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any

from bot.domain.catalog import Signal
from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer
from integrations.descriptor import Tools
from integrations.prometheus.asking import Asking
from integrations.prometheus.budget import Rank
from integrations.prometheus.client import VENDOR, PrometheusClient
from integrations.prometheus.names import known
from integrations.prometheus.questions import about, asks_usual, of_catalog, rank_of, span_of, usual_query
from integrations.prometheus.report import report
from integrations.prometheus.settings import PrometheusSettings
from integrations.prometheus.templated import Templated
from integrations.prometheus.templates import USERS_FEEL, templates
from integrations.prometheus.told import Place, Told
from integrations.prometheus.trigger import look_at_trigger
from integrations.prometheus.wire import LabelledValue
from integrations.prometheus.wording import SOURCE, measured
from integrations.threads import run_until

BUDGET_SHARE = 0.9  # of the deadline: then what has been answered is told

Job = Coroutine[Any, Any, None]


class PrometheusSource:
    """A `ContextSource`. What was answered when the time is up is told, with how much was not."""

    name = SOURCE

    def __init__(self, settings: PrometheusSettings, tools: Tools) -> None:
        self._settings = settings
        self._threads = tools.threads
        self._deadline = tools.source_deadline

    def warm(self) -> None:
        """Import the client library and read the templates; takes a while, so on a thread."""
        templates()
        with PrometheusClient(self._settings, deadline=self._deadline):
            pass

    async def look(self, request: ContextRequest) -> Answer:
        time_left = self._deadline * BUDGET_SHARE
        ends = asyncio.get_running_loop().time() + time_left
        with await self._threads.run(partial(PrometheusClient, self._settings, deadline=self._deadline)) as client:
            asking = Asking(client=client, threads=self._threads)
            told = Told(span=span_of(request), services=known(request), asking=asking)
            await run_until(ends, self._jobs(request, told))
            told.late = asking.pending
        answer = report(request, told, self._settings)
        if not asking.answered or (asking.errors and not answer.evidence):
            raise asking.errors[0][1] if asking.errors else VENDOR.too_slow(time_left)
        return answer

    def _jobs(self, request: ContextRequest, told: Told) -> list[Job]:
        """All that do not wait for each other; `Rank` decides who is asked first."""
        jobs = [look_at_trigger(request, told, self._settings.service_label), _alerts(told)]
        if told.services:
            jobs.append(Templated(request=request, told=told, settings=self._settings).ask())
        for place, service, signal in _of_catalog(request, told):
            jobs += _signal(request, told, place, service, signal)
        return jobs


def _of_catalog(request: ContextRequest, told: Told) -> list[tuple[Place, str, Signal]]:
    """The burning service's, then of its neighbours what users feel before what they do not."""
    order = {one.service: index for index, one in enumerate(told.services)}
    asked = [
        ((order[service.name], 0, index), service.name, signal)
        for service in request.services
        if service.name in order
        for index, signal in enumerate(service.signals)
    ]
    return sorted(asked, key=lambda one: one[0][0] > 0 and one[2].kind.value not in USERS_FEEL)


def _signal(request: ContextRequest, told: Told, place: Place, service: str, signal: Signal) -> list[Job]:
    subject, rank, asking, span = (
        of_catalog(request, service, signal),
        rank_of(request, service),
        told.asking,
        told.span,
    )
    told.asked.append(service)

    async def value() -> None:
        series = await asking.range(subject.query, span, rank, about(subject))
        if series is None:
            return
        if found := measured(subject, series, {}):
            told.signals[place] = found
        else:
            told.silent[place] = about(subject)

    async def capacity() -> None:
        told.limits[place] = await asking.instant(signal.limit_query, span, rank, f"capacity of {about(subject)}") or ()

    async def usual() -> None:
        query = usual_query(subject.query)
        told.usual[place] = await asking.instant(query, span, Rank.USUAL, "what is usual at this hour") or ()

    jobs = [value()]
    if signal.limit is not None:
        told.limits[place] = (LabelledValue(labels={}, value=signal.limit),)
    elif signal.limit_query:
        jobs.append(capacity())
    if asks_usual(request, subject):
        jobs.append(usual())
    return jobs


async def _alerts(told: Told) -> None:
    told.alerts = await told.asking.ask(told.asking.client.firing, Rank.TRIGGER, "the alerts that fire")
