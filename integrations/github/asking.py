"""Asks one repository's questions on the source threads, and keeps which of them were not answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from bot.domain.errors import SourceError
from integrations.descriptor import Threads

T = TypeVar("T")


@dataclass(kw_only=True)
class Asking:
    threads: Threads
    lane: asyncio.Semaphore  # how many of these may ask at once
    doing: dict[str, int] = field(default_factory=dict)  # how often each is asked right now
    errors: dict[str, SourceError] = field(default_factory=dict)  # by what could not be looked at
    gaps: list[str] = field(default_factory=list)  # whole sentences

    async def ask(self, what: str, call: Callable[[], T]) -> T:
        """Raises SourceError. Where it is cancelled, `what` stays in `doing`."""
        self.doing[what] = self.doing.get(what, 0) + 1
        try:
            async with self.lane:
                answer = await self.threads.run(call)
        except SourceError:
            self._is_over(what)
            raise
        self._is_over(what)
        return answer

    async def attempt(self, what: str, call: Callable[[], T]) -> T | None:
        """None where it could not be answered: then `errors` says why."""
        try:
            return await self.ask(what, call)
        except SourceError as error:
            self.errors.setdefault(what, error)
            return None

    def _is_over(self, what: str) -> None:
        self.doing[what] -= 1
        if not self.doing[what]:
            del self.doing[what]
