"""Two processes on one database, each with an index of its own: what one was told, the other finds."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.domain.remembered import PastIncident
from bot.testing import NOON
from memory.store import Store

WITHIN = 2.0  # seconds from the acknowledgement
ROUNDS = 5  # of which one must be so quick: others may fall into a moment in which the machine does something else
FOUND_AT_ALL = 30.0  # seconds; however busy the machine is
STARTS_WITHIN = 120.0
ANSWERS_WITHIN = 150.0
TITLES = ("Elevators stop between floors", "Turnstiles refuse badges")


class Neighbour:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def told(self, within: float = ANSWERS_WITHIN) -> dict[str, float]:
        assert self._process.stdout is not None
        async with asyncio.timeout(within):
            line = await self._process.stdout.readline()
        assert line, f"the process ended with {await self._process.wait()}"
        answer: dict[str, float] = json.loads(line)
        return answer

    def ask(self, do: str, name: str, title: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, "id": name, "title": title}).encode() + b"\n")


@asynccontextmanager
async def neighbour(data: Path, url: str) -> AsyncIterator[Neighbour]:
    command = (sys.executable, "-m", "tests.memory.store.neighbour", str(data), url)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    made = Neighbour(process)
    try:
        await made.told(STARTS_WITHIN)
        yield made
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                await process.wait()
        except TimeoutError:
            process.kill()
            raise


@pytest.mark.slow
async def test_two_processes_find_each_others_incidents_within_two_seconds(
    database_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with neighbour(tmp_path / "a", database_url) as one, neighbour(tmp_path / "b", database_url) as other:
        reports = []
        for number in range(ROUNDS):
            took: dict[str, list[float]] = {"words": [], "vectors": [], "gone": []}
            await exchanged(one, other, f"A{number}", took)
            await exchanged(other, one, f"B{number}", took)
            reports.append({by: [round(seconds, 2) for seconds in times] for by, times in took.items()})
            assert max(map(max, took.values())) < FOUND_AT_ALL, reports
            if max(map(max, took.values())) < WITHIN:
                break
        else:
            raise AssertionError(f"it never took less than {WITHIN} s: {reports}")
        record_property("seconds", reports)
        print(reports)
    assert (tmp_path / "a" / "vectors").is_dir()
    assert (tmp_path / "b" / "vectors").is_dir()


async def exchanged(writer: Neighbour, reader: Neighbour, who: str, took: dict[str, list[float]]) -> None:
    """What one writes and forgets, and when the other has seen it."""
    for number, title in enumerate(TITLES):
        name = f"INC-{who}-{number}"
        reader.ask("find", name, f"{title} {who}")  # it is looking already when the other one writes
        writer.ask("save", name, f"{title} {who}")
        acknowledged = (await writer.told())["at"]
        for by, at in (await reader.told()).items():
            took[by].append(at - acknowledged)
    reader.ask("miss", f"INC-{who}-0", f"{TITLES[0]} {who}")
    writer.ask("forget", f"INC-{who}-0", "")
    forgotten = (await writer.told())["at"]
    took["gone"].append((await reader.told())["gone"] - forgotten)


async def test_several_that_begin_on_an_empty_database_at_once_all_begin(database_url: str) -> None:
    stores = await asyncio.gather(*(Store.open(database_url) for _ in range(6)))
    try:
        told = PastIncident(
            id="INC-1", title="Lifts stop", service=None, started_at=NOON, minutes=5, cause="", cause_kind="", fix=""
        )
        await stores[0].past.save([told])
        for store in stores:
            assert [found.id for found in await store.past.all()] == ["INC-1"]
    finally:
        for store in stores:
            await store.close()
