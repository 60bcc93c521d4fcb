"""Is anything wrong at all? Thresholds fire on blips, and some troubles are over before anybody looks."""

from __future__ import annotations

from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.causes.case import Case, Cited, got_worse, is_symptom
from bot.domain.causes.weigh import hypothesis
from bot.domain.evidence import MetricFact
from bot.domain.quantity import quantity

BACK = 0.2  # of the way from normal to the worst: what is left after it is the tail of a rate's window
NORMAL_AGAIN = 1.0  # for one signal: what hurt users is measured, and it does not any more
MOST_TOLD = 3


def calm(case: Case) -> tuple[Cited[MetricFact], ...]:
    """What users feel of the service, if all of it is normal now; empty where something is off, or nothing is known."""
    felt = tuple(m for m in case.signals(case.service) if is_symptom(m.fact) or m.fact.is_trigger)
    return felt if felt and all(_is_normal(m.fact) for m in felt) else ()


def no_cause(case: Case) -> Hypothesis:
    """What is said where nothing stands out."""
    statement = "No cause stands out in what could be checked"
    return hypothesis(CauseKind.UNKNOWN, case.service, "", statement, ())


def _is_normal(fact: MetricFact) -> bool:
    if fact.before is None or fact.latest is None:
        return False
    if not got_worse(fact):
        return True
    return fact.now is not None and abs(fact.latest - fact.before) <= BACK * abs(fact.now - fact.before)


def in_numbers(fact: MetricFact) -> str:
    assert fact.latest is not None
    assert fact.before is not None
    return f"{fact.metric} is {quantity(fact.latest, fact.unit)} now, normal {quantity(fact.before, fact.unit)}"
