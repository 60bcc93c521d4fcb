"""A storm: alerts of 40 services from three true causes, and one critical that nobody has seen, in the midst of it.

The bot as it is run, against a Slack that enforces its rate limits. Each alert is a condition of its own: nothing is
absorbed as a repeat. What is told here is what the store and the workspace hold afterwards, not what the bot says.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bench.process import alert_body, bot_environ, memory, request_bytes
from bench.result import Result
from sandbox.bot_process import BotProcess, running, usable_port
from sandbox.serve import LOOPBACK
from sandbox.until import until
from sandbox.world import World, world

ALERTS, SECONDS = 10_000, 60.0
SHORT = 10.0  # seconds of the same storm
CONNECTIONS = 8
ROOTS = ("orders-db", "payments-gateway", "session-cache")  # the true causes
DEPENDANTS = 12  # services of each, all of which suffer
UNSEEN = "ledger-signer"  # the fortieth service: nothing depends on it, it depends on nothing
WARM_SERVICE = "warm-up"
SETTLED_WITHIN = 120.0  # seconds for what the storm has left to do
ANNOUNCED_WITHIN = 60.0
WARM_WITHIN = 60.0
LOOK = 0.25  # seconds between two looks at the bot
PLACES_GOAL = 6
ANNOUNCED_GOAL = 5.0  # seconds
PEAK_GOAL = 400.0  # MB
STORE_FILE, WORKFLOWS_FILE = "first-responder.db", "workflows.db"
UNDER_WAY = "SELECT count(*) FROM workflow_status WHERE status IN ('PENDING', 'ENQUEUED')"


@dataclass
class Storm:
    seconds: float
    sent: int = 0
    stored: int = 0
    refused: int = 0
    announced: float = ANNOUNCED_WITHIN  # seconds from its webhook
    behind: float = 0.0  # seconds after the last webhook until all was triaged
    peak: float = 0.0  # MB
    half: float = 0.0  # MB when half of it was over
    most_under_way: int = 0
    places: int = 0
    incidents: int = 0
    lost: int = 0
    slack_refusals: int = 0
    slack_calls: Mapping[str, int] = field(default_factory=dict)


async def run() -> list[Result]:
    return _results(await storm(SECONDS))


async def run_short() -> list[Result]:
    return _results(await storm(SHORT))


def _results(seen: Storm) -> list[Result]:
    said = f"storm of {seen.sent:,} alerts in {seen.seconds:g} s"
    once: dict[str, Any] = {"runs": 1}
    return [
        Result(name=f"{said}: acknowledged and lost", value=seen.lost, unit="", goal=0, **once),
        Result(name="storm: told to come again (503)", value=seen.refused, unit="", **once),
        Result(name="storm: places opened", value=seen.places, unit="", goal=PLACES_GOAL, **once),
        Result(
            name="storm: unseen critical announced after", value=seen.announced, unit="s", goal=ANNOUNCED_GOAL, **once
        ),
        Result(name="storm: all triaged after the last one", value=seen.behind, unit="s", **once),
        Result(name="storm: refused by Slack's limits", value=seen.slack_refusals, unit="", goal=0, **once),
        Result(name="storm: workflows under way at once, at most", value=seen.most_under_way, unit="", **once),
        Result(name="storm: peak memory (RSS)", value=seen.peak, unit="MB", goal=PEAK_GOAL, **once),
        Result(name="storm: growth in its second half (RSS)", value=max(0.0, seen.peak - seen.half), unit="MB", **once),
    ]


async def storm(seconds: float) -> Storm:
    seen = Storm(seconds=seconds)
    async with world("bad-deployment") as sandbox, _warm_bot(sandbox) as (bot, port, data):
        sandbox.workspace.limits.switch(True)
        before, calls = len(sandbox.cards()), len(sandbox.workspace.calls.calls)
        watching = asyncio.create_task(_watch(bot, data, seen))
        try:
            await _rage(sandbox, port, seen)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            raise RuntimeError(f"the bot has ended:\n{bot.log_tail()}") from error
        ended = time.perf_counter()
        await until(lambda: _waiting(data) == 0, within=SETTLED_WITHIN, step=LOOK)
        seen.behind = time.perf_counter() - ended
        await until(lambda: _count(data / WORKFLOWS_FILE, UNDER_WAY) == 0, within=SETTLED_WITHIN, step=LOOK)
        watching.cancel()
        _judge(sandbox, data, before, calls, seen)
    return seen


@asynccontextmanager
async def _warm_bot(sandbox: World) -> AsyncIterator[tuple[BotProcess, int, Path]]:
    """It has briefed one incident before: the vendors' libraries are loaded."""
    with tempfile.TemporaryDirectory() as folder:
        port, data = usable_port(), Path(folder) / "data"
        catalog = Path(folder) / "services.yaml"
        catalog.write_text(yaml.safe_dump({"services": services()}))
        # The vendors are the sandbox's: they know nothing of these services, and are asked all the same.
        environ = {**sandbox.environ(data, port), **bot_environ(Path(folder), port, {}), "SERVICES_FILE": str(catalog)}
        async with running(environ, port, Path(folder) / "bot.log") as bot:
            await bot.until_ready()
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            await _post(reader, writer, alert_body("warm-up", service=WARM_SERVICE, severity="warning"))
            writer.close()
            if not await until(lambda: bool(sandbox.cards("briefing")), within=WARM_WITHIN):
                raise TimeoutError(f"no briefing was posted:\n{bot.log_tail()}")
            yield bot, port, data


