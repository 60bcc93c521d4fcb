"""Asks Prometheus about an incident: the alert's own expression, the signals around it, what else fires."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from bot.domain.catalog import Signal
from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer
from bot.domain.movement import WORSE_BY_KIND, Worse
from bot.domain.plaintext import plain
from integrations.descriptor import Threads, Tools
from integrations.prometheus.client import VENDOR, PrometheusClient
from integrations.prometheus.expression import Expression, read_expression
from integrations.prometheus.questions import questions, rule_of, span_of
from integrations.prometheus.report import NAME_LIMIT, QUERY_SHOWN, Told, report
from integrations.prometheus.settings import PrometheusSettings
from integrations.prometheus.wording import SOURCE, Measured, Subject, measured
from integrations.threads import run_until

T = TypeVar("T")

AT_ONCE = 8  # queries: Prometheus itself runs twenty by default, and people look at dashboards meanwhile
MOST = 60  # queries about one incident
BUDGET_SHARE = 0.9  # of the deadline: then what has been answered is told


class PrometheusSource:
    """A `ContextSource`. What was answered when the time is up is told, with how much was not."""

    name = SOURCE

    def __init__(self, settings: PrometheusSettings, tools: Tools) -> None:
        self._settings = settings
        self._threads = tools.threads
        self._deadline = tools.source_deadline

    def warm(self) -> None:
        """Import the client library; takes a while, so on a thread."""
        with PrometheusClient(self._settings, deadline=self._deadline):
            pass

    async def look(self, request: ContextRequest) -> Answer:
        budget = self._deadline * BUDGET_SHARE
        ends = asyncio.get_running_loop().time() + budget
        with await self._threads.run(partial(PrometheusClient, self._settings, deadline=self._deadline)) as client:
            look = _Look(request, client, self._threads, self._settings.service_label)
            told = await look.until(ends)
        link = (self._settings.public_url or self._settings.url or "").rstrip("/")
        answer = report(request, told, service_label=self._settings.service_label, link=link)
        if not told.answered or (told.errors and not answer.evidence):
            raise told.errors[0] if told.errors else VENDOR.too_slow(budget)
        return answer


class _Look:
    """One incident's questions to one server."""

    def __init__(self, request: ContextRequest, client: PrometheusClient, threads: Threads, label: str) -> None:
        self._request = request
        self._client = client
        self._threads = threads
        self._label = label
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._left = MOST
        self._told = Told(span=span_of(request), asked=tuple(questions(request, label)))

    async def until(self, ends: float) -> Told:
        """Ask everything, until the loop's time `ends`."""
        jobs = [self._trigger(), self._alerts()]
        jobs += [self._signal(index, asked.service, asked.signal) for index, asked in enumerate(self._told.asked)]
        self._told.late = await run_until(ends, jobs)
        return self._told

    async def _trigger(self) -> None:
        expression, name = await self._expression()
        if expression is None:
            self._told.notes.append("the alert's own expression is not known to it")
            return
        subject = Subject(
            service=self._request.service_name or "",
            metric=name,
            kind=expression.kind,
            unit=expression.unit,
            query=expression.measured,
            worse=expression.worse,
            onset=self._request.onset,
            now=self._request.now,
            is_trigger=True,
        )
        found = await self._measure(subject, self._request.alert.labels)
        if found is None:
            self._told.notes.append(f"no samples for {plain(expression.measured, QUERY_SHOWN)}")
            return
        threshold = expression.threshold
        if expression.threshold_query:
            threshold = await self._value(expression.threshold_query)
        self._told.trigger = (found, threshold)

    async def _expression(self) -> tuple[Expression | None, str]:
        """The expression, and a name of it for people."""
        alert = self._request.alert
        name = alert.labels.get("alertname") or alert.title
        for said in self._request.alerts:
            if said.query and (expression := read_expression(said.query)):
                return expression, plain(name, NAME_LIMIT)
        rule = rule_of(self._request, await self._ask(self._client.rules) or (), self._label)
        if rule is None:
            return None, ""
        self._told.rule = plain(rule.name, NAME_LIMIT)
        return read_expression(rule.query), self._told.rule

    async def _signal(self, index: int, service: str, signal: Signal) -> None:
        subject = Subject(
            service=service,
            metric=signal.name,
            kind=signal.kind,
            unit=signal.unit,
            query=signal.query,
            worse=WORSE_BY_KIND.get(signal.kind, Worse.EITHER),
            onset=self._request.onset,
            now=self._request.now,
        )
        found = await self._measure(subject, {})
        limit = signal.limit
        if found and limit is None and signal.limit_query:
            limit = await self._value(signal.limit_query)
        if found:
            self._told.signals[index] = (found, limit)

    async def _alerts(self) -> None:
        self._told.alerts = await self._ask(self._client.firing) or ()

    async def _measure(self, subject: Subject, labels: Mapping[str, str]) -> Measured | None:
        span = self._told.span
        query = partial(self._client.range, subject.query, start=span.start, end=span.end, step=span.step)
        series = await self._ask(query)
        if series is not None and not any(item.points for item in series):
            self._told.silent.append(f"{subject.metric} of {subject.service}")
        return measured(subject, series, labels) if series else None

    async def _value(self, query: str) -> float | None:
        return await self._ask(partial(self._client.instant, query, at=self._told.span.end))

    async def _ask(self, work: Callable[[], T]) -> T | None:
        """None where it failed: that is noted, and the other questions go on."""
        if self._left <= 0:
            self._told.not_asked += 1
            return None
        self._left -= 1
        async with self._slots:
            try:
                result = await self._threads.run(work)
            except SourceError as error:
                self._told.errors.append(error)
                return None
        self._told.answered += 1
        return result
