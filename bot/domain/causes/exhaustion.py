"""Did something run out? A resource at its limit, climbing before users felt it, or a program that says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.briefing import CauseKind, Hypothesis, Reason
from bot.domain.causes.case import SAME_TIME, Case, Cited, got_worse, hurts_when_low, moved_at
from bot.domain.causes.limits import Limit, by_resource, limits
from bot.domain.causes.resources import RESOURCES, Resource, of_log, of_metric
from bot.domain.causes.weigh import hypothesis, reason
from bot.domain.causes.words import span
from bot.domain.evidence import LogFact, MetricFact, SignalKind
from bot.domain.quantity import quantity, quantity_of

FULL = 0.98
NEARLY_FULL = 0.9
FILLING = 0.7  # below this a resource is no suspect
CLOSED_IN = 0.5  # of the room that was left in the hour before: less is not a climb to the limit
WANDERS = 0.03  # of the capacity: gauges near their limit go up and down by as much
SOON = timedelta(hours=1)  # a limit that is reached later than this is no part of this incident
_SHARES = {"ratio": 1.0, "%": 100.0}  # units that tell the share themselves, and their whole
WAITING_FACTOR = 0.5  # for resources that also fill when something else is slow


@dataclass(kw_only=True)
class _Candidate:
    service: str
    resource: str
    metrics: list[Cited[MetricFact]] = field(default_factory=list)
    logs: list[Cited[LogFact]] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)

    @property
    def is_gone(self) -> bool:
        """Whether something says that it ran out, beyond its level."""
        return bool(self.logs) or any(limit.is_reached for limit in self.limits)

    @property
    def best(self) -> Cited[MetricFact] | None:
        """The fullest of its metrics."""
        return max(self.metrics, key=lambda m: (use(m.fact) or 0.0, m.id)) if self.metrics else None


def consider(case: Case) -> Iterator[Hypothesis]:
    for candidate in _candidates(case):
        best = candidate.best
        level = use(best.fact) or 0.0 if best else 0.0
        verb = "ran out of" if candidate.is_gone or level >= FULL else "is running out of"
        shown = f" ({_level(best.fact)})" if best and level >= FILLING else ""
        statement = f"{candidate.service} {verb} {candidate.resource}{shown}"
        reasons = _reasons(case, candidate)
        yield hypothesis(CauseKind.EXHAUSTION, candidate.service, candidate.resource, statement, reasons)


def use(fact: MetricFact) -> float | None:
    """The share of the capacity that is used, at worst since the onset; None where the capacity is unknown."""
    return _share(fact, [v for v in (fact.now, fact.latest) if v is not None])


def _share(fact: MetricFact, values: list[float]) -> float | None:
    if not values:
        return None
    if hurts_when_low(fact):
        whole = fact.limit if fact.limit and not fact.is_trigger else fact.before
        return 1.0 - min(values) / whole if whole and whole > 0 else None
    if fact.unit in _SHARES and (fact.is_trigger or not fact.limit):
        return max(values) / _SHARES[fact.unit]
    return max(values) / fact.limit if fact.limit and fact.limit > 0 else None


def _candidates(case: Case) -> list[_Candidate]:
    found: dict[tuple[str, str], _Candidate] = {}
    full_of: dict[str, set[str]] = defaultdict(set)  # resource -> services whose metric says that it is nearly gone
    for metric in case.metrics:
        level = use(metric.fact) if metric.fact.kind is SignalKind.SATURATION else None
        if level is None:
            continue
        resource = of_metric(metric.fact.metric)
        key = (metric.fact.service, resource.name if resource else metric.fact.metric)
        found.setdefault(key, _Candidate(service=key[0], resource=key[1])).metrics.append(metric)
        if level >= NEARLY_FULL:
            full_of[key[1]].add(key[0])
    for resource, log in (complaints := _complaints(case)):
        say_so = {other.fact.service for told, other in complaints if told == resource}
        service = _whose(case, log.fact.service, full_of[resource.name], say_so)
        key = (service, resource.name)
        found.setdefault(key, _Candidate(service=service, resource=resource.name)).logs.append(log)
    for key, those in by_resource(limits(case)).items():
        found.setdefault(key, _Candidate(service=key[0], resource=key[1])).limits += those
    return [c for c in found.values() if c.logs or c.limits or (c.best and (use(c.best.fact) or 0.0) >= FILLING)]


def _complaints(case: Case) -> list[tuple[Resource, Cited[LogFact]]]:
    """Log lines that say what ran out."""
    told = [(of_log(f"{log.fact.pattern} {log.fact.sample}"), log) for log in case.logs]
    return [(resource, log) for resource, log in told if resource and log in case.notable_logs(log.fact.service)]


def _whose(case: Case, complaining: str, full: set[str], say_so: set[str]) -> str:
    """A caller complains about a limit that may be its callee's.

    It belongs to the one whose metric is at the limit, else to a callee that complains of the same thing itself.
    """
    if complaining in full:
        return complaining
    below = case.below(complaining)
    return next((name for owners in (full, say_so) for name in below if name in owners), complaining)


def _reasons(case: Case, candidate: _Candidate) -> Iterator[Reason]:
    best = candidate.best
    factor = WAITING_FACTOR if candidate.resource in _FILLS_WHEN_WAITING else 1.0
    if best:
        yield from _fullness(case, best, factor)
        yield from _climb(case, best, factor)
    if candidate.logs:
        most = max(candidate.logs, key=lambda log: (log.fact.count, log.id))
        yield reason(2.0 * factor, f"{most.fact.service} says so in {most.fact.count} log lines", most.id)
    told = [r for limit in candidate.limits for r in limit.reasons]
    yield from told
    if candidate.service != case.service and candidate.service not in case.below(case.service):
        ids = [m.id for m in candidate.metrics] + [log.id for log in candidate.logs]
        ids += [i for r in told for i in r.evidence]
        yield reason(-1.5, f"{case.service} does not depend on {candidate.service}", *ids)
    yield from _explained_from_below(case, candidate)


def _fullness(case: Case, metric: Cited[MetricFact], factor: float) -> Iterator[Reason]:
    level = use(metric.fact) or 0.0
    if level >= NEARLY_FULL:
        weight = 2.5 if level >= FULL else 1.5
        yield reason(weight * factor, f"{metric.fact.metric} reached {_level(metric.fact)}", metric.id)
        before = _share_before(metric.fact)
        if before is not None and before >= NEARLY_FULL and not _closed_in(metric.fact):
            yield reason(-3.0, "it was as full before the trouble", metric.id)
    elif level >= FILLING and (left := time_left(case, metric.fact)) and left <= SOON:
        yield reason(0.75 * factor, f"{metric.fact.metric} will be full in {span(left)} at this pace", metric.id)
    elif level < FILLING:
        yield reason(-1.0, f"{metric.fact.metric} shows room: {_level(metric.fact)}", metric.id)


def time_left(case: Case, fact: MetricFact) -> timedelta | None:
    """Until the limit is reached if it goes on as it did since it moved; None where it does not climb."""
    if not got_worse(fact) or fact.latest is None or fact.before is None:
        return None
    level, before = _share(fact, [fact.latest]), _share(fact, [fact.before])
    took = case.request.now - moved_at(fact)
    if level is None or before is None or level <= before or level >= 1.0 or took <= timedelta():
        return None
    return took * ((1.0 - level) / (level - before))


def _share_before(fact: MetricFact) -> float | None:
    return _share(fact, [fact.before]) if fact.before is not None else None


def _closed_in(fact: MetricFact) -> bool:
    """Took most of the room that was left: slow leaks climb through the baseline too, and never seem to move."""
    level, before = use(fact), _share_before(fact)
    if level is None or before is None:
        return False
    return level - before >= max(WANDERS, CLOSED_IN * (1.0 - before))


def _climb(case: Case, metric: Cited[MetricFact], factor: float) -> Iterator[Reason]:
    if not got_worse(metric.fact):
        if _closed_in(metric.fact):
            was = _share_before(metric.fact) or 0.0
            yield reason(1.0 * factor, f"it rose from {was:.0%} in the hour before", metric.id)
        return
    lead = case.began - moved_at(metric.fact)
    if lead > SAME_TIME:
        yield reason(1.5 * factor, f"it climbed for {span(lead)} before the first symptom", metric.id, *case.began_ids)
    elif lead >= -SAME_TIME:
        yield reason(0.75 * factor, "it filled as the trouble began", metric.id, *case.began_ids)
    else:
        yield reason(-1.5, f"it filled {span(lead)} after the first symptom", metric.id, *case.began_ids)


def _explained_from_below(case: Case, candidate: _Candidate) -> Iterator[Reason]:
    best = candidate.best
    since = moved_at(best.fact) if best and got_worse(best.fact) else case.began
    mirror = next((r.metric for r in RESOURCES if r.name == candidate.resource), None)
    deeper = case.moved_first_below(candidate.service, since, apart_from=mirror)
    if deeper:
        ahead = span(since - moved_at(deeper.fact))
        yield reason(-1.5, f"{deeper.fact.service}, which it waits for, moved {ahead} earlier", deeper.id)


def _level(fact: MetricFact) -> str:
    values = [v for v in (fact.now, fact.latest) if v is not None]
    worst = min(values) if hurts_when_low(fact) else max(values)
    if fact.limit and fact.unit not in _SHARES:
        return quantity_of(worst, fact.limit, fact.unit)
    return quantity(worst, fact.unit)


_FILLS_WHEN_WAITING = frozenset(r.name for r in RESOURCES if r.fills_when_waiting)
