"""Past incidents that are like this one: by words always, and by vectors where they are ready."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.errors import NotStored
from memory.embedding import Embedder, NoModel, floats, pack
from memory.recall.likeness import ENOUGH, FIELDS, Memory, entry_of, memory_of, support
from memory.recall.nearness import vector_of
from memory.recall.question import Question
from memory.recall.search import Found, Nearness, Search
from memory.store.past import PastIncident, PastIncidents
from memory.vectors import Vector, VectorIndex, VectorsUnavailable

log = logging.getLogger(__name__)

MOST = 3
VECTOR_WAIT = 1.0  # seconds: reading the model takes 0.3, once; an answer by words must not wait much longer
REREAD_WAIT = 1.0  # seconds: 5,000 incidents are read again in less
LOOK_AGAIN = 1.0  # seconds
AFTER_START = 5.0  # seconds: Slack and the workflow engine are there by then
EMBEDDED_AT_ONCE = 256  # then they are stored: a process that ends half-way has lost seconds of work
IDLE = 600.0  # seconds without a question; then the model's 100 MB are given back
NEAREST = 100  # asked of the index; the others are at most as near as the last of them


@dataclass(frozen=True, kw_only=True)
class Recollection:
    memories: tuple[Memory, ...]  # best first; none where nothing fits
    searched: int
    without_vectors: str = ""  # why they took no part; empty where they did


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What was read, at one moment."""

    incidents: Mapping[str, PastIncident]
    search: Search | None  # None: there are none, and numpy's 15 MB are saved
    mark: int | None  # of the store then; None before the first time

    def found(self, question: Question, near: Nearness | None, most: int) -> Sequence[Found]:
        """Best first."""
        if self.search is None:
            return ()
        return self.search.find(question, near, most, lambda name: support(self.incidents[name], question))


