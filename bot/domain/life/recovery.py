"""Did what was done hold? When the trigger is looked at again, and what is to be made of what is seen. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.causes.words import span
from bot.domain.context import ContextRequest
from bot.domain.evidence import Evidence, Fact, Finding, LogFact, MetricFact, Outcome, ProbeFact
from bot.domain.incident import GroupedAlert, GroupingReason
from bot.domain.plaintext import plain
from bot.domain.quantity import quantity

# What comes back does so soon, mostly: a restart that helped for ten minutes, a queue that fills again.
FIRST_LOOKS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30))
THEN_EVERY = timedelta(hours=1)
AGAIN_AFTER = timedelta(minutes=5)  # one look that sees it may be noise; a rate over five minutes is another one then
STALE = timedelta(minutes=15)  # older samples say nothing of now; a day's chart has one each five minutes
LOG_WINDOW = timedelta(minutes=15)  # of logs that count as "now"
LOG_SHARE = 0.5  # of the incident's own rate of a line: half of it is no recovery
FEWEST_LINES = 5  # in that window: fewer are told of any service
FREQUENT = 3.0  # times as often as before the incident: such a line belonged to it
NAME_LIMIT, PATTERN_LIMIT = 60, 80

OPENED_AGAIN, CANCELLED = "It was opened again.", "It was cancelled."  # what ends a watch without a look
_SEEN_AGAIN = "Seen again: "


@dataclass(frozen=True, kw_only=True)
class Look:
    """`holds`: whether the condition is there; None where nothing could be seen."""

    holds: bool | None
    sentence: str  # for people: the value, and what it is held against
    link: str | None = None


def next_look(since: datetime, until: datetime, now: datetime) -> datetime:
    """The first look after `now`; the last one is at `until`."""
    passed = now - since
    early = next((offset for offset in FIRST_LOOKS if offset > passed), None)
    offset = early if early is not None else THEN_EVERY * (passed // THEN_EVERY + 1)
    return min(since + offset, until)


def told(look: Look) -> str:
    """What is kept of a look: its sentence, then its link on a line of its own. It tells the next look whether this
    one saw the condition.
    """
    sentence = f"{_SEEN_AGAIN}{look.sentence}" if look.holds else look.sentence
    return f"{sentence}\n{look.link}" if look.link else sentence


def saw_it(kept: str) -> bool:
    return kept.startswith(_SEEN_AGAIN)


def seen(kept: str) -> str:
    """The sentence alone."""
    return kept.removeprefix(_SEEN_AGAIN).partition("\n")[0]


def link_of(kept: str) -> str | None:
    return kept.partition("\n")[2] or None


# --- the same condition fires again ----------------------------------------------------------------------------------


def recurred(alerts: Sequence[GroupedAlert], since: datetime) -> GroupedAlert | None:
    """The first alert of a condition known before `since` that came after it."""
    again = (GroupingReason.RECURRED, GroupingReason.SAME_FINGERPRINT)
    return next((one for one in alerts if one.received_at > since and one.reason in again), None)


def conditions(alerts: Iterable[GroupedAlert]) -> frozenset[tuple[str, str]]:
    return frozenset((one.alert.source, one.alert.fingerprint) for one in alerts)


# --- what the sources say --------------------------------------------------------------------------------------------


def request_of_logs(request: ContextRequest) -> ContextRequest:
    """Logs are counted since the onset: to see how it is now, a window that ends now takes its place."""
    return ContextRequest(
        incident_id=request.incident_id,
        alerts=request.alerts,
        onset=request.now - LOG_WINDOW,
        now=request.now,
        service=request.service,
        neighbours=request.neighbours,
    )


def look_at(before: Sequence[Finding], fresh: Finding, now: datetime) -> Look | None:
    """What one source says now, against what it said `before` (when the incident opened). None: it cannot tell."""
    if fresh.outcome in (Outcome.FAILED, Outcome.SKIPPED):
        return None
    then = [item for finding in before if finding.source == fresh.source for item in finding.evidence]
    return _trigger(then, fresh, now) or _probe(then, fresh) or _logs(then, fresh)


def blind(fresh: Sequence[Finding]) -> Look:
    why = [plain(finding.detail, PATTERN_LIMIT) for finding in fresh if finding.outcome is Outcome.FAILED]
    return Look(holds=None, sentence=f"Nothing could be seen{': ' + why[0] if why and why[0] else '.'}")


def _trigger(then: Sequence[Evidence], fresh: Finding, now: datetime) -> Look | None:
    """The alert's own expression against its threshold, on the side on which it fired."""
    item, fact = _first_trigger(fresh.evidence)
    if item is None or fact is None or fact.latest is None or fact.limit is None or _is_stale(fresh, now):
        return None
    _, was = _first_trigger(then)
    side = _side(was) or _side(fact)
    if side is None:
        return None
    beyond = side.sign * (fact.latest - fact.limit)
    holds = beyond > 0 or (side.is_touching and beyond == 0)
    value, limit = quantity(fact.latest, fact.unit), quantity(fact.limit, fact.unit)
    of = f" of {plain(fact.service, NAME_LIMIT)}" if fact.service else ""
    sentence = f"{plain(fact.metric, NAME_LIMIT)}{of} is {value}, the alert's threshold is {limit}."
    return Look(holds=holds, sentence=sentence, link=item.link)


