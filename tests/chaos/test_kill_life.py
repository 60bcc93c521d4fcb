"""The whole bot, killed at random moments of whole lives of incidents: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.chaos.acting_child import TAKES
from tests.chaos.life_kept import DOUBLED, LOST, Kept, all_shown, kept, violations
from tests.chaos.life_people import Life
from tests.chaos.life_world import LifeWorld, Program, life_world, program
from tests.chaos.replica_farm import database
from tests.chaos.rounds import long, rounds

KILLS = {"sqlite": rounds(18), "postgresql": rounds(6)}
A_WORLD = 60  # kills on one store: a start looks at every incident of a day, and a day has no hundred of them
AT_ONCE = 3  # incidents that are worked on
LATEST_KILL = 2.2  # starts after the fork: how long a start takes until Slack is heard is measured first
WITHIN = 3.0  # starts, in which what is waited for to kill in its midst mostly comes
CALLS = 8  # of Slack, at the most, until one is cut off
ENDS_WITHIN = 60.0  # seconds in which what is left at the end is done
CONNECTS = "apps.connections.open"  # of Slack's Web API: the last thing of a start
STILL = 0.5  # seconds without a call: work that would post something twice gets the time to do so


@dataclass
class Killed:
    """While incidents were at which stage, and how."""

    stages: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    incidents: int = 0
    alerts: int = 0
    changes: int = 0
    interrupted: int = 0
    approvals: int = 0
    violations: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        return sum(one.startswith(LOST) for one in self.violations)

    @property
    def doubled(self) -> int:
        return sum(one.startswith(DOUBLED) for one in self.violations)

    def so_far(self, kind: str) -> str:
        """Told after each world: what a long run has shown counts even where it is cut off."""
        return (
            f"{kind}: {sum(self.ways.values())} kills, {self.alerts} alerts, {self.incidents} incidents, "
            f"{self.changes} changes, {self.interrupted} interrupted, {self.approvals} approvals: "
            f"{self.lost} lost, {self.doubled} doubled"
        )


class Moments:
    """When to kill: every other time in the midst of something; else, and where nothing comes, at any moment."""

    def __init__(self, world: LifeWorld, dice: random.Random, killed: Killed) -> None:
        self._world, self._dice, self._killed = world, dice, killed
        self._start = 0.0  # seconds

    async def measure(self) -> None:
        """How long a start takes, on this store and this machine."""
        began = time.monotonic()
        await self._world.begin(0)
        async with asyncio.timeout(ENDS_WITHIN):
            while not self._world.workspace.delivery.socket.connections:  # noqa: ASYNC110 - another process connects
                await asyncio.sleep(0.002)
        self._start = time.monotonic() - began
        self._world.program.kill()
        await self._world.program.over()

    async def kill(self, number: int) -> None:
        way = await self._in_the_midst(is_change=number % 4 == 1) if number % 2 else ""
        if not way:
            await asyncio.sleep(self._dice.uniform(0, LATEST_KILL * self._start) if number % 2 == 0 else 0)
        self._killed.ways[way or "any moment"] += 1
        self._world.program.kill()

    async def _in_the_midst(self, *, is_change: bool) -> str:
        """Of what: between a call's effect in Slack and its answer, or once a change has begun; "" where none came."""
        cut: list[str] = []
        left, before = 0 if is_change else self._dice.randint(1, CALLS), self._begun()

        def cut_off(method: str, _: int) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                self._world.program.kill()
                cut.append(f"slack {method}")

        self._world.gate.on_effect = cut_off
        await self._comes(lambda: self._begun() > before if is_change else bool(cut))
        self._world.gate.on_effect = lambda method, number: None
        if is_change and self._begun() > before:
            await asyncio.sleep(self._dice.uniform(0, TAKES / 2))
            return "a change"
        return cut[0] if cut else ""

    async def _comes(self, seen: Callable[[], bool]) -> bool:
        ends = time.monotonic() + WITHIN * self._start
        while not seen() and time.monotonic() < ends:  # noqa: ASYNC110 - another process brings it about
            await asyncio.sleep(0.002)
        return seen()

    def _begun(self) -> int:
        return sum(1 for line in self._world.machines.lines() if line[0] == "begin")


