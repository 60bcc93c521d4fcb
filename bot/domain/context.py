"""What every source is asked when an incident opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alert import Alert
from bot.domain.catalog import Service

BASELINE = timedelta(hours=1)  # how far before the onset "normal" is looked for
CHANGE_WINDOW = timedelta(hours=6)  # how far before the onset a change may still be the cause


@dataclass(frozen=True, kw_only=True)
class ContextRequest:
    """One incident as the sources need to know it."""

    incident_id: str
    alerts: tuple[Alert, ...]  # never empty; the first opened the incident
    onset: datetime  # the earliest `started_at`
    now: datetime
    service: Service | None  # the catalog's entry for what is burning, where it has one
    neighbours: tuple[Service, ...] = ()  # direct dependencies, then dependants

    @property
    def alert(self) -> Alert:
        return self.alerts[0]

    @property
    def service_name(self) -> str | None:
        return self.service.name if self.service else self.alert.service

    @property
    def services(self) -> tuple[Service, ...]:
        """The burning service first, then its neighbours."""
        return ((self.service,) if self.service else ()) + self.neighbours

    @property
    def baseline_start(self) -> datetime:
        return self.onset - BASELINE

    @property
    def changes_since(self) -> datetime:
        return self.onset - CHANGE_WINDOW