def _first_trigger(evidence: Iterable[Evidence]) -> tuple[Evidence | None, MetricFact | None]:
    found = ((item, item.fact) for item in evidence if isinstance(item.fact, MetricFact) and item.fact.is_trigger)
    return next(found, (None, None))


@dataclass(frozen=True, kw_only=True)
class _Side:
    """`sign`: 1 where what is above the threshold hurts, -1 where what is below. `is_touching`: so does its very value,
    as in `up == 0`.
    """

    sign: int
    is_touching: bool


def _side(fact: MetricFact | None) -> _Side | None:
    """The side of its worst sample; None where it was there all the time, or nothing tells."""
    if fact is None or fact.limit is None or fact.now is None:
        return None
    worst, normal = fact.now - fact.limit, None if fact.before is None else fact.before - fact.limit
    if worst == 0:
        return _Side(sign=-1 if normal > 0 else 1, is_touching=True) if normal else None
    if normal is not None and normal * worst > 0:
        return None
    return _Side(sign=1 if worst > 0 else -1, is_touching=False)


def _is_stale(fresh: Finding, now: datetime) -> bool:
    """Without a chart the source itself has not said that its samples ended."""
    if fresh.chart is None:
        return False
    newest = max((at for series in fresh.chart.series for at, _ in series.points), default=None)
    return newest is None or newest < (now - STALE).timestamp()


def _probe(then: Sequence[Evidence], fresh: Finding) -> Look | None:
    """An address that did not answer, or with an error, when the incident opened. What answered then tells nothing."""
    was_bad = {item.fact.url for item in then if isinstance(item.fact, ProbeFact) and _is_down(item.fact)}
    if not was_bad:
        return None
    now_bad = [(item, f) for item in fresh.evidence if isinstance(f := item.fact, ProbeFact) and _is_down(f)]
    for item, fact in now_bad:
        if fact.url in was_bad:
            answer = plain(fact.error, PATTERN_LIMIT) if fact.error or fact.status is None else f"status {fact.status}"
            return Look(holds=True, sentence=f"{fact.url} does not answer as it should: {answer}.", link=item.link)
    return Look(holds=False, sentence=f"{min(was_bad)} answers again.")


def _is_down(fact: ProbeFact) -> bool:
    return fact.status is None or fact.status >= 400 or bool(fact.error)


def _logs(then: Sequence[Evidence], fresh: Finding) -> Look | None:
    """The lines that were new, or far more frequent, in the incident."""
    belonged = {(f.service, f.pattern): _rate(f) for f in _facts(then, LogFact) if _belongs(f)}
    known = {name: rate for name, rate in belonged.items() if rate is not None}
    if not known:
        return None
    for item in fresh.evidence:
        fact = item.fact
        if not isinstance(fact, LogFact) or (rate := known.get((fact.service, fact.pattern))) is None:
            continue
        if fact.count >= FEWEST_LINES and fact.count / LOG_WINDOW.total_seconds() >= LOG_SHARE * rate:
            what = plain(fact.pattern, PATTERN_LIMIT)
            text = f"{fact.count} lines “{what}” of {plain(fact.service, NAME_LIMIT)} in {span(LOG_WINDOW)}."
            return Look(holds=True, sentence=text, link=item.link)
    return Look(holds=False, sentence=f"The incident's error lines are not there, or are rare, in {span(LOG_WINDOW)}.")


def _facts(evidence: Iterable[Evidence], kind: type[LogFact]) -> list[LogFact]:
    facts: list[Fact] = [item.fact for item in evidence]
    return [fact for fact in facts if isinstance(fact, kind)]


def _belongs(fact: LogFact) -> bool:
    return fact.is_new or fact.count >= FREQUENT * fact.baseline


def _rate(fact: LogFact) -> float | None:
    """Lines a second."""
    seconds = fact.slice_seconds * len(fact.over_time)
    return fact.count / seconds if seconds > 0 else None
