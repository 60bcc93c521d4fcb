"""What is wrong, how bad it is now versus normal, since when, and what will be next."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.domain.briefing import Claim
from bot.domain.causes.case import got_worse, moved_at
from bot.domain.causes.words import clock, span
from bot.domain.claims.signs import new_errors, running_out, suspected
from bot.domain.context import ContextRequest
from bot.domain.evidence import (
    AlertFact,
    ConditionFact,
    EventFact,
    Evidence,
    Fact,
    MetricFact,
    OnsetFact,
    PodFact,
    ProbeFact,
    ProviderFact,
)
from bot.domain.plaintext import plain
from bot.domain.quantity import quantity

MOST_SIGNALS = 4
MOST_NAMES = 5
MOST_TROUBLES = 4  # of platform and providers: more would push the numbers away
CHANGED = 0.1  # "at worst" is told apart from "now" from a tenth of difference
TITLE_LIMIT = 200
UNUSUAL = 0.2  # "usually" is told apart from "normal" from a fifth of difference: a busy hour is no trouble
# The nearest to what users feel first.
_PLATFORM: tuple[type[Fact], ...] = (ProbeFact, PodFact, ProviderFact, ConditionFact, EventFact)


def impact(request: ContextRequest, evidence: Sequence[Evidence], now: datetime) -> tuple[Claim, ...]:
    """The alert's own number first, then the other signals of the service, what runs out, who is suspect, who else is
    hurt, what else fires."""
    metrics = [(item, item.fact) for item in evidence if isinstance(item.fact, MetricFact)]
    triggers = [(item, fact) for item, fact in metrics if fact.is_trigger]
    began = next(((item, item.fact) for item in evidence if isinstance(item.fact, OnsetFact)), None)
    claims = [_trigger(request, item, fact, now, began) for item, fact in triggers[:1]]
    claims = claims or [_without_numbers(request, now, began)]
    shown = {(triggers[0][1].service, triggers[0][1].metric)} if triggers else set()
    others = [(item, fact) for item, fact in metrics if not fact.is_trigger and got_worse(fact)]
    own = [p for p in others if p[1].service == request.service_name and (p[1].service, p[1].metric) not in shown]
    own.sort(key=lambda pair: -_deviation(pair[1]))
    claims += [
        Claim(text=f"{fact.metric}: {_versus_normal(fact)}", evidence=(item.id,)) for item, fact in own[:MOST_SIGNALS]
    ]
    claims += running_out(evidence, now)
    claims += suspected(evidence)
    claims += new_errors(request, evidence)
    claims += _elsewhere((item, fact) for item, fact in others if fact.service != request.service_name)
    claims += _platform(request, evidence)
    claims += _other_alerts(evidence)
    return tuple(claims)


Began = tuple[Evidence, OnsetFact] | None


def _trigger(request: ContextRequest, item: Evidence, fact: MetricFact, now: datetime, began: Began) -> Claim:
    since = began[1].at if began else min(fact.moved_at or request.onset, request.onset)
    threshold = f", alert at {quantity(fact.limit, fact.unit)}" if fact.limit is not None else ""
    text = f"{fact.metric}: {_versus_normal(fact)}{threshold}; {_since(request, since, now)}"
    return Claim(text=text, evidence=_with_onset(began, item.id))


def _without_numbers(request: ContextRequest, now: datetime, began: Began) -> Claim:
    title = plain(request.alert.title, TITLE_LIMIT)
    if began:
        return Claim(text=f"{title}; {_since(request, began[1].at, now)}", evidence=_with_onset(began))
    return Claim(text=f"{title}: firing since {clock(request.onset)} ({span(now - request.onset)}); no numbers known")


def _since(request: ContextRequest, since: datetime, now: datetime) -> str:
    """ "since 14:02 UTC (8 min), alert fired 14:08 UTC"; the alert's time only where it is another."""
    fired = "" if clock(since) == clock(request.onset) else f", alert fired {clock(request.onset)}"
    return f"since {clock(since)} ({span(now - since)}){fired}"


