"""A disk without room: nothing is acknowledged that is not stored, and it goes on once there is room again."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import pytest

ROOM = 3 * 1024 * 1024  # bytes
PATIENCE = 60.0  # seconds


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root alone; the limit of a file's size is tested in any case")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def make_room(folder: Path) -> None:
    subprocess.run(["mount", "-o", f"remount,size={10 * ROOM}", str(folder)], check=True)


class Filling:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.acknowledged: set[str] = set()
        self.refused = ""

    async def until_full(self) -> None:
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while not self.refused:
                line = (await self._process.stdout.readline()).decode()
                assert line, "it ended"
                what, _, told = line.rstrip("\n").partition(" ")
                if what == "refused":
                    self.refused = told
                else:
                    self.acknowledged.add(told)

    async def one_more(self) -> str:
        async with asyncio.timeout(PATIENCE):
            out, _ = await self._process.communicate(b"go on\n")
        assert self._process.returncode == 0
        return out.decode().strip()


@asynccontextmanager
async def filling(file: Path, limit: int) -> AsyncIterator[Filling]:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.memory.store.filling", str(file), str(limit))
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        yield Filling(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def stored(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {row[0] for row in connection.execute("SELECT key FROM deliveries")}


async def test_on_a_small_disk_that_is_full_nothing_is_acknowledged_that_is_not_stored(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        async with filling(disk / "store.db", 0) as bot:
            await bot.until_full()
            assert "full" in bot.refused
            make_room(disk)
            assert await bot.one_more() == "acknowledged after"
        assert stored(disk / "store.db") == bot.acknowledged | {"after"}
        assert len(bot.acknowledged) > 100


async def test_at_the_limit_of_a_file_s_size_nothing_is_acknowledged_that_is_not_stored(tmp_path: Path) -> None:
    async with filling(tmp_path / "store.db", ROOM) as bot:
        await bot.until_full()
        assert bot.refused.endswith(("disk I/O error", "database or disk is full")), bot.refused
        assert await bot.one_more() == "acknowledged after"
    assert stored(tmp_path / "store.db") == bot.acknowledged | {"after"}
    assert len(bot.acknowledged) > 100
