"""Functions of range vectors, after Prometheus' own rules (promql/functions.go), for all steps at once.

Each takes a `Window` (and numbers) and returns values N x T and the least number of samples it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sandbox.prometheus.promql.frame import Floats, Ints, total
from sandbox.prometheus.promql.store import Window

EXTRAPOLATION_LIMIT = 1.1  # a gap of more than 1.1 sample intervals at the edge means that the series begins or ends


@dataclass(frozen=True, kw_only=True)
class RangeFunction:
    apply: Callable[[Window, Floats], Floats]  # (window, number of each step) -> N x T
    needs: int = 1  # samples
    keeps_name: bool = False
    number: str = ""  # "before" or "after" the range among the arguments, "" for none


def _extrapolated(window: Window, *, counter: bool, per_second: bool) -> Floats:
    first, count = window.first, window.count
    change = window.nth_last(1) - first
    if counter:
        change = change + _lost_to_resets(window)
    sampled = window.nth_last_time(1) - window.first_time
    interval = sampled / (count - 1)
    to_start = window.first_time - window.start
    to_end = window.end - window.nth_last_time(1)
    to_start = np.where(to_start >= interval * EXTRAPOLATION_LIMIT, interval / 2, to_start)
    to_end = np.where(to_end >= interval * EXTRAPOLATION_LIMIT, interval / 2, to_end)
    before = np.broadcast_to(to_start, change.shape)
    if counter:  # a counter cannot have been below zero
        to_zero = sampled * (first / change)
        before = np.where((change > 0) & (first >= 0) & (to_zero < before), to_zero, before)
    factor = (sampled + before + to_end) / sampled
    if per_second:
        factor = factor / (window.end - window.start)
    return change * factor


def _steps(window: Window) -> tuple[Floats, Floats]:
    """Neighbouring samples; NaN where there is no pair."""
    pair = window.mask[:, 1:]
    return np.where(pair, window.values[..., :-1], np.nan), np.where(pair, window.values[..., 1:], np.nan)


def _lost_to_resets(window: Window) -> Floats:
    before, after = _steps(window)
    return total(np.where(after < before, before, 0.0), axis=-1)


def _resets(window: Window, _: Floats) -> Floats:
    before, after = _steps(window)
    return total(after < before, axis=-1)


def _changes(window: Window, _: Floats) -> Floats:
    before, after = window.values[..., :-1], window.values[..., 1:]
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    return total(window.mask[:, 1:] & ~same, axis=-1)


def _instant(window: Window, *, rate: bool) -> Floats:
    last, previous = window.nth_last(1), window.nth_last(2)
    if not rate:
        return last - previous
    change = np.where(last < previous, last, last - previous)
    return change / (window.nth_last_time(1) - window.nth_last_time(2))


def _line(window: Window, origin: Floats) -> tuple[Floats, Floats]:
    """Slope, and value at `origin` (one per step), of the least-squares line."""
    mask, count = window.mask, window.count
    x = np.where(mask, window.times - origin[:, None], 0.0)
    y = np.where(mask, window.values, 0.0)
    mean_x = total(x, axis=-1) / count
    mean_y = total(y, axis=-1) / count
    from_mean = np.where(mask, x - mean_x[:, None], 0.0)
    slope = (from_mean * (y - mean_y[..., None])).sum(axis=-1) / (from_mean**2).sum(axis=-1)
    constant = np.where(mask, window.values == window.first[..., None], True).all(axis=-1)
    slope = np.where(constant, 0.0, slope)
    return slope, np.where(constant, window.first, mean_y - slope * mean_x)


def _deriv(window: Window, _: Floats) -> Floats:
    return _line(window, window.first_time)[0]


def _predict(window: Window, ahead: Floats) -> Floats:
    slope, value = _line(window, window.end)
    return slope * ahead + value


def _filled(window: Window, filler: float) -> Floats:
    return np.where(window.mask, window.values, filler)


def _sum(window: Window, _: Floats) -> Floats:
    return total(_filled(window, 0.0), axis=-1)


def _mean(window: Window, _: Floats) -> Floats:
    return _sum(window, _) / window.count


def _variance(window: Window, _: Floats) -> Floats:
    gap = np.where(window.mask, window.values - _mean(window, _)[..., None], 0.0)
    return total(gap**2, axis=-1) / window.count


def _quantile(window: Window, quantile: Floats) -> Floats:
    ordered = np.sort(_filled(window, np.inf), axis=-1)
    return quantile_of_sorted(ordered, window.count, quantile)


def quantile_of_sorted(ordered: Floats, count: Ints, q: Floats) -> Floats:
    """Linear between neighbours; `ordered` is N x T x W, `count` T or N x T, `q` T."""
    rank = np.clip(np.nan_to_num(q), 0, 1) * (count - 1)
    low = np.clip(np.floor(rank), 0, None).astype(int)
    high = np.minimum(low + 1, np.clip(count - 1, 0, None)).astype(int)
    shape = ordered.shape[:-1]
    below = np.take_along_axis(ordered, np.broadcast_to(low, shape)[..., None], axis=-1)[..., 0]
    above = np.take_along_axis(ordered, np.broadcast_to(high, shape)[..., None], axis=-1)[..., 0]
    weight = rank - low
    value = np.where(weight > 0, below * (1 - weight) + above * weight, below)
    return np.select([np.isnan(q), q < 0, q > 1], [np.nan, -np.inf, np.inf], value)


def _count(window: Window, _: Floats) -> Floats:
    return np.broadcast_to(window.count.astype(float), window.values.shape[:-1])


FUNCTIONS: Mapping[str, RangeFunction] = {
    "rate": RangeFunction(apply=lambda w, _: _extrapolated(w, counter=True, per_second=True), needs=2),
    "increase": RangeFunction(apply=lambda w, _: _extrapolated(w, counter=True, per_second=False), needs=2),
    "delta": RangeFunction(apply=lambda w, _: _extrapolated(w, counter=False, per_second=False), needs=2),
    "irate": RangeFunction(apply=lambda w, _: _instant(w, rate=True), needs=2),
    "idelta": RangeFunction(apply=lambda w, _: _instant(w, rate=False), needs=2),
    "deriv": RangeFunction(apply=_deriv, needs=2),
    "predict_linear": RangeFunction(apply=_predict, needs=2, number="after"),
    "resets": RangeFunction(apply=_resets),
    "changes": RangeFunction(apply=_changes),
    "avg_over_time": RangeFunction(apply=_mean),
    "min_over_time": RangeFunction(apply=lambda w, _: np.fmin.reduce(_filled(w, np.nan), axis=-1)),
    "max_over_time": RangeFunction(apply=lambda w, _: np.fmax.reduce(_filled(w, np.nan), axis=-1)),
    "sum_over_time": RangeFunction(apply=_sum),
    "count_over_time": RangeFunction(apply=_count),
    "last_over_time": RangeFunction(apply=lambda w, _: w.nth_last(1), keeps_name=True),
    "present_over_time": RangeFunction(apply=lambda w, _: np.ones(w.values.shape[:-1])),
    "quantile_over_time": RangeFunction(apply=_quantile, number="before"),
    "stddev_over_time": RangeFunction(apply=lambda w, _: np.sqrt(_variance(w, _))),
    "stdvar_over_time": RangeFunction(apply=_variance),
}
