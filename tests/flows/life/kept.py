"""Versioned records in memory, with the compare-and-set that the store's have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from bot.domain.errors import NotStored
from bot.domain.life import Announcement, Cadence, Draft, FollowUp, Handoff, Holding, StatusUpdate, Tie, Watch
from bot.domain.ports.kept import Keepable

T = TypeVar("T", bound=Keepable)


class FakeKept(Generic[T]):
    """The `Kept` port. `broken`: every write raises NotStored and changes nothing. `around`: called before and after
    each write, and may raise as a crash does.
    """

    def __init__(self) -> None:
        self._all: dict[str, T] = {}  # in the order in which they were added
        self.broken = False
        self.writes = 0
        self.around: Callable[[], None] = lambda: None

    async def add(self, one: T) -> bool:
        self._check()
        if one.id in self._all:
            return False
        self._all[one.id] = _as_version(one, 1)
        self.writes += 1
        self.around()
        return True

    async def put(self, one: T) -> T | None:
        self._check()
        there = self._all.get(one.id)
        if there is None or there.version != one.version:
            return None
        kept = _as_version(one, one.version + 1)
        self._all[one.id] = kept
        self.writes += 1
        self.around()
        return kept

    async def get(self, id: str) -> T | None:
        return self._all.get(id)

    async def of_incident(self, incident_id: str) -> Sequence[T]:
        return [one for one in self._all.values() if one.incident == incident_id]

    async def in_state(self, *states: str) -> Sequence[T]:
        return [one for one in self._all.values() if one.state in states]

    async def due(self, by: datetime, limit: int = 100) -> Sequence[T]:
        timed = [(one.due, one) for one in self._all.values()]
        waiting = [(due, one) for due, one in timed if due is not None and due <= by]
        return [one for _, one in sorted(waiting, key=lambda pair: pair[0])][:limit]

    def _check(self) -> None:
        if self.broken:
            raise NotStored("the store is broken")
        self.around()


def _as_version(one: T, version: int) -> T:
    """Every record is a frozen dataclass with a version."""
    return cast(T, replace(cast(Any, one), version=version))


@dataclass(frozen=True, kw_only=True)
class FakeLife:
    """The `Life` port."""

    roles: FakeKept[Holding] = field(default_factory=FakeKept)
    handoffs: FakeKept[Handoff] = field(default_factory=FakeKept)
    updates: FakeKept[StatusUpdate] = field(default_factory=FakeKept)
    cadences: FakeKept[Cadence] = field(default_factory=FakeKept)
    announcements: FakeKept[Announcement] = field(default_factory=FakeKept)
    follow_ups: FakeKept[FollowUp] = field(default_factory=FakeKept)
    drafts: FakeKept[Draft] = field(default_factory=FakeKept)
    watches: FakeKept[Watch] = field(default_factory=FakeKept)
    ties: FakeKept[Tie] = field(default_factory=FakeKept)
