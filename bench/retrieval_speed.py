"""How long a question takes on 5,000 and on 100,000 past incidents, and what they take of memory and of the start."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median

import psutil

from bench.result import Result
from bench.retrieval_sets import load_sets
from bot.domain.remembered import PastIncident
from bot.domain.terms import wording
from memory.embedding import MiniLM
from memory.recall import Question
from memory.recall.likeness import FIELDS, entry_of, support
from memory.recall.nearness import vector_of
from memory.recall.search import Nearness, Search

GOALS = {5_000: 20.0, 100_000: 60.0}  # milliseconds, the slowest of twenty
QUESTIONS = 200
SAMPLE = 512  # incidents embedded to see how fast it is
FTS_MOST = 60  # as many candidates as our search weighs
NOW = datetime(2026, 3, 4, tzinfo=UTC)


def speed(embedder: MiniLM) -> list[Result]:
    recorded = load_sets()[-1]
    sentences = [line.strip() for page in recorded.pages for line in page.text.splitlines() if 40 < len(line) < 300]
    questions = [alert.question for alert in recorded.alerts][:QUESTIONS]
    results = [_embedding(embedder, incidents(SAMPLE, sentences)), _questions_embedded(embedder, questions)]
    for size in GOALS:
        results += _searched(incidents(size, sentences), questions)
    return results


def incidents(size: int, sentences: Sequence[str]) -> list[PastIncident]:
    """Recombined from sentences of real pages: as long as what people write, with their words."""
    some = random.Random(size)
    return [
        PastIncident(
            id=f"INC-{number:06d}",
            title=some.choice(sentences)[:80],
            service=f"service-{some.randrange(200)}",
            started_at=NOW - timedelta(hours=number),
            minutes=some.randrange(5, 300),
            cause=some.choice(sentences),
            cause_kind="",
            fix=some.choice(sentences),
            symptoms=" ".join(some.choices(sentences, k=2)),
        )
        for number in range(size)
    ]


def _embedding(embedder: MiniLM, past: Sequence[PastIncident]) -> Result:
    embedder.embed(["warm"])
    began = time.perf_counter()
    embedder.embed([each.text for each in past])
    took = time.perf_counter() - began
    return Result(name="5,000 incidents embedded", value=took / SAMPLE * 5_000, unit="s", runs=1, goal=180)


def _questions_embedded(embedder: MiniLM, questions: Sequence[Question]) -> Result:
    took = _timed([partial(vector_of, question, embedder) for question in questions])
    return _p95("a question embedded", took)


def _searched(past: Sequence[PastIncident], questions: Sequence[Question]) -> list[Result]:
    size = len(past)
    by_id = {each.id: each for each in past}
    process = psutil.Process()
    before, began = process.memory_info().rss, time.perf_counter()
    search = Search([entry_of(each) for each in past], FIELDS)
    built, grown = time.perf_counter() - began, (process.memory_info().rss - before) / 2**20
    some = random.Random(1)
    near = Nearness(text={name: some.random() for name in some.sample(sorted(by_id), 100)}, title={}, least=0.1)

    def ask(question: Question) -> object:
        return search.find(question, near, 3, lambda name: support(by_id[name], question))

    asked = [partial(ask, question) for question in questions]
    asked[0]()
    ours, fts = _timed(asked), _timed(_fts5(past, questions))
    return [
        _p95(f"a question to {size:,} incidents", ours, GOALS[size]),
        _p95(f"the same by SQLite's FTS5, {size:,} incidents", fts),
        Result(
            name=f"index of {size:,} incidents made", value=built, unit="s", runs=1, goal=1.0 if size == 5_000 else None
        ),
        Result(name=f"index of {size:,} incidents in memory", value=grown, unit="MB", runs=1),
    ]


def _fts5(past: Sequence[PastIncident], questions: Sequence[Question]) -> list[Callable[[], object]]:
    database = sqlite3.connect(":memory:")
    columns = ", ".join(FIELDS)
    database.execute(f"CREATE VIRTUAL TABLE past USING fts5(id UNINDEXED, {columns}, tokenize='porter unicode61')")
    rows = ((each.id, *(entry_of(each).fields[name] for name in FIELDS)) for each in past)
    database.executemany(f"INSERT INTO past VALUES (?{', ?' * len(FIELDS)})", rows)
    weights = ", ".join(str(weight) for weight in (0.0, *FIELDS.values()))
    wanted = f"SELECT id FROM past WHERE past MATCH ? ORDER BY bm25(past, {weights}) LIMIT {FTS_MOST}"
    said = [" OR ".join(f'"{word}"' for word in dict.fromkeys(wording(q.text).words)) for q in questions[:40]]

    def ask(words: str) -> list[object]:
        return database.execute(wanted, (words,)).fetchall()

    return [partial(ask, words) for words in said if words]


def _timed(calls: Sequence[Callable[[], object]]) -> list[float]:
    """Milliseconds, in order of size."""
    took = []
    for call in calls:
        began = time.perf_counter()
        call()
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)


def _p95(name: str, took: Sequence[float], goal: float | None = None) -> Result:
    value = took[int(len(took) * 0.95)]
    return Result(
        name=f"{name} (p95)", value=value, unit="ms", runs=len(took), goal=goal, low=took[0], high=median(took)
    )
