"""A bot's memory at work, made to be killed: it writes, embeds, opens, rebuilds and forgets in a loop, and says so.

    python -m tests.chaos.remembering_child DATA_FOLDER

Everything heavy is imported once; for each line of JSON on its standard input (a `Round`) it forks a child that works
until somebody kills it. What the children say, one line each, comes on the standard output: see `Say`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import count
from pathlib import Path

import chromadb  # noqa: F401 - imported before the fork
import psycopg  # noqa: F401

from memory.recall import Question, Recall, incidents
from memory.recall.incidents import Recollection
from memory.store import PastIncident, Store
from memory.vectors import Vector, VectorIndex
from tests.memory.hashing import HashingEmbedder
from tests.memory.remembering import incident

WRITTEN_AT_ONCE = 3
EMBEDDING_TAKES = 0.003  # seconds a text; the real model takes longer


class Say(StrEnum):
    READY = "ready"
    CHILD = "child"  # its process id
    PHASE = "phase"  # what it begins
    KEPT = "kept"  # an incident: the store said so
    GOING = "going"  # one that is being forgotten
    FORGOTTEN = "forgotten"
    LOST = "lost"  # an incident that should be found and is not, and by what
    GHOST = "ghost"  # one that was forgotten and is found
    CHECKED = "checked"  # how many
    REMADE = "remade"  # why the index was made again
    ENDED = "ended"  # its exit status


@dataclass(frozen=True, kw_only=True)
class Round:
    number: int
    kept: Sequence[str]  # to look for
    forgotten: Sequence[str]  # never to be found again
    work: bool = True  # False: end after looking


def say(what: Say, told: object = "") -> None:
    os.write(1, f"{what} {told}\n".encode())  # one write: a kill cuts no line in two


def title_of(name: str) -> str:
    """With a word that no other incident has."""
    word = "".join(chr(ord("a") + byte % 26) for byte in sha256(name.encode()).digest()[:10])
    return f"Outage of {word}"


def told_of(name: str) -> PastIncident:
    return incident(name, title_of(name))


class SlowEmbedder(HashingEmbedder):
    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        say(Say.PHASE, "embedding")
        time.sleep(EMBEDDING_TAKES * len(texts))
        return super().embed(texts)


class TellingIndex(VectorIndex):
    async def open(self, vectors: Mapping[str, Vector]) -> None:
        say(Say.PHASE, "opening")
        before = self.made_again.copy()
        await super().open(vectors)
        for reason in self.made_again - before:
            say(Say.REMADE, reason.name)


class Memory:
    def __init__(self, data: Path, store: Store) -> None:
        self.index = TellingIndex(data / "vectors")
        self.recall = Recall(store.past, embedder=SlowEmbedder(), vectors=self.index, mark=store.memory_mark)

    async def check(self, kept: Sequence[str], forgotten: Sequence[str]) -> None:
        await self.recall.settled()
        say(Say.PHASE, "asking")
        quick = HashingEmbedder()
        for name in (*kept, *forgotten):
            found = await self.recall.find(Question(text=title_of(name)))
            near = await self.index.nearest(quick.embed([told_of(name).text])[0], 3)
            self._judge(name, found, near, is_wanted=name in kept)
        say(Say.CHECKED, len(kept))

    @staticmethod
    def _judge(name: str, found: Recollection, near: Mapping[str, float], *, is_wanted: bool) -> None:
        by_words = name in [memory.past.id for memory in found.memories]
        by_vectors = near.get(name, 0.0) > 0.999
        if is_wanted and found.without_vectors:
            say(Say.LOST, f"{name} vectors: {found.without_vectors}")
        if is_wanted and not (by_words and by_vectors):
            say(Say.LOST, f"{name} words={by_words} vectors={by_vectors}")
        if not is_wanted and (by_words or name in near):
            say(Say.GHOST, name)


async def live(data: Path, round_: Round) -> None:
    say(Say.PHASE, "starting")
    store = await Store.open(f"sqlite:///{data / 'first-responder.db'}")
    memory = Memory(data, store)
    await memory.check(round_.kept, round_.forgotten)
    dice = random.Random(round_.number)
    names = (f"INC-{round_.number:04d}-{n:04d}" for n in count())
    while round_.work:
        kept = [await _keep(store, next(names)) for _ in range(WRITTEN_AT_ONCE)]
        await memory.recall.close()
        memory = Memory(data, store)  # opened again: what a restart does
        await memory.check(kept, ())
        one_more = await _keep(store, next(names))
        say(Say.PHASE, "putting")
        values = HashingEmbedder().embed([told_of(one_more).text])[0]
        await memory.index.put({one_more: Vector(digest=one_more, values=values)})
        say(Say.PHASE, "rebuilding")
        await memory.recall.rebuild()
        say(Say.PHASE, "forgetting")
        gone = dice.choice(kept)
        say(Say.GOING, gone)
        await store.forget(gone)
        say(Say.FORGOTTEN, gone)
    await memory.recall.close()
    await store.close()


async def _keep(store: Store, name: str) -> str:
    say(Say.PHASE, "writing")
    await store.past.save([told_of(name)])
    say(Say.KEPT, name)
    return name


def serve(data: Path) -> None:
    # A second is short for a busy machine, and what took longer is no loss.
    incidents.VECTOR_WAIT = incidents.REREAD_WAIT = 60.0
    say(Say.READY)
    for line in sys.stdin:
        round_ = Round(**json.loads(line))
        child = os.fork()  # nothing has started a thread yet
        if child == 0:
            asyncio.run(live(data, round_))
            os._exit(0)
        say(Say.CHILD, child)
        say(Say.ENDED, os.waitpid(child, 0)[1])


def as_line(round_: Round) -> bytes:
    return json.dumps(asdict(round_)).encode() + b"\n"


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
