"""Asks one memory of so many past incidents, in a process of its own: `python -m bench.retrieval_child TASK`.

The task is JSON; what was measured is printed as JSON. Vectors are recombined from those of real sentences, since
making 100,000 takes an hour; those of the questions are made by the model, as always.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import psutil

from bench.retrieval_made import incidents, questions, sentences
from bot.domain.remembered import PastIncident
from memory.embedding import MiniLM
from memory.recall import Question, Recall
from memory.store.past import PastIncidents
from memory.vectors import VectorIndex

MADE_AT_ONCE = 5_000


@dataclass(frozen=True, kw_only=True)
class Task:
    size: int
    real_vectors: str = ""  # file of the vectors to recombine; empty: by words alone


@dataclass(frozen=True, kw_only=True)
class Measured:
    took: Sequence[float]  # milliseconds of each question
    first: float  # seconds until the first answer, which is by words
    opened: float  # seconds until vectors took part
    memory: float  # MB, of the whole process with all that it knows
    bare: float  # MB, before it knew anything


class _Held:
    """What `Recall` asks of the store, in memory."""

    def __init__(self, past: Sequence[PastIncident], packed: Mapping[str, bytes]) -> None:
        self._past = past
        self._packed = packed

    async def all(self) -> Sequence[PastIncident]:
        return self._past

    async def vectors(self, embedder: str) -> Mapping[str, bytes]:
        return self._packed


async def measure(task: Task) -> Measured:
    process = psutil.Process()
    asked = questions()
    past = incidents(task.size, sentences())
    bare = process.memory_info().rss / 1e6
    packed = _recombined(task) if task.real_vectors else {}
    with tempfile.TemporaryDirectory() as folder:
        model = MiniLM() if task.real_vectors else None
        held = cast(PastIncidents, _Held(past, packed))
        recall = Recall(held, embedder=model, vectors=VectorIndex(Path(folder)))
        began = time.perf_counter()
        await recall.find(asked[0])
        first = time.perf_counter() - began
        await recall.settled()
        opened = time.perf_counter() - began
        if model is not None:
            await asyncio.to_thread(model.embed, ["warm"])
        took = [await _asked(recall, question, with_vectors=model is not None) for question in asked]
        grown = process.memory_info().rss / 1e6
        await recall.close()
    return Measured(took=took, first=first, opened=opened, memory=grown, bare=bare)


async def _asked(recall: Recall, question: Question, *, with_vectors: bool) -> float:
    began = time.perf_counter()
    found = await recall.find(question)
    took = (time.perf_counter() - began) * 1000
    if with_vectors and found.without_vectors:
        raise RuntimeError(f"vectors took no part: {found.without_vectors}")
    return took


def _recombined(task: Task) -> dict[str, bytes]:
    """Each the middle of three real ones, of weights 1, 0.6 and 0.4."""
    import numpy as np

    real = np.load(task.real_vectors)
    some = np.random.default_rng(task.size)
    packed: dict[str, bytes] = {}
    for start in range(0, task.size, MADE_AT_ONCE):
        count = min(MADE_AT_ONCE, task.size - start)
        chosen = [real[some.integers(0, len(real), count)] for _ in range(3)]
        made = chosen[0] + 0.6 * chosen[1] + 0.4 * chosen[2]
        made /= np.linalg.norm(made, axis=1, keepdims=True)
        packed |= {f"INC-{start + at:06d}": row.astype("<f4").tobytes() for at, row in enumerate(made)}
    return packed


def main() -> None:
    given: dict[str, Any] = json.loads(sys.argv[1])
    print(json.dumps(asdict(asyncio.run(measure(Task(**given))))))


if __name__ == "__main__":
    main()
