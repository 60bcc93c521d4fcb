"""Another program holds SQLite's lock: webhooks are refused in time, all else goes on, nothing is half there."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp

from memory.store import Store
from tests.chaos.door import door, knock
from tests.chaos.rounds import FACTOR

LOCKED = 30.0 if FACTOR >= 5 else 1.0  # seconds
LOCK_TIMEOUT = 0.5  # seconds that the store waits for the lock here
REFUSED_WITHIN = 3.0 if FACTOR > 1 else 15.0  # seconds; on a busy machine they wait for more than the lock
STALLED_AT_MOST = 0.5 if FACTOR > 1 else 5.0  # seconds without a turn of the event loop; busy: of all processes
LOOK = 0.02  # seconds between two looks at the loop


@asynccontextmanager
async def watched_loop() -> AsyncIterator[list[float]]:
    """The longest time without a turn of the event loop, in seconds, once it is left."""
    stalls = [0.0]

    async def watch() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(LOOK)
            stalls[0] = max(stalls[0], time.perf_counter() - began - LOOK)

    watching = asyncio.create_task(watch())
    yield stalls
    watching.cancel()


async def test_while_another_program_holds_the_lock_webhooks_are_refused_in_time_and_the_rest_goes_on(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}", lock_timeout=LOCK_TIMEOUT)
    refused: list[float] = []
    accepted: set[str] = set()
    async with door(store) as opened, watched_loop() as stalls:
        accepted.add("before")
        assert await knock(opened.client, opened.address, "before") == 202
        with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            ends = time.monotonic() + LOCKED
            while time.monotonic() < ends:
                began = time.monotonic()
                names = [f"refused-{len(refused)}-{n}" for n in range(10)]
                statuses = await asyncio.gather(*(knock(opened.client, opened.address, name) for name in names))
                refused.append(time.monotonic() - began)
                assert set(statuses) == {503}
                await healthy(opened.client, opened.address)
            other.execute("ROLLBACK")
        accepted.add("after")
        assert await knock(opened.client, opened.address, "after") == 202
    await store.close()
    with closing(sqlite3.connect(tmp_path / "store.db")) as file:
        stored = " ".join(str(body) for (body,) in file.execute("SELECT body FROM deliveries"))
        count = file.execute("SELECT count(*) FROM deliveries").fetchone()[0]
    report = (
        f"{LOCKED:.0f} s: 503 within {max(refused):.1f} s, the loop stood still for {stalls[0] * 1000:.0f} ms at most"
    )
    record_property("report", report)
    print(report)
    assert count == len(accepted)
    assert all(name in stored for name in accepted)
    assert max(refused) < REFUSED_WITHIN, report
    assert stalls[0] < STALLED_AT_MOST, report


async def healthy(client: aiohttp.ClientSession, address: str) -> None:
    async with client.get(f"{address}/healthz") as answer:
        assert answer.status == 200
