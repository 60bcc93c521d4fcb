"""What can be drawn of the samples."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bot.domain.evidence import Series

MOST_SERIES = 5
MOST_POINTS = 600  # one a pixel; more cannot be seen
HUGE = 1e300  # beyond it a scale overflows


def usable(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) and abs(value) < HUGE else None


def drawable(series: Sequence[Series]) -> list[Series]:
    """The series with the highest peaks, without samples that are no numbers, thinned to what can be seen."""
    found = []
    for one in series:
        points = tuple((at, v) for at, v in one.points if usable(v) is not None and math.isfinite(at))
        if points:
            found.append(Series(name=one.name, points=_thinned(points)))
    found.sort(key=lambda s: -max(v for _, v in s.points))
    return found[:MOST_SERIES]


def _thinned(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Lowest and highest of each bucket, so that a spike of one sample is never lost."""
    if len(points) <= MOST_POINTS:
        return points
    size = math.ceil(len(points) / (MOST_POINTS // 2))
    kept: list[tuple[float, float]] = []
    for start in range(0, len(points), size):
        bucket = points[start : start + size]
        extremes = {min(bucket, key=lambda p: p[1]), max(bucket, key=lambda p: p[1])}
        kept += sorted(extremes)
    return tuple(kept)
