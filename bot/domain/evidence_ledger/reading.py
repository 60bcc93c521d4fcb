"""What is citable of a fact: its kind, whose it is, which way it went, and the details worth their room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.evidence import (
    AlertFact,
    ChangeFact,
    ConditionFact,
    EventFact,
    Fact,
    ForecastFact,
    LogFact,
    MetricFact,
    NextOnCallFact,
    NoteFact,
    OnCallFact,
    OnsetFact,
    PastIncidentFact,
    PodFact,
    ProbeFact,
    ProviderFact,
    RecentIncidentFact,
    RecurrenceFact,
    RunbookFact,
    ServiceFact,
    SuspectFact,
)
from bot.domain.evidence_ledger.item import ItemKind, Reading, Trend
from bot.domain.quantity import quantity

NOTABLE = 1.5  # times as many log lines as before: less is what counts do by themselves
FILES_TOLD = 20
STEPS_TOLD = 12

_KINDS: dict[type[Fact], ItemKind] = {
    MetricFact: ItemKind.METRIC,
    ForecastFact: ItemKind.FORECAST,
    LogFact: ItemKind.LOG,
    ChangeFact: ItemKind.CHANGE,
    PodFact: ItemKind.PLATFORM,
    EventFact: ItemKind.PLATFORM,
    ConditionFact: ItemKind.PLATFORM,
    ProbeFact: ItemKind.PROBE,
    ProviderFact: ItemKind.PROVIDER,
    AlertFact: ItemKind.ALERT,
    SuspectFact: ItemKind.CONCLUSION,
    OnsetFact: ItemKind.CONCLUSION,
    PastIncidentFact: ItemKind.PAST,
    RecentIncidentFact: ItemKind.PAST,
    RecurrenceFact: ItemKind.PAST,
    NoteFact: ItemKind.NOTE,
    RunbookFact: ItemKind.RUNBOOK,
    ServiceFact: ItemKind.SERVICE,
    OnCallFact: ItemKind.PERSON,
    NextOnCallFact: ItemKind.PERSON,
}


@dataclass(frozen=True, kw_only=True)
class Detail:
    """One more thing that may be told; `group` names what it is one of, for saying how many were left out."""

    text: str
    group: str


def kind_of(fact: Fact) -> ItemKind:
    return _KINDS[type(fact)]


def services_of(fact: Fact) -> tuple[str, ...]:
    """Whose fact it is. Of the movers at the onset: those that are named first."""
    if isinstance(fact, OnsetFact):
        return tuple(dict.fromkeys(mover.split(" ", 1)[0] for mover in fact.movers))
    service = getattr(fact, "service", None)
    return (service,) if isinstance(service, str) and service else ()


def mentioned_in(fact: Fact) -> tuple[str, ...]:
    """Services that it knows of besides its own."""
    return (*fact.depends_on, *fact.dependants) if isinstance(fact, ServiceFact) else ()


def reading_of(fact: Fact) -> Reading | None:
    if isinstance(fact, MetricFact):
        return Reading(before=fact.before, now=fact.latest, limit=fact.limit, unit=fact.unit)
    if isinstance(fact, LogFact):
        return Reading(before=float(fact.baseline), now=float(fact.count))
    if isinstance(fact, ForecastFact):
        return Reading(before=None, now=fact.now, limit=fact.limit, unit=fact.unit)
    if isinstance(fact, PodFact):
        return Reading(before=None, now=float(fact.count), limit=float(fact.total))
    return None


def trend_of(fact: Fact) -> Trend | None:
    if isinstance(fact, MetricFact):
        return _metric_trend(fact)
    if isinstance(fact, LogFact):
        if fact.count >= NOTABLE * max(fact.baseline, 1) or (fact.is_new and fact.count):
            return Trend.ROSE
        return Trend.FELL if fact.count * NOTABLE <= fact.baseline else Trend.STEADY
    if isinstance(fact, ForecastFact):
        return Trend.ROSE if fact.per_hour > 0 else Trend.FELL
    return None


def _metric_trend(fact: MetricFact) -> Trend | None:
    if fact.before is None or fact.latest is None:
        return None
    if not fact.moved:
        return Trend.STEADY
    if fact.now is not None and abs(fact.latest - fact.before) < abs(fact.latest - fact.now):
        return Trend.RECOVERED
    return Trend.ROSE if fact.latest > fact.before else Trend.FELL


def times_of(fact: Fact, at: datetime | None) -> tuple[datetime, ...]:
    found: list[datetime | None] = [at]
    if isinstance(fact, LogFact):
        found += [fact.first_seen, *(sample.at for sample in (fact.first, fact.last) if sample)]
    for name in (
        "at",
        "since",
        "moved_at",
        "runs_out_at",
        "first_seen",
        "last_seen",
        "last_at",
        "until",
        "resolved_at",
    ):
        value = getattr(fact, name, None)
        found += [value] if isinstance(value, datetime) else []
    return tuple(dict.fromkeys(time for time in found if time is not None))


def details_of(fact: Fact) -> tuple[Detail, ...]:
    """What the sentence does not say, the most useful first."""
    return tuple(_details(fact))


def _details(fact: Fact) -> Iterable[Detail]:
    if isinstance(fact, LogFact):
        samples = [sample.text for sample in (fact.first, fact.last) if sample] or [fact.sample]
        yield from (Detail(text=f"a line: {line}", group="log samples") for line in dict.fromkeys(samples) if line)
        yield from (Detail(text=f"in common: {text}", group="log details") for text in fact.differs)
    elif isinstance(fact, ChangeFact) and fact.files:
        more = f" and {len(fact.files) - FILES_TOLD} more" if len(fact.files) > FILES_TOLD else ""
        yield Detail(text=f"files: {', '.join(fact.files[:FILES_TOLD])}{more}", group="lists of files")
    elif isinstance(fact, PastIncidentFact):
        parts = [f"on {fact.at:%Y-%m-%d}", f"took {fact.minutes} min" if fact.minutes is not None else ""]
        parts += [f"whether the fix lasted: {fact.outcome}" if fact.outcome else ""]
        parts += [f"did not help: {fact.unhelpful}" if fact.unhelpful else ""]
        yield Detail(text="; ".join(part for part in parts if part), group="details of past incidents")
    elif isinstance(fact, RunbookFact):
        steps = "; ".join(f"{n}. {step}" for n, step in enumerate(fact.steps[:STEPS_TOLD], start=1))
        yield Detail(text=f"steps: {steps}", group="lists of runbook steps")
    elif isinstance(fact, MetricFact):
        if fact.moved and fact.now is not None and fact.now != fact.latest:
            yield Detail(text=f"at worst {quantity(fact.now, fact.unit)}", group="worst values")
        if fact.query:
            yield Detail(text=f"query: {fact.query}", group="queries")
    elif isinstance(fact, RecentIncidentFact):
        yield from (Detail(text=f"note: {note}", group="notes") for note in fact.notes)