class Recall:
    """Knows the past incidents of the store, and `history` on top, which is written to the store first.

    `mark` is asked before an answer, at most once a second; a number that has changed means that the store has.
    While there are no past incidents, neither model nor index is touched: they take 150 MB. `index_left`: whether
    there may be an index of earlier times, which then has to be emptied.
    """

    def __init__(
        self,
        past: PastIncidents,
        *,
        embedder: Embedder | None,
        vectors: VectorIndex,
        history: Sequence[PastIncident] = (),
        mark: Callable[[], Awaitable[int]] | None = None,
        index_left: bool = True,
    ) -> None:
        self._past = past
        self._history = tuple(history)
        self._embedder = embedder
        self._vectors = vectors
        self._mark = mark
        self._has_index = index_left
        self._known = _Known(incidents={}, search=None, mark=None)
        self._looked_at = -math.inf  # monotonic time of the last look at the mark
        self._reading: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._reading_soon: asyncio.Task[None] | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._without_vectors = "vectors warming up" if embedder else "vectors are off: no embedding model is set"

    def read_soon(self) -> None:
        """Reads the past once the start is over, so that the first alert need not wait for it; returns at once."""
        self._reading_soon = asyncio.create_task(self._read_later())

    async def _read_later(self) -> None:
        await asyncio.sleep(AFTER_START)
        try:
            await self._ready()
        except NotStored as error:
            log.warning("past incidents cannot be read yet: %s", error)

    def warm(self) -> None:
        """Begin to read the past and to open the vectors, which takes a second or two; returns at once."""
        if self._warming is None:
            self._warming = asyncio.create_task(self._open_vectors())

    async def settled(self) -> None:
        """Returns once the vectors are open, or known to be off."""
        self.warm()
        if self._warming is not None:
            await asyncio.shield(self._warming)

    async def find(self, question: Question, most: int = MOST) -> Recollection:
        """Raises NotStored where the past cannot be read."""
        self.warm()
        await self._ready()
        if not self._known.incidents:
            return Recollection(memories=(), searched=0)
        near, without = await self._near(question)
        known = self._known
        found = await asyncio.to_thread(known.found, question, near, most)
        memories = tuple(memory_of(known.incidents[each.id], question, each) for each in found if each.sure >= ENOUGH)
        return Recollection(memories=memories, searched=len(known.incidents), without_vectors=without)

    async def refresh(self) -> None:
        """As the store has it, also while nobody asks: what was forgotten leaves the index. Raises NotStored."""
        if self._known.mark is not None:  # what was never read holds nothing
            await self._ready()

    async def rebuild(self) -> int:
        """The vectors from the store, from nothing: how many. Raises NotStored, NoModel, VectorsUnavailable."""
        await self._ready()
        vectors = await self._made_vectors()
        await self._vectors.rebuild(vectors)
        self._without_vectors = ""
        return len(vectors)

    async def close(self) -> None:
        for task in (self._warming, self._reading, self._reading_soon):
            if task is not None:
                task.cancel()
        if self._resting is not None:
            self._resting.cancel()
        await self._vectors.close()

    # --- the parts ---------------------------------------------------------------------------------------------------

    async def _ready(self) -> None:
        """Reads the past once, whoever asks; again after a failure, and when it has changed."""
        if self._reading is None or (self._reading.done() and (self._failed(self._reading) or await self._changed())):
            self._reading = asyncio.create_task(self._read())
        if self._known.mark is None:
            await asyncio.shield(self._reading)
            return
        # What is known already answers where reading takes long.
        await asyncio.wait([self._reading], timeout=REREAD_WAIT)
        if self._reading.done():
            self._reading.result()

    async def _changed(self) -> bool:
        now = asyncio.get_running_loop().time()
        if self._mark is None or now - self._looked_at < LOOK_AGAIN:
            return False
        self._looked_at = now
        return await self._mark() != self._known.mark

    @staticmethod
    def _failed(task: asyncio.Task[None]) -> bool:
        return task.cancelled() or task.exception() is not None

    async def _read(self) -> None:
        if self._history:
            await self._past.save(self._history)
        mark = await self._mark() if self._mark else 0
        incidents = {past.id: past for past in await self._past.all()}
        search = await asyncio.to_thread(_search, incidents.values()) if incidents else None
        again = self._known.mark is not None
        self._known = _Known(incidents=incidents, search=search, mark=mark)
        if again:
            self._open_again()

    def _open_again(self) -> None:
        """Brings the vectors up to date, or makes them again where they broke; one that is at it sees the change."""
        if self._warming is not None and self._warming.done():
            self._warming = asyncio.create_task(self._open_vectors())

    async def _open_vectors(self) -> None:
        if self._embedder is None:
            return
        opened: _Known | None = None
        try:
            await self._ready()
            while opened is not self._known:  # it may have changed meanwhile
                opened = self._known
                if not opened.incidents and not self._has_index:
                    return
                self._has_index = True
                await self._vectors.open(await self._made_vectors())
        except (VectorsUnavailable, NoModel, NotStored) as error:
            log.warning("past incidents are searched by words only: %s", error)
            self._without_vectors = f"vectors are off: {error}"
        else:
            self._without_vectors = ""
            self._rest_later(self._embedder)

    async def _made_vectors(self) -> dict[str, Vector]:
        """From the store; what is missing there is made and stored, part by part. Raises NoModel."""
        embedder = self._embedder
        if embedder is None:
            raise NoModel("no embedding model is set")
        incidents = self._known.incidents
        packed = dict(await self._past.vectors(embedder.name))
        missing = sorted(
            (past for past in incidents.values() if past.id not in packed), key=lambda past: len(past.text)
        )
        for at in range(0, len(missing), EMBEDDED_AT_ONCE):
            some = missing[at : at + EMBEDDED_AT_ONCE]
            made = await asyncio.to_thread(embedder.embed, [past.text for past in some])
            new = {past.id: pack(vector) for past, vector in zip(some, made, strict=True)}
            await self._past.save_vectors(embedder.name, new, {past.id: past.digest for past in some})
            packed |= new
        return {
            past.id: Vector(digest=f"{embedder.name}:{past.digest}", values=floats(packed[past.id]))
            for past in incidents.values()
        }

    def _rest_later(self, embedder: Embedder) -> None:
        if self._resting is not None:
            self._resting.cancel()
        loop = asyncio.get_running_loop()
        self._resting = loop.call_later(IDLE, lambda: loop.run_in_executor(None, embedder.rest))

    async def _near(self, question: Question) -> tuple[Nearness | None, str]:
        """Similarity by id, or why there is none."""
        if self._without_vectors or self._embedder is None:
            return None, self._without_vectors
        self._rest_later(self._embedder)
        try:
            async with asyncio.timeout(VECTOR_WAIT):
                vector = await asyncio.to_thread(vector_of, question, self._embedder)
                near = await self._vectors.nearest(vector, NEAREST)
        except TimeoutError:
            return None, "vectors took too long"
        except (VectorsUnavailable, NoModel) as error:
            log.warning("vectors failed: %s", error)
            if isinstance(error, VectorsUnavailable):
                self._open_again()
            return None, f"vectors are off: {error}"
        is_all = len(near) < NEAREST
        return Nearness(text=near, title={}, least=0.0 if is_all else min(near.values())), ""


def _search(incidents: Iterable[PastIncident]) -> Search:
    return Search([entry_of(past) for past in incidents], FIELDS)
