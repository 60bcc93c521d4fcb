"""The service catalog: who owns what, what depends on what, and which queries tell how it fares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.alert import Link
from bot.domain.evidence import SignalKind


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One PromQL expression about a service."""

    name: str  # for people: "error ratio", "database connections in use"
    kind: SignalKind
    query: str
    unit: str = ""
    limit: float | None = None  # capacity, where fixed
    limit_query: str = ""  # PromQL for the capacity, where it is a metric itself


@dataclass(frozen=True, kw_only=True)
class Service:
    name: str
    owner: str = ""
    tier: int | None = None  # 1 is the most critical
    description: str = ""
    depends_on: tuple[str, ...] = ()
    repository: str | None = None  # "owner/name" on GitHub
    environment: str = "production"
    pagerduty_service: str | None = None  # PagerDuty's service id
    escalation_policy: str | None = None  # PagerDuty's escalation policy id
    log_name: str | None = None  # its name in `service.name` of the logs, where it differs
    links: tuple[Link, ...] = ()  # dashboards and the like
    runbooks: tuple[str, ...] = ()  # runbook ids
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True)
class Catalog:
    services: Mapping[str, Service] = field(default_factory=dict)

    def find(self, name: str | None) -> Service | None:
        return self.services.get(name) if name else None

    def dependants(self, name: str) -> tuple[str, ...]:
        """Services that call `name` directly."""
        return tuple(s.name for s in self.services.values() if name in s.depends_on)

    def neighbours(self, name: str) -> tuple[Service, ...]:
        """Direct dependencies first, then direct dependants; only those the catalog knows."""
        service = self.find(name)
        names = (service.depends_on if service else ()) + self.dependants(name)
        return tuple(self.services[n] for n in dict.fromkeys(names) if n in self.services)
