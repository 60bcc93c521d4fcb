"""Durable ingest: 64 clients against the bot and against a bare server that makes the same insert, in turn.

Then both at half the rate that the bot bore: how long a sender waits while there is time to spare.

The bot triages what it has stored meanwhile, opens the incidents and asks its sources about them. It has briefed one
incident before: what the first one costs, importing the clients, is measured by the benchmarks of the briefing.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from bench.process import alert_body, bot_environ, request_bytes
from bench.result import Result
from sandbox.bot_process import BotProcess, running, usable_port
from sandbox.serve import LOOPBACK
from sandbox.until import until
from sandbox.world import World, world

CLIENTS = 64
PAIRS = 5
SECONDS = 3.0  # of load for each server in each pair
WARM_WITHIN = 30.0  # seconds
STORE_FILE = "first-responder.db"
RATE_GOAL = 0.6  # of the bare server's
HALF_P99_GOAL = 50.0  # ms


@dataclass
class Load:
    accepted: int = 0
    refused: int = 0
    triaged: int = 0  # of the accepted ones, by the end
    half: list[float] = field(default_factory=list)  # seconds of each at half that load
    seconds: list[float] = field(default_factory=list)


def p99(seconds: list[float]) -> float:
    """In ms."""
    return statistics.quantiles(seconds, n=100)[98] * 1000


async def run() -> list[Result]:
    ours, bare, ours_p99, bare_p99, half, bare_half, triaged, refused = [], [], [], [], [], [], [], 0
    async with world("bad-deployment") as sandbox:
        for pair in range(PAIRS):
            load = await _bot(sandbox, f"bot-{pair}")
            ours.append(load.accepted / SECONDS)
            ours_p99.append(p99(load.seconds))
            half.append(p99(load.half))
            triaged.append(load.triaged / SECONDS)
            refused += load.refused
            load = await _bare(f"bare-{pair}", rate=load.accepted / SECONDS / 2)
            bare.append(load.accepted / SECONDS)
            bare_p99.append(p99(load.seconds))
            bare_half.append(p99(load.half))
    return [
        Result(
            name=f"durable ingest, {CLIENTS} clients ({refused} refused)",
            value=statistics.median(ours),
            unit="/s",
            runs=PAIRS,
            baseline=statistics.median(bare),
            baseline_name="bare server, same insert",
            goal=RATE_GOAL,
            at_least=True,
            low=min(ours),
            high=max(ours),
        ),
        Result(
            name="its 99th percentile",
            value=statistics.median(ours_p99),
            unit="ms",
            runs=PAIRS,
            baseline=statistics.median(bare_p99),
            baseline_name="bare server",
        ),
        Result(
            name="its 99th percentile at half that load",
            value=statistics.median(half),
            unit="ms",
            runs=PAIRS,
            goal=HALF_P99_GOAL,
            low=min(half),
            high=max(half),
        ),
        Result(
            name="the bare server's at the same rate",
            value=statistics.median(bare_half),
            unit="ms",
            runs=PAIRS,
            low=min(bare_half),
            high=max(bare_half),
        ),
        Result(name="alerts triaged meanwhile", value=statistics.median(triaged), unit="/s", runs=PAIRS),
    ]


async def _bot(sandbox: World, name: str) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        port = usable_port()
        environ = bot_environ(Path(folder), port, sandbox.environ(Path(folder), port))
        async with running(environ, port, Path(folder) / "bot.log") as bot:
            file = Path(environ["FIRST_RESPONDER_DATA"]) / STORE_FILE
            await _warm(bot, port, file)
            load = await _loaded(bot, port, name)
            load.triaged = _count(file, "SELECT count(*) FROM deliveries WHERE state = 'done'")
            load.half = await _half(port, f"{name}-half", load.accepted / SECONDS / 2)
            return load


async def _half(port: int, name: str, rate: float) -> list[float]:
    """Seconds of each answer while `rate` webhooks a second are sent, evenly, by as many clients."""
    taken: list[float] = []
    began = time.perf_counter()
    every = CLIENTS / rate
    starts = (began + every * number / CLIENTS for number in range(CLIENTS))
    await asyncio.gather(*(_paced(port, f"{name}-{n}", s, every, taken) for n, s in enumerate(starts)))
    return taken


async def _paced(port: int, name: str, due: float, every: float, taken: list[float]) -> None:
    """From when it was due, not from when it could be sent: a slow answer must not hide what waits behind it."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    ends = due + SECONDS
    while due < ends:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        number = len(taken)
        await _answered(reader, writer, alert_body(f"{name}-{number}", service=f"svc-{number % 10}"))
        taken.append(time.perf_counter() - due)
        due += every
    writer.close()


async def _warm(bot: BotProcess, port: int, file: Path) -> None:
    """Returns once it has briefed an incident."""
    await bot.until_ready()
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.write(request_bytes("/webhooks/alertmanager", alert_body("warm-up", service="warm-up")))
    await reader.readline()
    writer.close()
    if not await until(lambda: _count(file, "SELECT count(briefed_at) FROM incidents"), WARM_WITHIN):
        raise RuntimeError(f"no briefing within {WARM_WITHIN:g} s:\n{bot.log_tail()}")


def _count(file: Path, question: str) -> int:
    with closing(sqlite3.connect(file)) as store:
        return int(store.execute(question).fetchone()[0])


async def _bare(name: str, *, rate: float) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        port = usable_port()
        environ = {"PORT": str(port), "BENCH_FILE": str(Path(folder) / "bare.db")}
        async with running(environ, port, Path(folder) / "bare.log", arguments=("-m", "bench.bare")) as server:
            load = await _loaded(server, port, name)
            load.half = await _half(port, f"{name}-half", rate)
            return load


async def _loaded(server: BotProcess, port: int, name: str) -> Load:
    await server.until_ready()
    load = Load()
    ends = time.perf_counter() + SECONDS
    await asyncio.gather(*(_client(port, f"{name}-{number}", ends, load) for number in range(CLIENTS)))
    return load


async def _client(port: int, name: str, ends: float, load: Load) -> None:
    """One connection, one request at a time, each a new condition of one of ten services."""
    template = alert_body("FINGERPRINT", service="SERVICE")
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    number = 0
    while (started := time.perf_counter()) < ends:
        number += 1
        body = template.replace(b"FINGERPRINT", f"{name}-{number}".encode())
        body = body.replace(b"SERVICE", b"svc-%d" % (number % 10))
        if await _answered(reader, writer, body):
            load.accepted += 1
        else:
            load.refused += 1
        load.seconds.append(time.perf_counter() - started)
    writer.close()


async def _answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> bool:
    """Whether it was accepted."""
    writer.write(request_bytes("/webhooks/alertmanager", body))
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return b" 202 " in head[:20]
