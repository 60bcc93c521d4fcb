"""A world on loopback and the real bot as a process of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from sandbox.bot_process import BotProcess, running, usable_port
from sandbox.world import ROLL_BACK, RUNBOOKS, World
from tests.scene import PATIENCE

WINDOW = "40s"  # of its rates: the sandbox has a sample every 15 seconds


def hurried(sandbox: World, within: str = "4m") -> None:
    """The runbook that goes back looks over a shorter window and more often: less time is waited for. `within`:
    of its verification. Before the bot is started.
    """
    file = sandbox.folder / RUNBOOKS / ROLL_BACK.name
    text = file.read_text()
    for usual, instead in (("[1m]", f"[{WINDOW}]"), ("every: 10s", "every: 2s"), ("within: 4m", f"within: {within}")):
        assert usual in text, usual
        text = text.replace(usual, instead)
    file.write_text(text)


class Start(Protocol):
    """Starts the bot in a world, with some settings of its own."""

    def __call__(self, world: World, **settings: str) -> AbstractAsyncContextManager[BotProcess]: ...


@pytest.fixture
def start_bot(tmp_path: Path) -> Start:
    """A ready bot in a world; the same databases each time it is started."""

    @asynccontextmanager
    async def start(world: World, **settings: str) -> AsyncIterator[BotProcess]:
        port = usable_port()
        # Slack's 3 seconds are short for a busy machine.
        world.workspace.tickets.trigger_seconds, world.workspace.delivery.ack_seconds = PATIENCE, PATIENCE / 4
        environ = {**world.environ(tmp_path / "data", port), **settings}
        async with running(environ, port, tmp_path / "bot.log") as bot:
            await bot.until_ready()
            try:
                yield bot
            finally:
                print(bot.log_tail())  # shown with a test that failed

    return start
