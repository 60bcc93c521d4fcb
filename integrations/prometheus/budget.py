"""How often Prometheus is asked about one incident, and in which order."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum

AT_ONCE = 8  # Prometheus itself runs twenty queries by default, and people look at dashboards meanwhile
MOST = 60  # requests about one incident, everything counted
RESERVED = 10  # of them: neighbours, which may be dozens, leave these for what comes after them


class Rank(IntEnum):
    """What matters more is asked first, and is the last to go short."""

    TRIGGER = 0
    DISCOVERY = 1
    OWN = 2
    DEPENDENCY = 3
    DEPENDANT = 4
    USUAL = 5
    FORECAST = 6


class Budget:
    """Requests and slots that all questions about one incident share."""

    def __init__(self, *, most: int = MOST, at_once: int = AT_ONCE, reserved: int = RESERVED) -> None:
        self._left = most
        self._free = at_once
        self._reserved = reserved
        self._waiting: list[tuple[Rank, int, asyncio.Future[bool]]] = []
        self._order = 0

    @asynccontextmanager
    async def slot(self, rank: Rank) -> AsyncIterator[bool]:
        """Waits for its turn. False: there is no request left for this."""
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._order += 1
        heapq.heappush(self._waiting, (rank, self._order, turn))
        self._next()
        try:
            granted = await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self._release()
            raise
        try:
            yield granted
        finally:
            if granted:
                self._release()

    def close(self) -> None:
        """Nothing more is asked: what waits goes without."""
        self._left = 0
        self._next()

    def _release(self) -> None:
        self._free += 1
        self._next()

    def _next(self) -> None:
        while self._waiting:
            rank, _, turn = self._waiting[0]
            allowed = self._left > (self._reserved if rank in (Rank.DEPENDENCY, Rank.DEPENDANT) else 0)
            if allowed and not self._free:
                return
            heapq.heappop(self._waiting)
            if turn.done():  # its question was given up meanwhile
                continue
            if allowed:
                self._left -= 1
                self._free -= 1
            turn.set_result(allowed)
