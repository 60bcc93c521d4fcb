"""From deviations to grounds: what speaks against each service once its callees and callers are heard."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.ranking.deviation import strength
from bot.domain.ranking.graph import CallGraph
from bot.domain.ranking.observed import FAILING, Ground, Signal, Speaking, Target
from bot.domain.ranking.tuning import Tuning

# Symptoms travel from callee to caller, so that a callee's explains its caller's.
_TRAVELLING = FAILING | {Signal.LATENCY}


@dataclass(frozen=True, kw_only=True)
class Loudest:
    """The metric of one signal of one service that deviates most."""

    metric: str
    deviation: float


class Blame:
    """The strengths (0 to 1) of all signals of all services, and the graph they are read along."""

    def __init__(
        self, loudest: Mapping[str, Mapping[Signal, Loudest]], graph: CallGraph, target: Target | None, tuning: Tuning
    ) -> None:
        self._loudest = loudest
        self._graph = graph
        self._target = target
        self._tuning = tuning
        self._strengths = {
            service: {signal: strength(loud.deviation, tuning.loud) for signal, loud in signals.items()}
            for service, signals in loudest.items()
        }
        self._waits = {service: self._unexplained_wait(service) for service in loudest}
        self._waited = sum(self._waits.values())

    def own_signals(self, service: str) -> list[Speaking]:
        """What its own metrics say, less what is explained elsewhere."""
        return [
            Speaking(
                ground=Ground.OWN_SIGNAL,
                weight=self._weight(signal) * self._own(service, signal),
                signal=signal,
                metric=loud.metric,
                deviation=loud.deviation,
            )
            for signal, loud in self._loudest[service].items()
        ]

    def logs(self, service: str, rise: float) -> Speaking:
        """`rise`: error lines now / before. A caller logs errors as well when its callee fails."""
        if rise <= 1.0:
            return Speaking(ground=Ground.LOGS, weight=0.0)
        loud = min(1.0, math.log(rise) / math.log(self._tuning.log_rise))
        failing = max((self._failing(callee) for callee in self._graph.callees(service)), default=0.0)
        return Speaking(ground=Ground.LOGS, weight=max(0.0, loud - self._tuning.explained * failing))

    def accused(self, service: str) -> Speaking:
        """Its callers wait although no callee is slow: likeliest the callee that all who wait call, and only they.

        A slow or lossy network shows in no metric of the service behind it.
        """
        callers = [caller for caller in self._graph.callers(service) if caller in self._waits]
        waits = sum(self._waits[caller] for caller in callers)
        if not callers or waits <= 0.0:
            return Speaking(ground=Ground.ACCUSED, weight=0.0)
        weight = self._tuning.accused * (waits / len(callers)) * (waits / self._waited)
        return Speaking(ground=Ground.ACCUSED, weight=weight * self._weight_of_other(Signal.LATENCY))

    def cut_off(self, service: str) -> Speaking:
        """What it calls lost traffic that it still gets itself: it stops in between, as with an early return."""
        callees = [callee for callee in self._graph.callees(service) if callee in self._loudest]
        lost = max((self._drop(callee) / len(self._graph.callers(callee)) for callee in callees), default=0.0)
        weight = self._tuning.cut_off * max(0.0, lost - self._drop(service))
        return Speaking(ground=Ground.CUT_OFF, weight=weight * self._weight_of_other(Signal.TRAFFIC))

    def _own(self, service: str, signal: Signal) -> float:
        strength = self._strengths[service][signal]
        if signal is Signal.WAITING:
            return self._waits[service]
        if signal not in _TRAVELLING:
            return strength
        below = [self._strength(callee, signal) for callee in self._graph.callees(service)]
        if signal is Signal.LATENCY:
            below.append(self._strength(service, Signal.WAITING))  # who waits is not slow
        return max(0.0, strength - self._tuning.explained * max(below, default=0.0))

    def _unexplained_wait(self, service: str) -> float:
        slow = max((self._strength(callee, Signal.LATENCY) for callee in self._graph.callees(service)), default=0.0)
        return max(0.0, self._strength(service, Signal.WAITING) - self._tuning.explained * slow)

    def _failing(self, service: str) -> float:
        return max(self._strength(service, signal) for signal in FAILING)

    def _drop(self, service: str) -> float:
        traffic = self._loudest.get(service, {}).get(Signal.TRAFFIC)
        return self._strength(service, Signal.TRAFFIC) if traffic and traffic.deviation < 0.0 else 0.0

    def _strength(self, service: str, signal: Signal) -> float:
        return self._strengths.get(service, {}).get(signal, 0.0)

    def _weight(self, signal: Signal) -> float:
        tuning = self._tuning
        own = {Signal.WAITING: tuning.waiting, Signal.TRAFFIC: tuning.traffic, Signal.FLOW: tuning.flow}
        return own.get(signal, 1.0) * self._weight_of_other(signal)

    def _weight_of_other(self, signal: Signal) -> float:
        if self._target is None or signal is self._target.signal:
            return 1.0
        return 1.0 if {signal, self._target.signal} <= FAILING else self._tuning.other_signal
