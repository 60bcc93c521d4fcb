"""Records that people and timers work on: each has a state, perhaps a time when it is due, and a version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from bot.domain.life import Announcement, Cadence, Draft, FollowUp, Handoff, Holding, StatusUpdate, Tie, Watch


class Keepable(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def incident(self) -> str: ...

    @property
    def state(self) -> str: ...

    @property
    def due(self) -> datetime | None: ...

    @property
    def version(self) -> int: ...


T = TypeVar("T", bound=Keepable)


class Kept(Protocol[T]):
    """Writes raise NotStored; nothing is then changed."""

    async def add(self, one: T) -> bool:
        """False where there is one of that id: nothing was written."""
        ...

    async def put(self, one: T) -> T | None:
        """Replaces the version that `one` was read as; as it is now kept. None: somebody else was faster."""
        ...

    async def get(self, id: str) -> T | None: ...

    async def of_incident(self, incident_id: str) -> Sequence[T]:
        """In the order in which they were added."""
        ...

    async def in_state(self, *states: str) -> Sequence[T]:
        """In the order in which they were added."""
        ...

    async def due(self, by: datetime, limit: int = 100) -> Sequence[T]:
        """Those whose time has come, the longest overdue first."""
        ...


class Life(Protocol):
    """All of them, as the store has them: `store.life`."""

    @property
    def roles(self) -> Kept[Holding]: ...

    @property
    def handoffs(self) -> Kept[Handoff]: ...

    @property
    def updates(self) -> Kept[StatusUpdate]: ...

    @property
    def cadences(self) -> Kept[Cadence]: ...

    @property
    def announcements(self) -> Kept[Announcement]: ...

    @property
    def follow_ups(self) -> Kept[FollowUp]: ...

    @property
    def drafts(self) -> Kept[Draft]: ...

    @property
    def watches(self) -> Kept[Watch]: ...

    @property
    def ties(self) -> Kept[Tie]: ...
