"""All facts of one incident, sorted for the rules: who moved when, who calls whom."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from bot.domain.context import ContextRequest
from bot.domain.evidence import (
    AlertFact,
    ConditionFact,
    EventFact,
    Evidence,
    Finding,
    ForecastFact,
    LogFact,
    MetricFact,
    OnsetFact,
    PastIncidentFact,
    PodFact,
    ProbeFact,
    ProviderFact,
    ServiceFact,
    SignalKind,
    SuspectFact,
)
from bot.domain.merging import merged_changes

# Two movements closer than this are told as one: samples are 15 to 60 s apart, and clocks differ.
SAME_TIME = timedelta(seconds=60)
SYMPTOMS = frozenset({SignalKind.ERRORS, SignalKind.LATENCY, SignalKind.AVAILABILITY})
NOTABLE_GROWTH = 3  # a known error pattern counts from three times its usual number
NOTABLE_COUNT = 5  # and from this many lines: a single stray line is not a rise
_FREE = re.compile(r"\b(free|available|remaining|headroom|idle|left)\b", re.IGNORECASE)

F = TypeVar("F")


@dataclass(frozen=True, kw_only=True)
class Cited(Generic[F]):
    """A fact and the id it is cited by; `others` where several sources told of it."""

    id: str
    fact: F
    others: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.id, *self.others)


class Case:
    """Facts in the order of their ids, so that the order in which sources answered plays no part."""

    def __init__(self, request: ContextRequest, findings: Iterable[Finding]) -> None:
        self.request = request
        self.findings = tuple(findings)
        evidence = sorted((e for f in self.findings for e in f.evidence if e.id), key=lambda e: (len(e.id), e.id))
        self.metrics = _of(evidence, MetricFact)
        self.logs = _of(evidence, LogFact)
        self.changes = tuple(Cited(id=m.ids[0], others=m.ids[1:], fact=m.fact) for m in merged_changes(evidence))
        self.past = _of(evidence, PastIncidentFact)
        self.alerts = _of(evidence, AlertFact)
        self.pods = _of(evidence, PodFact)
        self.events = _of(evidence, EventFact)
        self.conditions = _of(evidence, ConditionFact)
        self.providers = _of(evidence, ProviderFact)
        self.probes = _of(evidence, ProbeFact)
        self.forecasts = _of(evidence, ForecastFact)
        self.suspects = _of(evidence, SuspectFact)
        self.service = request.service_name or self._trigger_service() or "the service"
        self._below = _direct_calls(request, [c.fact for c in _of(evidence, ServiceFact)])
        felt = [(moved_at(m.fact), m.id) for m in self._felt_first()]
        # What all series jumped at together, where no signal of the service itself tells.
        felt = felt or [(onset.fact.at, onset.id) for onset in _of(evidence, OnsetFact)[:1]]
        self.began = min([at for at, _ in felt] + [request.onset])
        self.began_ids = tuple(id_ for _, id_ in felt)  # what `began` rests on; empty where that is the alert itself

    def _trigger_service(self) -> str | None:
        return next((m.fact.service for m in self.metrics if m.fact.is_trigger), None)

    def _felt_first(self) -> tuple[Cited[MetricFact], ...]:
        """The signal by which users first felt it: monitors fire minutes late, so the signals are asked first."""
        felt = [m for m in self.signals(self.service) if is_symptom(m.fact) and got_worse(m.fact)]
        felt += [m for m in self.metrics if m.fact.is_trigger and m.fact.moved]
        return (min(felt, key=lambda m: (moved_at(m.fact), m.id)),) if felt else ()

    # --- who calls whom ----------------------------------------------------------------------------------------------

    def calls(self, service: str) -> tuple[str, ...]:
        return self._below.get(service, ())

    def callers(self, service: str) -> tuple[str, ...]:
        return tuple(sorted(name for name, called in self._below.items() if service in called))

    def below(self, service: str) -> tuple[str, ...]:
        """Everything `service` depends on, nearest first, itself never."""
        found: list[str] = []
        edge = list(self.calls(service))
        while edge:
            name = edge.pop(0)
            if name not in found and name != service:
                found.append(name)
                edge += self.calls(name)
        return tuple(found)

    # --- who moved when ----------------------------------------------------------------------------------------------

    def signals(self, service: str) -> tuple[Cited[MetricFact], ...]:
        """What tells how `service` fares; its traffic is not part of that."""
        return tuple(m for m in self.metrics if m.fact.service == service and m.fact.kind is not SignalKind.TRAFFIC)

    def first_move(self, service: str, *, since: datetime | None = None) -> Cited[MetricFact] | None:
        """The first signal of `service` that got worse, at or after `since`."""
        worse = [m for m in self.signals(service) if got_worse(m.fact)]
        moves = [(moved_at(m.fact), m) for m in worse if since is None or moved_at(m.fact) >= since]
        return min(moves, key=lambda pair: (pair[0], pair[1].id))[1] if moves else None

    def moved_first_below(
        self, service: str, before: datetime, *, apart_from: re.Pattern[str] | None = None
    ) -> Cited[MetricFact] | None:
        """The earliest movement among what `service` depends on, if it came clearly before `before`.

        `apart_from`: metrics of this name mirror what the caller does and explain nothing.
        """
        early = [
            m
            for name in self.below(service)
            for m in self.signals(name)
            if got_worse(m.fact)
            and moved_at(m.fact) < before - SAME_TIME
            and not (apart_from and apart_from.search(m.fact.metric))
        ]
        return min(early, key=lambda m: (moved_at(m.fact), m.id)) if early else None

    # --- what the logs say -------------------------------------------------------------------------------------------

    def notable_logs(self, service: str) -> tuple[Cited[LogFact], ...]:
        return tuple(log for log in self.logs if log.fact.service == service and is_notable(log.fact))


def is_symptom(fact: MetricFact) -> bool:
    return fact.kind in SYMPTOMS


def got_worse(fact: MetricFact) -> bool:
    """Moved, and in the direction that hurts."""
    if fact.moved_at is None:
        return False
    value = fact.now if fact.now is not None else fact.latest
    if fact.is_trigger or fact.before is None or value is None:
        return True
    return value < fact.before if hurts_when_low(fact) else value > fact.before


def hurts_when_low(fact: MetricFact) -> bool:
    return fact.kind is SignalKind.AVAILABILITY or bool(_FREE.search(fact.metric))


def moved_at(fact: MetricFact) -> datetime:
    assert fact.moved_at is not None
    return fact.moved_at


def is_notable(log: LogFact) -> bool:
    """New since the onset, or far more frequent than before it."""
    grew = log.count >= max(NOTABLE_COUNT, NOTABLE_GROWTH * log.baseline)
    return log.count > 0 and (log.is_new or grew)


def _of(evidence: Sequence[Evidence], kind: type[F]) -> tuple[Cited[F], ...]:
    return tuple(Cited(id=e.id, fact=e.fact) for e in evidence if isinstance(e.fact, kind))


def _direct_calls(request: ContextRequest, services: Sequence[ServiceFact]) -> dict[str, tuple[str, ...]]:
    calls = {service.name: service.depends_on for service in request.services}
    for fact in services:
        calls.setdefault(fact.service, fact.depends_on)
        for caller in fact.dependants:
            calls.setdefault(caller, (fact.service,))
    return calls
