"""A process without a file descriptor to spare takes no more connections, loses nothing, and goes on afterwards."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import aiohttp

from tests.chaos.door import door_process, knock

MOST_FILES = 64
CONNECTIONS = 3 * MOST_FILES
GIVEN_UP_AFTER = 1.0  # seconds that a sender waits for a connection that is not taken


async def test_without_file_descriptors_nothing_acknowledged_is_lost_and_it_goes_on_afterwards(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    acknowledged: set[str] = set()
    async with door_process(tmp_path, most_files=MOST_FILES) as address:
        host, port = address.removeprefix("http://").split(":")
        idle = [await asyncio.open_connection(host, int(port)) for _ in range(CONNECTIONS)]
        given_up = await storm(address, acknowledged)
        for _, writer in idle:
            writer.close()
        assert given_up > 0, "there were descriptors enough"
        async with asyncio.timeout(60):
            # As senders do; whoever waited is sent away at first.
            while not await taken(address, "afterwards"):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
    acknowledged.add("afterwards")
    with closing(sqlite3.connect(tmp_path / "store.db")) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        stored = " ".join(str(body) for (body,) in file.execute("SELECT body FROM deliveries"))
    report = f"{MOST_FILES} descriptors, {CONNECTIONS} connections: {given_up} senders gave up, 0 acknowledged lost"
    record_property("report", report)
    assert {name for name in acknowledged if name not in stored} == set()


async def storm(address: str, acknowledged: set[str]) -> int:
    """How many senders gave up."""
    names = [f"sender-{n}" for n in range(20)]
    answers = await asyncio.gather(*(taken(address, name) for name in names))
    acknowledged |= {name for name, was_taken in zip(names, answers, strict=True) if was_taken}
    return answers.count(False)


async def taken(address: str, name: str) -> bool:
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=GIVEN_UP_AFTER)) as client:
            return await knock(client, address, name) == 202
    except (aiohttp.ClientError, TimeoutError):
        return False
