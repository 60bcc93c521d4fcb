"""Small systems with one fault each, for the tests of the ranking and of the onset."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bot.domain.ranking import ObservedSeries, Situation, Target

STEP = 60.0
START = 1_772_600_000.0
BEFORE, AFTER = 60, 5  # samples
ONSET = START + BEFORE * STEP

CALLS = frozenset(
    {("web", "orders"), ("web", "search"), ("web", "profile"), ("orders", "stock"), ("orders", "payments")}
)
SERVICES = ("orders", "payments", "profile", "search", "stock", "web")
USUAL = {
    "latency_mean": 0.08,
    "latency_p99": 0.3,
    "client_latency_p90": 0.05,
    "error_ratio": 0.001,
    "requests": 50.0,
    "cpu_usage": 30.0,
    "memory_usage": 55.0,
    "network_bytes": 40_000.0,
}

Change = Callable[[float], float]


@dataclass
class World:
    """`changes`: what (service, metric) becomes since the onset."""

    changes: Mapping[tuple[str, str], Change] = field(default_factory=dict)
    seed: int = 1
    noise: float = 0.05
    metrics: Iterable[str] = tuple(USUAL)

    def series(self) -> tuple[ObservedSeries, ...]:
        return tuple(self._one(service, metric) for service in SERVICES for metric in self.metrics)

    def situation(
        self,
        *,
        calls: frozenset[tuple[str, str]] = CALLS,
        target: Target | None = None,
        error_rises: Mapping[str, float] | None = None,
    ) -> Situation:
        return Situation(
            series=self.series(), onset=ONSET, step=STEP, calls=calls, target=target, error_rises=error_rises or {}
        )

    def _one(self, service: str, metric: str) -> ObservedSeries:
        chosen = random.Random(f"{self.seed} {service} {metric}")
        change = self.changes.get((service, metric), times(1.0))
        points = []
        for index in range(BEFORE + AFTER):
            value = USUAL[metric] * (1.0 + self.noise * chosen.gauss(0.0, 1.0))
            at = START + index * STEP
            points.append((at, change(value) if at >= ONSET else value))
        return ObservedSeries(service=service, metric=metric, points=tuple(points))


def times(factor: float) -> Change:
    return lambda value: value * factor


def slow(*services: str, by: float = 0.5) -> dict[tuple[str, str], Change]:
    """Latency and its p99 rise by so many seconds, for each of `services`."""
    return {
        (service, metric): (lambda value: value + by)
        for service in services
        for metric in ("latency_mean", "latency_p99")
    }
