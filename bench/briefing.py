"""From the webhook to the briefing: the slowest source plus a little, a hung source its deadline plus a little."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp

from bench.process import TOKEN, alert_body, bot_environ, memory
from bench.result import Result
from sandbox.bot_process import RUN, BotProcess, running, usable_port
from sandbox.until import until
from sandbox.world import World, world

RUNS = 7
SLOWEST = 1.0  # seconds
SECONDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, SLOWEST)
HANGS = 3600.0
DEADLINE = 2.0  # of the sources, in the run with one that hangs
SLACK_LATENCY = 0.1  # seconds for each Web API call
RATIO_GOAL = 1.3
HUNG_GOAL = DEADLINE + 0.5
PEAK_GOAL = 250.0  # MB
BRIEFED_WITHIN = 30.0


async def run() -> list[Result]:
    async with world("bad-deployment") as sandbox:
        sandbox.workspace.faults.latency = SLACK_LATENCY
        even, _ = await _measure(sandbox, SECONDS, deadline=4.0, runs=RUNS)
        hung, _ = await _measure(sandbox, (*SECONDS[:-1], HANGS), deadline=DEADLINE, runs=3)
        real, peak = await _real_sources(sandbox)
    return [
        _result("webhook to briefing, 8 sources", even[1:], baseline=SLOWEST, named="slowest source", goal=RATIO_GOAL),
        _result("the first one after the start", even[:1], baseline=SLOWEST, named="slowest source"),
        _result("webhook to briefing, one source hung", hung, goal=HUNG_GOAL),
        _result("webhook to briefing, real clients", real),
        Result(name="peak memory of the bot (RSS)", value=peak, unit="MB", runs=1, goal=PEAK_GOAL),
    ]


def _result(
    name: str, seconds: list[float], *, baseline: float | None = None, named: str = "", goal: float | None = None
) -> Result:
    return Result(
        name=name,
        value=statistics.median(seconds),
        unit="s",
        runs=len(seconds),
        baseline=baseline,
        baseline_name=named,
        goal=goal,
        low=min(seconds),
        high=max(seconds),
    )


async def _measure(
    sandbox: World, seconds: tuple[float, ...], *, deadline: float, runs: int
) -> tuple[list[float], float]:
    extra = {"BENCH_SECONDS": ",".join(str(s) for s in seconds), "SOURCE_DEADLINE": str(deadline)}
    return await _briefings(sandbox, ("-m", "bench.delayed"), extra, runs)


async def _real_sources(sandbox: World) -> tuple[list[float], float]:
    return await _briefings(sandbox, RUN, {}, 4)


async def _briefings(
    sandbox: World, arguments: tuple[str, ...], extra: dict[str, str], runs: int
) -> tuple[list[float], float]:
    """Seconds from webhook to briefing of incidents one after the other, and the peak memory in MB."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        port = usable_port()
        slack = sandbox.environ(Path(folder) / "data", port)
        environ = {**slack, **bot_environ(Path(folder), port, {}), **extra}
        async with running(environ, port, Path(folder) / "bot.log", arguments=arguments) as bot:
            await bot.until_ready()
            peak = asyncio.create_task(_peak(bot))
            for number in range(runs):
                seconds.append(await _briefed(sandbox, bot, f"{Path(folder).name}-{number}"))
            peak.cancel()
            return seconds, max([*_samples, memory(bot)])


_samples: list[float] = []


async def _peak(bot: BotProcess) -> None:
    _samples.clear()
    while True:
        _samples.append(memory(bot))
        await asyncio.sleep(0.05)


async def _briefed(sandbox: World, bot: BotProcess, fingerprint: str) -> float:
    before = len(sandbox.cards("briefing"))
    body = alert_body(fingerprint, service=f"service-{fingerprint}")
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    async with aiohttp.ClientSession() as session:
        started = time.perf_counter()
        async with session.post(f"{bot.address}/webhooks/alertmanager", data=body, headers=headers) as answer:
            if answer.status != 202:
                raise RuntimeError(f"the bot answered {answer.status}")
        if not await until(lambda: len(sandbox.cards("briefing")) > before, within=BRIEFED_WITHIN, step=0.002):
            raise TimeoutError("no briefing was posted")
        return time.perf_counter() - started
