"""What the store holds of memory, kept in this process: brought up to date by one number, whoever changed it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Generic, TypeVar

from bot.domain.remembered import Lesson, Page, PastIncident, Postmortem, RecordKind
from memory.store import Store
from memory.store.records import Records

R = TypeVar("R")

FRESH_FOR = 1.0  # seconds until the number is looked at again: another process's change is seen within two


@dataclass(frozen=True, kw_only=True)
class Change:
    """Ids, by the kind of record."""

    put: Mapping[RecordKind, frozenset[str]] = field(default_factory=dict)  # new or different
    removed: Mapping[RecordKind, frozenset[str]] = field(default_factory=dict)

    @property
    def is_nothing(self) -> bool:
        return not any((*self.put.values(), *self.removed.values()))


class _Shelf(Generic[R]):
    """One kind."""

    def __init__(self, records: Records[R]) -> None:
        self._records = records
        self._versions: dict[str, int] = {}
        self.held: dict[str, R] = {}

    async def refresh(self) -> tuple[frozenset[str], frozenset[str]]:
        """(put, removed)"""
        now = await self._records.versions()
        removed = frozenset(self._versions.keys() - now.keys())
        put = [name for name, version in now.items() if self._versions.get(name) != version]
        everything = len(put) == len(now) and not self.held
        read = await self._records.by_id() if everything else await self._records.get(put)
        for name in removed:
            self.held.pop(name, None)
            self._versions.pop(name, None)
        for name, record in read.items():  # what was deleted in between comes with the next refresh
            self.held[name] = record
            self._versions[name] = now.get(name, 0)
        return frozenset(read), removed


class Mirror:
    """The mappings change in place: take a copy of what is iterated over while others may refresh."""

    def __init__(
        self, store: Store, *, fresh_for: float = FRESH_FOR, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._fresh_for = fresh_for
        self._monotonic = monotonic
        self._past = _Shelf(store.past)
        self._postmortems = _Shelf(store.postmortems)
        self._pages = _Shelf(store.pages)
        self._lessons = _Shelf(store.lessons)
        self._mark: int | None = None
        self._looked_at = float("-inf")
        self._refreshing = asyncio.Lock()

    @property
    def past(self) -> Mapping[str, PastIncident]:
        return MappingProxyType(self._past.held)

    @property
    def postmortems(self) -> Mapping[str, Postmortem]:
        return MappingProxyType(self._postmortems.held)

    @property
    def pages(self) -> Mapping[str, Page]:
        return MappingProxyType(self._pages.held)

    @property
    def lessons(self) -> Mapping[str, Lesson]:
        return MappingProxyType(self._lessons.held)

    async def refresh(self, *, at_once: bool = False) -> Change:
        """What was different; nothing where it was looked at a moment ago, unless `at_once`. Raises NotStored."""
        async with self._refreshing:
            if not at_once and self._monotonic() - self._looked_at < self._fresh_for:
                return Change()
            mark = await self._store.memory_mark()
            self._looked_at = self._monotonic()
            if mark == self._mark:
                return Change()
            put: dict[RecordKind, frozenset[str]] = {}
            removed: dict[RecordKind, frozenset[str]] = {}
            for kind, shelf in (
                (RecordKind.INCIDENT, self._past),
                (RecordKind.POSTMORTEM, self._postmortems),
                (RecordKind.PAGE, self._pages),
                (RecordKind.LESSON, self._lessons),
            ):
                put[kind], removed[kind] = await shelf.refresh()
            self._mark = mark
            return Change(put=put, removed=removed)
