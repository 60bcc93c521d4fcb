"""Plays an incident: the sandbox in this process, the real bot in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from bot.domain.errors import FirstResponderError
from sandbox.bot_process import BotProcess, running, usable_port
from sandbox.monitor import until_over
from sandbox.playing import Playing
from sandbox.slack.workspace import Workspace
from sandbox.transcript import Line, briefly
from sandbox.until import until
from sandbox.world import ROLL_BACK, World, people_on_call, world

BRIEFED_WITHIN = 60.0  # seconds from the alert to the briefing
WAITS_FOR_PAGE = 20.0  # seconds: so that one can watch the sources answer
POSTED, NOT_POSTED = 0, 1  # exit codes; a bot that does not start ends in FirstResponderError
WIDEST = 100  # columns: longer lines are hard to read
PASSED_ON = ("LOG_LEVEL",)  # settings of the caller's that the bot is given

console = Console(highlight=False, emoji=False)
console.width = min(console.width, WIDEST) if console.is_terminal else WIDEST


def list_scenarios() -> None:
    """The name of each and what happens in it, as its recipe says."""
    import yaml

    from sandbox.scenario.load import RECIPE, SHIPPED, names

    for name in names():
        title = yaml.safe_load((SHIPPED / name / RECIPE).read_text())["title"]
        console.print(f"[bold]{name:<28}[/] {title}", soft_wrap=True)


def play(name: str, *, once: bool, port: int, environ: Mapping[str, str]) -> int:
    """0 when the briefing was posted (and, without `once`, the demo was stopped by Ctrl-C).

    Raises FirstResponderError where the scenario is unknown or the bot does not start.
    """
    from sandbox.scenario.load import names

    if name not in names():
        raise FirstResponderError(f"There is no scenario {name!r}; there are: {', '.join(names())}.")
    with asyncio.Runner() as runner:
        return runner.run(_until_stopped(name, once=once, port=port, environ=environ))


async def _until_stopped(name: str, *, once: bool, port: int, environ: Mapping[str, str]) -> int:
    """Plays until it is over, or at once ends it on Ctrl-C, SIGTERM or a closed terminal."""
    playing = asyncio.create_task(_play(name, once=once, port=port, environ=environ))
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if playing.done():
        return playing.result()
    _say("Stopping ...")
    playing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await playing
    return NOT_POSTED if once else POSTED


async def _play(name: str, *, once: bool, port: int, environ: Mapping[str, str]) -> int:
    started = time.perf_counter()
    _say(f"Playing the incident [bold]{name}[/] on this machine. Nothing leaves it.")
    with tempfile.TemporaryDirectory(prefix="first-responder-demo-") as folder:
        usable = usable_port(port)
        if port not in (0, usable):
            _say(f"Port {port} is taken: the page uses {usable} instead.")
        async with world(name, port=usable, like_real=True, tell=_say) as sandbox:
            sandbox.workspace.hints = tuple(hints(sandbox.playing, sandbox.workspace))
            _say(
                f"A workspace like Slack   [bold][link={sandbox.page}]{sandbox.page}[/link][/]  (open it in a browser)"
            )
            _say("Servers that answer as   Prometheus, Elasticsearch, GitHub and PagerDuty")
            async with _bot(sandbox, Path(folder), environ) as bot:
                _say(f"The bot                  ready after {time.perf_counter() - started:.1f} s")
                if console.is_terminal and not once:
                    _say(f"Open the page: the alert is sent once you look at it, or in {WAITS_FOR_PAGE:g} s.")
                    await until(lambda: sandbox.workspace.live.is_watched, within=WAITS_FOR_PAGE)
                if not await _alert(sandbox, bot):
                    return NOT_POSTED
                return POSTED if once else await _stay(sandbox, bot)


async def _alert(sandbox: World, bot: BotProcess) -> bool:
    fired = time.perf_counter()
    status = await sandbox.fire(bot.address)
    _say(f"The alert                sent as {sandbox.scenario.webhook.source} does, answered {status}")
    if status != 202:
        _show_log(bot, f"The bot answered the alert with {status}, not 202.")
        return False
    await until(lambda: sandbox.cards("briefing") or not bot.is_running, within=BRIEFED_WITHIN)
    if cards := sandbox.cards("briefing"):
        _show(sandbox, cards[0], time.perf_counter() - fired)
        return True
    _show_log(
        bot, "No briefing was posted" + (f" within {BRIEFED_WITHIN:g} s." if bot.is_running else ": the bot ended.")
    )
    return False


async def _stay(sandbox: World, bot: BotProcess) -> int:
    _say("\nThe demo stays up. In the channel you can try this:")
    for number, hint in enumerate(sandbox.workspace.hints, start=1):
        _say(f"  {number}. {_for_terminal(hint)}")
    _say("Ctrl-C stops it.")
    watching = asyncio.create_task(_watch(sandbox, bot))
    await bot.process.wait()
    watching.cancel()
    await asyncio.wait([watching])
    _show_log(bot, f"The bot ended by itself, with {bot.process.returncode}.")
    return NOT_POSTED


async def _watch(sandbox: World, bot: BotProcess) -> None:
    if await until_over(sandbox, bot.address):
        _say("The alert                is over: its condition does not hold any more, and the bot was told")


def hints(playing: Playing, workspace: Workspace) -> Iterator[str]:
    """What one can try, in Slack's markup: on the page and in the terminal."""
    yield "Ask `@first-responder what changed?`, or see `/inc help`."
    order, people = playing.rollback(), people_on_call(playing.scenario)
    if order is None:
        yield "See what could be run: `/inc runbook`."
        return
    asks, approves = (workspace.member(handle).name for handle in people[:2])
    yield f"As {asks}: `/inc runbook {ROLL_BACK.stem}` (or the button under the briefing), and send the form."
    yield (
        f"Become {approves} (*You are*, at the top left), and react to the request with :white_check_mark: "
        "(nobody approves their own)."
    )
    yield "Watch it run and verify, and the errors recover: that takes about two minutes."


