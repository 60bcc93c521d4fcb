"""What the alert is about, counted: seconds of waiting or failed requests per sample, and where they arise.

A caller's loss contains its callees'. So the cause of an alert on latency is where (latency - normal) x requests is
about as large as at the alert, and not found again further below; the same with failed requests.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

from bot.domain.ranking.deviation import FEWEST, samples_around
from bot.domain.ranking.graph import CallGraph
from bot.domain.ranking.observed import FAILING, ObservedSeries, Signal, Target
from bot.domain.ranking.tuning import Tuning

_MEAN = re.compile(r"mean|avg|average", re.IGNORECASE)  # only means add up; quantiles stand in where there are none
_SHARE = re.compile(r"ratio|percent|%|share|rate$", re.IGNORECASE)  # errors per request; other errors are counts

Kinds = Mapping[str, Mapping[Signal, Sequence[ObservedSeries]]]  # per service, per signal


def shares(kinds: Kinds, target: Target, graph: CallGraph, boundary: float, tuning: Tuning) -> dict[str, float]:
    """Per service, the share (0 to 1) of the alert's loss that arises in itself; empty where that cannot be counted."""
    metric = _common_metric(kinds, target)
    if metric is None:
        return {}
    lost = {service: _lost(of, target.signal, metric, boundary, tuning) for service, of in kinds.items()}
    whole = lost.get(target.service, 0.0)
    if whole <= 0.0:
        return {}
    own = {
        service: loss - tuning.explained * sum(lost.get(callee, 0.0) for callee in graph.callees(service))
        for service, loss in lost.items()
    }
    return {service: min(1.0, value / whole) for service, value in own.items() if value > 0.0}


def given_up(kinds: Kinds, graph: CallGraph, boundary: float, tuning: Tuning) -> dict[str, dict[str, float]]:
    """Per service, its callees that it waits for, each with its share (0 to 1) of the time that the service loses."""
    found: dict[str, dict[str, float]] = {}
    for service in kinds:
        metric = _common_metric(kinds, Target(service=service, signal=Signal.LATENCY))
        if metric is None:
            continue
        whole = _lost(kinds[service], Signal.LATENCY, metric, boundary, tuning)
        for callee in graph.callees(service):
            lost = _lost(kinds.get(callee, {}), Signal.LATENCY, metric, boundary, tuning)
            if whole > 0.0 and lost > 0.0:
                found.setdefault(service, {})[callee] = min(1.0, lost / whole)
    return found


def handed_down(
    lost: Mapping[str, float], waits: Mapping[str, Mapping[str, float]], tuning: Tuning
) -> dict[str, float]:
    """Requests that fail for waiting too long are lost where they wait for: `lost`, so divided anew."""
    handed = dict(lost)
    for service, loss in lost.items():
        shares_below = waits.get(service, {})
        whole = max(1.0, sum(shares_below.values()))
        for callee, share in shares_below.items():
            moved = tuning.explained * loss * share / whole
            handed[callee] = min(1.0, handed.get(callee, 0.0) + moved)
            handed[service] -= moved
    return handed


def _common_metric(kinds: Kinds, target: Target) -> str | None:
    """The metric of the target that is compared: losses are comparable only where they are measured alike."""
    if target.signal is not Signal.LATENCY and target.signal not in FAILING:
        return None
    names = sorted(series.metric for series in kinds.get(target.service, {}).get(target.signal, ()))
    return next((name for name in names if _MEAN.search(name)), names[0] if names else None)


def _lost(
    of: Mapping[Signal, Sequence[ObservedSeries]], signal: Signal, metric: str, boundary: float, tuning: Tuning
) -> float:
    """What is lost per sample, in the better of any two neighbouring samples since the onset. Its unit does not matter,
    as long as it is the same for all services: only shares of it are used."""
    series = next((series for series in of.get(signal, ()) if series.metric == metric), None)
    traffic = next(iter(of.get(Signal.TRAFFIC, ())), None)
    counted = signal is Signal.ERRORS and not _SHARE.search(metric)  # failed requests already
    if series is None or (traffic is None and not counted):
        return 0.0
    before, _ = samples_around(series, boundary)
    if len(before) < FEWEST:
        return 0.0
    side = -1.0 if signal is Signal.AVAILABILITY else 1.0
    normal = max(side * value for value in [median(before), *before[len(before) - tuning.recent :]])
    requests = dict(traffic.points) if traffic and not counted else {}
    since = series.points[bisect_right(series.points, (boundary, math.inf)) :]
    losses = [_loss(side * value - normal, 1.0 if counted else requests.get(at, math.nan)) for at, value in since]
    return max((min(pair) for pair in pairwise(losses)), default=max(losses, default=0.0) / 2)


def _loss(excess: float, requests: float) -> float:
    loss = excess * requests
    return loss if 0.0 < loss < math.inf else 0.0
