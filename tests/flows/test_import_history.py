"""Past incidents of another place: each once, resumable, with an account of what was left out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.domain.ports.history import Told
from bot.domain.remembered import PastIncident
from bot.flows.import_history import BATCH, ImportHistory
from bot.testing import FrozenClock
from memory.importing.keeper import StoredKeeper
from memory.store import Store

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def past(number: int, **other: object) -> PastIncident:
    made = PastIncident(
        id=f"OLD-{number}",
        title=f"Incident {number}",
        service="orders",
        started_at=NOON,
        minutes=10,
        cause="A cause",
        cause_kind="",
        fix="A fix",
    )
    return replace(made, **other)  # type: ignore[arg-type]


class Elsewhere:
    """A place that holds these, and goes away after `breaks_after` of them."""

    name = "elsewhere"

    def __init__(self, told: Sequence[Told], breaks_after: int | None = None) -> None:
        self._told = told
        self._breaks_after = breaks_after

    async def count(self) -> int | None:
        return len(self._told)

    async def items(self) -> AsyncIterator[Told]:
        for number, told in enumerate(self._told):
            if number == self._breaks_after:
                raise SourceError(FailureReason.UNREACHABLE, "It went away.")
            yield told


def told(number: int, **other: object) -> Told:
    return Told(key=str(number), name=f"entry {number}", past=past(number, **other))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    await opened.close()


def importing(store: Store) -> ImportHistory:
    return ImportHistory(StoredKeeper(store), clock=FrozenClock(NOON))


async def test_each_comes_in_once_and_a_second_time_changes_nothing(store: Store) -> None:
    source = Elsewhere([told(n) for n in range(7)])
    first = await importing(store)(source)
    assert (first.seen, first.new, first.unchanged, first.skipped) == (7, 7, 0, [])
    mark = await store.memory_mark()
    again = await importing(store)(source)
    assert (again.new, again.changed, again.unchanged) == (0, 0, 7)
    assert await store.memory_mark() == mark


async def test_what_changed_there_is_changed_here(store: Store) -> None:
    await importing(store)(Elsewhere([told(1), told(2)]))
    report = await importing(store)(Elsewhere([told(1), told(2, fix="Another fix")]))
    assert (report.changed, report.unchanged) == (1, 1)
    assert (await store.past.by_id())["OLD-2"].fix == "Another fix"


async def test_a_dry_run_tells_the_same_and_stores_nothing(store: Store) -> None:
    report = await importing(store)(Elsewhere([told(1), told(2)]), dry_run=True)
    assert (report.new, await store.past.count(), await store.imports.known("elsewhere")) == (2, 0, {})


async def test_an_import_that_breaks_off_goes_on_where_it_stopped(store: Store) -> None:
    everything = [told(n) for n in range(3 * BATCH)]
    with pytest.raises(SourceError):
        await importing(store)(Elsewhere(everything, breaks_after=2 * BATCH + 10))
    assert await store.past.count() == 2 * BATCH
    report = await importing(store)(Elsewhere(everything))
    assert (report.unchanged, report.new) == (2 * BATCH, BATCH)
    assert await store.past.count() == 3 * BATCH


async def test_what_is_left_out_is_named_with_its_reason(store: Store) -> None:
    await store.past.save([past(1, id="INC-2026-0001", title="Incident: 1", origin="postmortem")])
    report = await importing(store)(
        Elsewhere([told(1), told(2), told(2), Told(key="3", name="entry 3", skipped="it is empty")])
    )
    assert report.new == 1
    assert [(left.name, left.why.split(":")[0]) for left in report.skipped] == [
        ("entry 1", "it tells of the same as INC-2026-0001"),
        ("entry 2", "it came twice"),
        ("entry 3", "it is empty"),
    ]


async def test_the_same_alert_twice_a_day_in_one_place_is_two_incidents(store: Store) -> None:
    twice = [told(1, title="Queue long"), told(2, title="Queue long")]
    assert (await importing(store)(Elsewhere(twice))).new == 2
    assert (await importing(store)(Elsewhere([*twice, told(3, title="Queue long")]))).new == 1


async def test_secrets_are_taken_out_before_anything_is_stored(store: Store) -> None:
    secret = "s" * 20
    item = replace(told(1, fix=f"set password={secret}"), text=f"# A\n\npassword: {secret}")
    report = await importing(store)(Elsewhere([item]))
    assert report.hidden == 2
    kept = (await store.past.by_id())["OLD-1"], (await store.postmortems.by_id())["OLD-1"]
    assert secret not in str(kept)


async def test_progress_is_told_to_the_end(store: Store) -> None:
    seen: list[int] = []
    await importing(store)(Elsewhere([told(n) for n in range(5)]), on_progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 5