def _for_terminal(hint: str) -> str:
    """Slack's markup as that of the console."""
    bold = re.sub(r"[*`]([^*`]+)[*`]", r"[bold]\1[/]", hint)
    return bold.replace(":white_check_mark:", "\u2705")


def _show(sandbox: World, card: Mapping[str, Any], seconds: float) -> None:
    channel = sandbox.workspace.channels[card["channel"]].name
    _say(f"The briefing             {seconds:.1f} s after the alert, in [bold]#{channel}[/]\n")
    for line in briefly(card):
        _show_line(line)
    here = _address(sandbox, card["channel"])
    _say("\nThe chart, what changed, past incidents, runbooks, what was ruled out and the evidence are on the page:")
    _say(f"[bold][link={here}]{here}[/link][/]")


def _address(sandbox: World, channel: str) -> str:
    """The channel on the page, seen by the first on call: the bot has invited them."""
    people = [duty.person for duty in sorted(sandbox.scenario.oncalls, key=lambda duty: duty.level)]
    who = f"?as={sandbox.workspace.member(people[0]).id}" if people else ""
    return f"{sandbox.page}/{who}#/{channel}"


def _show_line(line: Line) -> None:
    if line.is_command:
        console.print(Text(f"       {line.text}", style="cyan"), soft_wrap=True)
        return
    indent = len(line.text) - len(line.text.lstrip())
    text = Text(line.text.strip().replace(":warning:", "\u26a0"), style="bold" if line.is_title else "")
    console.print(Padding(text, (0, 0, 0, indent), expand=False))


def _show_log(bot: BotProcess, why: str) -> None:
    _say(f"[red]{why}[/] The end of the bot's log:")
    console.print(Text(bot.log_tail()), soft_wrap=True)


def _say(words: str) -> None:
    console.print(words, soft_wrap=True)


@asynccontextmanager
async def _bot(sandbox: World, folder: Path, environ: Mapping[str, str]) -> AsyncIterator[BotProcess]:
    port = usable_port()
    settings = {**sandbox.environ(folder / "data", port), "PRELOAD": "true"}
    settings |= {name: environ[name] for name in PASSED_ON if environ.get(name)}
    async with running(settings, port, folder / "bot.log") as bot:
        await bot.until_ready()
        yield bot
