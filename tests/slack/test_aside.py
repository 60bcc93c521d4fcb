"""Events whose handling takes long stay unhandled until it has ended, and hold nobody up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.errors import ChatError, NotStored
from bot.slack.aside import BUSY, Aside
from memory.store import Store
from tests.scene import until


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    for name in ("a", "b"):
        await opened.slack_events.record(name, b"{}")
    yield opened
    await opened.close()


async def left(store: Store) -> list[str]:
    return [event.event_id for event in await store.slack_events.unhandled(9)]


async def test_an_event_is_handled_once_its_work_is_done_and_others_go_on(store: Store) -> None:
    aside, gate = Aside(store.slack_events), asyncio.Event()

    async def work() -> str:
        await gate.wait()
        return "answered"

    first, second = await aside.unhandled(9)
    await aside.handled(first.row, aside.begin("k", work))
    assert [event.row for event in await aside.unhandled(9)] == [second.row]
    await aside.handled(second.row, "noted")
    assert await left(store) == ["a"], "after a crash it is there again"
    gate.set()
    async with asyncio.timeout(60):
        while await left(store):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_the_same_work_is_begun_once_at_a_time(store: Store) -> None:
    aside = Aside(store.slack_events)

    async def work() -> str:
        await asyncio.Event().wait()
        return ""

    assert aside.begin("k", work) != BUSY
    assert aside.begin("k", work) == BUSY
    await aside.close()
    assert aside.begin("other", work) == BUSY


@pytest.mark.parametrize("error", [ChatError("ratelimited", is_final=False), NotStored("the disk is full")])
async def test_while_slack_or_the_store_cannot_be_used_it_comes_again(store: Store, error: Exception) -> None:
    aside = Aside(store.slack_events, first_wait=0.01)
    woken: list[int] = []
    aside.wake = lambda: woken.append(1)

    async def work() -> str:
        raise error

    event, _ = await aside.unhandled(9)
    await aside.handled(event.row, aside.begin("k", work))
    await until(lambda: bool(woken))
    assert event in await aside.unhandled(9)


@pytest.mark.parametrize("error", [ChatError("channel_not_found", is_final=True), KeyError("ts")])
async def test_what_can_never_succeed_is_done_with(store: Store, error: Exception) -> None:
    aside = Aside(store.slack_events)
    woken: list[int] = []
    aside.wake = lambda: woken.append(1)

    async def work() -> str:
        raise error

    event, _ = await aside.unhandled(9)
    await aside.handled(event.row, aside.begin("k", work))
    await until(lambda: bool(woken))
    assert await left(store) == ["b"]


async def test_at_the_stop_what_goes_on_is_left_for_the_next_start(store: Store) -> None:
    aside = Aside(store.slack_events)

    async def work() -> str:
        await asyncio.Event().wait()
        return ""

    event, _ = await aside.unhandled(9)
    await aside.handled(event.row, aside.begin("k", work))
    await aside.close()
    assert "a" in await left(store)
