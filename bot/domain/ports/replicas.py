"""Several processes on one store: who is there, who does what only one may do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class MemberState(StrEnum):
    LIVE = "live"
    LEAVING = "leaving"  # finishes what it has begun, and takes nothing new
    GONE = "gone"  # ended, or taken for dead: whatever it still does is refused


@dataclass(frozen=True, kw_only=True)
class Process:
    """Where a process runs. `space` is the same for two processes that can see each other's ids; "" is unknown."""

    host: str
    pid: int
    space: str


@dataclass(frozen=True, kw_only=True)
class Member:
    """A process, as the table of replicas has it."""

    name: str  # as the settings call it (EXECUTOR_ID); one row for each
    epoch: int  # 1 for the first start under this name; a later start has a higher one
    seat: int  # grows with every start of any process: of those that are live the lowest leads
    beats: int  # grows with every heartbeat
    state: MemberState
    process: Process
    joined_at: datetime  # by the database's clock, as the next one
    beat_at: datetime

    @property
    def holder(self) -> str:
        """Names this very start among all there ever were."""
        return f"{self.name}/{self.epoch}"


class Roll(Protocol):
    """The table of replicas. Blocking; each call is one short transaction. All raise NotStored."""

    def members(self) -> Sequence[Member]: ...

    def join(self, name: str, process: Process, *, over: Member | None) -> Member | None:
        """A new start under this name. `over`: its row as it was found before; None where the row has changed."""
        ...

    def beat(self, me: Member) -> Sequence[Member] | None:
        """One heartbeat, and everybody as they are then. None: somebody took this process for dead."""
        ...

    def fence(self, silent: Member) -> bool:
        """From now on it is gone. False where it has given a sign of life since it was read."""
        ...

    def leave(self, me: Member, state: MemberState) -> None:
        """Says so itself."""
        ...


class Leadership(Protocol):
    """Who does what only one process may do: timers, digests, upkeep."""

    @property
    def is_leader(self) -> bool:
        """Asks nobody: may be called as often as one likes."""
        ...


class Membership(Leadership, Protocol):
    """This process among those that share the store."""

    @property
    def holder(self) -> str:
        """What it claims, it claims under this name, which no other start of any process has."""
        ...

    @property
    def holds(self) -> bool:
        """Whether nobody can have taken over from it; while it is False nothing is begun."""
        ...

    async def gone(self, holder: str) -> bool:
        """Whether that one has certainly ended, or is kept from doing anything more. Raises NotStored."""
        ...
