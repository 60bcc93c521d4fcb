"""Round places on an axis."""

from __future__ import annotations

import math
import sys

MOST_VALUE_TICKS = 5
MOST_TIME_TICKS = 9
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
_ROUND_BINARY = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)
_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)


def value_ticks(
    low: float, high: float, *, is_binary: bool = False, is_share: bool = False, most: int = MOST_VALUE_TICKS
) -> list[float]:
    """Up to `most` + 1 round values within [low, high]; `is_binary` rounds to powers of two, `is_share` stops at 1."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return []
    rough = (high - low) / most
    base, steps = (1024.0, _ROUND_BINARY) if is_binary else (10.0, _ROUND)
    unit = base ** math.floor(math.log(rough, base))
    step = next((s * unit for s in steps if s * unit >= rough * 0.999), steps[-1] * unit)
    slack = max(1e-9, abs(low / step) * sys.float_info.epsilon)  # what the division may be off by
    if slack > 0.5:  # the steps are finer than floats of this size
        return [low, high]
    first, last = math.ceil(low / step - slack), math.floor(high / step + slack)
    found = [n * step for n in range(first, last + 1)]
    return [v for v in found if v <= 1.0 + 1e-9] if is_share and low >= 0 and high <= 1.2 else found


def time_ticks(start: float, end: float, *, most: int = MOST_TIME_TICKS) -> list[float]:
    """Full minutes, hours or days (UTC) within [start, end], in unix seconds."""
    step = next((m * 60 for m in _MINUTES if (end - start) / (m * 60) <= most), None)
    if step is None:
        step = math.ceil((end - start) / most / 86400) * 86400
    first = math.ceil(start / step)
    places = (float(n * step) for n in range(first, math.floor(end / step) + 1))
    return [place for place in places if start <= place <= end]  # the division may round
