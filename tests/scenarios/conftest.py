"""A world on loopback and the real bot as a process of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from sandbox.bot_process import BotProcess, running, usable_port
from sandbox.world import World


class Start(Protocol):
    """Starts the bot in a world, with some settings of its own."""

    def __call__(self, world: World, **settings: str) -> AbstractAsyncContextManager[BotProcess]: ...


@pytest.fixture
def start_bot(tmp_path: Path) -> Start:
    """A ready bot in a world; the same databases each time it is started."""

    @asynccontextmanager
    async def start(world: World, **settings: str) -> AsyncIterator[BotProcess]:
        port = usable_port()
        environ = {**world.environ(tmp_path / "data", port), **settings}
        async with running(environ, port, tmp_path / "bot.log") as bot:
            await bot.until_ready()
            try:
                yield bot
            finally:
                print(bot.log_tail())  # shown with a test that failed

    return start
