"""Was it a change? Time alone proves little: the changed service must have moved after it, nothing below before it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import PurePosixPath

from bot.domain.briefing import CauseKind, Hypothesis, Reason
from bot.domain.causes.case import SAME_TIME, Case, Cited, moved_at
from bot.domain.causes.resources import of_log
from bot.domain.causes.weigh import apart, hypothesis, prior, reason
from bot.domain.causes.words import clock, names_service, span
from bot.domain.context import CHANGE_WINDOW
from bot.domain.evidence import ChangeFact, ChangeKind, LogFact

# How much closeness to the first symptom says, by the time between.
CLOSENESS = (
    (timedelta(minutes=5), 2.0),
    (timedelta(minutes=15), 1.6),
    (timedelta(hours=1), 1.0),
    (CHANGE_WINDOW, 0.4),
)
REACTION = timedelta(minutes=10)  # most bad releases show within one roll-out and one scrape
AFTER_THE_ALERT = -6.0  # it cannot be the cause
AFTER_THE_SYMPTOMS = -4.0  # as good as: only a wrong clock could save it
UNINVOLVED = -2.0
LEAST_SHARE = 0.2  # of the lines that point elsewhere: fewer errors of its own are their echo
NOT_DEPLOYED = {ChangeKind.MERGE: -2.0, ChangeKind.RELEASE: -0.5}
_DEFECT = re.compile(
    r"exception|traceback|undefined|null ?pointer|cannot read propert|(key|type|attribute|value|name|index)error|"
    r"panic|segfault|assert|unmarshal|deseriali|parse|schema|no such (column|table)|unknown (field|column)|migration",
    re.IGNORECASE,
)
_SHORTEST_FILE_STEM = 4
_GENERIC_STEMS = frozenset(
    {"main", "index", "init", "__init__", "readme", "test", "tests", "config", "utils", "package"}
)


def consider(case: Case) -> Iterator[Hypothesis]:
    for change in _candidates(case):
        fact = change.fact
        statement = f"{fact.kind.capitalize()} of {fact.service} {fact.version} at {clock(fact.at)}"
        yield hypothesis(CauseKind.DEPLOYMENT, fact.service, fact.version, statement, _reasons(case, change))


def _candidates(case: Case) -> list[Cited[ChangeFact]]:
    """A release or merge whose version was deployed is spoken for by its deployment."""
    deployed = {(c.fact.service, c.fact.version) for c in case.changes if c.fact.kind is ChangeKind.DEPLOYMENT}
    return [
        c
        for c in case.changes
        if c.fact.kind is ChangeKind.DEPLOYMENT or (c.fact.service, c.fact.version) not in deployed
    ]


def _reasons(case: Case, change: Cited[ChangeFact]) -> Iterator[Reason]:
    fact = change.fact
    yield _timing(case, change)
    if fact.service == case.service:
        yield reason(1.0, f"a change of {fact.service} itself", change.id)
        yield from _own_reaction(case, change)
    else:
        yield from _involvement(case, change)
    yield from _explained_from_below(case, change)
    yield from _logs(case, change)
    if fact.kind in NOT_DEPLOYED:
        yield reason(NOT_DEPLOYED[fact.kind], f"a {fact.kind} is not a deployment", change.id)
    if newer := _replaced_by(case, fact):
        yield reason(-3.0, f"{newer.fact.version} replaced it before the trouble", newer.id)
    if fact.succeeded is False:
        yield reason(0.75, "the deployment reported failure", change.id)
    if elsewhere := _other_environment(case, fact):
        yield reason(-3.0, f"it went to {fact.environment}, not to {elsewhere}", change.id)
    yield from prior(case, CauseKind.DEPLOYMENT, fact.service)


def _timing(case: Case, change: Cited[ChangeFact]) -> Reason:
    at, onset, ids = change.fact.at, case.request.onset, case.began_ids
    if at > onset + SAME_TIME:
        return reason(AFTER_THE_ALERT, f"it came {span(at - onset)} after the alert", change.id)
    if at > case.began + SAME_TIME:
        return reason(AFTER_THE_SYMPTOMS, f"it came {span(at - case.began)} after the first symptom", change.id, *ids)
    before = case.began - at
    weight = next((w for within, w in CLOSENESS if before <= within), 0.1)
    return reason(weight, f"{apart(before)} the first symptom", change.id, *ids)


def _own_reaction(case: Case, change: Cited[ChangeFact]) -> Iterator[Reason]:
    at = change.fact.at
    first = case.first_move(case.service)
    if first is None or at > case.began + SAME_TIME:
        return
    delay = moved_at(first.fact) - at
    if delay < -SAME_TIME:
        yield reason(-1.5, f"{first.fact.metric} was off {span(delay)} before it", first.id)
    elif delay <= REACTION:
        yield reason(1.5, f"{first.fact.metric} left its normal {apart(-delay)} it", first.id, change.id)
    else:
        yield reason(-1.0, f"nothing of {case.service} moved for {span(delay)} after it", first.id, change.id)


def _involvement(case: Case, change: Cited[ChangeFact]) -> Iterator[Reason]:
    """A neighbour's change is a suspect only where the neighbour itself moved between the change and the trouble."""
    fact = change.fact
    if fact.service not in case.below(case.service):
        yield reason(-1.5, f"{case.service} does not depend on {fact.service}", change.id)
    first = case.first_move(fact.service)
    if first is None:
        quiet = [m.id for m in case.signals(fact.service)]
        what = "its signals stayed normal" if quiet else "no sign that it was hurt"
        yield reason(UNINVOLVED, f"{fact.service}: {what}", change.id, *quiet)
    elif moved_at(first.fact) < fact.at - SAME_TIME:
        yield reason(UNINVOLVED, f"{fact.service} was off before it", first.id, change.id)
    elif moved_at(first.fact) > case.began + SAME_TIME:
        yield reason(UNINVOLVED, f"{fact.service} moved only after {case.service} did", first.id, *case.began_ids)
    else:
        delay = fact.at - moved_at(first.fact)
        text = f"{first.fact.metric} of {fact.service} left its normal {apart(delay)} it"
        yield reason(2.5, text, first.id, change.id)


