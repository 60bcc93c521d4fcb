"""The one thread that writes: it takes what waits, commits once, and then answers all.

Group commit: an fsync takes a millisecond or more, whatever it makes durable. While one runs, new work gathers; the
next commit takes all of it.

Who comes first: rows of the intakes (webhooks, Slack's events; their senders wait for an answer) are committed before
other work and apart from it, so that none of them fails with it. Other work then has its turn before the intakes have
the next one, for `TURN` at most: neither side can starve the other.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from bot.domain.errors import NotStored
from memory.store.waiting import Caught, Intake, Piece, Row, Waiting, answer, insert_rows, is_trouble

log = logging.getLogger(__name__)

T = TypeVar("T")

GROUP = 256  # pieces of work in one commit: above it the fsync no longer dominates
TURN = 0.05  # seconds after which other work lets the intakes in again; a running piece is not cut off
CAPACITY = 4096  # waiting pieces of each kind: half a second of work; beyond it senders are told to come again


class Writer:
    """Starts its thread at once."""

    def __init__(self, engine: Engine, *, capacity: int = CAPACITY) -> None:
        self._engine = engine
        self._capacity = capacity
        self._rows: deque[Row] = deque()
        self._pieces: deque[Piece] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def take_in(self, intake: Intake, values: Mapping[str, Any]) -> bool:
        """True once the row is on the disk, False where one of the same key already is. Raises NotStored."""
        loop = asyncio.get_running_loop()
        row = Row(future=loop.create_future(), loop=loop, intake=intake, values=values)
        self._put(self._rows, row)
        return bool(await row.future)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` on the writing thread: all of it or nothing of it. Raises NotStored, and what `work` raises."""
        loop = asyncio.get_running_loop()
        piece = Piece(future=loop.create_future(), loop=loop, work=work)
        self._put(self._pieces, piece)
        result: T = await piece.future
        return result

    def close(self) -> None:
        """Blocks until everything that waits is written."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _put(self, queue: deque[Any], waiting: Waiting) -> None:
        with self._changed:
            if self._closed:
                raise NotStored("the store is closed")
            if len(queue) >= self._capacity:
                raise NotStored(f"{len(queue)} writes are waiting already")
            queue.append(waiting)
            self._changed.notify()

    # --- on the writing thread ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while self._wait():
                self._take_in(self._next(self._rows))
                self._work(self._next(self._pieces))
        finally:
            with self._changed:
                self._closed = True
            self._refuse_all(NotStored("the store is closed"))

    def _wait(self) -> bool:
        """Until there is work; False when there is none and there will be no more."""
        with self._changed:
            while not (self._rows or self._pieces or self._closed):
                self._changed.wait()
            return bool(self._rows or self._pieces)

    def _next(self, queue: deque[T]) -> list[T]:
        with self._changed:
            return [queue.popleft() for _ in range(min(GROUP, len(queue)))]

    def _take_in(self, rows: list[Row]) -> None:
        """All in one statement for each table; one by one only where the database refuses one of them."""
        if not rows:
            return
        caught = Caught()
        with caught, self._engine.begin() as connection:
            insert_rows(connection, rows)
        if caught.error is None:
            answer(rows)
        elif is_trouble(caught.error):
            self._give_up(rows, caught.error)
        else:
            self._commit(rows, ends=None)

    def _work(self, pieces: list[Piece]) -> None:
        left = self._commit(pieces, ends=time.monotonic() + TURN) if pieces else 0
        if left:
            with self._changed:
                self._pieces.extendleft(reversed(pieces[-left:]))

    def _commit(self, group: Sequence[Waiting], *, ends: float | None) -> int:
        """One transaction, each piece in a savepoint of its own. How many are left when the turn is over."""
        done = 0
        caught = Caught()
        with caught, self._engine.begin() as connection:
            for waiting in group:
                if done and ends is not None and time.monotonic() > ends:
                    break
                waiting.run(connection)
                done += 1
        if caught.error is not None:
            self._give_up(group, caught.error)
            return 0
        answer(group[:done])
        return len(group) - done

    def _give_up(self, group: Sequence[Waiting], error: Exception) -> None:
        """Nothing of it was committed. The rest waits for the same database, so that it is told now as well:
        an answer takes one lock time-out at most, however many are waiting."""
        log.warning("nothing can be written: %s", error)
        failure = NotStored(f"the database did not take it: {error.orig if isinstance(error, DBAPIError) else error}")
        self._refuse_all(failure, group)

    def _refuse_all(self, error: NotStored, group: Sequence[Waiting] = ()) -> None:
        """`group` and what waits now: nothing that somebody writes who was told of it already."""
        with self._changed:
            all_of_them: list[Waiting] = [*group, *self._rows, *self._pieces]
            self._rows.clear()
            self._pieces.clear()
        for waiting in all_of_them:
            waiting.fail(error)
        answer(all_of_them)
