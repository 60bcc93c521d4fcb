"""How each context source does: for /readyz, and as metrics. Nothing secret: no sentence, no address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.domain.breaker import BreakerState
from bot.domain.evidence import Finding
from bot.domain.ports import Clock
from bot.flows.guard import Asked

KEPT_BACK = "kept_back"  # not asked: by its breaker or its rate budget
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 10.0, 30.0)  # finest around what people notice
_STATES = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}

Shown = str | float | int | None


@dataclass
class _State:
    """Of one source."""

    finding: Finding | None = None  # of the last ask that was made
    at: datetime | None = None
    breaker: BreakerState = BreakerState.CLOSED
    again_at: datetime | None = None
    kept_back: int = 0  # asks in a row that were not made


class SourceHealth:
    """Takes in how every ask went. A source that fails makes the bot no less ready: briefings say what is missing."""

    def __init__(self, clock: Clock) -> None:
        self.registry = CollectorRegistry()
        self._clock = clock
        self._states: dict[str, _State] = {}
        self._asks = Counter(
            "source_asks",
            "Asks of context sources by outcome.",
            ("source", "outcome", "reason"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "source_seconds", "How long asks took.", ("source",), buckets=_SECONDS, registry=self.registry
        )
        self._breakers = Gauge(
            "source_breaker_state", "0 closed, 1 one incident tries it, 2 open.", ("source",), registry=self.registry
        )

    def expect(self, names: Iterable[str]) -> None:
        """Sources that are set up, before any was asked."""
        for name in names:
            self._states.setdefault(name, _State())
            self._breakers.labels(name).set(_STATES[BreakerState.CLOSED])

    def note(self, asked: Asked) -> None:
        finding = asked.finding
        state = self._states.setdefault(finding.source, _State())
        state.breaker, state.again_at = asked.breaker, asked.again_at
        if asked.was_asked:
            state.finding, state.at, state.kept_back = finding, self._clock.now(), 0
            self._seconds.labels(finding.source).observe(finding.seconds)
        else:
            state.kept_back += 1
        outcome = finding.outcome.value if asked.was_asked else KEPT_BACK
        self._asks.labels(finding.source, outcome, finding.reason.value if finding.reason else "").inc()
        self._breakers.labels(finding.source).set(_STATES[asked.breaker])

    def report(self) -> Mapping[str, Mapping[str, Shown]]:
        """By source, ready for JSON; what is not known is left out."""
        return {name: _shown(state) for name, state in sorted(self._states.items())}


def _shown(state: _State) -> Mapping[str, Shown]:
    finding = state.finding
    told: dict[str, Shown] = {
        "outcome": finding.outcome.value if finding else "not asked yet",
        "reason": finding.reason.value if finding and finding.reason else None,
        "at": state.at.isoformat(timespec="seconds") if state.at else None,
        "seconds": round(finding.seconds, 3) if finding else None,
        "breaker": state.breaker.value,
        "asked_again_at": state.again_at.isoformat(timespec="seconds") if state.again_at else None,
        KEPT_BACK: state.kept_back or None,
    }
    return {name: value for name, value in told.items() if value is not None}
