"""When something runs out: a robust line through its latest samples, followed to its limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

Points = Sequence[tuple[float, float]]  # (unix seconds, value), ascending

FEWEST = 10  # samples a line is drawn through
MOST = 60  # samples looked at: 1,770 pairs; more would not make the line better
SHARES = (1, 2, 4, 8)  # the whole time, its last half, quarter and eighth: a leak may have begun a moment ago
AGREEING = 0.6  # Kendall's tau: of a thousand pairs of samples, 800 agree on the direction; saw teeth do not
NOISE = 4.0  # robust spreads around the line that the climb exceeds
CURRENT = 0.25  # share of the climb that the newest sample may be away from the line: else it has stopped
LATEST = 3  # samples that tell whether it has
FULL = 0.995  # of the limit: what is counted in bytes seldom reaches it exactly


@dataclass(frozen=True, kw_only=True)
class Outlook:
    now: float
    per_hour: float
    runs_out_at: float  # unix seconds; where it is used up already, since when


def look_ahead(points: Points, *, limit: float, horizon: float, shrinks: bool = False) -> Outlook | None:
    """`horizon` in seconds: what runs out later does not matter. None: no trend that is real and leads there.

    The line is Theil and Sen's (the median of the slopes of all pairs, robust against outliers), through the longest
    stretch up to now that has a trend: most pairs agree on its direction, it exceeds the noise around the line, the
    newest samples still follow it and are where none was before. What `shrinks` runs out below `limit`, all else above
    it.
    """
    known = [(at, value) for at, value in points if math.isfinite(value)]
    if not known:
        return None
    last_at, now = known[-1]
    if _is_used_up(now, limit, shrinks):
        return Outlook(now=now, per_hour=0.0, runs_out_at=_since(known, limit, shrinks))
    for share in SHARES:
        since = last_at - (last_at - known[0][0]) / share
        slope = _trend([point for point in known if point[0] >= since])
        if slope is None or not _is_beyond([value for at, value in known if at < since], now, slope):
            continue
        left = (limit - now) / slope
        if 0.0 < left <= horizon:
            return Outlook(now=now, per_hour=slope * 3600, runs_out_at=last_at + left)
    return None


def _is_used_up(value: float, limit: float, shrinks: bool) -> bool:
    return value <= limit if shrinks else value >= FULL * limit


def _since(points: Points, limit: float, shrinks: bool) -> float:
    """The first sample of the stretch, up to the newest, in which it is used up."""
    first = points[-1][0]
    for at, value in reversed(points):
        if not _is_used_up(value, limit, shrinks):
            break
        first = at
    return first


def _is_beyond(earlier: Sequence[float], now: float, slope: float) -> bool:
    """It was never there before: what goes up and down has been."""
    return not earlier or (now > max(earlier) if slope > 0 else now < min(earlier))


def _trend(points: Points) -> float | None:
    """Change a second; None where there is no trend."""
    thin = _thinned(points)
    if len(thin) < FEWEST:
        return None
    slopes = [(later[1] - earlier[1]) / (later[0] - earlier[0]) for earlier, later in combinations(thin, 2)]
    slope = median(slopes)
    agreement = sum((one > 0) - (one < 0) for one in slopes) / len(slopes)
    if slope == 0.0 or agreement * math.copysign(1.0, slope) < AGREEING:
        return None
    start = median(value - slope * at for at, value in thin)
    noise = 1.4826 * median(abs(value - start - slope * at) for at, value in thin)
    climb = abs(slope) * (thin[-1][0] - thin[0][0])
    newest = median(value - start - slope * at for at, value in thin[-LATEST:])  # a single one may be an outlier
    return slope if climb > NOISE * noise and abs(newest) <= CURRENT * climb else None


def _thinned(points: Points) -> Points:
    """At most `MOST` of them, evenly; the newest is among them."""
    step = -(-len(points) // MOST)
    return points[::-1][::step][::-1] if step > 1 else points
