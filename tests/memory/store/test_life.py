"""What belongs to an incident's life is kept as it was written, and each version is replaced once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.errors import NotStored
from bot.domain.life import Cadence, Draft, FollowUp, FollowUpState, Watch, WatchState
from bot.domain.ports.kept import Life
from memory.store import Store
from memory.store.life_codec import decode
from memory.store.life_schema import LIFE_TABLES
from tests.memory.store.life_samples import ALL, CADENCE, FOLLOW_UP, INCIDENT, OTHER, TIE, WATCH, kept
from tests.memory.store.samples import MINUTE, NOON, run


@pytest.fixture
async def neighbour(store: Store, database_url: str) -> AsyncIterator[Store]:
    """Another process's, on the same database."""
    opened = await Store.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def local(sqlite_url: str) -> AsyncIterator[Store]:
    """For what does not hang on the database."""
    opened = await Store.open(sqlite_url)
    yield opened
    await opened.close()


async def test_every_record_is_read_as_it_was_written(store: Store, neighbour: Store) -> None:
    life: Life = store.life  # what flows ask for
    assert life
    for place, record in kept(store):
        assert await place.add(record)
    for (place, record), (_, again) in zip(kept(neighbour), kept(store), strict=True):
        assert record == again
        found = await place.get(again.id)  # type: ignore[attr-defined]
        assert found == again
        assert hash(found) == hash(again), "a list where a tuple was"
        assert await place.of_incident(INCIDENT) == (again,)
        assert await place.of_incident(OTHER) == ()


async def test_the_same_id_is_added_once(store: Store) -> None:
    for place, record in kept(store):
        one: Any = record
        assert await place.add(one)
        assert not await place.add(replace(one, version=one.version + 1))
        assert await place.get(one.id) == one


async def test_the_version_that_was_read_is_replaced_and_any_other_is_not(store: Store) -> None:
    for place, record in kept(store):
        one: Any = record
        assert await place.put(one) is None, "nothing is there yet"
        await place.add(one)
        after = await place.put(one)
        assert after == replace(one, version=one.version + 1)
        for version in (one.version, one.version + 2):
            assert await place.put(replace(one, version=version)) is None
        assert await place.get(one.id) == after


async def test_of_many_who_write_at_once_one_is_first_and_no_step_is_lost(store: Store, neighbour: Store) -> None:
    await store.life.watches.add(replace(WATCH, looks=0))

    async def look(where: Store) -> None:
        while True:
            read = await where.life.watches.get(WATCH.id)
            assert read is not None
            if await where.life.watches.put(replace(read, looks=read.looks + 1)):
                return

    await asyncio.gather(*(look(where) for where in (store, neighbour) for _ in range(8)))
    after = await store.life.watches.get(WATCH.id)
    assert after is not None
    assert (after.looks, after.version) == (16, WATCH.version + 16)


async def test_of_two_processes_that_add_the_same_one_does(store: Store, neighbour: Store) -> None:
    for number in range(10):
        one = replace(FOLLOW_UP, id=f"{INCIDENT}/{number}")
        added = await asyncio.gather(*(where.life.follow_ups.add(one) for where in (store, neighbour, store)))
        assert sorted(added) == [False, False, True]


async def test_records_come_in_the_order_in_which_they_were_added(local: Store) -> None:
    names = [f"{INCIDENT}/{number}" for number in (3, 1, 2)]
    for name in names:
        await local.life.follow_ups.add(replace(FOLLOW_UP, id=name))
    first = await local.life.follow_ups.get(names[0])
    assert first is not None
    await local.life.follow_ups.put(replace(first, state=FollowUpState.DONE))
    assert [one.id for one in await local.life.follow_ups.of_incident(INCIDENT)] == names
    assert [one.id for one in await local.life.follow_ups.in_state("open")] == names[1:]
    assert [one.id for one in await local.life.follow_ups.in_state("done", "open")] == names
    assert await local.life.follow_ups.in_state() == ()


