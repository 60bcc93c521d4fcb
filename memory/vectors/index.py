"""The index that answers, and how it is kept: brought up to date, or made again."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

from memory.vectors.generation import Generation
from memory.vectors.generations import Generations, outgrown
from memory.vectors.remaking import UNUSABLE, Change, Reason, Remake, change
from memory.vectors.vector import Vector, VectorsUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

BATCH = 250  # vectors in one call: 0.1 s, which is as long as a question waits for it
LOOKED_AT = 3  # vectors that are read again after a change

Fetch = Callable[[Sequence[str]], Mapping[str, Vector]]


class VectorIndex:
    """All of Chroma runs on one thread of its own: importing it takes a second, and it blocks.

    Long work is done there in short parts, so that questions are answered in between; while the index is made again
    because something was deleted, the old one answers.
    """

    def __init__(self, folder: Path) -> None:
        self._generations = Generations(folder)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="vectors")
        self._changing = asyncio.Lock()
        self._is_closed = False
        self.made_again: Counter[Reason] = Counter()

    async def open(self, vectors: Mapping[str, Vector]) -> None:
        """Afterwards it holds exactly these, whatever it was before. Raises VectorsUnavailable.

        Called again, only what is different is written.
        """
        async with self._changing:
            remake = await self._run(lambda: self._generations.ready(len(vectors))) or await self._filled(vectors)
            if remake is not None:
                await self._make_again(remake, list(vectors), lambda names: _part(vectors, names))

    async def put(self, changes: Mapping[str, Vector], gone: Collection[str] = ()) -> None:
        """Adds and replaces some, and takes others out for good. Raises VectorsUnavailable; `open` then mends it."""
        async with self._changing:
            now = self._generations.now
            if now is None or self._generations.has_failed:
                raise VectorsUnavailable(self._generations.failure)
            wanted = _digests(changes)
            difference = change(now.held, wanted, gone=[name for name in gone if name not in changes])
            remake = difference.remake or await self._run(lambda: outgrown(now, len(now.held) + len(difference.new)))
            if remake is None:
                await self._bring_up_to_date(now, difference, changes)
                return
            left = [*(name for name in now.held if name not in difference.gone and name not in changes), *changes]
            await self._make_again(remake, left, lambda names: _of_both(changes, now, names))

    async def rebuild(self, vectors: Mapping[str, Vector]) -> None:
        """From nothing. Raises VectorsUnavailable."""
        async with self._changing:
            await self._run(self._generations.take)
            await self._make_again(Remake(reason=Reason.ASKED), list(vectors), lambda names: _part(vectors, names))

    async def nearest(self, vector: Sequence[float], most: int) -> dict[str, float]:
        """Cosine similarity by id. Raises VectorsUnavailable; after that, `open` makes it again if it is broken."""
        return await self._run(lambda: self._generations.nearest(vector, most))

    @property
    def is_broken(self) -> bool:
        """It failed while it was open: answers are errors until `open` is called."""
        return self._generations.has_failed

    async def close(self) -> None:
        if self._is_closed:
            return
        await self._run(self._generations.close)
        self._is_closed = True
        self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except RuntimeError as error:  # closed
            raise VectorsUnavailable(f"the vector index is closed: {error}") from error

    # --- bringing it up to date --------------------------------------------------------------------------------------

    async def _filled(self, vectors: Mapping[str, Vector]) -> Remake | None:
        """None where it now holds them."""
        now = self._generations.now
        assert now is not None
        difference = change(now.held, _digests(vectors), gone=[name for name in now.held if name not in vectors])
        if difference.remake is not None:
            return difference.remake
        try:
            await self._run(lambda: now.know(vectors))
            await self._bring_up_to_date(now, difference, vectors)
        except VectorsUnavailable as error:
            return Remake(reason=Reason.BROKEN, detail=str(error))
        return None

    async def _bring_up_to_date(self, now: Generation, difference: Change, vectors: Mapping[str, Vector]) -> None:
        changed = (*difference.new, *difference.replaced)
        try:
            for names in _batches(changed):
                await self._run(lambda names=names: now.put(_part(vectors, names)))  # type: ignore[misc]
            await self._run(lambda: now.check(_part(vectors, list(islice(changed or vectors, LOOKED_AT)))))
        except VectorsUnavailable as error:
            self._generations.fail(str(error))
            raise

    async def _make_again(self, remake: Remake, names: Sequence[str], fetch: Fetch) -> None:
        """In a new folder; the old one is removed, and with it whatever Chroma kept there of the deleted."""
        level = logging.WARNING if remake.reason in UNUSABLE else logging.INFO
        log.log(level, "the vector index is made again: %s", remake)
        self.made_again[remake.reason] += 1
        if remake.reason in UNUSABLE:
            self._generations.fail(str(remake))
        old = self._generations.now if remake.reason not in UNUSABLE else None
        try:
            made = await self._run(lambda: self._generations.begin(but=old))
            for some in _batches(names):
                await self._run(lambda some=some: made.put(fetch(some)))  # type: ignore[misc]
            looked_at = list(islice(names, LOOKED_AT))
            await self._run(lambda: made.check(fetch(looked_at)))
            await self._run(lambda: self._generations.install(made))
        except VectorsUnavailable as error:
            self._generations.fail(str(error))
            await self._run(self._generations.give_up)  # also of the old one: it may hold what was deleted
            raise


def _digests(vectors: Mapping[str, Vector]) -> dict[str, str]:
    return {name: vector.digest for name, vector in vectors.items()}


def _part(vectors: Mapping[str, Vector], names: Sequence[str]) -> dict[str, Vector]:
    return {name: vectors[name] for name in names}


def _of_both(changes: Mapping[str, Vector], now: Generation, names: Sequence[str]) -> Mapping[str, Vector]:
    kept = now.read([name for name in names if name not in changes])
    return kept | {name: changes[name] for name in names if name in changes}


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[at : at + BATCH] for at in range(0, len(names), BATCH))
