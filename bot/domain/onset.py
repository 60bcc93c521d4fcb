"""When the trouble began, from all series at hand: monitors fire minutes after it, and say when they fired."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain.ranking.deviation import SIDES, normal_range, strength
from bot.domain.ranking.observed import ObservedSeries
from bot.domain.ranking.signals import guess
from bot.domain.ranking.tuning import Tuning

SEARCHED = 20 * 60  # seconds before the newest sample: monitors that fire later than this are rare, old blips are not
FEWEST_SEARCHED = 8  # samples that are searched where they are further apart
QUIET = 2  # samples before a start that were quieter: only the first of an episode is its start
SHOWN = 5  # series that are named as the first to move
DEFAULT = Tuning()


@dataclass(frozen=True, kw_only=True)
class Mover:
    service: str
    metric: str
    strength: float  # 0 to 1


@dataclass(frozen=True, kw_only=True)
class Onset:
    at: float  # unix seconds of the first sample that was different
    strength: float  # sum over all series of how much they jumped there and stayed
    movers: tuple[Mover, ...]  # what jumped there, most first


@dataclass(frozen=True, kw_only=True)
class _Track:
    series: ObservedSeries
    strengths: tuple[float, ...]  # one for each searched time


def find(series: Iterable[ObservedSeries], tuning: Tuning = DEFAULT, *, latest: float = math.inf) -> Onset | None:
    """The sample at which most series jumped out of their normal range, two samples in a row, and stayed there.

    `series` reach from well before the trouble to now; at least half of their samples are taken as normal. None where
    they are too short or nothing jumped up to `latest`: then the alert's own time is the best there is.
    """
    series = tuple(series)
    times = sorted({at for one in series for at, _ in one.points})
    searched = _searched(times)
    if len(searched) < QUIET + 1:
        return None
    tracks = [track for one in series if (track := _track(one, searched, tuning))]
    candidates = [n for n in range(1, len(searched) - 1) if searched[n] <= latest]  # the newest alone may be a blip
    if not candidates:
        return None
    jumps = {index: [_jump(track.strengths, index) for track in tracks] for index in candidates}
    best = max(candidates, key=lambda index: (sum(jumps[index]), -index))
    if not sum(jumps[best]):
        return None
    movers = sorted(zip(jumps[best], tracks, strict=True), key=lambda pair: -pair[0])[:SHOWN]
    return Onset(
        at=searched[best],
        strength=sum(jumps[best]),
        movers=tuple(
            Mover(service=track.series.service, metric=track.series.metric, strength=jump)
            for jump, track in movers
            if jump > 0.0
        ),
    )


def _searched(times: Sequence[float]) -> Sequence[float]:
    if not times:
        return ()
    recent = sum(at > times[-1] - SEARCHED for at in times)
    return times[len(times) - min(max(recent, FEWEST_SEARCHED), len(times) // 2) :]


def _track(series: ObservedSeries, searched: Sequence[float], tuning: Tuning) -> _Track | None:
    signal = series.signal or guess(series.metric)
    if signal is None:
        return None
    known = {at: value for at, value in series.points if math.isfinite(value)}
    normal = normal_range(series, signal, [value for at, value in known.items() if at < searched[0]], tuning)
    if normal is None:
        return None
    deviations = [
        max(0.0, *(normal.beyond(known[at], side) for side in SIDES[signal])) if at in known else 0.0 for at in searched
    ]
    return _Track(series=series, strengths=tuple(strength(one, tuning.loud) for one in deviations))


def _jump(strengths: Sequence[float], index: int) -> float:
    """How much louder two samples from `index` on are than those before, and how much of the rest stays that way."""
    reached = min(strengths[index : index + 2])
    rise = reached - max(strengths[max(0, index - QUIET) : index])
    if rise <= 0.0:
        return 0.0
    since = strengths[index:]
    staying = sum(one >= reached / 2 for one in since) / len(since)
    return rise * staying**2  # squared: a blip that most have forgotten by now is not what the alert is about
