"""GitHub counts requests by the hour: one budget for all that this process asks with one key."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.ports import Clock
from integrations.github.refusal import LONGEST_WAIT, Limited, limited, reserved

RESERVE = 100  # requests kept for services that are burning: eight incidents at the most they cost
RESERVE_SHARE = 0.1  # of the limit, where that is small
BURST = "its secondary limit, against bursts"


@dataclass(frozen=True, kw_only=True)
class Left:
    """What an answer's headers say."""

    remaining: int
    limit: int
    reset: float  # unix seconds


class Budget:
    """Thread-safe. Knows nothing until the first answer; servers without limits never tell anything."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left: Left | None = None
        self._in_flight = 0
        self._held_until = 0.0
        self._lock = threading.Lock()

    @property
    def left(self) -> Left | None:
        return self._left

    def take(self, *, is_burning: bool) -> None:
        """One request. Raises Limited where there is none left for this; else `give_back` must follow."""
        now = self._clock.now().timestamp()
        with self._lock:
            if now < self._held_until:
                raise limited(BURST, self._held_until)
            if self._left and now >= self._left.reset:
                self._left = None
            if self._left:
                self._check(self._left, is_burning)
            self._in_flight += 1

    def give_back(self, headers: Mapping[str, str]) -> None:
        """The request of one `take` is over; `headers` of its answer, names in lower case, empty where none came."""
        told = _told(headers, self._clock.now().timestamp())
        with self._lock:
            self._in_flight -= 1
            if told is None:
                return
            # Answers overtake one another: within the same hour the smallest number is the newest.
            is_same = self._left is not None and abs(told.reset - self._left.reset) <= 1
            if is_same and self._left and self._left.remaining < told.remaining:
                return
            self._left = told

    def hold(self, seconds: float) -> None:
        """Ask nothing for that long: GitHub wants it."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock.now().timestamp() + seconds)

    def refusal(self) -> Limited:
        """Why nothing more may be asked now."""
        now = self._clock.now().timestamp()
        with self._lock:
            if now < self._held_until or self._left is None:
                return limited(BURST, max(now, self._held_until))
            return limited(_used_up(self._left), self._left.reset)

    def _check(self, left: Left, is_burning: bool) -> None:
        free = left.remaining - self._in_flight
        if free <= 0:
            raise limited(_used_up(left), left.reset)
        kept = min(RESERVE, int(left.limit * RESERVE_SHARE))
        if not is_burning and free <= kept:
            raise reserved(left.remaining, left.limit, left.reset)


def _used_up(left: Left) -> str:
    return f"all {left.limit:,} of this hour are used"


def _told(headers: Mapping[str, str], now: float) -> Left | None:
    if headers.get("x-ratelimit-resource", "core") != "core":
        return None
    try:
        remaining, limit, reset = (float(headers[f"x-ratelimit-{name}"]) for name in ("remaining", "limit", "reset"))
    except (KeyError, ValueError):
        return None
    if not all(map(math.isfinite, (remaining, limit, reset))) or limit < 1:
        return None
    return Left(remaining=max(0, int(remaining)), limit=int(limit), reset=min(reset, now + LONGEST_WAIT))
