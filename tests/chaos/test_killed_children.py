"""Somebody kills the program that a step runs, or what watches over it: nobody waits for ever, and nothing is claimed
of what nobody knows.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from bot.domain.action import Ending, Isolation, Risk
from integrations.programs.launch import Outcome
from integrations.programs.result import ending
from sandbox.until import until
from tests.chaos.rounds import long, rounds
from tests.integrations.programs.machine import LEVELS, processes_with, python, run

TURNS = rounds(1)  # of each level and each whom
ENDS_WITHIN = 20.0  # seconds, less than the program would take
PATIENCE = 60  # seconds


def programs(marker: str) -> list[int]:
    return [one for one in processes_with(marker) if Path(f"/proc/{one}/cmdline").read_text().startswith(python())]


def watchers(marker: str) -> list[int]:
    """What stands between the bot and the program, the one next to the program first."""
    found: list[int] = []
    for one in programs(marker):
        above = parent(one)
        while above not in (0, 1, os.getpid()):
            if above not in programs(marker) and above not in found:
                found.append(above)
            above = parent(above)
    return found


def parent(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


WHOM: Mapping[str, Callable[[str], list[int]]] = {
    "the program": programs,
    "the watcher next to it": lambda marker: watchers(marker)[:1],
    "the watcher next to the bot": lambda marker: watchers(marker)[-1:],
}


async def killed(level: Isolation, whom: Callable[[str], list[int]]) -> tuple[Outcome, list[int]]:
    """The outcome, and what is left."""
    marker = f"killed-{uuid.uuid4().hex}"
    code = f"# {marker}\nimport os, time\nif os.fork() == 0: os.setsid()\ntime.sleep(60)"
    task = asyncio.create_task(run(code, level, seconds=50.0))
    assert await until(lambda: len(programs(marker)) == 2, PATIENCE)
    chosen = whom(marker)
    assert chosen, "nobody was killed"
    for process in chosen:
        with suppress(ProcessLookupError):  # it went with another
            os.kill(process, signal.SIGKILL)
    outcome = await task
    if outcome.is_gone:
        await until(lambda: not processes_with(marker), PATIENCE)
    left = processes_with(marker)
    for process in left:
        os.kill(process, signal.SIGKILL)
    return outcome, left


CASES = [
    # Without a namespace of its own what hid from a killed watcher lives on, which is waited for and said.
    pytest.param(level, name, marks=long if level is not Isolation.BUBBLEWRAP and name != "the program" else ())
    for level in LEVELS
    for name in WHOM
]


@pytest.mark.parametrize(("level", "name"), CASES)
async def test_of_a_killed_program_nobody_says_that_it_ended_well(
    level: Isolation, name: str, record_property: Callable[[str, object], None]
) -> None:
    slowest, survived = 0.0, 0
    for _ in range(TURNS):
        began = time.monotonic()
        outcome, left = await killed(level, WHOM[name])
        slowest, survived = max(slowest, time.monotonic() - began), survived + len(left)
        assert left == [] or not outcome.is_gone, outcome
        assert ending(outcome, Risk.CHANGE) is Ending.UNKNOWN, outcome
        assert ending(outcome, Risk.READ) is not Ending.SUCCEEDED, outcome
    report = f"{name} in {level.value}: {TURNS} killed, told after {slowest:.1f} s at most"
    record_property("report", report + (f", {survived} lived on and were told of" if survived else ""))
    assert slowest < ENDS_WITHIN
    assert survived == 0 or level is not Isolation.BUBBLEWRAP