def services() -> Mapping[str, Mapping[str, Any]]:
    """40: three that fail, twelve that depend on each of them, and one alone."""
    found: dict[str, Mapping[str, Any]] = {name: {"owner": "platform", "tier": 1} for name in (*ROOTS, UNSEEN)}
    for root in ROOTS:
        for number in range(DEPENDANTS):
            found[f"{root}-user-{number + 1}"] = {"owner": "product", "tier": 2, "depends_on": [root]}
    return found


def alerts(count: int) -> Iterator[bytes]:
    """The causes first, then all services in turn; each alert is a condition of its own."""
    suffering = [name for name in services() if name != UNSEEN]
    for number in range(count):
        service = suffering[number % len(suffering)]
        severity = "critical" if service in ROOTS else "warning"
        yield alert_body(f"storm-{number}", service=service, severity=severity)


async def _rage(sandbox: World, port: int, seen: Storm) -> None:
    """`ALERTS` a minute, evenly; the unseen one when half of the time is over."""
    count = round(ALERTS * seen.seconds / SECONDS)
    waiting: asyncio.Queue[bytes | None] = asyncio.Queue()
    senders = [asyncio.create_task(_send(port, waiting, seen)) for _ in range(CONNECTIONS)]
    began, critical = time.perf_counter(), None
    for number, body in enumerate(alerts(count)):
        await asyncio.sleep(max(0.0, began + number * seen.seconds / count - time.perf_counter()))
        if number == count // 2:
            critical = asyncio.create_task(_announced(sandbox, seen))
            waiting.put_nowait(alert_body("unseen", service=UNSEEN, severity="critical"))
        waiting.put_nowait(body)
    for _ in senders:
        waiting.put_nowait(None)
    await asyncio.gather(*senders)
    assert critical is not None
    await critical


async def _announced(sandbox: World, seen: Storm) -> None:
    """Until a message of the bot names it."""
    began = time.perf_counter()
    workspace = sandbox.workspace

    def named() -> bool:
        return any(UNSEEN in json.dumps([m.get("text"), m.get("blocks")]) for m in workspace.all_messages())

    if await until(named, within=ANNOUNCED_WITHIN, step=0.05):
        seen.announced = time.perf_counter() - began


async def _send(port: int, waiting: asyncio.Queue[bytes | None], seen: Storm) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    while (body := await waiting.get()) is not None:
        seen.sent += 1
        try:
            status = await _post(reader, writer, body)
        except (ConnectionResetError, BrokenPipeError, asyncio.IncompleteReadError):
            # It was idle for so long that the server closed it. What was not answered is sent again, as monitors do.
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            status = await _post(reader, writer, body)
        if status == 202:
            seen.stored += 1
        else:
            seen.refused += 1
    writer.close()


async def _post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> int:
    writer.write(request_bytes("/webhooks/alertmanager", body))
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1])


async def _watch(bot: BotProcess, data: Path, seen: Storm) -> None:
    began = time.perf_counter()
    while bot.is_running:
        size = memory(bot)
        seen.peak = max(seen.peak, size)
        if time.perf_counter() - began < seen.seconds / 2:
            seen.half = max(seen.half, size)
        with suppress(sqlite3.OperationalError):  # it is locked just now
            seen.most_under_way = max(seen.most_under_way, _count(data / WORKFLOWS_FILE, UNDER_WAY))
        await asyncio.sleep(LOOK)


def _waiting(data: Path) -> int:
    return _count(data / STORE_FILE, "SELECT count(*) FROM deliveries WHERE state = 'pending'")


def _judge(sandbox: World, data: Path, cards_before: int, calls_before: int, seen: Storm) -> None:
    calls = sandbox.workspace.calls.since(calls_before)
    seen.slack_refusals = sum(call.error == "ratelimited" for call in calls)
    seen.slack_calls = {method: sum(call.method == method for call in calls) for method in {c.method for c in calls}}
    seen.places = len(sandbox.cards()) - cards_before
    seen.incidents = _count(data / STORE_FILE, "SELECT count(*) FROM incidents") - 1
    kept = _count(data / STORE_FILE, "SELECT count(*) FROM deliveries WHERE source = 'alertmanager'") - 1
    belong = _count(data / STORE_FILE, "SELECT count(*) FROM episodes WHERE incident_id IS NOT NULL") - 1
    seen.lost = seen.stored - min(kept, belong)


def _count(file: Path, question: str) -> int:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as store:
        return int(store.execute(question).fetchone()[0])
