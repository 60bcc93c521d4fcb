"""What looks after one side of an incident: its topic, its announcement, its twin in PagerDuty, its watch."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from bot.domain.incident import Incident


class Follower(Protocol):
    """Brings what it looks after into line with how things stand. Both may be called at any time, also after a crash in
    the midst of the last call, and do nothing where nothing is to be done. Raises FirstResponderError (ChatError and
    NotStored among them): it is called again later.
    """

    async def follow(self, incident: Incident) -> None:
        """The incident has changed, or the bot has just started. Open ones, and those that were over recently."""
        ...

    async def tick(self, now: datetime) -> None:
        """Time has passed: do what is due."""
        ...
