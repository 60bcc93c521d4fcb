"""How often a source may be asked: a token bucket. Pure: the time is passed in, every change is a new value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

# Asks a minute where nothing is set. One ask is one incident and a handful of requests; people who work on more than
# two new incidents a second do not exist, so whatever asks faster is a storm.
DEFAULT_RATE = 120.0
BURST_MINUTES = 0.25  # asks that were not made are kept up to so many minutes' worth: a storm begins all at once


@dataclass(frozen=True, kw_only=True)
class Pace:
    """`left` asks at `at`; fewer than none are promised to those who wait already."""

    per_minute: float
    left: float
    at: datetime

    @classmethod
    def full(cls, per_minute: float, now: datetime) -> Pace:
        return cls(per_minute=per_minute, left=_most(per_minute), at=now)

    def wait(self, now: datetime) -> float:
        """Seconds until one more ask is within the budget; 0.0 where it is at once."""
        return max(0.0, (1.0 - self._refilled(now).left) * 60.0 / self.per_minute)

    def taken(self, now: datetime) -> Pace:
        """One ask is made, or promised to one who waits."""
        refilled = self._refilled(now)
        return replace(refilled, left=refilled.left - 1.0)

    def returned(self, now: datetime) -> Pace:
        """One that was taken came to nothing: the source had nothing to ask."""
        refilled = self._refilled(now)
        return replace(refilled, left=min(refilled.left + 1.0, _most(self.per_minute)))

    def _refilled(self, now: datetime) -> Pace:
        minutes = max(0.0, (now - self.at).total_seconds() / 60.0)  # a clock that was set back refills nothing
        return replace(self, left=min(self.left + minutes * self.per_minute, _most(self.per_minute)), at=now)


def _most(per_minute: float) -> float:
    return max(1.0, per_minute * BURST_MINUTES)
