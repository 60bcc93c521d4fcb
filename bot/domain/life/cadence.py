"""When the lead is asked for the next update."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Cadence:
    """One for each open incident; its id is the incident's."""

    incident: str
    next_at: datetime | None  # None: nobody is asked (over, or the severity asks for none)
    updated_at: datetime | None = None  # the last update of any kind
    nudged_at: datetime | None = None
    snoozed_until: datetime | None = None
    version: int = 1

    @property
    def id(self) -> str:
        return self.incident

    @property
    def state(self) -> str:
        return "off" if self.next_at is None else "on"

    @property
    def due(self) -> datetime | None:
        if self.next_at is not None and self.snoozed_until is not None:
            return max(self.next_at, self.snoozed_until)
        return self.next_at
