"""The front door over a real store: in this process, or as one of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bench.process import alert_body
from memory.store import Store
from tests.front_door import FrontDoor, MemoryInbox, front_door, signed

SOURCE = "alertmanager"


@asynccontextmanager
async def door(store: Store) -> AsyncIterator[FrontDoor]:
    inbox: MemoryInbox = store.inbox  # type: ignore[assignment] # the front door asks for `accept` alone
    async with front_door(inbox) as opened:
        yield opened


async def knock(client: aiohttp.ClientSession, address: str, name: str) -> int:
    """The status that one alert of this name is answered with."""
    body = alert_body(name, service=name)
    async with client.post(f"{address}/webhooks/{SOURCE}", data=body, headers=signed(SOURCE, body)) as answer:
        await answer.read()
        return answer.status


@asynccontextmanager
async def door_process(
    folder: Path, *, before: Sequence[str] = (), most_files: int = 0, ends_well: bool = True
) -> AsyncIterator[str]:
    """The address. `before` the command stands what runs it; it has ended when this returns."""
    pipe = asyncio.subprocess.PIPE
    own = (sys.executable, "-m", "tests.chaos.door_child", f"sqlite:///{folder / 'store.db'}", str(most_files))
    process = await asyncio.create_subprocess_exec(*before, *own, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            address = (await process.stdout.readline()).decode().strip()
            assert address, "it did not begin"
            yield address
            process.stdin.close()
            assert await process.wait() == 0 or not ends_well
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
