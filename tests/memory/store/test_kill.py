"""kill -9 while webhooks are accepted: what was acknowledged is there."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys

from bot.domain.ports import Acceptance
from memory.store import Store
from tests.memory.store.samples import delivery, run

KILLS = 10
MOST_ACKNOWLEDGED = 400  # until the process is killed

ACCEPT_FOREVER = """
import asyncio, os, sys
from memory.store import Store
from tests.memory.store.samples import alert, delivery

async def accept(store, source):
    n = 0
    while True:
        key = f"{sys.argv[2]}-{source}-{n}"
        await store.inbox.accept(delivery(key, alert(key)))
        os.write(1, f"{key}\\n".encode())
        n += 1

async def main():
    store = await Store.open(sys.argv[1])
    await asyncio.gather(*(accept(store, source) for source in range(16)))

asyncio.run(main())
"""


def accept_until_killed(url: str, round_: int, after: int) -> set[str]:
    """The keys that were acknowledged."""
    command = [sys.executable, "-c", ACCEPT_FOREVER, url, str(round_)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seen: set[str] = set()
        for line in process.stdout:
            seen.add(line.strip())
            if len(seen) >= after:
                process.kill()
                break
        # What was written to the pipe before the kill was acknowledged as well; a last line may be cut.
        seen |= {line.strip() for line in process.stdout if line.endswith("\n")}
    return seen


async def test_every_acknowledged_delivery_survives_kill_9(database_url: str) -> None:
    dice = random.Random(2026)
    acknowledged: set[str] = set()
    for round_ in range(KILLS):
        after = dice.randrange(1, MOST_ACKNOWLEDGED)
        seen = await asyncio.to_thread(accept_until_killed, database_url, round_, after)
        assert len(seen) >= after
        acknowledged |= seen

    store = await Store.open(database_url)
    assert await store.inbox.accept(delivery(sorted(acknowledged)[0])) is Acceptance.REPEAT
    await store.close()
    stored = [str(row[0]) for row in run(database_url, "SELECT key FROM deliveries")]
    if database_url.startswith("sqlite"):
        assert run(database_url, "PRAGMA integrity_check") == [("ok",)]
    lost = acknowledged - set(stored)
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged deliveries are lost after {KILLS} kills"
    assert len(stored) == len(set(stored))
