"""Is it simply more load? Only where the load rose before users felt it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.domain.briefing import CauseKind, Hypothesis, Reason
from bot.domain.causes.case import SAME_TIME, Case, Cited, moved_at
from bot.domain.causes.exhaustion import NEARLY_FULL, use
from bot.domain.causes.weigh import apart, hypothesis, reason
from bot.domain.evidence import MetricFact, SignalKind
from bot.domain.quantity import quantity

SURGE = 2.0  # from twice the usual, load alone can be the whole story
RISE = 1.3
NOT_IT = -2.0


def consider(case: Case) -> Iterator[Hypothesis]:
    if loads := _loads(case):
        load = max(loads, key=lambda m: (growth(m.fact), m.id))
        statement = f"More load than {case.service} is used to"
        yield hypothesis(CauseKind.TRAFFIC, case.service, load.fact.metric, statement, _reasons(case, load))


def growth(fact: MetricFact) -> float:
    """The load now as a multiple of the usual; 0 where that is not known."""
    value = fact.now if fact.now is not None else fact.latest
    return value / fact.before if value is not None and fact.before and fact.before > 0 else 0.0


def surged(case: Case, *, before: datetime) -> Cited[MetricFact] | None:
    """A surge of load on the burning service that had begun by then: it may be the whole story."""
    return next(
        (m for m in _loads(case) if m.fact.moved and growth(m.fact) >= SURGE and moved_at(m.fact) <= before), None
    )


def _loads(case: Case) -> list[Cited[MetricFact]]:
    traffic = [m for m in case.metrics if m.fact.service == case.service and m.fact.kind is SignalKind.TRAFFIC]
    return [m for m in traffic if not m.fact.is_trigger]


def _reasons(case: Case, load: Cited[MetricFact]) -> Iterator[Reason]:
    times = growth(load.fact)
    if not load.fact.moved or times < RISE:
        fell = load.fact.moved and 0 < times < 1
        yield reason(NOT_IT, f"{load.fact.metric} {'fell' if fell else 'stayed normal'}{_numbers(load.fact)}", load.id)
        return
    lead = case.began - moved_at(load.fact)
    text = f"{load.fact.metric} rose to {times:.1f} times the usual{_numbers(load.fact)}"
    if lead < -SAME_TIME:
        yield reason(NOT_IT, f"{text}, but {apart(lead)} the first symptom", load.id, *case.began_ids)
        return
    weight = 2.0 if lead > SAME_TIME else 1.0
    yield reason(
        weight + (1.5 if times >= SURGE else 0.0), f"{text}, {apart(lead)} the first symptom", load.id, *case.began_ids
    )
    for full in case.signals(case.service):
        if full.fact.kind is SignalKind.SATURATION and (use(full.fact) or 0.0) >= NEARLY_FULL:
            yield reason(0.5, f"{full.fact.metric} is at its limit", full.id)
            break


def _numbers(fact: MetricFact) -> str:
    value = fact.now if fact.now is not None else fact.latest
    if value is None or fact.before is None:
        return ""
    return f" ({quantity(value, fact.unit)}, normal {quantity(fact.before, fact.unit)})"
