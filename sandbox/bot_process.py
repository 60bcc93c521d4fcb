"""The real bot as a child process, for the demo, the tests and the benchmarks."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bot.domain.errors import FirstResponderError
from sandbox.serve import LOOPBACK

ROOT = Path(__file__).parent.parent
RUN = ("-m", "bot", "run")
READY_WITHIN = 120.0  # seconds: a start with cold disks on a busy machine
STOPS_WITHIN = 30.0  # seconds after SIGTERM, on a busy machine
LOG_TAIL = 25  # lines
PORTS = range(20_000, 32_000)  # below those that Linux gives to clients, which would take one before the bot has it
TRIED = 50  # of them


@dataclass(frozen=True, kw_only=True)
class BotProcess:
    address: str
    process: asyncio.subprocess.Process
    log: Path
    started: float  # time.perf_counter() just before the spawn

    @property
    def is_running(self) -> bool:
        return self.process.returncode is None

    async def until_ready(self, within: float = READY_WITHIN) -> float:
        """Seconds from the spawn until /readyz says so. Raises FirstResponderError with the end of its log."""
        async with aiohttp.ClientSession() as session:
            while time.perf_counter() - self.started < within and self.is_running:
                try:
                    async with session.get(f"{self.address}/readyz") as answer:
                        if answer.status == 200:
                            return time.perf_counter() - self.started
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.02)
        raise FirstResponderError("The bot did not get ready. The end of its log:\n" + self.log_tail())

    def log_tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL:])

    async def kill(self) -> None:
        """kill -9."""
        if self.is_running:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> None:
        """SIGTERM; SIGKILL where that does not end it in time."""
        if not self.is_running:
            return
        self.process.terminate()
        try:
            async with asyncio.timeout(STOPS_WITHIN):
                await self.process.wait()
        except TimeoutError:
            await self.kill()


async def start(environ: Mapping[str, str], port: int, log: Path, *, arguments: Sequence[str] = RUN) -> BotProcess:
    """`python ARGUMENTS` with just these settings; what it prints goes to the end of `log`."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with log.open("ab") as sink:
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env={**inherited, **environ}, cwd=ROOT, stdout=sink, stderr=sink
        )
    return BotProcess(address=f"http://{LOOPBACK}:{port}", process=process, log=log, started=started)


@asynccontextmanager
async def running(
    environ: Mapping[str, str], port: int, log: Path, *, arguments: Sequence[str] = RUN
) -> AsyncIterator[BotProcess]:
    """Started; stopped at the end."""
    bot = await start(environ, port, log, arguments=arguments)
    try:
        yield bot
    finally:
        await bot.stop()


def usable_port(wanted: int = 0) -> int:
    """`wanted` where it is free, otherwise a free one."""
    others = random.SystemRandom().sample(PORTS, TRIED)  # not what a seed makes the same in every process
    for port in ([wanted] if wanted else []) + [*others, 0]:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise FirstResponderError("No free port was found on the loopback interface.")
