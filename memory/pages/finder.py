"""Search over the pages of the store: by words at once, by vectors as soon as they are made."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from bot.domain.context import ContextRequest
from bot.domain.errors import NotStored
from bot.domain.remembered import Page, RecordKind
from memory.embedding import Embedder, NoModel, pack
from memory.mirror import Mirror
from memory.recall import PageSearch, question_about, texts_to_embed
from memory.store.passages import Passages

log = logging.getLogger(__name__)

EMBEDDED_AT_ONCE = 64  # texts, then they are stored: a process that ends half-way has lost seconds of work
WAIT = 1.0  # seconds for a search with vectors; then words alone answer


class PageFinder:
    """What `PageSource` searches with."""

    def __init__(self, mirror: Mirror, passages: Passages, embedder: Embedder | None) -> None:
        self._mirror = mirror
        self._passages = passages
        self._embedder = embedder
        self._search: PageSearch | None = None
        self._embedding: asyncio.Task[None] | None = None

    async def __call__(self, request: ContextRequest) -> Sequence[tuple[Page, float, tuple[str, ...]]]:
        """Raises NotStored."""
        search = await self._ready()
        find = partial(search.find, question_about(request))
        try:
            async with asyncio.timeout(WAIT):
                found = await asyncio.to_thread(find)
        except (TimeoutError, NoModel) as error:
            log.warning("pages are searched by words only: %s", error or "vectors took too long")
            words = await asyncio.to_thread(PageSearch, list(self._mirror.pages.values()), None, {})
            found = await asyncio.to_thread(words.find, question_about(request))
        return [(match.page, match.sure, match.why) for match in found]

    async def _ready(self) -> PageSearch:
        change = await self._mirror.refresh()
        touched = change.put.get(RecordKind.PAGE) or change.removed.get(RecordKind.PAGE)
        if self._search is None or touched:
            await self._make()
            if self._embedder is not None and (self._embedding is None or self._embedding.done()):
                self._embedding = asyncio.create_task(self._embed(self._embedder))
        assert self._search is not None
        return self._search

    async def _make(self) -> None:
        pages = list(self._mirror.pages.values())
        vectors = await self._passages.vectors(self._embedder.name) if self._embedder else {}
        self._search = await asyncio.to_thread(PageSearch, pages, self._embedder, vectors)

    async def _embed(self, embedder: Embedder) -> None:
        """What has no vector yet, part by part; then the search is made again with them."""
        try:
            known = await self._passages.vectors(embedder.name)
            wanted = texts_to_embed(self._mirror.pages.values())
            missing = sorted((d for d in wanted if d not in known), key=lambda digest: len(wanted[digest]))
            for at in range(0, len(missing), EMBEDDED_AT_ONCE):
                some = missing[at : at + EMBEDDED_AT_ONCE]
                made = await asyncio.to_thread(embedder.embed, [wanted[digest] for digest in some])
                await self._passages.save_vectors(
                    embedder.name, {digest: pack(vector) for digest, vector in zip(some, made, strict=True)}
                )
        except (NoModel, NotStored) as error:
            log.warning("pages are searched by words only: %s", error)
            return
        if missing:
            await self._make()

    async def settled(self) -> None:
        """Once the vectors of the pages are made, or known to be off."""
        await self._ready()
        if self._embedding is not None:
            await asyncio.shield(self._embedding)

    async def close(self) -> None:
        if self._embedding is not None:
            self._embedding.cancel()
