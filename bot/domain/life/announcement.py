"""The one post of an incident in the announcement channel, edited as it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """Its id is the incident's."""

    incident: str
    channel: str
    ts: str  # "" before it was posted
    shown: str = ""  # digest of what it shows
    version: int = 1

    @property
    def id(self) -> str:
        return self.incident

    @property
    def state(self) -> str:
        return "posted" if self.ts else "begun"

    @property
    def due(self) -> datetime | None:
        return None
