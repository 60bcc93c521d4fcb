"""What the front door counts.

Plain numbers of the event loop: the client library's own counters take a lock for each, which in a flood is felt.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_WITHIN = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds


class WebhookMetrics(Collector):
    """Called from the event loop alone."""

    def __init__(self) -> None:
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._acknowledged = [0] * (len(_WITHIN) + 1)  # by the first bound that it is within; the last: beyond all
        self._seconds = 0.0

    def count(self, source: str, outcome: str) -> None:
        self._outcomes[source, outcome] += 1

    def acknowledged(self, seconds: float) -> None:
        self._acknowledged[bisect_left(_WITHIN, seconds)] += 1
        self._seconds += seconds

    def collect(self) -> Iterator[Metric]:
        webhooks = CounterMetricFamily("webhooks", "Webhooks by source and outcome.", labels=("source", "outcome"))
        for labels, number in self._outcomes.items():
            webhooks.add_metric(labels, number)
        yield webhooks
        took = HistogramMetricFamily("webhook_ack_seconds", "From the first byte to 202.")
        took.add_metric((), self._buckets(), sum_value=self._seconds)
        yield took

    def _buckets(self) -> list[tuple[str, float]]:
        """Each bound with how many were within it."""
        total, buckets = 0, []
        for bound, number in zip((*map(str, _WITHIN), "+Inf"), self._acknowledged, strict=True):
            total += number
            buckets.append((bound, float(total)))
        return buckets
