"""Keeps what is learned of what fires together up to date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.incident import Incident
from bot.domain.together import NOTHING_LEARNED, Learned, Occurrence, learn

EVERY = timedelta(hours=1)  # three incidents make a habit, and those take longer


class Occurrences(Protocol):
    async def last(self) -> Sequence[Sequence[Occurrence]]:
        """What fired in each of the last incidents, in order of arrival."""
        ...


class FiredTogether:
    """A `Follower`; called, it tells what is known now."""

    def __init__(self, occurrences: Occurrences, every: timedelta = EVERY) -> None:
        self._occurrences = occurrences
        self._every = every
        self._learned = NOTHING_LEARNED
        self._due_at: datetime | None = None  # None: now

    def __call__(self) -> Learned:
        return self._learned

    async def follow(self, incident: Incident) -> None:
        """Nothing is to be done at a change."""

    async def tick(self, now: datetime) -> None:
        if self._due_at is None or now >= self._due_at:
            self._learned = learn(await self._occurrences.last())
            self._due_at = now + self._every
