"""The table of replicas, and whose Slack events are whose, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import Connection, create_engine, text

from bot.domain.errors import NotStored
from bot.domain.ports.replicas import Member, MemberState, Process
from memory.store import Store, database
from memory.store.alone import alone
from memory.store.lanes import lane_of
from memory.store.replicas import StoredReplicas

HERE = Process(host="here", pid=7, space="")


@pytest.fixture(params=["postgresql"])
def database_url(request: pytest.FixtureRequest, database_url: str) -> str:
    """PostgreSQL alone: SQLite is for one process."""
    return database_url


@pytest.fixture
def roll(database_url: str, store: Store) -> Iterator[StoredReplicas]:
    made = StoredReplicas(database_url)
    yield made
    made.close()


@pytest.fixture
async def second(database_url: str) -> AsyncIterator[Store]:
    opened = await Store.open(database_url)
    yield opened
    await opened.close()


def joined(roll: StoredReplicas, name: str, over: Member | None = None) -> Member:
    made = roll.join(name, HERE, over=over)
    assert made is not None
    return made


def test_one_name_is_taken_by_one_start_and_later_ones_have_higher_numbers(roll: StoredReplicas) -> None:
    first = joined(roll, "a")
    assert (first.epoch, first.holder, first.state) == (1, "a/1", MemberState.LIVE)
    assert roll.join("a", HERE, over=None) is None
    later = joined(roll, "a", over=first)
    assert (later.epoch, later.seat) == (2, first.seat + 1)
    assert roll.join("a", HERE, over=first) is None, "somebody was faster"
    assert joined(roll, "b").seat > later.seat


def test_a_heartbeat_is_refused_to_who_was_taken_over(roll: StoredReplicas) -> None:
    first, other = joined(roll, "a"), joined(roll, "b")
    seen = roll.beat(first)
    assert seen is not None
    assert [(one.name, one.beats) for one in seen] == [("a", 1), ("b", 0)]
    joined(roll, "a", over=seen[0])
    assert roll.beat(first) is None
    assert roll.fence(other)
    assert roll.beat(other) is None


def test_who_gives_a_sign_of_life_in_the_last_moment_is_not_fenced(roll: StoredReplicas) -> None:
    seen = joined(roll, "a")
    assert roll.beat(seen) is not None
    assert not roll.fence(seen)
    assert roll.beat(seen) is not None


def test_who_is_gone_stays_gone(roll: StoredReplicas) -> None:
    one = joined(roll, "a")
    assert roll.fence(one)
    roll.leave(one, MemberState.LEAVING)
    assert [member.state for member in roll.members()] == [MemberState.GONE]


def test_what_was_gone_for_long_is_dropped_by_the_database_s_clock(roll: StoredReplicas, database_url: str) -> None:
    for name in ("old", "recent", "living"):
        joined(roll, name)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE replicas SET state = 'gone' WHERE name <> 'living'"))
        eight_days = 8 * 86_400 * 1_000_000
        connection.execute(text(f"UPDATE replicas SET beat_at = beat_at - {eight_days} WHERE name <> 'recent'"))
    engine.dispose()
    joined(roll, "new")
    assert {member.name for member in roll.members()} == {"recent", "living", "new"}


def test_a_database_that_is_away_is_told(tmp_path: object) -> None:
    away = StoredReplicas(f"postgresql://nobody@/none?host={tmp_path}")
    with pytest.raises(NotStored, match="the table of replicas cannot be used"):
        away.members()
    away.close()


async def test_a_process_that_stands_still_in_a_transaction_keeps_nothing_locked(
    database_url: str, second: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is stopped in the midst of triage: the others go on after some seconds."""
    monkeypatch.setattr(database, "IDLE_IN_TRANSACTION", 1)
    frozen = database.Database.open(database_url)
    stands, goes_on = threading.Event(), threading.Event()

    def stand_still(connection: Connection) -> None:
        stands.set()
        goes_on.wait(60)

    standing = asyncio.create_task(alone(frozen, stand_still))
    await asyncio.to_thread(stands.wait, 60)
    assert await alone(second._database, lambda _: "done") == "done"
    goes_on.set()
    with pytest.raises(NotStored):
        await standing
    await frozen.close()


# --- Slack's events ---------------------------------------------------------------------------------------------------


