"""Memory as one process holds it follows the store, whoever writes there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.remembered import RecordKind
from memory.mirror import Mirror
from memory.store import Store
from tests.memory.past import PAST

FIRST, SECOND = PAST[0], PAST[1]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    opened = await Store.open(url)
    yield opened
    await opened.close()


async def test_it_holds_what_another_process_wrote_changed_and_removed(store: Store, url: str) -> None:
    mirror, other = Mirror(store), await Store.open(url)
    try:
        await other.past.save([FIRST, SECOND])
        assert (await mirror.refresh()).put[RecordKind.INCIDENT] == {FIRST.id, SECOND.id}
        assert mirror.past == {FIRST.id: FIRST, SECOND.id: SECOND}
        await other.past.save([replace(FIRST, fix="Another one")])
        change = await mirror.refresh(at_once=True)
        assert change.put[RecordKind.INCIDENT] == {FIRST.id}
        assert not change.removed[RecordKind.INCIDENT]
        assert mirror.past[FIRST.id].fix == "Another one"
        await other.past.remove([FIRST.id])
        change = await mirror.refresh(at_once=True)
        assert not change.put[RecordKind.INCIDENT]
        assert change.removed[RecordKind.INCIDENT] == {FIRST.id}
        assert mirror.past == {SECOND.id: SECOND}
    finally:
        await other.close()


async def test_where_nothing_changed_one_number_is_read(store: Store) -> None:
    await store.past.save([FIRST])
    mirror = Mirror(store)
    assert not (await mirror.refresh()).is_nothing
    assert (await mirror.refresh(at_once=True)).is_nothing


async def test_it_does_not_look_again_within_a_moment(store: Store) -> None:
    now = 0.0
    mirror = Mirror(store, fresh_for=1.0, monotonic=lambda: now)
    await mirror.refresh()
    await store.past.save([FIRST])
    assert (await mirror.refresh()).is_nothing
    now = 1.5
    assert (await mirror.refresh()).put[RecordKind.INCIDENT] == {FIRST.id}


async def test_refreshes_at_the_same_time_tell_of_a_change_once(store: Store) -> None:
    await store.past.save([FIRST])
    mirror = Mirror(store)
    changes = await asyncio.gather(*(mirror.refresh(at_once=True) for _ in range(5)))
    assert sum(not change.is_nothing for change in changes) == 1
