"""A data folder as a bot has it: a store, an index of vectors beside it, and Recall on both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from memory.recall import Question, Recall, Recollection
from memory.store import PastIncident, Store
from memory.vectors import VectorIndex
from tests.memory.hashing import HashingEmbedder

BEGAN = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SETTLED_WITHIN = 60.0  # seconds
EMBEDDER = HashingEmbedder()


@dataclass(frozen=True, kw_only=True)
class Remembering:
    store: Store
    index: VectorIndex
    recall: Recall

    async def settled(self) -> None:
        async with asyncio.timeout(SETTLED_WITHIN):
            await self.recall.settled()

    async def asked(self, words: str) -> Recollection:
        return await self.recall.find(Question(text=words))

    async def nearest(self, past: PastIncident) -> dict[str, float]:
        """By vectors alone: similarity by id to this incident's own text."""
        return await self.index.nearest(EMBEDDER.embed([past.text])[0], 5)


def ids(found: Recollection) -> Sequence[str]:
    return [memory.past.id for memory in found.memories]


def incident(name: str, title: str) -> PastIncident:
    return PastIncident(
        id=name, title=title, service=None, started_at=BEGAN, minutes=None, cause="", cause_kind="unknown", fix=""
    )


@asynccontextmanager
async def remembering(data: Path, url: str = "", *, index: VectorIndex | None = None) -> AsyncIterator[Remembering]:
    """`url`: of the store, by default SQLite in the same folder, called as the bot calls it."""
    data.mkdir(parents=True, exist_ok=True)
    store = await Store.open(url or f"sqlite:///{data / 'first-responder.db'}")
    held = index or VectorIndex(data / "vectors")
    recall = Recall(store.past, embedder=EMBEDDER, vectors=held, mark=store.memory_mark)
    try:
        yield Remembering(store=store, index=held, recall=recall)
    finally:
        await recall.close()
        await store.close()
