"""Recorded events whose handling takes long: it goes on aside, and until it has ended they stay unhandled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from bot.domain.errors import ChatError, FirstResponderError, NotStored
from bot.domain.ports import Acceptance, SlackEvent, SlackEvents

log = logging.getLogger(__name__)

MOST_AT_ONCE = 8  # answers that are written at the same time; the others wait
FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0  # seconds until it is tried again while Slack or the store cannot be used
BUSY = "ignored: it is being answered"

Work = Callable[[], Awaitable[str]]  # what came of it


class Aside:
    """The `SlackEvents` port over another one.

    Whoever handles an event calls `begin` and gives back what that returns as the outcome. After a crash such events
    are handled again, as all that are not marked.
    """

    def __init__(self, events: SlackEvents, *, first_wait: float = FIRST_WAIT) -> None:
        self._events = events
        self._first_wait = first_wait
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        self._begun: dict[str, asyncio.Task[str]] = {}  # by key
        self._rows: dict[int, asyncio.Task[None]] = {}  # of events that wait for their work
        self._waits: dict[str, float] = {}  # seconds, by key: of work that failed
        self._closed = False
        self.wake: Callable[[], None] = lambda: None  # called when an event is to be handled again

    # --- the port ----------------------------------------------------------------------------------------------------

    async def record(self, event_id: str, body: bytes) -> Acceptance:
        return await self._events.record(event_id, body)

    async def unhandled(self, limit: int) -> Sequence[SlackEvent]:
        found = await self._events.unhandled(limit + len(self._rows))
        return [event for event in found if event.row not in self._rows][:limit]

    async def handled(self, row: int, outcome: str) -> None:
        task = self._begun.get(outcome)
        if task is None:
            await self._events.handled(row, outcome)
        else:
            self._rows[row] = asyncio.create_task(self._follow(row, outcome, task))

    # --- the work ----------------------------------------------------------------------------------------------------

    def begin(self, key: str, work: Work) -> str:
        """Once for a key at a time. The outcome to give back."""
        token = f"answering {key}"
        if token in self._begun or self._closed:
            return BUSY
        self._begun[token] = asyncio.create_task(self._run(work))
        return token

    async def _run(self, work: Work) -> str:
        async with self._room:
            try:
                return await work()
            except FirstResponderError as error:
                if isinstance(error, NotStored) or (isinstance(error, ChatError) and not error.is_final):
                    raise
                log.warning("a question could not be answered: %s", error)
                return f"failed: {type(error).__name__}"

    async def _follow(self, row: int, token: str, task: asyncio.Task[str]) -> None:
        try:
            outcome = await asyncio.shield(task)
        except (NotStored, ChatError) as error:
            self._waits[token] = min(self._waits.get(token, self._first_wait / 2) * 2, LONGEST_WAIT)
            log.warning("a question waits for %.0f s: %s", self._waits[token], error)
            del self._begun[token]  # it may be begun by another event meanwhile
            await asyncio.sleep(self._waits[token])
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            log.exception("a question could not be answered")
            await self._end(row, token, f"failed: {type(error).__name__}")
        else:
            await self._end(row, token, outcome)
        finally:
            self._rows.pop(row, None)
            if self._begun.get(token) is task:
                del self._begun[token]
        self.wake()

    async def _end(self, row: int, token: str, outcome: str) -> None:
        self._waits.pop(token, None)
        with suppress(NotStored):  # then it is handled again, and found to be done
            await self._events.handled(row, outcome)

    async def close(self) -> None:
        """What goes on is left where it is; its events are handled again after the next start."""
        self._closed = True
        tasks = (*self._rows.values(), *self._begun.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
