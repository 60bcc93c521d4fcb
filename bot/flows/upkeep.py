"""What is done from time to time beside the incidents: old rows dropped, pages and notes brought up to date."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.errors import FirstResponderError
from bot.domain.ports import Clock

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)  # of webhooks that were dealt with: PagerDuty repeats one for hours, no sender for a week


class Past(Protocol):
    """What of the past can be dropped."""

    async def purge(self, before: datetime) -> int: ...

    async def outdated(self, before: datetime) -> Sequence[str]: ...

    async def forget(self, *incident_ids: str) -> object: ...


@dataclass(frozen=True, kw_only=True)
class Chore:
    name: str
    every: float  # seconds from one end to the next beginning
    do: Callable[[], Awaitable[object]]
    first_after: float = 0.0  # seconds


class Upkeep:
    def __init__(self, chores: Sequence[Chore]) -> None:
        self._chores = tuple(chores)

    async def run(self) -> None:
        """Until cancelled. A chore that fails is logged and tried again when it is due."""
        async with asyncio.TaskGroup() as working:
            for chore in self._chores:
                working.create_task(self._repeat(chore))

    async def _repeat(self, chore: Chore) -> None:
        await asyncio.sleep(chore.first_after)
        while True:
            await once(chore)
            await asyncio.sleep(chore.every)


async def once(chore: Chore) -> None:
    try:
        done = await chore.do()
    except FirstResponderError as error:
        log.warning("%s: %s", chore.name, error)
    else:
        log.debug("%s: %s", chore.name, done)


def dropping(past: Past, clock: Clock, *, retention: timedelta | None) -> Callable[[], Awaitable[str]]:
    """Webhooks that were dealt with, and incidents that were over before `retention`; None keeps them for ever."""

    async def drop() -> str:
        now = clock.now()
        purged = await past.purge(now - KEPT)
        gone = await past.outdated(now - retention) if retention else ()
        if gone:
            await past.forget(*gone)
            log.info("%d incidents older than %d days are forgotten", len(gone), retention.days if retention else 0)
        return f"{purged} rows purged, {len(gone)} incidents forgotten"

    return drop
