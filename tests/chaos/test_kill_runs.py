"""Killed at random moments, runs with approvals do nothing twice and forget nothing that people approved."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.domain.action import Risk
from bot.domain.approval import Started
from bot.domain.audit import verify
from bot.domain.run import Run, StepRun, StepState
from memory.store import Store
from tests.chaos.acting_child import TAKES, Round, World, as_line
from tests.chaos.rounds import rounds

KILLS = rounds(100)
LATEST_KILL = 0.35  # seconds after the child was forked: it opens the store within some 50 ms
CHANGES_WITHIN = 10.0  # seconds in which a child mostly begins a change: every other kill waits for that
ENDS_WITHIN = 60.0  # seconds, of what is left at the end


@asynccontextmanager
async def forker(data: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.chaos.acting_child", str(data))
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        assert await _heard(process, "ready") == ""
        yield process
    finally:
        process.kill()
        await process.wait()


async def _heard(process: asyncio.subprocess.Process, wanted: str) -> str:
    assert process.stdout is not None
    what, _, told = (await process.stdout.readline()).decode().rstrip("\n").partition(" ")
    assert what == wanted, "the program that forks has ended"
    return told


async def _round(
    process: asyncio.subprocess.Process, round_: Round, until_killed: Callable[[], Awaitable[None]] | None = None
) -> int:
    """The child's exit status."""
    assert process.stdin is not None
    process.stdin.write(as_line(round_))
    child = int(await _heard(process, "child"))
    if until_killed is not None:
        await until_killed()
        os.kill(child, signal.SIGKILL)
    async with asyncio.timeout(ENDS_WITHIN):
        return int(await _heard(process, "ended"))


class _Moments:
    """When to kill: at any moment, and every other time in the midst of a change."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self._world = world
        self._dice = dice
        self._number = 0

    async def __call__(self) -> None:
        self._number += 1
        if self._number % 2:
            await asyncio.sleep(self._dice.uniform(0, LATEST_KILL))
            return
        before, ends = self._begun(), time.monotonic() + CHANGES_WITHIN
        while self._begun() == before and time.monotonic() < ends:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.001)
        await asyncio.sleep(self._dice.uniform(0, TAKES / 2))

    def _begun(self) -> int:
        return sum(1 for line in self._world.lines() if line[0] == "begin")


async def _kept(data: Path) -> tuple[Sequence[Run], Sequence[StepRun], Sequence[str], bool]:
    """Runs, steps, ids of requests that were used up, and whether the audit log is whole."""
    store = await Store.open(f"sqlite:///{data / 'first-responder.db'}")
    try:
        (incident,) = await store.incidents.list_open()
        runs = await store.runs.of_incident(incident.id)
        steps = [step for run in runs for step in await store.runs.steps(run.id)]
        used = [
            step.request
            for step in steps
            if step.request and any(isinstance(e, Started) for e in await store.approvals.events(step.request))
        ]
        return runs, steps, used, not await store.audit.through(verify)
    finally:
        await store.close()


@pytest.mark.slow
async def test_kills_do_nothing_twice_and_forget_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = time.time_ns() % 1_000_000
    dice, began = random.Random(seed), time.monotonic()
    async with forker(tmp_path) as process:
        moments = _Moments(World(tmp_path), dice)
        for number in range(KILLS):
            status = await _round(process, Round(number=number), moments)
            assert status == signal.SIGKILL, f"seed {seed}: the child ended by itself with {status}"
        assert await _round(process, Round(number=KILLS, work=False)) == 0
    lines = World(tmp_path).lines()
    runs, steps, used, is_whole = await _kept(tmp_path)
    changes = {step.key.text: step for step in steps if step.plan and step.plan.risk is not Risk.READ}
    begins = Counter(line[1] for line in lines if line[0] == "begin")
    ends = Counter(line[1] for line in lines if line[0] == "end")
    asked = {line[1] for line in lines if line[0] == "asked" and line[2] == StepState.UNKNOWN}
    approved = {line[1] for line in lines if line[0] == "approved"}
    interrupted = begins.keys() - ends.keys()
    report = {
        "seed": seed,
        "kills": KILLS,
        "runs": len(runs),
        "changes done": len(begins),
        "approved": len(approved),
        "interrupted": len(interrupted),
        "unknown, a person asked": len(asked),
        "states": dict(Counter(step.state.value for step in changes.values())),
        "seconds": round(time.monotonic() - began, 1),
    }
    record_property("report", report)
    print(report)
    assert [key for key, times in begins.items() if times > 1] == [], report
    assert interrupted <= asked, f"{interrupted - asked} were interrupted and nobody was asked: {report}"
    assert {run.id for run in runs if not run.state.is_over} == set(), report
    known = {step.request: step for step in changes.values() if step.request}
    forgotten = [request for request in approved if (step := known.get(request)) is None or not step.state.is_over]
    assert forgotten == [], report
    done_without = [key for key in begins if changes[key].request not in used]
    assert done_without == [], f"done without an approval: {report}"
    assert is_whole, report
    assert len(interrupted) >= KILLS // 20, f"the kills missed what they were meant for: {report}"
