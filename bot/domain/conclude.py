"""What all series together say: since when, and which service is likeliest the cause. Concluded, not asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

from bot.domain import onset
from bot.domain.conclusion import (
    FINE,
    NAME_LIMIT,
    SOME,
    SOURCE,
    grounds_of,
    onset_evidence,
    suspect_evidence,
    suspect_fact,
)
from bot.domain.confidence import Confidence
from bot.domain.context import ContextRequest
from bot.domain.evidence import (
    Fact,
    Finding,
    LogFact,
    MetricFact,
    OnsetFact,
    Outcome,
    ServiceFact,
    SignalKind,
    SuspectFact,
)
from bot.domain.plaintext import plain
from bot.domain.ranking import (
    ObservedSeries,
    Signal,
    Situation,
    Target,
    guess,
    rank,
)

AFTER = 5 * 60  # seconds of the time after the alert in which its onset may still show: enough for two slow samples
EARLIEST = timedelta(hours=1)  # before the alert: what began earlier is another story, and normal was taken from there
MOST_SUSPECTS = 3
MOST_MOVERS = 3
NOTABLE_RISE = 2.0  # times as many error lines as before
STRAY_LINES = 5  # added to both counts of error lines, so that a few stray lines are no rise
SAME_TIME = 60.0  # seconds: most series jumped at the onset, the cause itself may have been as much ahead of them

_SIGNALS = {
    SignalKind.TRAFFIC: Signal.TRAFFIC,
    SignalKind.ERRORS: Signal.ERRORS,
    SignalKind.LATENCY: Signal.LATENCY,
    SignalKind.SATURATION: Signal.USE,
    SignalKind.AVAILABILITY: Signal.AVAILABILITY,
}


def conclude(request: ContextRequest, findings: Sequence[Finding]) -> Finding:
    """From what the sources observed (`Finding.series`), before it is dropped. Takes tens of milliseconds of CPU.

    SKIPPED where no source gave series; NOTHING where all of them stayed in their normal range.
    """
    series = tuple(one for finding in findings for one in finding.series if one.points)
    if not series:
        return Finding(source=SOURCE, outcome=Outcome.SKIPPED, seconds=0.0, detail="no source gave series to compare")
    facts = [item.fact for finding in findings for item in finding.evidence]
    step = _step(series)
    began = _onset(request, series, step)
    suspects: list[SuspectFact] = []
    if began or _is_off(facts):
        suspects = _suspects(request, series, facts, step, began)
    services = len({one.service for one in series})
    evidence = [onset_evidence(request, began, step)] if began else []
    evidence += [suspect_evidence(fact, services) for fact in suspects]
    return Finding(
        source=SOURCE,
        outcome=Outcome.FOUND if evidence else Outcome.NOTHING,
        seconds=0.0,
        evidence=tuple(evidence),
        checked=f"{len(series)} series of {services} {'service' if services == 1 else 'services'} against their normal",
    )


# --- since when ------------------------------------------------------------------------------------------------------


def _onset(request: ContextRequest, series: Iterable[ObservedSeries], step: float) -> OnsetFact | None:
    """None where nothing jumped within reach of the alert: then the alert's own time is the best there is."""
    alert = request.onset.timestamp()
    found = onset.find([_until(one, alert + AFTER) for one in series], latest=alert + step)
    if found is None or not found.movers or found.movers[0].strength < SOME:
        return None
    if found.at < alert - EARLIEST.total_seconds():
        return None
    at = datetime.fromtimestamp(min(found.at, alert), tz=UTC)
    clear = [mover for mover in found.movers if mover.strength >= SOME]
    movers = tuple(dict.fromkeys(plain(f"{mover.service} {mover.metric}", 2 * NAME_LIMIT) for mover in clear))
    return OnsetFact(at=at, movers=movers[:MOST_MOVERS])


def _until(series: ObservedSeries, end: float) -> ObservedSeries:
    """The onset is looked for at the end of the series, which may have gone on for hours since the alert."""
    if series.points[-1][0] <= end:
        return series
    return replace(series, points=tuple(point for point in series.points if point[0] <= end))


def _step(series: Iterable[ObservedSeries]) -> float:
    """Of the finest series: the others have a sample at some of its times."""
    steps = [
        median(later[0] - earlier[0] for earlier, later in pairwise(one.points)) for one in series if one.points[1:]
    ]
    return max(1.0, min(steps, default=FINE))


def _felt(request: ContextRequest, facts: Iterable[Fact]) -> datetime:
    """When the alert's own number left its normal range, else when the alert fired."""
    moved = [fact.moved_at for fact in facts if isinstance(fact, MetricFact) and fact.is_trigger and fact.moved_at]
    return max(min([*moved, request.onset]), request.onset - EARLIEST)


# --- which service ---------------------------------------------------------------------------------------------------


def _suspects(
    request: ContextRequest,
    series: tuple[ObservedSeries, ...],
    facts: Sequence[Fact],
    step: float,
    began: OnsetFact | None,
) -> list[SuspectFact]:
    """The bands were measured with an onset at hand: without one nothing is more than a lead."""
    since = began.at if began else _felt(request, facts)
    situation = Situation(
        series=series,
        onset=since.timestamp() - max(step, SAME_TIME),
        step=step,
        calls=_calls(request, facts),
        target=_target(request, facts),
        error_rises=_error_rises(facts),
    )
    told = [suspect for suspect in rank(situation) if suspect.score >= SOME and grounds_of(suspect)][:MOST_SUSPECTS]
    shown = [suspect_fact(suspect, place) for place, suspect in enumerate(told, start=1)]
    return shown if began else [replace(fact, confidence=Confidence.LOW.value) for fact in shown]


def _is_off(facts: Sequence[Fact]) -> bool:
    """Whether anything else says that there is trouble: of series that are all normal, one is always the loudest."""
    moved = any(isinstance(fact, MetricFact) and fact.moved for fact in facts)
    return moved or any(rise >= NOTABLE_RISE for rise in _error_rises(facts).values())


def _calls(request: ContextRequest, facts: Iterable[Fact]) -> frozenset[tuple[str, str]]:
    calls = {(service.name, callee) for service in request.services for callee in service.depends_on}
    for fact in facts:
        if isinstance(fact, ServiceFact):
            calls |= {(fact.service, callee) for callee in fact.depends_on}
            calls |= {(caller, fact.service) for caller in fact.dependants}
    return frozenset(calls)


def _target(request: ContextRequest, facts: Iterable[Fact]) -> Target | None:
    """What the alert is about, by its own number, else by its name; None where neither tells."""
    triggers = [fact for fact in facts if isinstance(fact, MetricFact) and fact.is_trigger]
    for fact in triggers:
        signal = _SIGNALS[fact.kind] if fact.kind else guess(fact.metric)
        if signal:
            return Target(service=fact.service, signal=signal)
    signal = guess(request.alert.title)
    return Target(service=request.service_name, signal=signal) if request.service_name and signal else None


def _error_rises(facts: Iterable[Fact]) -> Mapping[str, float]:
    """Error lines since the onset by those before it, per service."""
    now: Counter[str] = Counter()
    before: Counter[str] = Counter()
    for fact in facts:
        if isinstance(fact, LogFact):
            now[fact.service] += fact.count
            before[fact.service] += fact.baseline
    return {service: (now[service] + STRAY_LINES) / (before[service] + STRAY_LINES) for service in now}