def _explained_from_below(case: Case, change: Cited[ChangeFact]) -> Iterator[Reason]:
    own = case.first_move(change.fact.service)
    if own is None or moved_at(own.fact) < change.fact.at - SAME_TIME:
        return  # nothing to explain, or it counts against the change already
    if deeper := case.moved_first_below(change.fact.service, moved_at(own.fact)):
        ahead = span(moved_at(own.fact) - moved_at(deeper.fact))
        yield reason(-1.5, f"{deeper.fact.service}, which it calls, moved {ahead} earlier", deeper.id, own.id)


def _logs(case: Case, change: Cited[ChangeFact]) -> Iterator[Reason]:
    """New errors of the changed service speak for it, unless they point elsewhere."""
    fact = change.fact
    since = [log for log in case.notable_logs(fact.service) if _is_since(log.fact, fact)]
    blamed = [(log, name) for log in since for name in case.below(fact.service) if names_service(_text(log.fact), name)]
    away = {log.id for log, _ in blamed}
    own = [log for log in since if log.id not in away and of_log(_text(log.fact)) is None]
    suspects = [(log, name) for log, name in blamed if case.first_move(name) or not case.signals(name)]
    if own and _lines(own) >= LEAST_SHARE * _lines([log for log, _ in suspects]):
        yield from _own_errors(change, max(own, key=lambda log: (_is_defect(log.fact), log.fact.count, log.id)))
    elif suspects:
        log, name = suspects[0]
        yield reason(-1.0, f"the new errors of {fact.service} point at {name}", log.id)


def _own_errors(change: Cited[ChangeFact], most: Cited[LogFact]) -> Iterator[Reason]:
    yield reason(1.5, f"new errors of {most.fact.service} since: {most.fact.count} lines", most.id)
    if _is_defect(most.fact):
        yield reason(0.5, "they read like a defect in code or data", most.id)
    if touched := _touched(change.fact, most.fact):
        yield reason(1.0, f"the change touches {touched}, which they name", change.id, most.id)


def _lines(logs: Iterable[Cited[LogFact]]) -> int:
    return sum({log.id: log.fact.count for log in logs}.values())


def _is_defect(log: LogFact) -> bool:
    return bool(_DEFECT.search(_text(log)))


def _is_since(log: LogFact, change: ChangeFact) -> bool:
    return log.first_seen is None or log.first_seen >= change.at - SAME_TIME


def _text(log: LogFact) -> str:
    return f"{log.pattern} {log.sample}"


def _touched(change: ChangeFact, log: LogFact) -> str | None:
    """The name of a changed file that the error names too."""
    words = set(re.findall(r"[a-z0-9_]+", _text(log).lower()))
    for path in change.files:
        stem = PurePosixPath(path).stem.lower()
        if len(stem) >= _SHORTEST_FILE_STEM and stem not in _GENERIC_STEMS and stem in words:
            return PurePosixPath(path).name
    return None


def _replaced_by(case: Case, change: ChangeFact) -> Cited[ChangeFact] | None:
    """The newest later deployment of the same service to the same place that the trouble came after."""
    later = [
        c
        for c in case.changes
        if c.fact.kind is ChangeKind.DEPLOYMENT
        and (c.fact.service, c.fact.environment) == (change.service, change.environment)
        and change.at < c.fact.at <= case.began + SAME_TIME
        and c.fact.version != change.version
    ]
    return max(later, key=lambda c: (c.fact.at, c.id)) if later else None


def _other_environment(case: Case, change: ChangeFact) -> str | None:
    """Where the trouble is, if the change went elsewhere; None where either is unknown."""
    service = next((s for s in case.request.services if s.name == change.service), None)
    here = case.request.alert.environment or (service.environment if service else "")
    if not here or not change.environment or here[:4].lower() == change.environment[:4].lower():
        return None
    return here
