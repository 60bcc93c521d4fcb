"""Hours in which the bot does not change anything by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from bot.domain.policy.autonomy import Autonomy

EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, kw_only=True)
class QuietHours:
    """By the clock on the wall of `zone`: also on days with a change to or from summer time.

    Where `end` is not after `start` they go on past midnight, and belong to the day on which they began; where both are
    the same they last a day.
    """

    start: time
    end: time  # the first moment that is not quiet
    zone: tzinfo
    days: frozenset[int] = EVERY_DAY  # 0 is Monday
    autonomy: Autonomy = Autonomy.APPROVAL  # what an automatic change needs then
    name: str = "quiet hours"

    def holds(self, now: datetime) -> bool:
        """`now` is aware."""
        local = now.astimezone(self.zone)
        clock, today = local.time(), local.weekday()
        yesterday = (local.date() - timedelta(days=1)).weekday()
        if self.start < self.end:
            return today in self.days and self.start <= clock < self.end
        return (today in self.days and clock >= self.start) or (yesterday in self.days and clock < self.end)
