"""What the samples of one question mean, as facts and plain sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from bot.domain.evidence import Evidence, MetricFact, Series, SignalKind, TriggerChart
from bot.domain.movement import COUNT_FLOOR, FLOORS, SHARE, SPREADS, Movement, Worse, measure
from bot.domain.plaintext import plain
from bot.domain.quantity import quantity, quantity_of, times
from integrations.prometheus.questions import CURRENT, Subject
from integrations.prometheus.wire import LabelledSeries

SOURCE = "prometheus"
CHART_SERIES = 5  # more lines than that cannot be told apart
NAME_LIMIT = 60
NOTABLE_FACTOR = 1.5  # "x1.2" tells nothing that the two numbers do not
FACTOR_CAP = 1000  # "x48211" is a division by next to nothing


@dataclass(frozen=True, kw_only=True)
class Measured:
    subject: Subject
    series: tuple[tuple[LabelledSeries, Movement], ...]  # the most moved first; never empty

    @property
    def movement(self) -> Movement:
        return self.series[0][1]


def measured(subject: Subject, series: Sequence[LabelledSeries], labels: Mapping[str, str]) -> Measured | None:
    """`labels` are the alert's: a series that carries them comes before one that moved more. None: no samples."""
    absent_is_zero = subject.kind is SignalKind.ERRORS or (subject.is_trigger and subject.worse is Worse.UP)
    found = [
        (
            item,
            measure(
                item.points,
                onset=subject.onset.timestamp(),
                unit=subject.unit,
                worse=subject.worse,
                absent_is_zero=absent_is_zero,
            ),
        )
        for item in series
        if item.points
    ]
    if not found:
        return None
    found.sort(key=lambda pair: (-_shared(pair[0].labels, labels), -pair[1].score, sorted(pair[0].labels.items())))
    return Measured(subject=subject, series=tuple(found))


def _shared(own: Mapping[str, str], alert: Mapping[str, str]) -> int:
    return sum(alert.get(name) == value for name, value in own.items())


def evidence(
    measured: Measured, *, limit: float | None, link: str, usual: float | None = None, beside: Sequence[str] = ()
) -> Evidence:
    """`beside`: what else is told of the value now, such as other quantiles: "p50 80 ms"."""
    subject, movement = measured.subject, measured.movement
    fact = MetricFact(
        service=subject.service,
        metric=subject.metric,
        kind=subject.kind,
        unit=subject.unit,
        before=movement.before,
        now=movement.now,
        latest=movement.latest,
        spread=movement.spread,
        moved_at=None if movement.moved_at is None else datetime.fromtimestamp(movement.moved_at, tz=UTC),
        limit=limit,
        is_trigger=subject.is_trigger,
        query=subject.query,
        usual=usual,
    )
    return Evidence(
        source=SOURCE,
        text=_sentence(fact, measured, beside),
        fact=fact,
        link=f"{link}/graph?{urlencode({'g0.expr': subject.query, 'g0.tab': 0})}",
        at=fact.moved_at,
    )


def chart(measured: Measured, *, title: str, threshold: float | None) -> TriggerChart:
    """The most moved series, at most five."""
    shown = [item for item, _ in measured.series[:CHART_SERIES]]
    return TriggerChart(
        title=title,
        unit=measured.subject.unit,
        query=measured.subject.query,
        series=tuple(Series(name=_name(item, shown, measured.subject), points=item.points) for item in shown),
        onset=measured.subject.onset,
        threshold=threshold,
    )


def _name(item: LabelledSeries, shown: Sequence[LabelledSeries], subject: Subject) -> str:
    """What tells it from the others: the labels in which they differ."""
    told = {
        name: value for name, value in item.labels.items() if any(other.labels.get(name) != value for other in shown)
    }
    told.pop("__name__", None)
    return plain(", ".join(told.values()), NAME_LIMIT) or subject.metric


def _sentence(fact: MetricFact, measured: Measured, beside: Sequence[str]) -> str:
    who = f"{fact.metric} of {fact.service}"
    newest = measured.series[0][0].points[-1][0]
    if fact.latest is None or newest < measured.subject.now.timestamp() - CURRENT:
        stopped = datetime.fromtimestamp(newest, tz=UTC)
        return f"{who} has no samples since {stopped:%H:%M:%S} UTC; {_before(fact)}"
    also = f" ({', '.join(beside)})" if beside else ""
    parts = [f"{who} {_now(fact)}{also}, {_before(fact)}"]
    if fact.usual is not None and _is_unusual_hour(fact):
        parts.append(f"at this hour it is usually {quantity(fact.usual, fact.unit)}")
    if fact.moved_at:
        parts.append(f"moved at {fact.moved_at:%H:%M:%S} UTC")
    else:
        parts.append("it did not move")
    if fact.is_trigger and fact.limit is not None:
        parts.append(f"the alert's threshold is {quantity(fact.limit, fact.unit)}")
    if len(measured.series) > 1:
        parts.append(f"the worst of {len(measured.series)} series")
    return ", ".join(parts)


def _is_unusual_hour(fact: MetricFact) -> bool:
    """What was normal before the onset is not what is usual at this hour."""
    assert fact.usual is not None
    if fact.before is None:
        return True
    floor = FLOORS.get(fact.unit, COUNT_FLOOR)
    return abs(fact.usual - fact.before) > max(SHARE * abs(fact.before), SPREADS * fact.spread, floor)


def _now(fact: MetricFact) -> str:
    assert fact.latest is not None
    value = _full(fact, fact.latest)
    if fact.now is not None and fact.moved_at and _went_back(fact):
        return f"was {_full(fact, fact.now)} at its worst and is {value} again"
    return f"is {value} now"


def _went_back(fact: MetricFact) -> bool:
    """The newest sample is closer to normal than to the worst one."""
    assert fact.latest is not None
    assert fact.now is not None
    to_normal, to_worst = abs(fact.latest - (fact.before or 0.0)), abs(fact.latest - fact.now)
    return to_normal < to_worst


def _full(fact: MetricFact, value: float) -> str:
    """With its capacity, where that is known and no mere threshold."""
    if fact.limit is not None and not fact.is_trigger:
        return quantity_of(value, fact.limit, fact.unit)
    return quantity(value, fact.unit)


def _before(fact: MetricFact) -> str:
    if fact.before is None:
        return "without any sample before"
    text = f"{quantity(fact.before, fact.unit)} before"
    if (
        fact.moved
        and fact.before > 0
        and fact.latest is not None
        and (factor := fact.latest / fact.before) >= NOTABLE_FACTOR
    ):
        return f"{text} ({times(factor)})" if factor < FACTOR_CAP else text
    return text
