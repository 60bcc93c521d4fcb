"""The file system turns read-only under the bot, as Linux does to one with errors: nothing is acknowledged that is not
stored, and what was is there once it can be written again.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from memory.store import Store
from tests.chaos.door import door, door_process, knock
from tests.chaos.rounds import rounds

SIZE = 8 * 1024 * 1024  # bytes
WEBHOOKS = rounds(20)  # before it, while it goes on, and after it
CAN_MOUNT = os.geteuid() == 0 and shutil.which("mkfs.ext4") is not None


@dataclass(frozen=True, kw_only=True)
class Disk:
    """An ext4 of its own, in a file."""

    image: Path
    folder: Path

    def mount(self) -> None:
        done = subprocess.run(["mount", "-o", "loop", str(self.image), str(self.folder)], check=False)
        if done.returncode:
            pytest.skip("no file can be mounted as a disk on this machine")

    def fail(self) -> None:
        """As after an error of the disk: from now on nothing is written, whoever has a file open."""
        subprocess.run(["mount", "-o", "remount,abort", str(self.folder)], check=True, capture_output=True)

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=False, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(image=tmp_path / "image", folder=tmp_path / "disk")
    made.folder.mkdir()
    with made.image.open("wb") as file:
        file.truncate(SIZE)
    subprocess.run(["mkfs.ext4", "-q", str(made.image)], check=True)
    made.mount()
    yield made
    made.unmount()


@pytest.mark.skipif(not CAN_MOUNT, reason="only root can mount a disk of its own, with mkfs.ext4")
async def test_on_a_disk_that_turns_read_only_nothing_is_acknowledged_that_is_not_stored(
    disk: Disk, record_property: Callable[[str, object], None]
) -> None:
    async with aiohttp.ClientSession() as client:

        async def send(when: str, address: str) -> list[int]:
            return [await knock(client, address, f"{when}-{number}") for number in range(WEBHOOKS)]

        async with door_process(disk.folder, ends_well=False) as address:
            before = await send("before", address)
            disk.fail()
            meanwhile = await send("meanwhile", address)
            async with client.get(f"{address}/healthz") as answer:
                health = answer.status
        disk.unmount()
        disk.mount()
        store = await Store.open(f"sqlite:///{disk.folder / 'store.db'}")
        async with door(store) as opened:
            after = await send("after", opened.address)
        await store.close()
    report = f"{len(before)} acknowledged before it, {meanwhile.count(503)} of {WEBHOOKS} told to come again, 0 lost"
    record_property("report", report)
    print(report)
    assert set(before) == set(after) == {202}
    assert set(meanwhile) == {503}
    assert health == 200
    assert stored(disk.folder) == {f"{when}-{number}" for when in ("before", "after") for number in range(WEBHOOKS)}


def stored(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "store.db")) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        bodies = [json.loads(body) for (body,) in file.execute("SELECT body FROM deliveries")]
    return {alert["fingerprint"] for body in bodies for alert in body["alerts"]}
