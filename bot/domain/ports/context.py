"""Time and context: what the gathering asks."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, runtime_checkable

from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...


class ContextSource(Protocol):
    """One place that knows something about an incident."""

    @property
    def name(self) -> str:
        """Short, lower case, for people too: "prometheus"."""
        ...

    async def look(self, request: ContextRequest) -> Answer:
        """Raises SourceError where it could not look. May be cancelled at any await: its deadline is the caller's."""
        ...


@runtime_checkable
class Warmable(Protocol):
    """A source whose first question costs extra: a client library to import."""

    def warm(self) -> None:
        """Pay for it now. Blocks for up to a few seconds: call it on a thread."""
        ...