def _with_onset(began: Began, *ids: str) -> tuple[str, ...]:
    return (*ids, began[0].id) if began else ids


def _versus_normal(fact: MetricFact) -> str:
    """ "12.4 % now, normal 0.3 %", or "12.4 % at worst, 2 % now, normal 0.3 %" where it got better since."""
    normal = f", normal {quantity(fact.before, fact.unit)}" if fact.before is not None else ", normal unknown"
    normal += _usually(fact)
    if fact.now is None or not math.isfinite(fact.now):
        return "no sample since the alert" + normal
    worst, latest = quantity(fact.now, fact.unit), quantity(fact.now if fact.latest is None else fact.latest, fact.unit)
    if fact.latest is None or abs(fact.latest - fact.now) <= CHANGED * abs(fact.now):
        return f"{latest} now{normal}"
    return f"{worst} at worst, {latest} now{normal}"


def _usually(fact: MetricFact) -> str:
    """Earlier days at this hour, where they tell more than the hour before."""
    if fact.usual is None or not math.isfinite(fact.usual):
        return ""
    differs = fact.before is None or abs(fact.usual - fact.before) > UNUSUAL * max(abs(fact.usual), abs(fact.before))
    return f", usually {quantity(fact.usual, fact.unit)} at this hour" if differs else ""


def _deviation(fact: MetricFact) -> float:
    """How many spreads from normal; without a spread, how many times the normal."""
    value = fact.now if fact.now is not None else fact.latest
    if value is None or fact.before is None or not math.isfinite(value):
        return 0.0
    scale = fact.spread if fact.spread > 0 else abs(fact.before)
    return abs(value - fact.before) / scale if scale else math.inf


def _elsewhere(metrics: Iterable[tuple[Evidence, MetricFact]]) -> list[Claim]:
    """One line for all other services, the first to move first."""
    ordered = sorted(metrics, key=lambda pair: (moved_at(pair[1]), len(pair[0].id), pair[0].id))
    first: dict[str, tuple[Evidence, MetricFact]] = {}
    for item, fact in ordered:
        first.setdefault(fact.service, (item, fact))
    if not first:
        return []
    parts = [f"{name} ({fact.metric}, {clock(fact.moved_at)})" for name, (_, fact) in first.items() if fact.moved_at]
    ids = tuple(item.id for item, _ in first.values())
    return [Claim(text="Off elsewhere: " + _listed(parts), evidence=ids[:MOST_NAMES])]


def _platform(request: ContextRequest, evidence: Iterable[Evidence]) -> list[Claim]:
    """What ails the things that services run on, of the burning service before that of others."""
    found = [
        (_PLATFORM.index(type(item.fact)), item)
        for item in evidence
        if type(item.fact) in _PLATFORM and not (isinstance(item.fact, ConditionFact) and item.fact.is_good)
    ]
    found.sort(key=lambda pair: (getattr(pair[1].fact, "service", None) != request.service_name, pair[0]))
    return [Claim(text=plain(item.text, TITLE_LIMIT), evidence=(item.id,)) for _, item in found[:MOST_TROUBLES]]


def _other_alerts(evidence: Iterable[Evidence]) -> list[Claim]:
    found = [(item, item.fact) for item in evidence if isinstance(item.fact, AlertFact)]
    if not found:
        return []
    found.sort(key=lambda pair: (pair[1].since, pair[0].id))
    parts = [
        f"{fact.name}{f' ({fact.service})' if fact.service else ''} since {clock(fact.since)}" for _, fact in found
    ]
    ids = tuple(item.id for item, _ in found)
    return [Claim(text="Also firing: " + _listed(parts), evidence=ids[:MOST_NAMES])]


def _listed(parts: Sequence[str]) -> str:
    more = len(parts) - MOST_NAMES
    return ", ".join(parts[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
