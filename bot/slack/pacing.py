"""Calls of Slack take their turn: within its limits, what is urgent first, otherwise in order.

Every method has a budget, and messages one in each channel besides. Where Slack says "wait", that budget rests for as
long, and what is behind it keeps its order. Budgets are a little smaller than Slack's: its clock is not ours. Replicas
do not know of each other's calls; what they exceed together Slack says, and it is waited for.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import IntEnum

from bot.slack.tiers import PER_MINUTE, POST, POST_BURST, POSTS_PER_MINUTE, WORKSPACE_POSTS_PER_MINUTE

SHARE = 0.9  # of what Slack allows
LONG = 10.0  # seconds of waiting that people are told of
ROUNDING = 1e-9  # of a call: what is refilled in many small parts is a little less than one
FIRST = 1 << 40  # more calls than are ever made
Sleep = Callable[[float], Awaitable[None]]


class Urgency(IntEnum):
    """What is let through first."""

    APPROVAL = 0  # somebody is asked, and a change waits for it
    VERDICT = 1  # cards and briefings
    STATUS = 2  # what people asked for, and what they are told of its state
    NOTE = 3  # all else


@dataclass(order=True)
class _Waiter:
    urgency: int
    number: int
    since: float = field(compare=False)
    turn: asyncio.Future[None] = field(compare=False)


class _Gate:
    """A bucket of calls that refills evenly, and those who wait for one."""

    def __init__(self, size: float, per_minute: float, now: Callable[[], float], sleep: Sleep) -> None:
        self._size = self._level = size
        self._per_second = per_minute / 60
        self._now = now
        self._sleep = sleep
        self._at = now()
        self._rests_until = 0.0
        self._waiters: list[_Waiter] = []
        self._numbers = itertools.count()
        self._opener: asyncio.Task[None] | None = None

    async def through(self, urgency: Urgency, *, again: bool) -> None:
        """`again`: it had its turn before, and stands before all others of its urgency."""
        if not self._waiters and self._wait() <= 0:
            self._level -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        number = next(self._numbers) - (FIRST if again else 0)
        heapq.heappush(self._waiters, _Waiter(urgency=urgency, number=number, since=self._now(), turn=turn))
        if self._opener is None or self._opener.done():
            self._opener = asyncio.create_task(self._open())
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was let through just now
                self._level += 1
            raise

    def rest(self, seconds: float) -> None:
        """Slack says so: nothing goes through for as long, and then a call at a time."""
        self._rests_until = max(self._rests_until, self._now() + seconds)
        self._level = min(self._level, 1.0)

    @property
    def behind(self) -> float:
        """Seconds that the first of those who wait has waited."""
        return max((self._now() - waiter.since for waiter in self._waiters if not waiter.turn.done()), default=0.0)

    async def _open(self) -> None:
        while self._waiters:
            if self._waiters[0].turn.done():  # whoever waited has gone
                heapq.heappop(self._waiters)
                continue
            if (wait := self._wait()) > 0:
                await self._sleep(wait)
                continue
            self._level -= 1
            heapq.heappop(self._waiters).turn.set_result(None)

    def _wait(self) -> float:
        """Seconds until the next call may go."""
        now = self._now()
        if now < self._rests_until:
            self._at = now  # nothing refills meanwhile
            return self._rests_until - now
        self._level = min(self._size, self._level + (now - self._at) * self._per_second)
        self._at = now
        return 0.0 if self._level >= 1 - ROUNDING else (1 - self._level) / self._per_second


class Pacing:
    def __init__(self, now: Callable[[], float] = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._now = now
        self._sleep = sleep
        self._gates: dict[tuple[str, str], _Gate] = {}

    async def turn(self, method: str, channel: str, urgency: Urgency, *, again: bool = False) -> None:
        """Until the call may be made. `again`: Slack has refused it just now."""
        for gate in self._on_the_way(method, channel):
            await gate.through(urgency, again=again)

    def limited(self, method: str, channel: str, seconds: float) -> None:
        """Slack has refused such a call for so long."""
        for gate in self._on_the_way(method, channel)[:1]:
            gate.rest(seconds)

    @property
    def behind(self) -> float:
        """Seconds that the longest waiting call has waited."""
        return max((gate.behind for gate in self._gates.values()), default=0.0)

    def _on_the_way(self, method: str, channel: str) -> list[_Gate]:
        if method == POST:
            own = self._gate(method, channel, POST_BURST, POSTS_PER_MINUTE * SHARE)
            return [own, self._gate(method, "", WORKSPACE_POSTS_PER_MINUTE * SHARE, WORKSPACE_POSTS_PER_MINUTE * SHARE)]
        if method not in PER_MINUTE:
            return []
        budget = PER_MINUTE[method] * SHARE
        return [self._gate(method, "", budget, budget)]

    def _gate(self, method: str, channel: str, size: float, per_minute: float) -> _Gate:
        key = (method, channel)
        if key not in self._gates:
            self._gates[key] = _Gate(size, per_minute, self._now, self._sleep)
        return self._gates[key]
