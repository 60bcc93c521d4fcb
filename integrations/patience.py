"""Asking a vendor thousands of times: within its limits, with room left for others, and past a moment's failure.

A briefing has seconds and tells what it could not ask. An import has hours: here waiting is right.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.domain.ports.history import Told

log = logging.getLogger(__name__)

T = TypeVar("T")

RESERVE = 0.25  # of the limit: the bot asks with the same key when something burns
LONGEST_WAIT = 3700.0  # seconds; GitHub's limit is one of an hour
USUAL_WAIT = 60.0  # seconds, where the vendor does not tell how long its limit lasts
MOST_REFUSALS = 5  # in a row, for the same question
PAUSES = (1.0, 5.0, 20.0)  # seconds, after failures that pass
WORTH_TELLING = 5.0  # seconds
_PASSING = (FailureReason.UNREACHABLE, FailureReason.TOO_SLOW)


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What the vendor said with its last answer."""

    left: int  # requests
    limit: int
    seconds: float  # until it begins anew


class Patience:
    """Shared by all that ask with one key. `pause` waits for so many seconds."""

    def __init__(self, title: str, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._title = title
        self._pause = pause
        self._allowance: Allowance | None = None
        self._is_down = False  # the last question was given up: the next ones are not tried so long
        self._turn = asyncio.Lock()

    def heard(self, allowance: Allowance) -> None:
        """May be called on any thread."""
        self._allowance = allowance

    async def ask(self, work: Callable[[], Awaitable[T]]) -> T:
        """Raises SourceError: at once where asking again cannot help, else after some tries."""
        refusals = failures = 0
        while True:
            await self._keep_within()
            try:
                answer = await work()
            except SourceError as error:
                if error.reason is FailureReason.RATE_LIMITED and refusals < MOST_REFUSALS:
                    refusals += 1
                    await self._wait_out()
                elif error.reason in _PASSING and failures < len(PAUSES) and not self._is_down:
                    log.info("%s Asking again.", error)
                    await self._pause(PAUSES[failures])
                    failures += 1
                else:
                    self._is_down = error.reason in _PASSING
                    raise
            else:
                self._is_down = False
                return answer

    async def _keep_within(self) -> None:
        async with self._turn:  # one waits, the others behind it
            if (known := self._spent()) is not None:
                await self._wait(known.seconds)

    async def _wait_out(self) -> None:
        async with self._turn:
            known = self._spent()  # where there is room, it was another limit, of which nothing is told
            await self._wait(known.seconds if known is not None else USUAL_WAIT)

    def _spent(self) -> Allowance | None:
        known = self._allowance
        return known if known is not None and known.left <= known.limit * RESERVE else None

    async def _wait(self, seconds: float) -> None:
        seconds = min(max(seconds, 0.0) + 1, LONGEST_WAIT)  # vendors round down
        if seconds >= WORTH_TELLING:
            log.warning("%s limits how often it may be asked: waiting %.0f s.", self._title, seconds)
        await self._pause(seconds)
        self._allowance = None


async def told_of_each(
    items: Sequence[T], one: Callable[[T], Awaitable[Told]], named: Callable[[T], tuple[str, str]]
) -> AsyncIterator[Told]:
    """In order; all are asked about at once. `named`: key and name of an item, for the report.

    One that cannot be asked about does not stop the others. Raises SourceError where none of them can.
    """
    found = await asyncio.gather(*map(one, items), return_exceptions=True)
    is_up = any(isinstance(told, Told) and told.past is not None for told in found)
    for item, told in zip(items, found, strict=True):
        if isinstance(told, SourceError) and (is_up or told.reason is FailureReason.NONSENSE):
            key, name = named(item)
            yield Told(key=key, name=name, skipped=f"{told} The next import asks for it again.")
        elif isinstance(told, BaseException):
            raise told
        else:
            yield told
