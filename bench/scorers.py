"""Published and obvious ways to rank services, as baselines: each column gets a score, a service its best column's."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.recorded_faults import RecordedFault
from bot.domain.ranking import Signal

Numbers = NDArray[np.float64]


def ranked(scores: Numbers, fault: RecordedFault) -> tuple[str, ...]:
    best: dict[str, float] = {}
    for (service, _), score in zip(fault.columns, np.nan_to_num(scores, nan=0.0), strict=True):
        best[service] = max(best.get(service, -np.inf), float(score))
    return tuple(sorted(best, key=lambda service: -best[service]))


def mean_shift(fault: RecordedFault) -> tuple[str, ...]:
    normal, anomalous = _tables(fault)
    return ranked(abs(np.nanmean(anomalous, 0) - np.nanmean(normal, 0)) / _or_one(np.nanstd(normal, 0)), fault)


def n_sigma(fault: RecordedFault) -> tuple[str, ...]:
    normal, anomalous = _tables(fault)
    return ranked(np.nanmax((anomalous - np.nanmean(normal, 0)) / _or_one(np.nanstd(normal, 0)), 0), fault)


def baro(fault: RecordedFault) -> tuple[str, ...]:
    """The scorer of BARO (FSE 2024): the largest deviation from the median, in interquartile ranges."""
    normal, anomalous = _tables(fault)
    spread = np.nanpercentile(normal, 75, 0) - np.nanpercentile(normal, 25, 0)
    return ranked(np.nanmax((anomalous - np.nanmedian(normal, 0)) / _or_one(spread), 0), fault)


def alike(fault: RecordedFault) -> tuple[str, ...]:
    """By correlation with the alert's own metric since it went wrong, among means of the same kind that went the same
    way; the alert's own service is left out, since it correlates with itself."""
    assert fault.target is not None
    normal, anomalous = _tables(fault)
    wanted = f"{fault.target.signal.value}:Average"
    alert = fault.columns.index((fault.target.service, wanted))
    side = -1.0 if fault.target.signal is Signal.AVAILABILITY else 1.0
    scores = np.full(len(fault.columns), -3.0)
    for index, (service, metric) in enumerate(fault.columns):
        if metric != wanted:
            continue
        shift = side * (np.nanmean(anomalous[:, index]) - np.nanmean(normal[:, index]))
        same = shift > 0.0 and service != fault.target.service
        scores[index] = _correlation(anomalous[:, index], anomalous[:, alert]) if same else -2.0
    return ranked(scores, fault)


def chance(fault: RecordedFault, place: int) -> float:
    """How often the true service is among the first `place` of a random order."""
    return min(1.0, place / len(fault.services))


SCORERS: dict[str, Callable[[RecordedFault], tuple[str, ...]]] = {
    "mean shift in standard deviations": mean_shift,
    "N-sigma": n_sigma,
    "BARO's robust scorer": baro,
}


def _tables(fault: RecordedFault) -> tuple[Numbers, Numbers]:
    # Columns without any sample give NaN with a warning; they score nothing.
    warnings.simplefilter("ignore", RuntimeWarning)
    return (
        np.array([row for _, row in fault.normal], dtype=np.float64),
        np.array([row for _, row in fault.anomalous], dtype=np.float64),
    )


def _or_one(spread: Numbers) -> Numbers:
    """As the published code does: a series without any spread is compared in its own unit."""
    return np.where(spread == 0.0, 1.0, spread)


def _correlation(one: Numbers, other: Numbers) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    one, other = one[both], other[both]
    if len(one) < 3 or not one.std() or not other.std():
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
