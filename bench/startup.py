"""From the start of the process to the first accepted webhook, and memory at rest."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from bench.process import alert_body, bot_environ, memory, request_bytes
from bench.result import Result
from sandbox.bot_process import BotProcess, running, usable_port
from sandbox.world import world

RUNS = 5
SETTLE = 3.0  # seconds after everything is ready, before memory at rest is read
FIRST_ACCEPTED_GOAL = 1.5  # seconds
IDLE_GOAL = 120.0  # MB


async def run() -> list[Result]:
    accepted, idle = [], []
    async with world("bad-deployment") as sandbox:
        for attempt in range(RUNS):
            with tempfile.TemporaryDirectory() as folder:
                port = usable_port()
                environ = {**sandbox.environ(Path(folder) / "data", port), **bot_environ(Path(folder), port, {})}
                async with running(environ, port, Path(folder) / "bot.log") as bot:
                    accepted.append(await _first_accepted(bot, port, f"startup-{attempt}"))
            with tempfile.TemporaryDirectory() as folder:
                port = usable_port()
                environ = {**sandbox.environ(Path(folder) / "data", port), **bot_environ(Path(folder), port, {})}
                async with running(environ, port, Path(folder) / "bot.log") as bot:
                    await bot.until_ready()
                    await asyncio.sleep(SETTLE)
                    idle.append(memory(bot))
    return [
        Result(
            name="start to first accepted webhook",
            value=statistics.median(accepted),
            unit="s",
            runs=RUNS,
            goal=FIRST_ACCEPTED_GOAL,
            low=min(accepted),
            high=max(accepted),
        ),
        Result(
            name="memory at rest (RSS)",
            value=statistics.median(idle),
            unit="MB",
            runs=RUNS,
            goal=IDLE_GOAL,
            low=min(idle),
            high=max(idle),
        ),
    ]


async def _first_accepted(bot: BotProcess, port: int, fingerprint: str) -> float:
    request = request_bytes("/webhooks/alertmanager", alert_body(fingerprint))
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.005)
            continue
        writer.write(request)
        status = await reader.readline()
        seconds = time.perf_counter() - bot.started
        writer.close()
        if b" 202 " not in status:
            raise RuntimeError(f"the bot answered {status!r}")
        return seconds
