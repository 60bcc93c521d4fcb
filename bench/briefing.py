"""From the webhook to the briefing: the slowest source plus a little, a hung source its deadline plus a little.

Once with sources that do nothing but wait, and once with the eight vendors' own at full depth: all the questions about
an incident with dependencies and dependants, to servers that answer so late that each source as a whole takes its time.
That is spread over the rounds which a source needs one after the other, as counted before.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bench.eight import NAMES, Eight, eight
from bench.process import TOKEN, alert_body, bot_environ, memory
from bench.result import Result
from sandbox.bot_process import RUN, BotProcess, running, usable_port
from sandbox.scenario.load import load
from sandbox.scenario.model import Scenario
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
DEEP = "failing-dependency"  # its service has dependencies and dependants
DEEP_RUNS = 5
QUERIES_GOAL = 60  # to Prometheus, about one incident
APART = "0.0001"  # minutes: every alert is an incident of its own
PROBE = 0.1  # seconds that each request takes while rounds are counted
# Seconds that each source takes as a whole, all its rounds and its own work together; the same spread as above.
BY_SPEED = ("statuspage", "http_probe", "argocd", "pagerduty", "elasticsearch", "kubernetes", "github", "prometheus")
WHOLE = dict(zip(BY_SPEED, SECONDS, strict=True))


async def run() -> list[Result]:
    return [*await _waiting_sources(), *await _deep_sources()]


async def _waiting_sources() -> list[Result]:
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


async def _deep_sources() -> list[Result]:
    """The vendors' own sources, in one bot each for the even run and for the one with a hung source."""
    scenario = load(DEEP, time.time())
    async with world(scenario) as sandbox, eight(scenario, sandbox.webhook_secret) as vendors:
        sandbox.workspace.faults.latency = SLACK_LATENCY
        async with _deep_bot(sandbox, vendors, deadline=4.0) as (bot, folder):
            await _told(sandbox, bot, scenario, f"{folder}-warm")
            rounds = await _slowed_down(sandbox, bot, vendors, scenario, folder)
            seconds, slowest, queries, peak = [], [], 0, 0.0
            for number in range(DEEP_RUNS):
                vendors.empty()
                seconds.append(await _told(sandbox, bot, scenario, f"{folder}-{number}"))
                slowest.append(max((await _took(bot)).values()))
                queries = max(queries, len(vendors.servers["prometheus"].spans))
                peak = max(peak, memory(bot))
        hung = await _with_one_hung(sandbox, vendors, scenario)
    base = statistics.median(slowest)
    return [
        *(Result(name=f"rounds of {name}", value=count, unit="", runs=1) for name, count in rounds.items()),
        Result(name="requests to Prometheus, at most", value=queries, unit="", runs=DEEP_RUNS, goal=QUERIES_GOAL),
        _result("webhook to briefing, full depth", seconds, baseline=base, named="slowest source", goal=RATIO_GOAL),
        _result("full depth, Elasticsearch hung", hung, goal=HUNG_GOAL),
        Result(name="memory of the bot after it, all clients loaded (RSS)", value=peak, unit="MB", runs=1),
    ]


async def _slowed_down(
    sandbox: World, bot: BotProcess, vendors: Eight, scenario: Scenario, name: str
) -> Mapping[str, int]:
    """Counts the rounds of each source where all requests take as long, then makes each take its time as a whole."""
    for server in vendors.servers.values():
        server.seconds = PROBE
    vendors.empty()
    await _told(sandbox, bot, scenario, f"{name}-rounds")
    took = await _took(bot)
    rounds = {name: max(1, vendors.servers[name].rounds) for name in NAMES}
    for name, count in rounds.items():
        work = max(0.0, took[name] - PROBE * count)  # of the source and the replay server themselves
        vendors.servers[name].seconds = max(0.0, WHOLE[name] - work) / count
    return rounds


async def _took(bot: BotProcess) -> Mapping[str, float]:
    """Seconds of each vendor's last ask, as the bot itself tells."""
    async with aiohttp.ClientSession() as session, session.get(f"{bot.address}/readyz") as answer:
        told = (await answer.json())["sources"]
    return {name: float(told[name]["seconds"]) for name in NAMES}


async def _with_one_hung(sandbox: World, vendors: Eight, scenario: Scenario) -> list[float]:
    hung = vendors.servers["elasticsearch"]
    hung.seconds = HANGS
    async with _deep_bot(sandbox, vendors, deadline=DEADLINE) as (bot, folder):
        # Two, since a third failure in a row would keep it from being asked at all.
        seconds = [await _told(sandbox, bot, scenario, f"{folder}-hung-{number}") for number in range(2)]
    hung.free.set()
    return seconds


@asynccontextmanager
async def _deep_bot(sandbox: World, vendors: Eight, *, deadline: float) -> AsyncIterator[tuple[BotProcess, str]]:
    """The bot as it is run, ready and warm; and a name that no other run has."""
    with tempfile.TemporaryDirectory() as folder:
        port = usable_port()
        own = {"SOURCE_DEADLINE": str(deadline), "GROUPING_WINDOW_MINUTES": APART, "PRELOAD": "true"}
        slack = bot_environ(Path(folder), port, sandbox.environ(Path(folder) / "data", port))
        async with running({**slack, **vendors.environ, **own}, port, Path(folder) / "bot.log") as bot:
            await bot.until_ready()
            yield bot, Path(folder).name


async def _told(sandbox: World, bot: BotProcess, scenario: Scenario, fingerprint: str) -> float:
    """Seconds from the webhook to the briefing of the scenario's alert, as if of another instance."""
    payload = json.loads(json.dumps(scenario.webhook.payload))
    payload["groupKey"] = fingerprint
    for alert in payload["alerts"]:
        alert["fingerprint"] = fingerprint
    return await _posted(sandbox, bot, json.dumps(payload).encode())


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
    return await _posted(sandbox, bot, alert_body(fingerprint, service=f"service-{fingerprint}"))


async def _posted(sandbox: World, bot: BotProcess, body: bytes) -> float:
    before = len(sandbox.cards("briefing"))
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    async with aiohttp.ClientSession() as session:
        started = time.perf_counter()
        async with session.post(f"{bot.address}/webhooks/alertmanager", data=body, headers=headers) as answer:
            if answer.status != 202:
                raise RuntimeError(f"the bot answered {answer.status}")
        if not await until(lambda: len(sandbox.cards("briefing")) > before, within=BRIEFED_WITHIN, step=0.002):
            raise TimeoutError(f"no briefing was posted:\n{bot.log_tail()}")
        return time.perf_counter() - started
