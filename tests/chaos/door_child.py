"""The front door before a real store and nothing behind it: a process whose system calls and limits are looked at.

python -m tests.chaos.door_child DATABASE_URL [MOST_FILES]
"""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import Mapping

import uvloop

from bot.testing import FrozenClock
from bot.web import create_app
from memory.store import Store
from sandbox.serve import serving
from tests.front_door import NOW, formats


async def main(url: str, most_files: int) -> None:
    """Tells its address and ends with its input."""
    store = await Store.open(url)

    async def readiness() -> Mapping[str, str]:
        return {"store": "ok"}

    app = create_app(
        formats=formats(),
        inbox=store.inbox,
        clock=FrozenClock(NOW),
        readiness=readiness,
        on_accepted=lambda: None,
        slack_events=None,
    )
    async with serving(app) as address:
        if most_files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
        print(address, flush=True)
        await asyncio.to_thread(sys.stdin.read)
    await store.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0))
