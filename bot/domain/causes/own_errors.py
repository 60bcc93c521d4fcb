"""What the changed service logs since the change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import PurePosixPath

from bot.domain.briefing import Reason
from bot.domain.causes.case import SAME_TIME, Case, Cited
from bot.domain.causes.resources import of_log
from bot.domain.causes.weigh import by_lines, reason
from bot.domain.causes.words import names_service, span
from bot.domain.evidence import ChangeFact, LogFact

REACTION = timedelta(minutes=10)  # most bad releases show within one roll-out and one scrape
LEAST_SHARE = 0.2  # of the lines that point elsewhere: fewer errors of its own are their echo
# Errors half speak for a change where they began long after it, were there before, or only tell of slowness.
WEAK_ERRORS = 0.5
_DEFECT = re.compile(
    r"exception|traceback|undefined|null ?pointer|cannot read propert|(key|type|attribute|value|name|index)error|"
    r"panic|segfault|assert|unmarshal|deseriali|parse|schema|no such (column|table)|unknown (field|column)|migration",
    re.IGNORECASE,
)
_SLOWNESS = re.compile(
    r"time[ds]?[ -]?out|deadline|waited|waiting|too (slow|long|late)|gave up|giv(en|ing) up|overload|shed|throttl|busy",
    re.IGNORECASE,
)
_SHORTEST_FILE_STEM = 4
_GENERIC_STEMS = frozenset(
    {"main", "index", "init", "__init__", "readme", "test", "tests", "config", "utils", "package"}
)


def errors_since(case: Case, change: Cited[ChangeFact]) -> Iterator[Reason]:
    """New errors of the changed service speak for it, unless they point elsewhere."""
    fact = change.fact
    since = [log for log in case.notable_logs(fact.service) if is_since(log.fact, fact)]
    blamed = [(log, name) for log in since for name in case.below(fact.service) if names_service(_text(log.fact), name)]
    away = {log.id for log, _ in blamed}
    own = [log for log in since if log.id not in away and of_log(_text(log.fact)) is None]
    suspects = [(log, name) for log, name in blamed if case.first_move(name) or not case.signals(name)]
    if own and _lines(own) >= LEAST_SHARE * _lines([log for log, _ in suspects]):
        most = max(own, key=lambda log: (log.fact.is_new, _is_defect(log.fact), log.fact.count, log.id))
        yield from _own_errors(change, most)
    elif suspects:
        log, name = suspects[0]
        yield reason(-1.0, f"the new errors of {fact.service} point at {name}", log.id)


def _own_errors(change: Cited[ChangeFact], most: Cited[LogFact]) -> Iterator[Reason]:
    fact = most.fact
    late = fact.first_seen is not None and fact.first_seen - change.fact.at > REACTION
    slow = not _is_defect(fact) and bool(_SLOWNESS.search(_text(fact)))
    weight = by_lines(1.5, fact.count) * (WEAK_ERRORS if late or slow or not fact.is_new else 1.0)
    when = f", the first {span(fact.first_seen - change.fact.at)} after it" if late and fact.first_seen else ""
    what = "new errors" if fact.is_new else "more errors"
    yield reason(weight, f"{what} of {fact.service} since: {fact.count} lines{when}", most.id)
    if _is_defect(most.fact):
        yield reason(0.5, "they read like a defect in code or data", most.id)
    if touched := _touched(change.fact, most.fact):
        yield reason(1.0, f"the change touches {touched}, which they name", *change.ids, most.id)


def _lines(logs: Iterable[Cited[LogFact]]) -> int:
    return sum({log.id: log.fact.count for log in logs}.values())


def _is_defect(log: LogFact) -> bool:
    return bool(_DEFECT.search(_text(log)))


def is_since(log: LogFact, change: ChangeFact) -> bool:
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
