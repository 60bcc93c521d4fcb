"""After an incident is over, its trigger is looked at again for a while: did what was done hold?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class WatchState(StrEnum):
    WATCHING = "watching"
    HELD = "held"
    CAME_BACK = "came_back"
    ENDED = "ended"  # opened again by a person, cancelled, or nothing could be looked at


@dataclass(frozen=True, kw_only=True)
class Watch:
    """One for each time an incident was resolved; `id`: "INC-...:revision"."""

    id: str
    incident: str
    since: datetime
    until: datetime
    next_at: datetime | None  # when it is looked at next
    state: WatchState = WatchState.WATCHING
    looks: int = 0
    blind: int = 0  # looks in which nothing could be seen
    sentence: str = ""  # what the last look saw
    version: int = 1

    @property
    def due(self) -> datetime | None:
        return self.next_at if self.state is WatchState.WATCHING else None
