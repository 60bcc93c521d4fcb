"""Whoever looks after an incident is called when it has changed, and again where it failed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from bot.domain.errors import ChatError, NotStored
from bot.domain.incident import Incident
from bot.flows.life import following as module
from bot.flows.life.following import Following
from bot.testing import NOON, FrozenClock, make_alert
from tests.scene import Scene


class Watcher:
    def __init__(self, fails: int = 0) -> None:
        self.followed: list[tuple[str, int]] = []
        self.ticks: list[datetime] = []
        self.fails = fails

    async def follow(self, incident: Incident) -> None:
        if self.fails:
            self.fails -= 1
            raise ChatError("unreachable", is_final=False)
        self.followed.append((incident.id, incident.revision))

    async def tick(self, now: datetime) -> None:
        self.ticks.append(now)


class Away:
    """A store that cannot be read."""

    async def list_recent(self, since: datetime) -> Sequence[Incident]:
        raise NotStored("the disk is away")


def following(stage: Scene, *followers: Watcher, idle: float = 60.0) -> Following:
    return Following(incidents=stage.store.incidents, followers=followers, clock=stage.clock, idle=idle)


async def test_each_revision_is_followed_once(stage: Scene) -> None:
    one = await stage.incident(service="checkout")
    watcher = Watcher()
    looks = following(stage, watcher)
    assert await looks.look()
    assert await looks.look()
    assert watcher.followed == [(one, 1)]
    assert len(watcher.ticks) == 2


async def test_what_is_named_is_followed_again(stage: Scene) -> None:
    one = await stage.incident(service="checkout")
    watcher = Watcher()
    looks = following(stage, watcher)
    await looks.look()
    looks.wake(one)
    await looks.look()
    assert watcher.followed == [(one, 1), (one, 1)]


async def test_a_follower_that_fails_is_called_again_and_keeps_no_other_waiting(stage: Scene) -> None:
    one = await stage.incident(service="checkout")
    bad, good = Watcher(fails=1), Watcher()
    looks = following(stage, bad, good)
    assert not await looks.look()
    assert (bad.followed, good.followed) == ([], [(one, 1)])
    assert await looks.look()
    assert (bad.followed, good.followed) == ([(one, 1)], [(one, 1)])


async def test_after_a_start_everything_is_followed_once(stage: Scene) -> None:
    one, two = await stage.incident(service="checkout"), await stage.incident(service="payments", fingerprint="other")
    watcher = Watcher()
    await following(stage, watcher).look()
    assert sorted(watcher.followed) == sorted([(one, 1), (two, 1)])


async def test_a_store_that_cannot_be_read_is_asked_again(stage: Scene) -> None:
    looks = Following(incidents=Away(), followers=(), clock=FrozenClock(NOON))  # type: ignore[arg-type]
    assert not await looks.look()


async def test_it_looks_by_itself_and_when_it_is_woken(stage: Scene) -> None:
    watcher = Watcher()
    looks = following(stage, watcher, idle=0.01)
    running = asyncio.create_task(looks.run())
    async with asyncio.timeout(60):
        while len(watcher.ticks) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        one = await stage.incident(service="checkout")
        looks.wake()
        while not watcher.followed:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    running.cancel()
    assert watcher.followed == [(one, 1)]


async def test_what_was_over_long_ago_is_left_alone(stage: Scene) -> None:
    condition = make_alert(service="checkout")
    one = await stage.incident(condition)
    over = stage.clock.now()
    await stage.store.desk.transact(lambda desk: desk.recover(one, condition, over))
    stage.clock.go_on(timedelta(hours=27))
    watcher = Watcher()
    await following(stage, watcher).look()
    assert watcher.followed == []


async def test_after_a_look_it_rests_and_one_look_serves_all_who_wake_it_meanwhile(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REST", 1e9)
    monkeypatch.setattr(module, "LONGEST_REST", 0.2)
    watcher, loop = Watcher(), asyncio.get_running_loop()
    looks = following(stage, watcher)
    began, running = loop.time(), asyncio.create_task(looks.run())
    async with asyncio.timeout(60):
        while len(watcher.ticks) < 3:
            looks.wake()
            await asyncio.sleep(0.001)
    running.cancel()
    assert loop.time() - began >= 0.4, "three looks and two rests"
