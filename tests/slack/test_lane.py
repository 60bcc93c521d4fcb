"""Edits of one message never overtake each other and the newest wins."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.errors import ChatError
from bot.slack.lane import Lane


class Recorder:
    """A message whose edits wait until they are let through."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.started = asyncio.Event()
        self.gate = asyncio.Event()
        self.at_once = 0
        self.most_at_once = 0

    async def send(self, version: str) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.started.set()
        await self.gate.wait()
        self.shown.append(version)
        self.at_once -= 1


async def test_a_settled_version_waits_for_the_edit_under_way_and_drops_what_waits() -> None:
    message = Recorder()
    lane = Lane(message.send, spacing=0)
    lane.offer("one")
    await message.started.wait()
    lane.offer("two")
    settling = asyncio.create_task(lane.settle("final"))
    await asyncio.sleep(0)
    message.gate.set()
    await settling
    assert message.shown == ["one", "final"]
    assert message.most_at_once == 1


async def test_of_versions_that_wait_only_the_newest_is_sent() -> None:
    message = Recorder()
    lane = Lane(message.send, spacing=0)
    lane.offer("one")
    await message.started.wait()
    for version in ("two", "three", "four"):
        lane.offer(version)
    message.gate.set()
    await lane.idle()
    assert message.shown == ["one", "four"]


async def test_progress_after_the_settled_version_is_ignored() -> None:
    message = Recorder()
    message.gate.set()
    lane = Lane(message.send, spacing=0)
    await lane.settle("final")
    lane.offer("late tick")
    for _ in range(5):
        await asyncio.sleep(0)
    assert message.shown == ["final"]


async def test_errors_of_progress_are_swallowed_and_those_of_the_settled_version_are_not() -> None:
    async def refuse(version: str) -> None:
        raise ChatError("is_archived", is_final=True)

    lane = Lane(refuse, spacing=0)
    lane.offer("tick")
    for _ in range(5):
        await asyncio.sleep(0)
    with pytest.raises(ChatError, match="is_archived"):
        await lane.settle("final")


async def test_of_several_settled_versions_that_wait_the_newest_is_shown() -> None:
    message = Recorder()
    lane = Lane(message.send, spacing=0)
    first = asyncio.create_task(lane.settle("one"))
    await message.started.wait()
    later = [asyncio.create_task(lane.settle(version)) for version in ("two", "three", "four")]
    await asyncio.sleep(0)
    message.gate.set()
    await asyncio.gather(first, *later)
    assert message.shown == ["one", "four"]
