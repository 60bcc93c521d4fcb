"""How fast all calls of a model together may come: a token bucket with a part that is kept for SEV1.

Claude's own limits are such buckets, of requests and of tokens, filled all the time
(https://platform.claude.com/docs/en/api/rate-limits).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

BURST_MINUTES = 0.25  # what was not used is kept up to so many minutes' worth
URGENT_SHARE = 0.2  # of a full bucket, that only SEV1 may take: it does not wait behind a storm of lesser things
_ROUNDING = 1e-6  # of one request or token: what is as good as full is full


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """`left` at `at`; less than nothing after a call that is larger than the bucket."""

    per_minute: float
    left: float
    at: datetime

    @classmethod
    def full(cls, per_minute: float, now: datetime) -> Bucket:
        return cls(per_minute=per_minute, left=_most(per_minute), at=now)

    def wait(self, amount: float, now: datetime, *, is_urgent: bool) -> float:
        """Seconds until so much may be taken; 0.0 where it may at once. What is larger than the bucket waits until
        the bucket is full."""
        most = _most(self.per_minute)
        kept = 0.0 if is_urgent or most <= 1.0 else most * URGENT_SHARE
        needed = min(amount, most - kept) + kept
        missing = needed - self._refilled(now).left
        return 0.0 if missing < _ROUNDING else missing * 60.0 / self.per_minute

    def taken(self, amount: float, now: datetime) -> Bucket:
        refilled = self._refilled(now)
        return replace(refilled, left=refilled.left - amount)

    def returned(self, amount: float, now: datetime) -> Bucket:
        """What was taken and not used; below nothing where more was used."""
        refilled = self._refilled(now)
        return replace(refilled, left=min(refilled.left + amount, _most(self.per_minute)))

    def _refilled(self, now: datetime) -> Bucket:
        if now <= self.at:  # clocks of two processes differ: what was filled is not filled again
            return self
        filled = self.left + (now - self.at).total_seconds() / 60.0 * self.per_minute
        return replace(self, left=min(filled, _most(self.per_minute)), at=now)


def _most(per_minute: float) -> float:
    return max(1.0, per_minute * BURST_MINUTES)
