"""A process that remembers: it is told on its standard input what to keep and what to look for, a line of JSON each.

python -m tests.memory.store.neighbour DATA_FOLDER DATABASE_URL
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from memory.vectors import VectorsUnavailable
from tests.memory.remembering import Remembering, ids, incident, remembering

GIVE_UP = 60.0  # seconds of looking
STEP = 0.02  # seconds between looks


async def main(data: Path, url: str) -> None:
    async with remembering(data, url) as bot:
        await bot.settled()
        _say({"ready": True})
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            _say(await WORK[asked["do"]](bot, asked["id"], asked["title"]))


async def save(bot: Remembering, name: str, title: str) -> dict[str, float]:
    await bot.store.past.save([incident(name, title)])
    return {"at": time.monotonic()}


async def forget(bot: Remembering, name: str, _: str) -> dict[str, float]:
    await bot.store.forget(name)
    return {"at": time.monotonic()}


async def find(bot: Remembering, name: str, title: str) -> dict[str, float]:
    """When it was found first, by words and by vectors alone."""

    async def by_words() -> bool:
        return name in ids(await bot.asked(title))

    async def by_vectors() -> bool:
        await bot.asked(title)
        try:
            return (await bot.nearest(incident(name, title))).get(name, 0) > 0.999
        except VectorsUnavailable:
            return False

    return {"words": await _when(by_words), "vectors": await _when(by_vectors)}


async def miss(bot: Remembering, name: str, title: str) -> dict[str, float]:
    """When neither had it any more."""

    async def gone() -> bool:
        return name not in ids(await bot.asked(title)) and name not in await bot.nearest(incident(name, title))

    return {"gone": await _when(gone)}


WORK: dict[str, Callable[[Remembering, str, str], Awaitable[dict[str, float]]]] = {
    "save": save, "forget": forget, "find": find, "miss": miss,
}  # fmt: skip


async def _when(look: Callable[[], Awaitable[bool]]) -> float:
    """The monotonic time, which is one clock for all processes; infinite where it never came about."""
    ends = time.monotonic() + GIVE_UP
    while not await look():
        if time.monotonic() > ends:
            return float("inf")
        await asyncio.sleep(STEP)
    return time.monotonic()


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
