"""Plays an incident: the sandbox in this process, the real bot in a process of its own."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from bot.domain.errors import FirstResponderError
from sandbox.bot_process import BotProcess, running, usable_port
from sandbox.serve import LOOPBACK
from sandbox.transcript import lines
from sandbox.until import until
from sandbox.world import World, world

BRIEFED_WITHIN = 60.0  # seconds from the alert to the briefing

console = Console(highlight=False)


def list_scenarios() -> None:
    from sandbox.scenario.load import names

    for name in names():
        console.print(name)


def play(name: str, *, once: bool, port: int, environ: Mapping[str, str]) -> int:
    """0 when the briefing was posted (and, without `once`, the demo was stopped by Ctrl-C)."""
    from sandbox.scenario.load import names

    if name not in names():
        raise FirstResponderError(f"There is no scenario {name!r}; there are: {', '.join(names())}.")
    with asyncio.Runner() as runner:
        return runner.run(_play(name, once=once, port=port, environ=environ))


async def _play(name: str, *, once: bool, port: int, environ: Mapping[str, str]) -> int:
    stopped = _stop_event()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="first-responder-demo-") as folder:
        console.print(f"Starting a workspace and replay servers for the scenario [bold]{name}[/] on {LOOPBACK} ...")
        async with world(name, port=usable_port(port)) as sandbox, _bot(sandbox, Path(folder), environ) as bot:
            console.print(f"The workspace: [bold]{sandbox.page}[/]  (open it in a browser)")
            console.print(f"Ready after {time.perf_counter() - started:.1f} s. Sending the alert ...")
            if not await _alert(sandbox, bot):
                return 1
            if once or stopped.is_set():
                return 0
            console.print(
                f"\nThe demo stays up. Open [bold]{sandbox.page}[/] and try [bold]/inc help[/], or mention "
                "[bold]@first-responder status[/] in the incident's channel. Ctrl-C stops it."
            )
            await stopped.wait()
            console.print("Stopping ...")
    return 0


async def _alert(sandbox: World, bot: BotProcess) -> bool:
    fired = time.perf_counter()
    status = await sandbox.fire(bot.address)
    if status != 202:
        console.print(f"[red]The bot answered the alert with {status}, not 202.[/]")
        _show_log(bot)
        return False
    await until(lambda: sandbox.cards("briefing") or not bot.is_running, within=BRIEFED_WITHIN)
    if cards := sandbox.cards("briefing"):
        _show(sandbox, cards[0], time.perf_counter() - fired)
        return True
    console.print(f"[red]No briefing was posted within {BRIEFED_WITHIN:.0f} s.[/]")
    _show_log(bot)
    return False


def _show_log(bot: BotProcess) -> None:
    console.print("The end of the bot's log:")
    console.print(escape(bot.log_tail()))


def _show(sandbox: World, card: Mapping[str, Any], seconds: float) -> None:
    channel = sandbox.workspace.channels[card["channel"]].name
    text = "\n".join(escape(line) for line in lines(card))
    console.print(Panel(text, title=f"#{channel}", subtitle=f"{seconds:.1f} s after the alert", title_align="left"))


@asynccontextmanager
async def _bot(sandbox: World, folder: Path, environ: Mapping[str, str]) -> AsyncIterator[BotProcess]:
    port = usable_port()
    settings = sandbox.environ(folder / "data", port)
    if level := environ.get("LOG_LEVEL"):
        settings["LOG_LEVEL"] = level
    async with running(settings, port, folder / "bot.log") as bot:
        await bot.until_ready()
        yield bot


def _stop_event() -> asyncio.Event:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped
