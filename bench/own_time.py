"""Our own time from the webhook to the briefing: without the slowest source, and without Slack's round trips.

The sources do nothing but wait for a known time; Slack answers every call after a known one, and has no limits. How
long Slack had the bot wait is read from its own log of calls: whatever was under way about an incident's card after
its slowest source had answered. The rest is ours: to take in, decide, gather, compare, compose, keep and render.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from bench.process import alert_body, bot_environ, request_bytes
from bench.result import Result
from bot.slack.chat import card_key
from sandbox.bot_process import BotProcess, running, usable_port
from sandbox.serve import LOOPBACK
from sandbox.slack.calls import Call
from sandbox.until import until
from sandbox.world import World, world

SLACK_LATENCY = 0.05  # seconds for each Web API call
SLOWEST = 0.6  # seconds
SECONDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, SLOWEST)
ALONE = 24  # incidents one after the other
AT_ONCE, STORMS = 100, 3
# Of the hundred: a place is open by then, so that no briefing waits for Slack to make its place.
AT_ONCE_SLOWEST = 2.0  # seconds
AT_ONCE_SECONDS = (*SECONDS[:-1], AT_ONCE_SLOWEST)
UNLIMITED = 100_000  # asks a minute
ALONE_GOAL, AT_ONCE_GOAL = 50.0, 250.0  # ms
BRIEFED_WITHIN = 120.0
STORE_FILE = "first-responder.db"

Span = tuple[float, float]


async def run() -> list[Result]:
    async with world("bad-deployment") as sandbox:
        sandbox.workspace.faults.latency = SLACK_LATENCY
        alone = await _alone(sandbox)
        at_once = [await _at_once(sandbox, attempt) for attempt in range(STORMS)]
    return [
        _result("own time to the briefing, one incident", alone, ALONE_GOAL),
        _p50("its median", alone),
        Result(
            name=f"own time to the briefing, {AT_ONCE} at once (99th percentile)",
            value=statistics.median(_p99(one) for one in at_once),
            unit="ms",
            runs=STORMS,
            goal=AT_ONCE_GOAL,
            low=min(_p99(one) for one in at_once),
            high=max(_p99(one) for one in at_once),
        ),
        _p50("its median, of all", [seconds for one in at_once for seconds in one]),
    ]


def _result(name: str, milliseconds: Sequence[float], goal: float) -> Result:
    return Result(
        name=f"{name} (99th percentile)",
        value=_p99(milliseconds),
        unit="ms",
        runs=len(milliseconds),
        goal=goal,
        low=min(milliseconds),
        high=max(milliseconds),
    )


def _p50(name: str, milliseconds: Sequence[float]) -> Result:
    return Result(name=name, value=statistics.median(milliseconds), unit="ms", runs=len(milliseconds))


def _p99(milliseconds: Sequence[float]) -> float:
    """The worst where there are fewer than a hundred."""
    ranked = sorted(milliseconds)
    return ranked[max(0, round(0.99 * len(ranked)) - 1)] if len(ranked) >= 100 else ranked[-1]


async def _alone(sandbox: World) -> list[float]:
    taken: list[float] = []
    async with _Bot(sandbox, SECONDS) as bot:
        for number in range(ALONE + 1):
            taken += await bot.briefed([f"own-{number}"], SLOWEST)
    return taken[1:]  # the first one imports what nothing has needed before


async def _at_once(sandbox: World, attempt: int) -> list[float]:
    async with _Bot(sandbox, AT_ONCE_SECONDS) as bot:
        await bot.briefed(["own-warm-up"], AT_ONCE_SLOWEST)
        return await bot.briefed([f"own-{attempt}-{number}" for number in range(AT_ONCE)], AT_ONCE_SLOWEST)


class _Bot:
    """The bot with sources that wait, in a folder of its own."""

    def __init__(self, sandbox: World, seconds: Sequence[float]) -> None:
        self._sandbox = sandbox
        self._seconds = seconds

    async def __aenter__(self) -> _Bot:
        self._folder = tempfile.TemporaryDirectory()
        folder, self._port = Path(self._folder.name), usable_port()
        slack = self._sandbox.environ(folder / "data", self._port)
        own = {"BENCH_SECONDS": ",".join(map(str, self._seconds)), "BENCH_UNPACED": "true", "BENCH_NATIVE": "true"}
        # A hundred incidents at once would be one, the storm's; and two thirds of them would not ask a source, since
        # it is asked 120 times a minute at most. What is measured here is the work for a hundred that all ask.
        own |= {"SOURCE_DEADLINE": "10", "STORM_INCIDENTS": "0", "SOURCE_RATES": f"delayed={UNLIMITED}"}
        environ = {**slack, **bot_environ(folder, self._port, {}), **own}
        self._data = folder / "data"
        self._running = running(environ, self._port, folder / "bot.log", arguments=("-m", "bench.delayed"))
        self._process: BotProcess = await self._running.__aenter__()
        await self._process.until_ready()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._running.__aexit__(None, None, None)
        self._folder.cleanup()

    async def briefed(self, services: Sequence[str], slowest: float) -> list[float]:
        """Milliseconds of ours for an incident of each of these services, all told of at once."""
        before = len(self._sandbox.workspace.calls.calls)
        told = dict(zip(services, await asyncio.gather(*map(self._tell, services)), strict=True))
        names = await self._incidents(services)
        calls = self._sandbox.workspace.calls.since(before)
        return [1000 * own(calls, names[service], told[service], slowest) for service in services]

    async def _tell(self, service: str) -> float:
        """When its webhook was sent, in unix seconds."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self._port)
        sent = time.time()
        writer.write(request_bytes("/webhooks/alertmanager", alert_body(f"f-{service}", service, severity="warning")))
        answer = await reader.readline()
        writer.close()
        if b" 202 " not in answer:
            raise RuntimeError(f"the bot answered {answer!r}")
        return sent

    async def _incidents(self, services: Sequence[str]) -> Mapping[str, str]:
        """By service, once all are briefed and nothing is under way any more."""

        def all_briefed() -> Mapping[str, str]:
            with closing(sqlite3.connect(f"file:{self._data / STORE_FILE}?mode=ro", uri=True)) as store:
                found = dict(store.execute("SELECT service, id FROM incidents WHERE briefed_at IS NOT NULL").fetchall())
            return found if found.keys() >= set(services) else {}

        if not (found := await until(all_briefed, within=BRIEFED_WITHIN, step=0.1)):
            raise TimeoutError(f"not all are briefed:\n{self._process.log_tail()}")
        await until(lambda: not self._sandbox.workspace.calls.in_flight, within=BRIEFED_WITHIN)
        return found


def own(calls: Iterable[Call], incident_id: str, told: float, slowest: float) -> float:
    """Seconds from `told` to the first briefing on the card, less `slowest`, less Slack's time after that."""
    about = [call for call in calls if call.ok and _key(call) == card_key(incident_id)]
    briefing = next(call for call in about if _stage(call) == "briefing")
    ended = briefing.at + briefing.seconds
    answered = told + slowest
    return ended - answered - _covered(((c.at, c.at + c.seconds) for c in about), answered, ended)


def _key(call: Call) -> str:
    return str(_payload(call).get("key", ""))


def _stage(call: Call) -> str:
    return str(_payload(call).get("stage", ""))


def _payload(call: Call) -> Mapping[str, object]:
    metadata = call.args.get("metadata") or {}
    if isinstance(metadata, str):  # as a form has it
        metadata = json.loads(metadata)
    return dict(metadata.get("event_payload", {}))


def _covered(spans: Iterable[Span], begin: float, end: float) -> float:
    """Seconds between `begin` and `end` in which at least one of `spans` was under way."""
    covered, reached = 0.0, begin
    for start, stop in sorted(spans):
        start, stop = max(start, reached), min(stop, end)
        if stop > start:
            covered += stop - start
            reached = stop
    return covered
