"""How long a question to 5,000 and to 100,000 past incidents takes, with vectors and by words alone.

And what they cost: memory, start-up, and making their vectors.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bench.process import alert_body, bot_environ, memory, request_bytes
from bench.result import Result
from bench.retrieval_child import Measured, Task
from bench.retrieval_made import incidents, questions, sentences
from bot.domain.remembered import PastIncident
from bot.domain.terms import wording
from memory.embedding import MiniLM
from memory.recall import Question
from memory.recall.likeness import FIELDS, entry_of
from memory.store import Store
from sandbox.bot_process import ROOT, BotProcess, running, usable_port
from sandbox.until import until
from sandbox.world import World, world

GOALS = {5_000: 20.0, 100_000: 60.0}  # milliseconds, the slowest of twenty
SAMPLE = 512  # incidents embedded to see how fast it is
EMBEDDED_GOAL = 180.0  # seconds for 5,000
FTS_MOST = 60  # as many candidates as our search weighs
AT_START = 5_000
ADDED_GOAL = 1.0  # seconds that they may add
STARTS = 3
BRIEFED_WITHIN = 30.0
DATABASE = "first-responder.db"


async def speed(embedder: MiniLM) -> list[Result]:
    past = incidents(SAMPLE, sentences())
    results, vectors = await asyncio.to_thread(_embedding, embedder, past)
    embedder.rest()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vectors.npy"
        _save(vectors, file)
        for size, goal in GOALS.items():
            results += _told(
                f"{size:,} incidents, with vectors", await _child(Task(size=size, real_vectors=str(file))), goal
            )
            results += _told(f"{size:,} incidents, by words alone", await _child(Task(size=size)), goal)
            results += await asyncio.to_thread(_fts5, size)
    return results + await _starts()


def _embedding(embedder: MiniLM, past: Sequence[PastIncident]) -> tuple[list[Result], list[list[float]]]:
    embedder.embed(["warm"])
    began = time.perf_counter()
    vectors = embedder.embed([each.text for each in past])
    took = time.perf_counter() - began
    results = [
        Result(name="incidents embedded in a minute", value=SAMPLE / took * 60, unit="", runs=SAMPLE),
        Result(name="5,000 incidents embedded", value=took / SAMPLE * 5_000, unit="s", runs=SAMPLE, goal=EMBEDDED_GOAL),
    ]
    return results, vectors


def _save(vectors: Sequence[Sequence[float]], file: Path) -> None:
    import numpy as np

    np.save(file, np.asarray(vectors, np.float32))


async def _child(task: Task) -> Measured:
    arguments = (sys.executable, "-m", "bench.retrieval_child", json.dumps(asdict(task)))
    process = await asyncio.create_subprocess_exec(*arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"asking {task.size:,} incidents failed")
    return Measured(**json.loads(said))


def _told(name: str, measured: Measured, goal: float) -> list[Result]:
    took = sorted(measured.took)
    runs = len(took)
    return [
        Result(name=f"a question to {name} (p50)", value=statistics.median(took), unit="ms", runs=runs),
        Result(name=f"a question to {name} (p95)", value=_p95(took), unit="ms", runs=runs, goal=goal, high=took[-1]),
        Result(name=f"{name}: read and indexed", value=measured.first, unit="s", runs=1),
        Result(name=f"{name}: ready", value=measured.opened, unit="s", runs=1),
        Result(
            name=f"{name}: memory of the process (RSS)",
            value=measured.memory,
            unit="MB",
            runs=1,
            baseline=measured.bare,
            baseline_name="with the incidents alone",
        ),
    ]


def _p95(took: Sequence[float]) -> float:
    """Of times in order of size."""
    return took[int(len(took) * 0.95)]


# --- the same by SQLite -----------------------------------------------------------------------------------------------


def _fts5(size: int) -> list[Result]:
    took = []
    for ask in _fts5_questions(incidents(size, sentences()), questions()):
        began = time.perf_counter()
        ask()
        took.append((time.perf_counter() - began) * 1000)
    name = f"the same words by SQLite's FTS5, {size:,} incidents (p95)"
    return [Result(name=name, value=_p95(sorted(took)), unit="ms", runs=len(took))]


def _fts5_questions(past: Sequence[PastIncident], asked: Sequence[Question]) -> list[Callable[[], object]]:
    database = sqlite3.connect(":memory:", check_same_thread=False)
    columns = ", ".join(FIELDS)
    database.execute(f"CREATE VIRTUAL TABLE past USING fts5(id UNINDEXED, {columns}, tokenize='porter unicode61')")
    rows = ((each.id, *(entry_of(each).fields[name] for name in FIELDS)) for each in past)
    database.executemany(f"INSERT INTO past VALUES (?{', ?' * len(FIELDS)})", rows)
    weights = ", ".join(str(weight) for weight in (0.0, *FIELDS.values()))
    wanted = f"SELECT id FROM past WHERE past MATCH ? ORDER BY bm25(past, {weights}) LIMIT {FTS_MOST}"
    said = [" OR ".join(f'"{word}"' for word in dict.fromkeys(wording(q.text).words)) for q in asked[:40]]

    def ask(words: str) -> list[object]:
        return database.execute(wanted, (words,)).fetchall()

    return [partial(ask, words) for words in said if words]


# --- what they add to the start ---------------------------------------------------------------------------------------


async def _starts() -> list[Result]:
    """Of the bot as it is run, with none and with 5,000 past incidents in its store, one after the other."""
    took: dict[int, list[tuple[float, float, float]]] = {0: [], AT_START: []}
    async with world("bad-deployment") as sandbox:
        with tempfile.TemporaryDirectory() as folder:
            stored = Path(folder) / DATABASE
            store = await Store.open(f"sqlite:///{stored}")
            await store.past.save(incidents(AT_START, sentences()))
            await store.close()
            for attempt in range(STARTS):
                for size, file in ((0, None), (AT_START, stored)):
                    took[size].append(await _start(sandbox, file, f"start-{size}-{attempt}"))
    accepted, briefed, peak = ([[run[part] for run in took[size]] for size in took] for part in range(3))
    return [
        _added("start to the first accepted webhook", *accepted),
        _added("start to the first briefing", *briefed),
        Result(
            name=f"memory just then, with {AT_START:,} past incidents (RSS)",
            value=statistics.median(peak[1]),
            unit="MB",
            runs=STARTS,
            baseline=statistics.median(peak[0]),
            baseline_name="with none",
        ),
    ]


def _added(name: str, none: Sequence[float], many: Sequence[float]) -> Result:
    return Result(
        name=f"{name}: added by {AT_START:,} past incidents, to {statistics.median(none):.2f} s with none",
        value=statistics.median(many) - statistics.median(none),
        unit="s",
        runs=STARTS,
        goal=ADDED_GOAL,
    )


async def _start(sandbox: World, stored: Path | None, name: str) -> tuple[float, float, float]:
    """Seconds from the start to the first accepted webhook, and to its briefing; then MB."""
    with tempfile.TemporaryDirectory() as folder:
        data, port = Path(folder) / "data", usable_port()
        data.mkdir()
        if stored is not None:
            await asyncio.to_thread(shutil.copyfile, stored, data / DATABASE)
        slack = bot_environ(Path(folder), port, sandbox.environ(data, port))
        async with running(slack, port, Path(folder) / "bot.log") as bot:
            before = len(sandbox.cards("briefing"))
            accepted = await _accepted(bot, port, name)
            if not await until(lambda: len(sandbox.cards("briefing")) > before, within=BRIEFED_WITHIN, step=0.002):
                raise TimeoutError(f"no briefing was posted:\n{bot.log_tail()}")
            return accepted, time.perf_counter() - bot.started, memory(bot)


async def _accepted(bot: BotProcess, port: int, fingerprint: str) -> float:
    """Seconds since the start of the process."""
    request = request_bytes("/webhooks/alertmanager", alert_body(fingerprint, service=fingerprint))
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
