"""kill -9 at random moments while incidents are being responded to: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import aiohttp
import pytest

from bench.process import TOKEN, alert_body, bot_environ
from sandbox.bot_process import BotProcess, start, usable_port
from sandbox.slack.control import Control
from sandbox.until import until
from sandbox.world import World, world
from tests.chaos.rounds import rounds

KILLS = rounds(10)
ALERTS_A_ROUND = 2
LATEST_KILL = 0.8  # seconds after the alerts were accepted: a response takes about as long
SLACK_LATENCY = 0.03  # seconds a call, so that kills fall between a call and its answer
SOURCES = "0.02,0.05,0.1,0.2,0.3,0.4"  # seconds each takes
DRAINED_WITHIN = 400.0  # seconds; what follows from each incident keeps to Slack's limits


@pytest.mark.slow
async def test_kills_lose_nothing_and_double_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = time.time_ns() % 1_000_000
    dice = random.Random(seed)
    accepted: list[str] = []
    moments: Counter[str] = Counter()
    async with world("bad-deployment") as sandbox:
        sandbox.workspace.faults.latency = SLACK_LATENCY
        port = usable_port()
        environ = {
            **sandbox.environ(tmp_path / "data", port),
            **bot_environ(tmp_path, port, {}),
            "BENCH_SECONDS": SOURCES,
        }
        for number in range(KILLS):
            bot = await _start(environ, port, tmp_path)
            for alert in range(ALERTS_A_ROUND):
                name = f"kill-{number}-{alert}"
                await _fire(bot, name)
                accepted.append(name)
            await asyncio.sleep(dice.uniform(0, LATEST_KILL))
            moments[_moment(sandbox, accepted[-1])] += 1
            await bot.kill()
        bot = await _start(environ, port, tmp_path)
        await _drained(sandbox, len(accepted), bot)
        await bot.stop()
    shown = Counter(_title(card) for card in sandbox.cards())
    briefed = Counter(_title(card) for card in sandbox.cards("briefing"))
    channels = Counter(
        channel.name for channel in sandbox.workspace.channels.values() if channel.name.startswith("inc-")
    )
    report = {
        "seed": seed,
        "kills": KILLS,
        "killed while": dict(moments),
        "alerts accepted": len(accepted),
        "lost": len(accepted) - len(briefed),
        "duplicate channels": len(channels) - len(accepted),
        "duplicate cards": sum(shown.values()) - len(accepted),
    }
    record_property("report", report)
    print(report)
    assert set(briefed) == set(accepted), report
    assert set(shown.values()) == set(briefed.values()) == {1}, report
    assert len(channels) == len(accepted), report


async def _start(environ: Mapping[str, str], port: int, folder: Path) -> BotProcess:
    bot = await start(environ, port, folder / "bot.log", arguments=("-m", "bench.delayed"))
    await bot.until_ready()
    return bot


async def _fire(bot: BotProcess, name: str) -> None:
    """One accepted alert of a service of its own: each must end in an incident of its own."""
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{bot.address}/webhooks/alertmanager", data=alert_body(name, service=name), headers=headers
        ) as got,
    ):
        assert got.status == 202


def _moment(world: World, name: str) -> str:
    """How far the response to this alert had come."""
    if any(name in _title(card) for card in world.cards("briefing")):
        return "briefed"
    if any(name in _title(card) for card in world.cards()):
        return "gathering"
    known = any(f"-{name}-" in channel.name for channel in world.workspace.channels.values())
    return "channel open" if known else "nothing in Slack"


def _title(card: Mapping[str, object]) -> str:
    """The service in the card, which names the alert."""
    words = str(card["blocks"]).replace("*", " ").replace("`", " ").replace("'", " ").split()
    return next((word.strip(".,:;") for word in words if word.startswith("kill-")), "")


async def _drained(world: World, wanted: int, bot: BotProcess) -> None:
    await until(lambda: len(world.cards("briefing")) >= wanted or not bot.is_running, within=DRAINED_WITHIN)
    assert bot.is_running, bot.log_tail()
    # Work that would post something twice gets the time to do so.
    assert (await Control(world.workspace).quiet(idle=2.0, timeout=DRAINED_WITHIN))[0]
