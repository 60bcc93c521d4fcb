"""All series of all services, as the ranking of services takes them."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.ranking import guess
from bot.domain.ranking.observed import ObservedSeries, Signal
from integrations.prometheus.templates import OBSERVED
from integrations.prometheus.told import Told
from integrations.prometheus.wording import Measured


def observed(told: Told, trigger: Measured | None) -> tuple[ObservedSeries, ...]:
    """Of each signal the series that moved most. `trigger` where no signal measures the same."""
    signals = [found for _, found in sorted(told.signals.items(), key=lambda item: item[0])]
    if trigger is not None:
        signals.append(trigger)
    return (*(_of(found) for found in signals), *_quantiles(told))


def _of(found: Measured) -> ObservedSeries:
    subject = found.subject
    kind = OBSERVED[subject.kind] if subject.kind else guess(subject.query)
    return ObservedSeries(
        service=subject.service,
        metric=subject.metric,
        points=found.series[0][0].points,
        signal=subject.observed or kind,
        unit=subject.unit,
    )


def _quantiles(told: Told) -> Iterator[ObservedSeries]:
    for service, name, series in told.quantiles:
        if series.points:
            yield ObservedSeries(
                service=service, metric=f"{name} latency", points=series.points, signal=Signal.LATENCY, unit="s"
            )
