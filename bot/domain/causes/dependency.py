"""Is something that it calls failing? The callee explains the caller, never the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bot.domain.briefing import CauseKind, Hypothesis, Reason
from bot.domain.causes.case import SAME_TIME, Case, Cited, got_worse, moved_at
from bot.domain.causes.infrastructure import trouble_of
from bot.domain.causes.resources import of_log
from bot.domain.causes.weigh import apart, by_lines, hypothesis, reason
from bot.domain.causes.words import names_service, span, tells_trouble
from bot.domain.evidence import LogFact, MetricFact, SignalKind

SERVER_ERROR = 500  # from this status on it is the server that failed
FRESH = timedelta(minutes=30)  # an alert that has been firing for longer told of nothing until now


def consider(case: Case) -> Iterator[Hypothesis]:
    for name in _candidates(case):
        reasons = tuple(_reasons(case, name))
        if reasons:
            statement = f"{name}, which {case.service} depends on, is failing"
            yield hypothesis(CauseKind.DEPENDENCY, name, name, statement, reasons)


def _candidates(case: Case) -> tuple[str, ...]:
    """What the catalog says is called, and whatever else we know of that the caller's new errors name."""
    below = case.below(case.service)
    known = sorted({m.fact.service for m in case.metrics} | {log.fact.service for log in case.logs})
    callers = {case.service, *case.callers(case.service)}
    named = [n for n in known if n not in callers and any(names_service(_text(log.fact), n) for log in _own(case))]
    return tuple(dict.fromkeys([*below, *named]))


def _own(case: Case) -> tuple[Cited[LogFact], ...]:
    return case.notable_logs(case.service)


def _reasons(case: Case, name: str) -> Iterator[Reason]:
    yield from _movement(case, name)
    yield from _overtaken(case, name)
    yield from _in_step(case, name)
    yield from _blamed_by_callers(case, name)
    yield from _own_logs(case, name)
    yield from _alerts(case, name)
    yield from _says_of_itself(case, name)
    yield from _probed(case, name)
    yield from _other_callers(case, name)
    yield from _hammered(case, name)


def _movement(case: Case, name: str) -> Iterator[Reason]:
    first = case.first_move(name)
    if first is None:
        if quiet := [m.id for m in case.signals(name)]:
            yield reason(-2.0, "signals stayed normal", *quiet)
        return
    lead = case.began - moved_at(first.fact)
    began_by = case.began_ids
    text = f"{first.fact.metric} of {name} left its normal {apart(lead)} {case.service} did"
    if lead > SAME_TIME:
        yield reason(2.5, text, first.id, *began_by)
    elif lead >= -SAME_TIME:
        yield reason(1.5, f"{first.fact.metric} of {name} moved together with {case.service}", first.id, *began_by)
    else:
        yield reason(-2.0, text, first.id, *began_by)


def _overtaken(case: Case, name: str) -> Iterator[Reason]:
    """Another service that moved before this one; one that this one calls explains it away."""
    own = case.first_move(name)
    if own is None:
        return
    others = [m for other in _candidates(case) if other != name and (m := case.first_move(other))]
    earlier = [m for m in others if moved_at(m.fact) < moved_at(own.fact) - SAME_TIME]
    if not earlier:
        return
    deeper = [m for m in earlier if m.fact.service in case.below(name)]
    first = min(deeper or earlier, key=lambda m: (moved_at(m.fact), m.id))
    ahead = span(moved_at(own.fact) - moved_at(first.fact))
    text = f"{first.fact.service} moved {ahead} before {name}" + (", which calls it" if deeper else "")
    yield reason(-1.5 if deeper else -0.5, text, first.id, own.id)


