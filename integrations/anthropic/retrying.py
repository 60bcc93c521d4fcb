"""Asking again, while there is time."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from bot.domain.model import ModelFailure
from integrations.anthropic import wording
from integrations.anthropic.failures import Failure

log = logging.getLogger(__name__)

MAX_RETRIES = 2
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0  # seconds, where the API does not say how long
JITTER = 0.25  # of the pause, taken off at random, so that many do not come back at once
LEAST_TIME = 1.0  # seconds: in less than this no answer comes

Pause = Callable[[float], Awaitable[None]]


class Attempts:
    """Of one call. `deadline` in seconds from now, for all of them together."""

    def __init__(self, deadline: float, pause: Pause) -> None:
        self._ends = asyncio.get_running_loop().time() + deadline
        self._pause = pause
        self._retries = 0

    @property
    def left(self) -> float:
        """Seconds."""
        return self._ends - asyncio.get_running_loop().time()

    def until_the_end(self) -> asyncio.Timeout:
        """Raises TimeoutError inside at the deadline. Not to be held over a generator's `yield`."""
        return asyncio.timeout_at(self._ends)

    async def wait_after(self, failure: Failure) -> None:
        """Until it may be asked again. Raises the failure where that would not help, or be too late for the caller."""
        if not failure.is_worth_another or self._retries >= MAX_RETRIES:
            raise failure.error
        told = failure.error.retry_after
        usual = min(FIRST_PAUSE * 2**self._retries, LONGEST_PAUSE) * (1 - JITTER * random.random())
        wait = usual if told is None else told
        if wait + LEAST_TIME > self.left:
            raise failure.error
        self._retries += 1
        log.info("Claude: %s. Asking again in %.1f s.", failure.error.reason, wait)
        await self._pause(wait)


def too_late() -> Failure:
    return Failure(error=wording.failed(ModelFailure.TIMEOUT), is_worth_another=False)
