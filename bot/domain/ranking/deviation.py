"""How far a series left its normal range since the onset, in robust deviations, on the side that hurts."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.domain.ranking.observed import ObservedSeries, Signal
from bot.domain.ranking.tuning import Tuning

FEWEST = 4  # samples of a baseline; below this no range is known
ONE_SAMPLE = 0.5  # of its deviation is believed where only one sample exists since the onset
ZERO = 1e-9  # keeps logarithms and divisions of series that are all zero finite
PERCENT_FROM = 1.5  # a share whose baseline exceeds this is a percentage
BUSY_FLOOR = 0.05  # of the busiest sample: a flow per request is no number where there are next to no requests

# Which side of normal tells of a fault: a resource that idles does not, traffic may do either.
SIDES: dict[Signal, tuple[int, ...]] = {
    Signal.LATENCY: (1,),
    Signal.WAITING: (1,),
    Signal.ERRORS: (1,),
    Signal.USE: (1,),
    Signal.AVAILABILITY: (-1,),
    Signal.TRAFFIC: (1, -1),
    Signal.FLOW: (1, -1),
}


@dataclass(frozen=True, kw_only=True)
class Normal:
    """The range a series usually keeps, in terms that make deviations of its kind of value comparable."""

    even: Callable[[float], float]
    middle: float  # the median
    scales: dict[int, float]  # per side: what counts as one deviation

    def beyond(self, value: float, side: int, start: float | None = None) -> float:
        """Deviations from the median, or from `start`, towards `side`; below zero on the other side."""
        return side * (self.even(value) - (self.middle if start is None else start)) / self.scales[side]

    def last_of(self, recent: Iterable[float], side: int) -> float:
        """What the median and each of `recent` did not exceed towards `side`."""
        return side * max(side * value for value in [self.middle, *map(self.even, recent)])


def normal_range(series: ObservedSeries, signal: Signal, samples: Sequence[float], tuning: Tuning) -> Normal | None:
    """None where there are too few samples. The scale of a side is the distance from the median to the edge of the
    tail there, as it would be for a normal distribution, and never below the floor of that kind of value."""
    if len(samples) < FEWEST:
        return None
    ordered = sorted(samples)
    even, floor = _evened(series, signal, ordered, tuning)
    middle = even(_quantile(ordered, 0.5))
    edges = {side: even(_quantile(ordered, 0.5 + side * (0.5 - tuning.tail))) for side in SIDES[signal]}
    in_sigmas = _tail_of_normal(tuning.tail)
    scales = {side: max(side * (edge - middle) / in_sigmas, floor) for side, edge in edges.items()}
    return Normal(even=even, middle=middle, scales=scales)


def deviation(series: ObservedSeries, signal: Signal, boundary: float, tuning: Tuning) -> float:
    """Signed; 0.0 where it did not leave its range, or where there is too little to tell.

    What counts is how far two samples in a row after `boundary` lie beyond both the median and everything of the last
    few samples before it: what was already so is not what began.
    """
    before, since = samples_around(series, boundary)
    normal = normal_range(series, signal, before, tuning)
    if normal is None or not since:
        return 0.0
    found = 0.0
    for side in SIDES[signal]:
        start = normal.last_of(before[len(before) - tuning.recent :], side)
        lasting = _lasting([normal.beyond(value, side, start) for value in since])
        if lasting > abs(found):
            found = side * lasting
    return found


def samples_around(series: ObservedSeries, boundary: float) -> tuple[list[float], list[float]]:
    """The samples that exist, up to and after `boundary`."""
    cut = bisect_right(series.points, (boundary, math.inf))
    return _existing(series.points[:cut]), _existing(series.points[cut:])


def per_request(flow: ObservedSeries, traffic: ObservedSeries) -> ObservedSeries:
    """`flow` divided by the traffic at the same time: what is left is not the callers' doing."""
    requests = {at: value for at, value in traffic.points if math.isfinite(value)}
    floor = BUSY_FLOOR * max(requests.values(), default=0.0) + ZERO
    points = tuple((at, value / (requests[at] + floor)) for at, value in flow.points if at in requests)
    return ObservedSeries(service=flow.service, metric=flow.metric, points=points, signal=Signal.FLOW)


def strength(deviation: float, loud: float) -> float:
    """0 to 1: logarithmic, so that near-constant series cannot win by division; squared, so that one clear signal
    outweighs several faint ones."""
    return min(1.0, math.log1p(abs(deviation)) / math.log1p(loud)) ** 2


def _existing(points: Sequence[tuple[float, float]]) -> list[float]:
    # Plain comparisons: twice as fast as a call for each of a hundred thousand samples.
    return [value for _, value in points if -math.inf < value < math.inf]


def _lasting(deviations: Sequence[float]) -> float:
    """A single sample is a blip: of each two neighbours the smaller one counts."""
    if len(deviations) == 1:
        return max(0.0, ONE_SAMPLE * deviations[0])
    return max(0.0, *(min(pair) for pair in pairwise(deviations)))


def _evened(
    series: ObservedSeries, signal: Signal, ordered: Sequence[float], tuning: Tuning
) -> tuple[Callable[[float], float], float]:
    """Shares stay as they are, everything else is compared by ratio; with the least scale in those terms."""
    if signal is Signal.AVAILABILITY or (signal is Signal.ERRORS and ordered[-1] <= 1.0):
        whole = 100.0 if ordered[-1] > PERCENT_FROM else 1.0
        return (lambda value: value / whole), tuning.ratio_floor
    if signal in (Signal.LATENCY, Signal.WAITING):
        offset = tuning.latency_floor * (1000.0 if series.unit == "ms" else 1.0)
    else:
        offset = tuning.relative_floor * abs(_quantile(ordered, 1.0 - tuning.tail)) + ZERO
    return (lambda value: math.log(max(value, 0.0) + offset)), tuning.relative_floor


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[round(share * (len(ordered) - 1))]


def _tail_of_normal(tail: float) -> float:
    """Where that tail of a normal distribution begins, in standard deviations.

    Formula 26.2.23 of Abramowitz and Stegun, Handbook of Mathematical Functions; its error is below 0.00045.
    """
    t = math.sqrt(-2.0 * math.log(tail))
    above = 2.515517 + 0.802853 * t + 0.010328 * t * t
    return t - above / (1.0 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t**3)