def _in_step(case: Case, name: str) -> Iterator[Reason]:
    """Services that do not call each other and are hurt within the same minute share a cause that is none of them."""
    own = case.first_move(name)
    if own is None:
        return
    for other in _candidates(case):
        if other == name or other in case.below(name) or name in case.below(other):
            continue
        moved = case.first_move(other)
        if moved and abs(moved_at(moved.fact) - moved_at(own.fact)) <= SAME_TIME:
            yield reason(-1.0, f"{other}, which has no part in {name}, was hurt in the same minute", moved.id, own.id)
            return


def _blamed_by_callers(case: Case, name: str) -> Iterator[Reason]:
    """New errors that name it: of the burning service itself, else of a service between the two."""
    between = [n for n in case.callers(name) if n in case.below(case.service)]
    best: tuple[float, Cited[LogFact]] | None = None
    for caller in (case.service, *between):
        for log in case.notable_logs(caller):
            if names_service(_text(log.fact), name):
                weight = by_lines(_blame(log.fact), log.fact.count) * (1.0 if caller == case.service else 0.75)
                if best is None or (weight, log.fact.count) > (best[0], best[1].fact.count):
                    best = (weight, log)
    if best:
        weight, log = best
        yield reason(weight, f"{log.fact.count} new error lines of {log.fact.service} name {name}", log.id)


def _blame(log: LogFact) -> float:
    if of_log(_text(log)) is not None:
        return 0.5  # it ran out of something towards it; that is a cause of its own
    return 2.0 if tells_trouble(_text(log)) else 0.75


def _own_logs(case: Case, name: str) -> Iterator[Reason]:
    logs = [
        log
        for log in case.notable_logs(name)
        if not any(names_service(_text(log.fact), deeper) for deeper in case.below(name))
    ]
    if logs:
        most = max(logs, key=lambda log: (log.fact.count, log.id))
        weight = by_lines(1.0, most.fact.count)
        yield reason(weight, f"{name} itself logs {most.fact.count} new error lines", most.id)


def _alerts(case: Case, name: str) -> Iterator[Reason]:
    for alert in case.alerts:
        since = alert.fact.since
        if alert.fact.service == name and case.began - FRESH <= since <= case.request.onset + SAME_TIME:
            yield reason(1.0, f"{alert.fact.name} fires for {name}", alert.id)
            return


def _says_of_itself(case: Case, name: str) -> Iterator[Reason]:
    """A provider's status page; the worst that it tells."""
    told = [trouble_of(case, item) for item in case.providers if item.fact.provider == name]
    if told:
        yield max(told, key=lambda r: r.weight)


def _probed(case: Case, name: str) -> Iterator[Reason]:
    for probe in case.probes:
        if probe.fact.service == name and (probe.fact.status is None or probe.fact.status >= SERVER_ERROR):
            said = probe.fact.error or f"status {probe.fact.status}"
            yield reason(1.5, f"{probe.fact.url} does not answer as it should: {said}", probe.id)
            return


def _other_callers(case: Case, name: str) -> Iterator[Reason]:
    """Those that hang on the burning service are hurt by that one and prove nothing."""
    for caller in case.callers(name):
        moved = case.first_move(caller)
        is_apart = case.service not in case.below(caller) and caller not in case.below(case.service)
        if caller != case.service and is_apart and moved:
            yield reason(1.0, f"{caller}, which also calls {name}, is hurt too", moved.id)
            return


def _hammered(case: Case, name: str) -> Iterator[Reason]:
    """Load that rose before it suffered makes it a victim of its callers."""
    own = case.first_move(name)
    loads = [m for m in case.metrics if m.fact.service == name and m.fact.kind is SignalKind.TRAFFIC]
    for load in loads:
        if own and _rose(load.fact) and moved_at(load.fact) < moved_at(own.fact) - SAME_TIME:
            yield reason(-1.0, f"load on {name} rose before it suffered", load.id)
            return


def _rose(fact: MetricFact) -> bool:
    return got_worse(fact)


def _text(log: LogFact) -> str:
    return f"{log.pattern} {log.sample}"
