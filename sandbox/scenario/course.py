"""A scenario that goes on: what follows when versions are brought out in it. What was seen before stays as it was."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sandbox.scenario.load import load
from sandbox.scenario.model import LogLine, Scenario, TimeSeries
from sandbox.scenario.remedy import Rollout

_COUNTS = ("_total", "_bucket", "_sum", "_count")  # how the names of counters end, by Prometheus' own rules


def after(scenario: Scenario, rollouts: Sequence[Rollout]) -> Scenario:
    """`rollouts`: all of them, the newest last; `scenario` holds what followed from those before it.

    Takes the better part of a second. Series and lines that the scenario's folder knows nothing of stay as they are.
    """
    at = scenario.onset + rollouts[-1].at
    made = load(scenario.folder, scenario.loaded_at, rollouts)
    return replace(
        scenario,
        series=tuple(_joined_series(scenario.series, made.series, at)),
        logs=_joined_lines(scenario.logs, made.logs, at),
    )


def _joined_lines(seen: Sequence[LogLine], made: Sequence[LogLine], at: float) -> tuple[LogLine, ...]:
    """Both ascending."""
    before = bisect_left(seen, at, key=lambda line: line.at)
    return (*seen[:before], *made[bisect_left(made, at, key=lambda line: line.at) :])


def _joined_series(seen: Sequence[TimeSeries], made: Sequence[TimeSeries], at: float) -> list[TimeSeries]:
    by_labels = {_key(item.labels): item for item in made}
    known = {_key(item.labels) for item in seen}
    joined = [_joined(item, by_labels.get(_key(item.labels), item), at) for item in seen]
    return [*joined, *(_from(item, at) for item in made if _key(item.labels) not in known)]


def _key(labels: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


def _from(item: TimeSeries, at: float) -> TimeSeries:
    first = bisect_left(item.times, at)
    return replace(item, times=item.times[first:], values=item.values[first:])


def _joined(seen: TimeSeries, made: TimeSeries, at: float) -> TimeSeries:
    """A counter goes on from where it was, and from zero once `made` restarts."""
    if made is seen:
        return seen
    rest = bisect_left(made.times, at)
    kept = bisect_left(seen.times, at)
    values = made.values[rest:]
    if seen.labels["__name__"].endswith(_COUNTS) and kept and rest:
        values = _going_on(seen.values[kept - 1], made.values[rest - 1], values)
    if made.times == seen.times:
        return replace(seen, values=(*seen.values[:kept], *values))  # the same times: they are stored once for all
    return replace(seen, times=(*seen.times[:kept], *made.times[rest:]), values=(*seen.values[:kept], *values))


def _going_on(counted: float, made: float, values: Sequence[float]) -> tuple[float, ...]:
    ahead, before, found = counted - made, made, []
    for value in values:
        if value < before:
            ahead = 0.0
        found.append(value + ahead)
        before = value
    return tuple(found)
