"""kill -9 at random moments while memory writes, embeds, opens and rebuilds its index: what was kept is found."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from memory.vectors.folder import ROOM, SPARE
from tests.chaos.remembering_child import Round, Say, as_line
from tests.chaos.rounds import rounds

KILLS = rounds(50)
LATEST_KILL = {  # seconds after the phase began: about as long as it takes
    "starting": 0.06, "opening": 0.06, "embedding": 0.01, "asking": 0.01, "writing": 0.004, "putting": 0.02,
    "rebuilding": 0.08, "forgetting": 0.03,
}  # fmt: skip
PHASES = tuple(LATEST_KILL)
LOOKED_FOR = 12  # older incidents that each round looks for, besides those of the round before
OCCURS_WITHIN = 120.0  # seconds until a phase has come, on a busy machine
MOST_OF_THEM = 6  # of the phases must have been hit: some are over in milliseconds on a fast machine


@dataclass
class Seen:
    kept: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    going: set[str] = field(default_factory=set)  # their deletion was cut short: they may be found or not
    lost: list[str] = field(default_factory=list)
    ghosts: list[str] = field(default_factory=list)
    checked: int = 0
    killed_while: Counter[str] = field(default_factory=Counter)
    remade: Counter[str] = field(default_factory=Counter)
    most_bytes: int = 0


class Child:
    def __init__(self, process: asyncio.subprocess.Process, seen: Seen) -> None:
        self._process = process
        self._seen = seen
        self.phase = ""
        self.pid = 0

    async def heard(self) -> tuple[str, str]:
        assert self._process.stdout is not None
        line = (await self._process.stdout.readline()).decode()
        assert line, "the program that forks has ended"
        what, _, told = line.rstrip("\n").partition(" ")
        return what, told

    def begin(self, round_: Round) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(as_line(round_))

    async def until_ended(self, wanted: str = "", occurrence: int = 1, after: float = 0.0) -> int:
        """Kills it `after` seconds of that occurrence of the phase; never without one. Its exit status."""
        killing: asyncio.TimerHandle | None = None
        loop = asyncio.get_running_loop()
        while True:
            what, told = await self.heard()
            if what == Say.ENDED:
                if killing is not None:
                    killing.cancel()
                return int(told)
            self._note(what, told)
            occurrence -= what == Say.PHASE and told == wanted
            # The fork tells its number at about the time when the child begins to speak.
            if self.pid and wanted and occurrence < 1 and killing is None:
                killing = loop.call_later(after, os.kill, self.pid, signal.SIGKILL)

    def _note(self, what: str, told: str) -> None:
        seen = self._seen
        match what:
            case Say.CHILD:
                self.pid = int(told)
            case Say.PHASE:
                self.phase = told
            case Say.KEPT:
                seen.kept.append(told)
            case Say.GOING:
                seen.going.add(told)
            case Say.FORGOTTEN:
                seen.forgotten.append(told)
            case Say.LOST:
                seen.lost.append(told)
            case Say.GHOST:
                seen.ghosts.append(told)
            case Say.CHECKED:
                seen.checked += int(told)
            case Say.REMADE:
                seen.remade[told] += 1


@asynccontextmanager
async def forker(data: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.chaos.remembering_child", str(data))
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


@pytest.mark.slow
async def test_kills_lose_no_incident_and_bring_none_back(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = time.time_ns() % 1_000_000
    dice = random.Random(seed)
    seen = Seen()
    began = time.monotonic()
    async with forker(tmp_path) as process:
        assert (await Child(process, seen).heard())[0] == Say.READY
        new: list[str] = []
        for number in range(KILLS):
            before = len(seen.kept)
            child = Child(process, seen)
            child.begin(_round(number, seen, new, dice))
            async with asyncio.timeout(OCCURS_WITHIN):
                phase = PHASES[number % len(PHASES)]
                at = 1 if phase == "starting" else dice.choice((1, 1, 2))
                status = await child.until_ended(phase, at, dice.uniform(0, LATEST_KILL[phase]))
            assert status == signal.SIGKILL, f"seed {seed}: the child ended by itself with {status}"
            seen.killed_while[child.phase] += 1
            new = seen.kept[before:]
            _stays_small(tmp_path, seen)
        everything = Round(number=KILLS, kept=_wanted(seen, seen.kept), forgotten=seen.forgotten, work=False)
        last = Child(process, seen)
        last.begin(everything)
        assert await last.until_ended() == 0
    report = {
        "seed": seed,
        "kills": sum(seen.killed_while.values()),
        "killed while": dict(seen.killed_while),
        "acknowledged": len(seen.kept),
        "forgotten": len(seen.forgotten),
        "looked for at the end": len(everything.kept),
        "looked for in all": seen.checked,
        "lost": len(seen.lost),
        "came back": len(seen.ghosts),
        "indexes made again": dict(seen.remade),
        "most bytes of index": seen.most_bytes,
        "seconds": round(time.monotonic() - began),
    }
    record_property("report", report)
    print(report)
    assert seen.lost == [], report
    assert seen.ghosts == [], report
    assert sum(seen.killed_while[phase] > 0 for phase in PHASES) >= MOST_OF_THEM, report  # chance is not the same twice
    assert _files_with(tmp_path, seen.forgotten) == [], report


def _round(number: int, seen: Seen, new: list[str], dice: random.Random) -> Round:
    """It looks for all that was kept in the round before, and for some of what is older."""
    older = dice.sample(seen.kept, min(LOOKED_FOR, len(seen.kept)))
    forgotten = dice.sample(seen.forgotten, min(LOOKED_FOR, len(seen.forgotten)))
    return Round(number=number, kept=_wanted(seen, [*new, *older]), forgotten=forgotten)


def _wanted(seen: Seen, names: list[str]) -> list[str]:
    gone = {*seen.forgotten, *seen.going}
    return [name for name in dict.fromkeys(names) if name not in gone]


def _stays_small(data: Path, seen: Seen) -> None:
    """The index, by apparent size, with what a killed process left half-made."""
    size = sum(file.lstat().st_size for file in (data / "vectors").rglob("*") if file.is_file())
    seen.most_bytes = max(seen.most_bytes, size)
    assert size < SPARE + ROOM * len(seen.kept)
    assert len(list((data / "vectors").glob("chroma-*"))) <= 2


def _files_with(data: Path, names: list[str]) -> list[str]:
    """Of all files, those that hold one of these names."""
    bodies = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    return [f"{name} in {path.name}" for path, body in bodies.items() for name in names if name.encode() in body]