@contextmanager
def store(kind: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'data' / 'first-responder.db'}"
        return
    with database(request.getfixturevalue("postgresql")) as url:
        yield url


async def one_world(program: Program, folder: Path, url: str, kills: int, dice: random.Random, killed: Killed) -> None:
    async with life_world(program, folder, {} if url.startswith("sqlite") else {"DATABASE_URL": url}) as world:
        moments, lives, living = Moments(world, dice, killed), list[Life](), set[asyncio.Task[None]]()
        await moments.measure()
        for number in range(1, kills + 1):
            await world.begin(number)
            if sum(not task.done() for task in living) < AT_ONCE:
                lives.append(Life(world=world, service=f"s{len(lives)}-{number}", happened=dice.random() < 0.5))
                living.add(asyncio.create_task(lives[-1].live()))
            await moments.kill(number)
            status = await program.over()
            assert status == signal.SIGKILL, f"it ended by itself with {status}: {world.log()}"
            killed.stages.update({life.stage for life in lives if life.stage != "over"})
        await _begins_for_good(world, kills + 1)
        found = await _at_the_end(world, lives, living, url)
        killed.violations += violations(world, lives, found)
        lines = world.machines.lines()
        killed.incidents += len(found.incidents)
        killed.alerts += len(world.accepted)
        killed.changes += sum(1 for line in lines if line[0] == "begin")
        killed.interrupted += len({line[1] for line in lines} - {line[1] for line in lines if line[0] == "end"})
        killed.approvals += sum(len(life.approved) for life in lives)


async def _begins_for_good(world: LifeWorld, number: int) -> None:
    """Until Slack can reach it: before that it looks as quiet as if it were done, and a signal ends it at once."""
    known = len(world.workspace.calls.calls)
    await world.begin(number)
    async with asyncio.timeout(ENDS_WITHIN):
        while not (  # noqa: ASYNC110 - another process connects
            any(call.method == CONNECTS for call in world.workspace.calls.since(known))
            and world.workspace.delivery.socket.connections
        ):
            await asyncio.sleep(0.02)


async def _at_the_end(world: LifeWorld, lives: list[Life], living: set[asyncio.Task[None]], url: str) -> Kept:
    """Nobody kills any more: it goes on until all is done and quiet, and is stopped as operators do."""
    done, left = await asyncio.wait(living, timeout=ENDS_WITHIN)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    assert not left, (
        f"not over: {[(life.service, life.stage) for life in lives if life.stage != 'over']}: {world.log()}"
    )
    for task in done:
        task.result()
    await all_shown(url, ENDS_WITHIN)
    is_quiet, _ = await world.control.quiet(idle=STILL, timeout=ENDS_WITHIN)
    assert is_quiet, world.log()
    assert await world.stopped() == 0, world.log()
    return await kept(url)


@long
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_kills_over_whole_lives_lose_nothing_and_double_nothing(
    kind: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    seed = time.time_ns() % 1_000_000
    dice, killed, began, left = random.Random(seed), Killed(), time.monotonic(), KILLS[kind]
    async with program() as forking:
        while left > 0:
            folder = tmp_path / str(left)
            with store(kind, folder, request) as url:
                await one_world(forking, folder, url, min(left, A_WORLD), dice, killed)
            print(killed.so_far(kind), *killed.violations, sep="\n  ", flush=True)
            left -= A_WORLD
    report = {
        "seed": seed,
        "store": kind,
        "kills": KILLS[kind],
        "killed in the midst of": dict(killed.ways.most_common()),
        "people were at": dict(killed.stages.most_common()),
        "alerts accepted": killed.alerts,
        "incidents": killed.incidents,
        "changes begun": killed.changes,
        "interrupted, a person asked": killed.interrupted,
        "approvals": killed.approvals,
        "lost": killed.lost,
        "doubled": killed.doubled,
        "seconds": round(time.monotonic() - began),
    }
    record_property("report", report)
    print(report)
    assert killed.violations == [], f"{report}\n" + "\n".join(killed.violations)
