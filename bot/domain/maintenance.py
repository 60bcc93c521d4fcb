"""Announced work: alerts of it wait until it is over, unless they are critical. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.causes.words import clock

EVERYTHING = "*"


@dataclass(frozen=True, kw_only=True)
class MaintenanceWindow:
    service: str  # as alerts name it, or "*"
    since: datetime  # aware, UTC
    until: datetime  # exclusive
    why: str

    def covers(self, service: str | None, at: datetime) -> bool:
        return self.since <= at < self.until and self.service in (EVERYTHING, service)


def window_over(windows: Sequence[MaintenanceWindow], service: str | None, at: datetime) -> MaintenanceWindow | None:
    """The one that covers it then and lasts longest."""
    covering = [window for window in windows if window.covers(service, at)]
    return max(covering, key=lambda window: window.until, default=None)


def counts_from(
    windows: Sequence[MaintenanceWindow], service: str | None, received_at: datetime, now: datetime
) -> datetime:
    """What came within windows that are over counts from their end."""
    at = received_at
    while (window := window_over(windows, service, at)) is not None and window.until <= now:
        at = window.until
    return at


def maintenance_text(window: MaintenanceWindow) -> str:
    """ "maintenance of payments until 16:00 UTC: new disks"."""
    what = "everything" if window.service == EVERYTHING else window.service
    return f"maintenance of {what} until {clock(window.until)}: {window.why}"
