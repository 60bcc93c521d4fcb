"""Hostile programs, at every level: none gets out of the isolation, and the same ones do get out without it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.domain.action import Isolation
from integrations.programs.launch import MIB, Limits, Outcome, Stop
from integrations.programs.seccomp import numbers
from tests.integrations.programs.breakouts import BREAKOUTS, FAMILIES, Breakout, Control
from tests.integrations.programs.machine import IS_ROOT, LEVELS, open_folder, processes_with, run

LIMITS = Limits(seconds=20.0, memory=512 * MIB, file_size=64 * MIB, scratch=64 * MIB)
AT_ONCE = 8
HEARS_UDP = """
def hears_udp():
    made = socket.socket(type=socket.SOCK_DGRAM)
    made.settimeout(2)
    made.sendto(b"x", ("127.0.0.1", UDP))
    if made.recv(5) == b"hello":
        escaped("heard it")
"""


@dataclass(frozen=True, kw_only=True)
class StandIn:
    data: str
    told: Mapping[str, object]

    def facts(self) -> str:
        told = {
            "BOT": self.told["pid"],
            "TCP": self.told["tcp"],
            "UDP": self.told["udp"],
            "SHM": self.told["shm"],
            "DATA": self.data,
            "HOME_OF_BOT": f"{self.data}/home",
            "SHARED": f"/dev/shm/stand-in-{self.told['pid']}",
            "MARKER": uuid.uuid4().hex,
            "NUMBERS": dict(numbers()),
        }
        return "\n".join(f"{name} = {value!r}" for name, value in told.items()) + HEARS_UDP


@pytest.fixture(scope="module")
def bot() -> Iterator[StandIn]:
    """Its files are open to everybody, so that it is the isolation that keeps them."""
    with open_folder() as data:
        yield from _standing_in(data)


def _standing_in(data: Path) -> Iterator[StandIn]:
    (data / "home" / ".ssh").mkdir(parents=True)
    for name in ("secrets", "deletable", "home/.ssh/id"):
        (data / name).write_text("k" * 40)
    for path in (data, *data.rglob("*")):
        path.chmod(0o777)
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("bot_stand_in.py")), str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"STAND_IN_SECRET": "s" * 32},
        cwd=data,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    shared = Path(f"/dev/shm/stand-in-{told['pid']}")
    shared.write_text("k" * 40)
    shared.chmod(0o666)
    try:
        yield StandIn(data=str(data), told=told)
    finally:
        shared.unlink()
        process.stdin.close()
        assert process.wait(10) == 0, "a step has ended the process that stands for the bot"
        process.stdout.close()


async def attempt(breakout: Breakout, bot: StandIn, level: Isolation) -> Outcome:
    readable = (bot.data,) if breakout.has_folder else ()
    (Path(bot.data) / "deletable").touch()
    return await run(
        breakout.program.replace("%s", bot.facts(), 1),
        level,
        limits=LIMITS,
        contents={"given": b"x"},
        readable=readable,
    )


async def attempts(breakouts: Sequence[Breakout], bot: StandIn, level: Isolation) -> Mapping[str, Outcome]:
    few = asyncio.Semaphore(AT_ONCE)

    async def one(breakout: Breakout) -> Outcome:
        async with few:
            return await attempt(breakout, bot, level)

    outcomes = await asyncio.gather(*map(one, breakouts))
    return {breakout.name: outcome for breakout, outcome in zip(breakouts, outcomes, strict=True)}


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
async def test_in_bubblewrap_none_gets_out(family: Sequence[Breakout], bot: StandIn) -> None:
    outcomes = await attempts(family, bot, Isolation.BUBBLEWRAP)
    out = {name: outcome for name, outcome in outcomes.items() if not outcome.stdout.startswith("HELD")}
    assert out == {}
    assert all(outcome.is_gone for outcome in outcomes.values())


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
async def test_in_landlock_none_gets_out(family: Sequence[Breakout], bot: StandIn) -> None:
    outcomes = await attempts([one for one in family if one.holds_in_landlock], bot, Isolation.LANDLOCK)
    out = {name: outcome for name, outcome in outcomes.items() if not outcome.stdout.startswith("HELD")}
    assert out == {}
    assert all(outcome.is_gone for outcome in outcomes.values())


def is_controlled(breakout: Breakout) -> bool:
    return breakout.control is Control.UNISOLATED or (breakout.control is Control.SAME_USER and not IS_ROOT)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
async def test_without_isolation_the_same_programs_get_out(family: Sequence[Breakout], bot: StandIn) -> None:
    outcomes = await attempts([one for one in family if is_controlled(one)], bot, Isolation.NONE)
    held = {name: outcome for name, outcome in outcomes.items() if not outcome.stdout.startswith("ESCAPED")}
    assert held == {}, "these prove nothing"


def test_there_are_at_least_forty_and_many_have_a_control() -> None:
    assert len(BREAKOUTS) >= 40
    assert len({breakout.name for breakout in BREAKOUTS}) == len(BREAKOUTS)
    assert sum(breakout.control is not Control.NONE for breakout in BREAKOUTS) >= 30


OUTLIVING = {
    "a child of its own session": "if os.fork() == 0:\n    os.setsid(); stay()",
    "forked twice": "if os.fork() == 0:\n    if os.fork() == 0:\n        stay()\n    os._exit(0)",
    "a daemon": """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (0, 1, 2):
            os.close(number)
        stay()
    os._exit(0)""",
    "deaf to signals": """
