"""How incidents go, as metrics for Prometheus. Filled from the store at start, then with each change.

Every replica counts everything it sees: over several of them take the maximum, not the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.domain.alert import Severity
from bot.domain.incident import Incident
from bot.domain.life import Watch
from bot.domain.life.measures import counted, durations
from bot.domain.ports import Incidents

if TYPE_CHECKING:
    from bot.flows.life.measuring import MeasuredReads

FILLED_FROM = timedelta(days=28)  # what a dashboard of a month shows right after a restart
COUNT_EVERY = timedelta(minutes=1)
# Seconds: finest where the targets for acknowledging (minutes) and mitigating (an hour or so) commonly are.
_SECONDS = (30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 259200)


class IncidentMetrics:
    """Private incidents are not counted, nor those that were merged into another but as such."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seen: set[tuple[str, str]] = set()
        self._durations = Histogram(
            "incident_duration_seconds",
            "Time to acknowledge and to the first briefing since an incident was opened; to identify, mitigate and "
            "resolve since its onset.",
            ("measure", "severity"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._outcomes = Counter(
            "incident_outcomes", "How incidents ended.", ("outcome", "severity"), registry=self.registry
        )
        self._watches = Counter(
            "incident_recoveries", "What became of recoveries that were watched.", ("state",), registry=self.registry
        )
        self._opened = Counter("incidents_opened", "Incidents.", ("severity",), registry=self.registry)
        self._open = Gauge("incidents_open", "Incidents that are open now.", ("severity",), registry=self.registry)

    def observe(self, incident: Incident) -> None:
        """What is new of it; each thing once, whatever happens to the incident later."""
        severity = incident.severity.value
        if incident.is_private:
            return
        outcome = _outcome(incident)
        if outcome and self._is_new(incident, "outcome"):
            self._outcomes.labels(outcome, severity).inc()
        if incident.merged_into is not None:
            return
        if self._is_new(incident, "opened"):
            self._opened.labels(severity).inc()
        for measure, took in durations(incident).items():
            if self._is_new(incident, measure.value):
                self._durations.labels(measure.name.lower(), severity).observe(took.total_seconds())

    def watched(self, watch: Watch) -> None:
        self._watches.labels(watch.state.value).inc()

    def set_open(self, incidents: Sequence[Incident]) -> None:
        open_now = counted(incidents)
        for severity in Severity:
            self._open.labels(severity.value).set(sum(one.severity is severity for one in open_now))

    def _is_new(self, incident: Incident, what: str) -> bool:
        key = (incident.id, what)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True


def _outcome(incident: Incident) -> str:
    if incident.merged_into is not None:
        return "merged"
    return "" if incident.status.is_open else incident.status.value


class Metering:
    """The `Follower` that fills the metrics."""

    def __init__(self, *, metrics: IncidentMetrics, measured: MeasuredReads, incidents: Incidents) -> None:
        self._metrics = metrics
        self._measured = measured
        self._incidents = incidents
        self._is_filled = False
        self._counted_at: datetime | None = None

    async def follow(self, incident: Incident) -> None:
        self._metrics.observe(incident)

    async def tick(self, now: datetime) -> None:
        if not self._is_filled:
            for incident in await self._measured.opened_between(now - FILLED_FROM, now):
                self._metrics.observe(incident)
            self._is_filled = True
        if self._counted_at is None or now - self._counted_at >= COUNT_EVERY:
            self._metrics.set_open(await self._incidents.list_open())
            self._counted_at = now