async def test_what_is_due_comes_longest_overdue_first_and_not_before_its_time(store: Store) -> None:
    minutes = {"a": 3, "b": 1, "c": 2, "d": 9}
    for name, minute in minutes.items():
        next_at = NOON + minute * MINUTE
        await store.life.cadences.add(Cadence(incident=name, next_at=next_at))
    await store.life.cadences.add(Cadence(incident="nobody is asked", next_at=None))
    by = NOON + 3 * MINUTE
    assert [one.id for one in await store.life.cadences.due(by)] == ["b", "c", "a"]
    assert [one.id for one in await store.life.cadences.due(by, limit=2)] == ["b", "c"]
    first = await store.life.cadences.get("b")
    assert first is not None
    await store.life.cadences.put(replace(first, snoozed_until=NOON + 30 * MINUTE))
    assert [one.id for one in await store.life.cadences.due(by)] == ["c", "a"]


async def test_what_has_ended_is_due_no_more(local: Store) -> None:
    await local.life.watches.add(WATCH)
    ended = await local.life.watches.put(replace(WATCH, state=WatchState.HELD))
    assert ended is not None
    assert await local.life.watches.due(NOON + 9999 * MINUTE) == ()


async def test_a_field_that_came_later_takes_its_default_and_one_that_went_is_passed_over(
    local: Store, sqlite_url: str
) -> None:
    await local.life.watches.add(WATCH)
    body = (
        '{"id": "w", "incident": "INC-2026-0042", "since": "2026-03-04T12:00:00Z", "until": "2026-03-05T12:00:00Z", '
        '"next_at": null, "gone": [1]}'
    )
    run(sqlite_url, f"UPDATE watches SET body = '{body}'".replace(":0", r"\:0"))
    assert await local.life.watches.get(WATCH.id) == Watch(
        id="w", incident=INCIDENT, since=NOON, until=NOON + 1440 * MINUTE, next_at=None
    )


@pytest.mark.parametrize("body", ["", "[]", '{"id": 5}', "{}", "null", '{"incident": "x", "state": "no such"}'])
def test_a_record_that_cannot_be_read_is_said(body: str) -> None:
    with pytest.raises(NotStored, match="a stored Draft cannot be read"):
        decode(Draft, body)


async def test_a_closed_store_writes_nothing(local: Store) -> None:
    await local.close()
    with pytest.raises(NotStored):
        await local.life.cadences.add(CADENCE)


async def test_an_id_of_any_length_is_found_again(local: Store) -> None:
    long = [replace(FOLLOW_UP, id="x" * 5000 + end) for end in "ab"]
    for one in long:
        assert await local.life.follow_ups.add(one)
    assert await local.life.follow_ups.get(long[1].id) == long[1]


async def test_forgetting_an_incident_takes_its_life_along_and_the_ties_of_others_to_it(
    store: Store, database_url: str
) -> None:
    for place, record in kept(store):
        await place.add(record)
        await place.add(_of_another(record))
    to_it = replace(TIE, incident="INC-2026-0001", other=INCIDENT)
    assert await store.life.ties.add(to_it)
    forgotten = await store.forget(INCIDENT)
    assert forgotten.history == len(ALL) + 2  # the other's tie leads to it as well
    for table in LIFE_TABLES:
        rows = str(run(database_url, f"SELECT * FROM {table.name}"))
        assert INCIDENT not in rows
        assert OTHER in rows or table.name == "incident_ties"


def _of_another(record: Any) -> Any:
    if record is TIE:
        return replace(TIE, incident=OTHER, other=INCIDENT)
    named = {"id": f"{OTHER}:1"} if isinstance(record.__dict__.get("id"), str) else {}
    return replace(record, incident=OTHER, **named)


def test_a_follow_up_is_due_at_nine_on_its_day() -> None:
    """The column that reminders are found by holds a moment, the record a date."""
    one: FollowUp = FOLLOW_UP
    assert one.due is not None
    assert one.due.isoformat() == "2026-03-11T09:00:00+00:00"
