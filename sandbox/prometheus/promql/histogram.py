"""`histogram_quantile` over classic buckets (promql/quantile.go)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sandbox.prometheus.promql.frame import NAME, Bools, Floats, Frame, Key, Labels, anywhere, key_of, stack, without

BOUND = "le"


def histogram_quantile(quantile: Floats, frame: Frame) -> Frame:
    steps = frame.values.shape[1]
    groups: dict[Key, tuple[Labels, list[tuple[float, int]]]] = {}
    for row, labels in enumerate(frame.labels):
        bound = _bound(labels)
        if bound is not None:
            kept = without(labels, NAME, BOUND)
            groups.setdefault(key_of(kept), (kept, []))[1].append((bound, row))
    return stack((_of_group(labels, sorted(rows), frame, quantile) for labels, rows in groups.values()), steps)


def _bound(labels: Labels) -> float | None:
    try:
        return float(labels[BOUND])
    except (KeyError, ValueError):
        return None


def _of_group(labels: Labels, buckets: list[tuple[float, int]], frame: Frame, quantile: Floats) -> Frame:
    bounds = np.array([bound for bound, _ in buckets])
    rows = [row for _, row in buckets]
    counts, present = frame.values[rows], frame.present[rows]
    values = np.full(len(quantile), np.nan)
    for there, at in _patterns(present):
        values[at] = _quantile(quantile[at], bounds[there], counts[np.ix_(there, at)])
    return Frame(labels=(labels,), values=values[None, :], present=anywhere(present)[None, :])


def _patterns(present: Bools) -> Iterator[tuple[list[int], list[int]]]:
    """Which buckets are there, and the steps at which it is just these."""
    if present.all():
        yield list(range(len(present))), list(range(present.shape[1]))
        return
    kinds, which = np.unique(present, axis=1, return_inverse=True)
    for number in range(kinds.shape[1]):
        there = np.flatnonzero(kinds[:, number]).tolist()
        if there:
            yield there, np.flatnonzero(which.reshape(-1) == number).tolist()


def _quantile(q: Floats, bounds: Floats, counts: Floats) -> Floats:
    """`bounds` B ascending, `counts` B x T cumulative; interpolates linearly within the bucket."""
    if not np.isinf(bounds[-1]) or len(bounds) < 2:
        return np.where(q < 0, -np.inf, np.where(q > 1, np.inf, np.nan))
    counts = np.maximum.accumulate(counts, axis=0)
    total = counts[-1]
    rank = q * total
    reached = counts[:-1] >= rank
    bucket = np.where(reached.any(axis=0), reached.argmax(axis=0), len(bounds) - 1)
    step = np.arange(counts.shape[1])
    below = np.maximum(bucket - 1, 0)
    start = np.where(bucket > 0, bounds[below], 0.0)
    before = np.where(bucket > 0, counts[below, step], 0.0)
    inside = start + (bounds[bucket] - start) * ((rank - before) / (counts[bucket, step] - before))
    value = np.where(bucket == len(bounds) - 1, bounds[-2], inside)
    value = np.where((bucket == 0) & (bounds[0] <= 0), bounds[0], value)
    return np.select([np.isnan(q), q < 0, q > 1, total == 0], [np.nan, -np.inf, np.inf, np.nan], value)
