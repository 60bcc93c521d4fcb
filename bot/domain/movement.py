"""When a signal left its normal range, and how far: robust statistics, no assumption on the distribution."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from statistics import median

from bot.domain.evidence import SignalKind

Points = Sequence[tuple[float, float]]  # (unix seconds, value), ascending

LEAD = 20 * 60  # seconds before the onset that are not "normal" any more: a monitor fires late, leaks fill slowly
MAD_TO_SIGMA = 1.4826  # makes the median absolute deviation of a normal distribution its standard deviation
SPREADS = 6  # beyond six robust deviations nothing is noise; autocorrelated rates reach four now and then
SHARE = 0.2  # less than a fifth of normal is not worth a person's time, however quiet the signal is
USUAL_EXCURSIONS = 0.95  # a departure also exceeds what the baseline itself did in all but 5 % of its samples
FLOORS = {
    "ratio": 0.005,
    "%": 0.5,
    "s": 0.005,
    "ms": 5.0,
    "1/s": 0.1,
    "bytes": 2.0**20,
    "bytes/s": 2.0**10,
    "cores": 0.05,  # a twentieth of one, as many as an idle service wavers by
    "": 0.0,
}
COUNT_FLOOR = 2.0  # for all other units: things that are counted
FEWEST = 3  # samples that a baseline and a departure have at least
FEWEST_WHEN_OVER = 8  # samples of a departure that did not last: shorter ones are blips
STRETCHES = 8  # of equal length, each worse than the one before: of noise one in 40,000 looks like that
CLIMB = 1.0  # of the smaller level: what takes longer than an hour to double, or to halve, did not begin this
GAP = 2  # samples within the normal range that do not end a departure
REACH = 120.0  # seconds: a departure that ended longer than this before the onset is another story


class Worse(Enum):
    """Which side of normal hurts."""

    UP = 1
    DOWN = -1
    EITHER = 0


WORSE_BY_KIND = {
    SignalKind.ERRORS: Worse.UP,
    SignalKind.LATENCY: Worse.UP,
    SignalKind.SATURATION: Worse.UP,
    SignalKind.AVAILABILITY: Worse.DOWN,
    SignalKind.TRAFFIC: Worse.EITHER,
}


@dataclass(frozen=True, kw_only=True)
class Movement:
    """Fields as in `MetricFact`; `moved_at` in unix seconds. `score`: how many times what counts as a departure."""

    before: float | None
    now: float | None
    latest: float | None
    spread: float
    moved_at: float | None
    score: float


def measure(points: Points, *, onset: float, unit: str, worse: Worse, absent_is_zero: bool = False) -> Movement:
    """The baseline is what lies more than `LEAD` before the onset.

    Counted as a departure: a deviation from the baseline's median by more than six robust spreads, a fifth of the
    median, the unit's floor and the baseline's own usual excursions, that lasts. `absent_is_zero`: a series that had
    no sample in the baseline and has some now has departed from zero (errors are not counted until there is one).
    What climbs steadily all the time, baseline included, counts from where it left its first level by as much.
    """
    known = [(at, value) for at, value in points if math.isfinite(value)]
    baseline = [value for at, value in known if at < onset - LEAD]
    if not baseline:
        return _without_baseline(known, onset, unit, worse, absent_is_zero)
    normal = median(baseline)
    deviations = sorted(abs(value - normal) for value in baseline)
    spread = MAD_TO_SIGMA * median(deviations)
    usual = deviations[min(len(deviations) - 1, int(USUAL_EXCURSIONS * len(deviations)))]
    threshold = max(SPREADS * spread, SHARE * abs(normal), _floor(unit), usual)
    sides = (1, -1) if worse is not Worse.DOWN else (-1, 1)
    enough = len(baseline) >= FEWEST
    runs = [(side, run) for side in sides if enough and (run := _departure(known, normal, threshold, side, onset))]
    if runs and worse is Worse.EITHER:
        runs.sort(key=lambda item: item[1][0][0])  # the first departure, whichever its side
    if not runs and (climb := _climb(known, onset, unit, worse)):
        return climb
    if not runs:
        return Movement(
            before=normal,
            now=_worst(known, onset, worse, normal),
            latest=known[-1][1],
            spread=spread,
            moved_at=None,
            score=0.0,
        )
    side, run = runs[0]
    peak = max(abs(value - normal) for _, value in run)
    return Movement(
        before=normal,
        now=_worst(known, onset, Worse(side), normal),
        latest=known[-1][1],
        spread=spread,
        moved_at=run[0][0],
        score=peak / threshold if threshold else math.inf,
    )


def _without_baseline(known: Points, onset: float, unit: str, worse: Worse, absent_is_zero: bool) -> Movement:
    appeared = (
        absent_is_zero
        and worse is not Worse.DOWN
        and len(known) >= FEWEST
        and max(abs(value) for _, value in known) > _floor(unit)
    )
    peak = max((abs(value) for _, value in known), default=0.0)
    return Movement(
        before=None,
        now=_worst(known, onset, worse, 0.0),
        latest=known[-1][1] if known else None,
        spread=0.0,
        moved_at=known[0][0] if appeared else None,
        score=peak / (_floor(unit) or peak) if appeared else 0.0,
    )


def _climb(points: Points, onset: float, unit: str, worse: Worse) -> Movement | None:
    """A leak that is older than the samples has no calm baseline to depart from. Traffic (`EITHER`) drifts by day."""
    size = len(points) // STRETCHES
    if worse is Worse.EITHER or size < FEWEST:
        return None
    # Counted back from now: what has stopped climbing is another story.
    stretches = [points[len(points) - (n + 1) * size : len(points) - n * size] for n in reversed(range(STRETCHES))]
    levels = [median(value for _, value in stretch) for stretch in stretches]
    if not all(worse.value * (later - earlier) > 0 for earlier, later in pairwise(levels)):
        return None
    start = levels[0]
    residues = [abs(value - level) for stretch, level in zip(stretches, levels, strict=True) for _, value in stretch]
    spread = MAD_TO_SIGMA * median(residues)
    threshold = max(SPREADS * spread, SHARE * abs(start), _floor(unit))
    run = _departure(points, start, threshold, worse.value, onset)
    least = max(threshold, CLIMB * min(abs(start), abs(levels[-1])))
    if run is None or abs(levels[-1] - start) < least:
        return None
    peak = max(abs(value - start) for _, value in run)
    return Movement(
        before=start,
        now=_worst(points, onset, worse, start),
        latest=points[-1][1],
        spread=spread,
        moved_at=run[0][0],
        score=peak / threshold if threshold else math.inf,
    )


def _departure(points: Points, normal: float, threshold: float, side: int, onset: float) -> Points | None:
    """The first run of samples beyond the threshold on one side that lasts up to the onset or begins after it."""
    for first, last, count in _runs([side * (value - normal) > threshold for _, value in points]):
        lasts = last >= len(points) - 1 - GAP
        if points[last][0] >= onset - REACH and count >= (FEWEST if lasts else FEWEST_WHEN_OVER):
            return points[first : last + 1]
    return None


def _runs(flags: Iterable[bool]) -> list[tuple[int, int, int]]:
    """(first index, last index, how many) of each run of True, over gaps of at most `GAP`."""
    runs: list[tuple[int, int, int]] = []
    for index, flag in enumerate(flags):
        if not flag:
            continue
        if runs and index - runs[-1][1] <= GAP + 1:
            first, _, count = runs[-1]
            runs[-1] = (first, index, count + 1)
        else:
            runs.append((index, index, 1))
    return runs


def _worst(points: Points, onset: float, worse: Worse, normal: float) -> float | None:
    """The worst sample since the onset; the newest one just before it where there is none yet."""
    values = [value for at, value in points if at >= onset] or [v for at, v in points[-1:] if at >= onset - REACH]
    if not values:
        return None
    if worse is Worse.EITHER:
        return max(values, key=lambda value: abs(value - normal))
    return max(values) if worse is Worse.UP else min(values)


def _floor(unit: str) -> float:
    return FLOORS.get(unit, COUNT_FLOOR)
