"""This process among several: joining, heartbeats, leading, being taken for dead."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import NotStored, SettingsError
from bot.domain.lease import Pace
from bot.domain.ports.replicas import Member, MemberState, Process
from bot.replicas import Replica
from bot.sharing import Alone, led, membership, process_name, this_process
from bot.testing import NOON
from tests.scene import until

QUICK = Pace(beat=0.02, lease=0.4)  # for one alone: on a busy machine who is well may be silent for so long
FAIR = Pace(beat=0.02, lease=1.5)  # where somebody is to be found silent and somebody not
PATIENT = Pace(beat=0.02, lease=60.0)  # where nobody is
HERE = Process(host="here", pid=os.getpid(), space="")
POSTGRESQL = "postgresql://bot@db/bot"


class FakeRoll:
    """The table in memory. `is_away`: nothing can be read or written."""

    def __init__(self) -> None:
        self.rows: dict[str, Member] = {}
        self.is_away = False

    def members(self) -> Sequence[Member]:
        if self.is_away:
            raise NotStored("the database is away")
        return tuple(self.rows.values())

    def join(self, name: str, process: Process, *, over: Member | None) -> Member | None:
        if self.rows.get(name) != over:
            return None
        made = Member(
            name=name, epoch=over.epoch + 1 if over else 1, seat=len(self.rows) + (over.seat if over else 0) + 1,
            beats=0, state=MemberState.LIVE, process=process, joined_at=NOON, beat_at=NOON,
        )  # fmt: skip
        self.rows[name] = made
        return made

    def beat(self, me: Member) -> Sequence[Member] | None:
        self.members()
        row = self.rows[me.name]
        if row.holder != me.holder or row.state is MemberState.GONE:
            return None
        self.rows[me.name] = replace(row, beats=row.beats + 1)
        return self.members()

    def fence(self, silent: Member) -> bool:
        if self.rows[silent.name] != silent:
            return False
        self.rows[silent.name] = replace(silent, state=MemberState.GONE)
        return True

    def leave(self, me: Member, state: MemberState) -> None:
        self.members()
        if self.rows[me.name].holder == me.holder:
            self.rows[me.name] = replace(self.rows[me.name], state=state)

    def state(self, name: str) -> MemberState:
        return self.rows[name].state


class Ended:
    """What a process said when it ended itself."""

    def __init__(self) -> None:
        self.why: list[str] = []

    def __call__(self, why: str) -> None:
        self.why.append(why)


@asynccontextmanager
async def joined(
    roll: FakeRoll,
    name: str,
    *,
    pace: Pace = PATIENT,
    end: Callable[[str], None] | None = None,
    clock: Callable[[], float] | None = None,
) -> AsyncIterator[Replica]:
    me = roll.join(name, HERE, over=None)
    assert me is not None
    now = clock or asyncio.get_running_loop().time
    replica = Replica(roll, me, pace=pace, joined_at=now(), clock=now, end=end or Ended())
    replica.start()
    try:
        yield replica
    finally:
        await replica.close()


async def test_the_first_leads_and_the_next_one_once_it_resigns() -> None:
    roll = FakeRoll()
    async with joined(roll, "a") as first, joined(roll, "b") as second:
        await until(lambda: first.is_leader)
        assert not second.is_leader
        await first.resign()
        assert not first.is_leader
        await until(lambda: second.is_leader)
        assert roll.state("a") is MemberState.LEAVING
    assert {roll.state(name) for name in "ab"} == {MemberState.GONE}


async def test_who_is_silent_for_a_lease_is_taken_for_dead_and_leads_no_more() -> None:
    roll = FakeRoll()
    silent = roll.join("a", HERE, over=None)
    assert silent is not None
    async with joined(roll, "b", pace=FAIR) as second:
        assert not second.is_leader
        assert not await second.gone("a/1/boot")
        await until(lambda: second.is_leader)
        assert roll.state("a") is MemberState.GONE
        assert await second.gone("a/1/boot")
        assert await second.active() == {"b/1"}


async def test_who_was_taken_for_dead_ends_itself_and_says_why() -> None:
    roll, ended = FakeRoll(), Ended()
    async with joined(roll, "a", end=ended):
        await until(lambda: roll.rows["a"].beats > 1)
        roll.rows["a"] = replace(roll.rows["a"], state=MemberState.GONE)
        await until(lambda: ended.why)
    assert "a/1" in ended.why[0]
    assert "others have taken over" in ended.why[0]


async def test_while_the_database_is_away_nothing_is_begun_or_led_and_it_goes_on_afterwards() -> None:
    roll, ended = FakeRoll(), Ended()
    async with joined(roll, "a", pace=QUICK, end=ended) as replica:
        await until(lambda: replica.is_leader)
        roll.is_away = True
        await until(lambda: not replica.holds)
        assert not replica.is_leader
        roll.is_away = False
        await until(lambda: replica.is_leader)
    assert ended.why == []


async def test_after_a_standstill_nothing_holds_before_the_heartbeat_was_answered() -> None:
    """The clock goes on while a process is stopped."""
    roll, shift = FakeRoll(), [0.0]
    loop = asyncio.get_running_loop()
    async with joined(roll, "a", pace=QUICK, clock=lambda: loop.time() + shift[0]) as replica:
        await until(lambda: replica.is_leader)
        roll.is_away = True
        shift[0] = QUICK.lease
        assert not replica.holds
        assert not replica.is_leader
        roll.is_away = False
        await until(lambda: replica.is_leader)


async def test_the_leader_adopts_what_the_dead_had_in_hand_and_everybody_is_told() -> None:
    roll, adopted, told = FakeRoll(), list[Collection[str]](), list[str]()

    async def adopt(active: Callable[[], Awaitable[Collection[str]]]) -> int:
        adopted.append(await active())
        return 1

    silent = roll.join("a", HERE, over=None)
    assert silent is not None
    async with (
        joined(roll, "b", pace=FAIR) as second,
        joined(roll, "c", pace=FAIR) as third,
        asyncio.TaskGroup() as running,
    ):
        working = [
            running.create_task(one.run(adopt, on_change=lambda: told.append("news")))
            for one in (second, third)
        ]  # fmt: skip
        await until(lambda: second.is_leader)
        await until(lambda: any("a/1" not in active for active in adopted))
        await until(lambda: len(told) >= 4)
        for task in working:
            task.cancel()


async def test_a_name_is_taken_over_from_one_that_died_and_refused_while_it_lives() -> None:
    roll = FakeRoll()
    roll.join("dead", HERE, over=None)
    replica = await Replica.join(roll, "dead", HERE, pace=QUICK)
    assert replica.holder == "dead/2"
    async with joined(roll, "living"):
        with pytest.raises(SettingsError, match="EXECUTOR_ID: another process of this name runs already \\(living on"):
            await Replica.join(roll, "living", HERE, pace=PATIENT)


async def test_a_name_is_taken_over_at_once_where_the_process_before_it_is_known_to_be_dead() -> None:
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await ended.wait()
    roll, mine = FakeRoll(), this_process()
    assert mine.space, "this test runs on Linux"
    roll.join("a", replace(mine, pid=ended.pid), over=None)
    async with asyncio.timeout(60):
        replica = await Replica.join(roll, "a", mine, pace=Pace(beat=1.0, lease=3_600.0))
    assert replica.holder == "a/2"


def test_a_name_that_was_set_is_kept_and_two_processes_have_none_in_common_by_accident(tmp_path: Path) -> None:
    assert process_name("blue", POSTGRESQL, tmp_path) == "blue"
    assert process_name("", "sqlite:///x.db", tmp_path) == "first-responder-0"
    found = {process_name("first-responder-0", POSTGRESQL, tmp_path / name) for name in ("one", "other")}
    assert len(found) == 2
    assert process_name("", POSTGRESQL, tmp_path) == process_name("", POSTGRESQL, tmp_path)
    with pytest.raises(SettingsError, match="EXECUTOR_ID"):
        process_name("x" * 201, POSTGRESQL, tmp_path)


async def test_the_only_process_always_leads() -> None:
    async with membership("first-responder-0", "sqlite:///x.db") as alone:
        assert isinstance(alone, Alone)
        assert alone.is_leader
        assert alone.holds
        assert alone.holder == "first-responder-0"
        assert not await alone.gone("other/1")


async def test_what_only_one_does_is_done_by_the_leader() -> None:
    done: list[str] = []

    async def digest() -> str:
        done.append("digest")
        return "sent"

    roll = FakeRoll()
    async with joined(roll, "a") as first, joined(roll, "b") as second:
        await until(lambda: first.is_leader)
        assert await led(second, digest)() != "sent"
        assert await led(first, digest)() == "sent"
    assert done == ["digest"]
