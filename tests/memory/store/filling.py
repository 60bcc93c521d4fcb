"""Takes in webhooks until the disk is full; tells which were acknowledged, and what became of the others.

    python -m tests.memory.store.filling FILE LIMIT

LIMIT: bytes that the file may have, 0 where the disk itself is small. Then waits for a line on its standard input, and
takes in one more with as much room as there is.
"""

from __future__ import annotations

import asyncio
import resource
import sys

from bot.domain.errors import NotStored
from memory.store import Store
from tests.memory.store.samples import alert, delivery

AT_ONCE = 32
MOST = 20_000  # deliveries; a small disk takes some hundreds


async def main(file: str, limit: int) -> None:
    store = await Store.open(f"sqlite:///{file}")
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    refused: list[str] = []

    async def accept(key: str) -> None:
        try:
            await store.inbox.accept(delivery(key, alert(key)))
        except NotStored as error:
            refused.append(str(error))
        else:
            print("acknowledged", key, flush=True)

    for first in range(0, MOST, AT_ONCE):
        await asyncio.gather(*(accept(f"k{first + number}") for number in range(AT_ONCE)))
        if refused:
            break
    print("refused", len(refused), refused[0] if refused else "", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    refused.clear()
    await accept("after")
    for error in refused:
        print("refused after all:", error, flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
