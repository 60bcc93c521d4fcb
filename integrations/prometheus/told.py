"""What came back of the questions about one incident, so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from integrations.prometheus.asking import Asking
from integrations.prometheus.discovery import Existing
from integrations.prometheus.expression import Expression
from integrations.prometheus.names import Known
from integrations.prometheus.questions import Span
from integrations.prometheus.templates import ForecastTemplate
from integrations.prometheus.wire import FiringAlert, LabelledSeries, LabelledValue
from integrations.prometheus.wording import Measured

Place = tuple[int, int, int]  # the service's, then 0 for the catalog's signals and 1 for templates, then the signal's
Values = Sequence[LabelledValue]


@dataclass
class Sides:
    """The alert's own expression: each side of its `or`, by its place."""

    expressions: tuple[Expression, ...] = ()
    measured: dict[int, Measured] = field(default_factory=dict)
    thresholds: dict[int, Values] = field(default_factory=dict)  # where they are no numbers
    usual: Values = ()  # of the first side
    rule: str = ""  # the name of the alert's own rule, where it was found among the rules
    empty: int = 0  # sides that were answered without a sample


@dataclass(frozen=True, kw_only=True)
class Foretold:
    """What was asked only to foretell: series over hours, or seconds that are left."""

    template: ForecastTemplate
    service: str
    query: str
    series: tuple[LabelledSeries, ...] = ()
    left: tuple[LabelledValue, ...] = ()


@dataclass
class Told:
    """What an answer adds to a signal (its capacity, what is usual) stands apart: it may come late or never."""

    span: Span
    services: tuple[Known, ...]
    asking: Asking
    sides: Sides = field(default_factory=Sides)
    signals: dict[Place, Measured] = field(default_factory=dict)
    limits: dict[Place, Values] = field(default_factory=dict)
    usual: dict[Place, Values] = field(default_factory=dict)
    quantiles: list[tuple[str, str, LabelledSeries]] = field(default_factory=list)  # (service, "p50", series)
    foretold: list[Foretold] = field(default_factory=list)
    alerts: Sequence[FiringAlert] | None = None  # None: not known
    existing: Existing | None = None  # None: not known
    asked: list[str] = field(default_factory=list)  # the service of each signal that was asked about
    silent: dict[Place, str] = field(default_factory=dict)  # what had no samples
    late: int = 0


def fitting(values: Values, series: LabelledSeries) -> float | None:
    """The capacity that belongs to a series: the one that shares most labels with it, else the largest."""

    def shared(labels: Mapping[str, str]) -> int:
        return sum(series.labels.get(name) == value for name, value in labels.items())

    best = max(values, key=lambda one: (shared(one.labels), one.value), default=None)
    return best.value if best else None


def trigger_of(sides: Sides) -> tuple[int, Measured, float | None] | None:
    """Of the sides the first that is beyond its threshold; else the first that has samples."""
    found = [(index, one, _threshold(sides, index, one)) for index, one in sorted(sides.measured.items())]
    for index, one, threshold in found:
        worst = one.movement.now if one.movement.now is not None else one.movement.latest
        if worst is not None and threshold is not None and sides.expressions[index].is_crossed(worst, threshold):
            return index, one, threshold
    return found[0] if found else None


def _threshold(sides: Sides, index: int, found: Measured) -> float | None:
    number = sides.expressions[index].threshold
    return number if number is not None else fitting(sides.thresholds.get(index, ()), found.series[0][0])
