"""What people are told while it goes on. A person sends it; the bot only drafts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Audience(StrEnum):
    INTERNAL = "internal"  # colleagues: the announcement channel
    PUBLIC = "public"  # customers: a text to copy to a status page, without internals


@dataclass(frozen=True, kw_only=True)
class StatusUpdate:
    id: str  # of the order that sent it
    incident: str
    text: str
    audience: Audience
    by: str
    at: datetime
    version: int = 1

    @property
    def state(self) -> str:
        return self.audience.value

    @property
    def due(self) -> datetime | None:
        return None