if os.fork() == 0:
    for number in range(1, 32):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_IGN)
    os.setsid(); stay()""",
    "many at once": "for _ in range(30):\n    if os.fork() == 0:\n        os.setsid(); stay()",
    "stopped": "if os.fork() == 0:\n    os.setsid(); os.kill(os.getpid(), signal.SIGSTOP); stay()",
}
STAY = """
import os, signal, sys, time
def stay():
    while True:
        time.sleep(60)
"""


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.value)
@pytest.mark.parametrize("seconds", [60.0, 5.0], ids=["when it ends", "when it takes too long"])
async def test_what_it_leaves_behind_ends_with_it(level: Isolation, seconds: float) -> None:
    marker = f"left-{uuid.uuid4().hex}"
    last = "stay()" if seconds < 10 else ""
    codes = [f"{STAY}\n# {marker}\n{code}\nprint('left', flush=True)\n{last}" for code in OUTLIVING.values()]
    outcomes = await asyncio.gather(*(run(code, level, seconds=seconds) for code in codes))
    for name, outcome in zip(OUTLIVING, outcomes, strict=True):
        assert outcome.stop is (Stop.TIMED_OUT if last else Stop.EXITED), name
        assert (outcome.stdout, outcome.is_gone) == ("left", True), name
    assert processes_with(marker) == []


FORK_BOMB = """
import os, time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.05)
"""


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.value)
async def test_a_fork_bomb_stays_small_and_ends(level: Isolation) -> None:
    marker = f"bomb-{uuid.uuid4().hex}"
    task = asyncio.create_task(run(f"# {marker}\n{FORK_BOMB}", level, limits=Limits(seconds=3.0, processes=24)))
    most = 0
    while not task.done():
        await asyncio.wait([task], timeout=0.1)
        most = max(most, len(processes_with(marker)))
    outcome = task.result()
    assert (outcome.stop, outcome.is_gone) == (Stop.TIMED_OUT, True)
    assert 5 < most <= 30, "the number of processes is limited"
    assert processes_with(marker) == []


async def test_signalling_everybody_reaches_nobody(bot: StandIn) -> None:
    outcome = await run("import os, signal\nos.kill(-1, signal.SIGKILL)\nprint('signalled')")
    assert outcome.stop is Stop.EXITED
    assert Path(f"/proc/{bot.told['pid']}").exists()
