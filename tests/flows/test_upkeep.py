"""Chores come round again, and one that fails stops nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import NotStored
from bot.flows.upkeep import KEPT, Chore, Upkeep, dropping
from bot.testing import FrozenClock

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


class Kept:
    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []

    async def purge(self, before: datetime) -> int:
        self.asked.append(("purge", before))
        return 3

    async def outdated(self, before: datetime) -> Sequence[str]:
        self.asked.append(("outdated", before))
        return ("INC-1", "INC-2")

    async def forget(self, *incident_ids: str) -> object:
        self.asked.append(("forget", incident_ids))
        return None


async def test_what_is_old_is_purged_and_forgotten_only_where_that_is_wanted() -> None:
    kept = Kept()
    assert await dropping(kept, FrozenClock(NOON), retention=None)() == "3 rows purged, 0 incidents forgotten"
    assert kept.asked == [("purge", NOON - KEPT)]
    assert "2 incidents" in await dropping(kept, FrozenClock(NOON), retention=timedelta(days=90))()
    assert kept.asked[2:] == [("outdated", NOON - timedelta(days=90)), ("forget", ("INC-1", "INC-2"))]


async def test_a_chore_that_fails_is_tried_again_and_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    enough = asyncio.Event()

    async def fails() -> None:
        done.append("fails")
        raise NotStored("the disk is full")

    async def works() -> None:
        done.append("works")
        if done.count("works") >= 3 and done.count("fails") >= 3:
            enough.set()

    chores = (Chore(name="one", every=0.001, do=fails), Chore(name="two", every=0.001, do=works))
    running = asyncio.create_task(Upkeep(chores).run())
    async with asyncio.timeout(60):
        await enough.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert "one: the disk is full" in caplog.text