def body(channel: str) -> bytes:
    return json.dumps({"type": "event_callback", "event": {"type": "message", "channel": channel}}).encode()


async def claimed(store: Store, limit: int = 50) -> list[str]:
    return [event.event_id for event in await store.slack_events.unhandled(limit)]


async def handle(store: Store, *event_ids: str) -> None:
    for event in await store.slack_events.unhandled(50):
        if event.event_id in event_ids:
            await store.slack_events.handled(event.row, "done")


async def test_an_event_is_claimed_by_one_and_what_follows_in_its_conversation_as_well(
    store: Store, second: Store, roll: StoredReplicas
) -> None:
    store.slack_events.share(joined(roll, "a").holder)
    second.slack_events.share(joined(roll, "b").holder)
    await store.slack_events.record("1", body("C1"))
    assert await claimed(store) == ["1"]
    await second.slack_events.record("2", body("C1"))
    await second.slack_events.record("3", body("C2"))
    assert await claimed(second) == ["3"], "the first has something in hand in C1"
    assert await claimed(store) == ["1", "2"]
    await handle(store, "1", "2")
    await store.slack_events.record("4", body("C1"))
    assert await claimed(second) == ["3", "4"], "C1 is free again"


async def test_of_many_at_once_each_is_claimed_by_one(store: Store, second: Store, roll: StoredReplicas) -> None:
    store.slack_events.share(joined(roll, "a").holder)
    second.slack_events.share(joined(roll, "b").holder)
    for number in range(40):
        await store.slack_events.record(str(number), body(f"C{number % 10}"))
    found = await asyncio.gather(*(claimed(one, limit=3) for one in (store, second) * 3))
    ours, theirs = {n for some in found[::2] for n in some}, {n for some in found[1::2] for n in some}
    assert ours
    assert theirs
    assert not ours & theirs
    assert not {int(n) % 10 for n in ours} & {int(n) % 10 for n in theirs}


async def test_what_a_dead_process_had_claimed_is_free_and_its_own_late_word_counts_for_nothing(
    store: Store, second: Store, roll: StoredReplicas
) -> None:
    dead = joined(roll, "a")
    store.slack_events.share(dead.holder)
    second.slack_events.share(joined(roll, "b").holder)
    await store.slack_events.record("1", body("C1"))
    (event,) = await store.slack_events.unhandled(50)
    assert roll.fence(dead)
    assert await claimed(store) == [], "who is taken for dead claims nothing more"
    assert await claimed(second) == ["1"]
    await store.slack_events.handled(event.row, "late")
    assert await claimed(second) == ["1"]


async def test_who_leaves_gives_back_what_it_did_not_handle(store: Store, second: Store, roll: StoredReplicas) -> None:
    leaving = joined(roll, "a")
    store.slack_events.share(leaving.holder)
    second.slack_events.share(joined(roll, "b").holder)
    await store.slack_events.record("1", body("C1"))
    assert await claimed(store) == ["1"]
    roll.leave(leaving, MemberState.LEAVING)
    assert await claimed(second) == [], "it may be at it still"
    await store.slack_events.release()
    assert await claimed(second) == ["1"]


@pytest.mark.parametrize(
    ("told", "lane"),
    [
        ({"event": {"type": "message", "channel": "C1", "user": "U1"}}, "C1"),
        ({"event": {"type": "reaction_added", "item": {"channel": "C1", "ts": "1.0"}, "user": "U1"}}, "C1"),
        ({"event": {"type": "channel_rename", "channel": {"id": "C1", "name": "x"}}}, "C1"),
        ({"event": {"type": "file_shared", "channel_id": "C1"}}, "C1"),
        ({"event": {"type": "app_home_opened", "user": "U1"}}, "U1"),
        ({"event": {"type": "user_change", "user": {"id": "U1"}}}, "U1"),
        ({"type": "block_actions", "container": {"channel_id": "C1", "message_ts": "1.0"}}, "C1"),
        ({"type": "order", "order": {"incident": "INC-1"}}, "INC-1"),
        ({"event": {"channel": 7}}, ""),
        ({"event": "?"}, ""),
        ([], ""),
    ],
)
def test_the_conversation_of_an_event(told: object, lane: str) -> None:
    assert lane_of(json.dumps(told).encode()) == lane


def test_what_is_no_json_is_of_no_conversation() -> None:
    assert lane_of(b"\xff{") == ""
