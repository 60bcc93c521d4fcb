"""Is it a false alarm, or over already? Said only where something clears the service, and nothing is wrong any more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from bot.domain.alert import Severity
from bot.domain.briefing import CauseKind, Hypothesis, Reason
from bot.domain.causes import platform
from bot.domain.causes.calm import MOST_TOLD, NORMAL_AGAIN, calm, in_numbers
from bot.domain.causes.case import Case, got_worse, hurts_when_low, is_symptom
from bot.domain.causes.weigh import hypothesis, reason
from bot.domain.causes.words import clock
from bot.domain.evidence import LogFact, MetricFact, Outcome
from bot.domain.ranking import Signal, guess

READY = 2.0
NO_ALARM = 0.75  # more, where the alert itself says that it is only for information
PAST = 0.75
MOST_PAST = 3
STILL_LOGGED = -0.75
FRESH = timedelta(minutes=30)  # another alert that began longer ago says nothing about now
_WRONG_STATUS = 400
# What runs as it should with these is merely not as tidy as it should be.
_HARMLESS = frozenset({"Cordoned", "OutOfSync", "CannotScale"})
_KILLS = frozenset({"OOMKilled", "Evicted"})
_UNDONE = re.compile(r"\broll(ed|ing)?[ -]?back|\brevert", re.IGNORECASE)
_FELT = frozenset({Signal.ERRORS, Signal.LATENCY, Signal.AVAILABILITY, Signal.TRAFFIC})


def consider(case: Case) -> Iterator[Hypothesis]:
    normal = calm(case)
    if any(_wrong(case, is_calm=bool(normal))):
        return
    past = [*_past(case)][:MOST_PAST]
    if not normal and not past and not _is_notice(case):
        return
    if not normal and _is_about_users(case):
        return
    reasons = [reason(NORMAL_AGAIN, in_numbers(m.fact), m.id) for m in normal[:MOST_TOLD]]
    reasons += _ready(case)
    if reasons:
        why = "what was wrong is over" if past else "a false alarm, or over already"
        statement = f"{case.service} looks healthy now: {why}"
        yield hypothesis(CauseKind.HEALTHY, case.service, "", statement, [*reasons, *past, *_against(case)])


# --- what speaks for it ----------------------------------------------------------------------------------------------


def _ready(case: Case) -> Iterator[Reason]:
    if clear := platform.ready(case, case.service):
        weight = READY + (NO_ALARM if _is_notice(case) else 0.0)
        yield reason(weight, f"all pods of {case.service} are ready: {clear.fact.detail}", clear.id)


def _past(case: Case) -> Iterator[Reason]:
    """What the platform complained of and does not any more: it explains the alert."""
    for event in sorted(case.events, key=lambda e: (e.fact.last_seen, e.id), reverse=True):
        if event.fact.service == case.service and platform.is_over(case, event.fact):
            said = f": {event.fact.note}" if event.fact.note else ""
            text = f"{event.fact.reason} came last at {clock(event.fact.last_seen)}, and all is ready since{said}"
            yield reason(PAST, text, event.id)
    for pods in case.pods:
        if pods.fact.service == case.service and platform.is_past(case, pods.fact):
            when = f" at {clock(pods.fact.since)}" if pods.fact.since else ""
            yield reason(PAST, f"{pods.fact.pod} ended{when}, and runs again since", pods.id)
    for change in case.changes:
        if change.fact.service == case.service and _UNDONE.search(change.fact.title):
            text = f"{case.service} was rolled back to {change.fact.version} at {clock(change.fact.at)}"
            yield reason(PAST, text, *change.ids)


def _is_notice(case: Case) -> bool:
    """A check that reports for information: nothing was wrong to begin with."""
    return all(alert.severity is Severity.SEV4 for alert in case.request.alerts)


def _is_about_users(case: Case) -> bool:
    """An alert on errors or latency is cleared by the signals alone: ready pods can fail all day."""
    return any(guess(alert.title) in _FELT or alert.query for alert in case.request.alerts)


# --- what speaks against it ------------------------------------------------------------------------------------------


def _against(case: Case) -> Iterator[Reason]:
    for log in [log for log in case.notable_logs(case.service) if _is_error(log.fact)][:MOST_PAST]:
        yield reason(STILL_LOGGED, f"{log.fact.count} new error lines of {case.service}", log.id)


def _wrong(case: Case, *, is_calm: bool) -> Iterator[bool]:
    """Whether anything of the service or of what it depends on is wrong now; signals that are normal outweigh words."""
    service, below = case.service, case.below(case.service)
    yield any(is_symptom(m.fact) and got_worse(m.fact) for m in case.signals(service)) and not is_calm
    yield any(m.fact.is_trigger and m.fact.moved for m in case.metrics) and not is_calm
    yield any(
        p.fact.service == service and (not platform.is_past(case, p.fact) or p.fact.terminated in _KILLS)
        for p in case.pods
    )
    yield any(
        c.fact.service == service and not c.fact.is_good and c.fact.condition not in _HARMLESS for c in case.conditions
    )
    yield any(e.fact.service == service and not platform.is_over(case, e.fact) for e in case.events)
    yield any(p.fact.service == service and (p.fact.status or 500) >= _WRONG_STATUS for p in case.probes)
    yield any(f.fact.service == service for f in case.forecasts)
    yield any(m.fact.is_trigger and _is_beyond(m.fact) for m in case.metrics)
    if not is_calm:
        yield any(f.outcome is Outcome.FAILED for f in case.findings)
        yield any(_is_error(log.fact) for log in case.notable_logs(service))
        yield any(p.fact.provider in below for p in case.providers)
        yield any(a.fact.service == service and a.fact.since >= case.began - FRESH for a in case.alerts)


def _is_beyond(trigger: MetricFact) -> bool:
    """What has been beyond its threshold all along never moved, and is no less wrong."""
    if trigger.limit is None or trigger.latest is None:
        return False
    return trigger.latest < trigger.limit if hurts_when_low(trigger) else trigger.latest > trigger.limit


def _is_error(log: LogFact) -> bool:
    return log.level.lower() not in ("warn", "warning")
