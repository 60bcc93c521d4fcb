"""Which service is the cause: services ranked by what their metrics, callers, callees and error logs say.

Pure and without training. The method, the data it is measured on and its limits: docs/ranking.md.
"""

from __future__ import annotations

from bot.domain.ranking.band import settle
from bot.domain.ranking.blame import Blame, Loudest
from bot.domain.ranking.deviation import deviation, per_request
from bot.domain.ranking.graph import CallGraph
from bot.domain.ranking.losses import given_up, handed_down, shares
from bot.domain.ranking.observed import (
    FAILING,
    Ground,
    ObservedSeries,
    Signal,
    Situation,
    Speaking,
    Suspect,
    Target,
)
from bot.domain.ranking.signals import guess
from bot.domain.ranking.tuning import Tuning

DEFAULT = Tuning()


def rank(situation: Situation, tuning: Tuning = DEFAULT) -> tuple[Suspect, ...]:
    """Every service that has a series or error lines, likeliest cause first; of equal scores, by name."""
    boundary = situation.onset - situation.step
    kinds = _by_kind(situation)
    graph = CallGraph(situation.calls)
    target = situation.target
    loudest = {service: _loudest(of, boundary, tuning) for service, of in kinds.items()}
    blame = Blame(loudest, graph, target, tuning)
    losses = shares(kinds, target, graph, boundary, tuning) if target else {}
    if target and target.signal in FAILING:
        losses = handed_down(losses, given_up(kinds, graph, boundary, tuning), tuning)
    depths = graph.depths(target.service) if target and situation.calls else None
    scored = []
    for service in kinds:
        speaking = [*blame.own_signals(service), blame.accused(service), blame.cut_off(service)]
        speaking.append(blame.logs(service, situation.error_rises.get(service, 1.0)))
        lost = tuning.loss * losses.get(service, 0.0)
        speaking.append(Speaking(ground=Ground.LOSS, weight=lost, signal=target.signal if target else None))
        scored.append((service, speaking, _nearness(service, depths, tuning)))
    return settle(scored)


def _nearness(service: str, depths: dict[str, int] | None, tuning: Tuning) -> float:
    if depths is None:
        return 1.0
    return tuning.decay ** max(0, depths[service] - 1) if service in depths else tuning.outside


def _by_kind(situation: Situation) -> dict[str, dict[Signal, list[ObservedSeries]]]:
    kinds: dict[str, dict[Signal, list[ObservedSeries]]] = {service: {} for service in situation.error_rises}
    for series in situation.series:
        of = kinds.setdefault(series.service, {})
        signal = series.signal or guess(series.metric)
        if signal is not None:
            of.setdefault(signal, []).append(series)
    return kinds


def _loudest(of: dict[Signal, list[ObservedSeries]], boundary: float, tuning: Tuning) -> dict[Signal, Loudest]:
    traffic = next(iter(of.get(Signal.TRAFFIC, ())), None)
    found = {}
    for signal, group in of.items():
        own = [per_request(s, traffic) if signal is Signal.FLOW and traffic else s for s in group]
        measured = [(deviation(s, signal, boundary, tuning), s.metric) for s in own]
        loud, metric = max(measured, key=lambda pair: abs(pair[0]))
        found[signal] = Loudest(metric=metric, deviation=loud)
    return found


__all__ = [
    "DEFAULT",
    "Ground",
    "ObservedSeries",
    "Signal",
    "Situation",
    "Speaking",
    "Suspect",
    "Target",
    "Tuning",
    "guess",
    "rank",
]
