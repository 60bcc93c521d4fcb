"""Past incidents that are like this one: by words always, and by vectors where they are ready."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.context import ContextRequest
from bot.domain.errors import NotStored, SourceError
from bot.domain.evidence import Answer, Evidence, FailureReason, PastIncidentFact
from memory.embedding import Embedder, pack, unpack
from memory.lexical import LexicalIndex
from memory.likeness import ENOUGH, Memory, Question, weigh
from memory.store.past import PastIncident, PastIncidents
from memory.vectors import Vector, VectorIndex, VectorsUnavailable

log = logging.getLogger(__name__)

MOST = 3
FIELDS = {"title": 2.0, "service": 1.0, "symptoms": 1.5, "cause": 1.0, "fix": 0.5}
VECTOR_WAIT = 0.2  # seconds: vectors refine an answer, they must not hold it up


@dataclass(frozen=True, kw_only=True)
class Recollection:
    memories: tuple[Memory, ...]  # best first; none where nothing fits
    searched: int
    without_vectors: str = ""  # why they took no part; empty where they did


class Recall:
    """Knows the past incidents of the store, and `history` on top, which is written to the store first."""

    def __init__(
        self,
        past: PastIncidents,
        *,
        embedder: Embedder,
        vectors: VectorIndex,
        history: Sequence[PastIncident] = (),
    ) -> None:
        self._past = past
        self._history = tuple(history)
        self._embedder = embedder
        self._vectors = vectors
        self._incidents: Mapping[str, PastIncident] = {}
        self._words = LexicalIndex({}, FIELDS)
        self._reading: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._without_vectors = "vectors warming up"

    def warm(self) -> None:
        """Begin to read the past and to open the vectors, which takes a second or two; returns at once."""
        if self._warming is None:
            self._warming = asyncio.create_task(self._open_vectors())

    async def settled(self) -> None:
        """Returns once the vectors are open, or known to be off."""
        self.warm()
        if self._warming is not None:
            await asyncio.shield(self._warming)

    async def find(self, question: Question) -> Recollection:
        """Raises NotStored where the past cannot be read."""
        self.warm()
        await self._ready()
        hits = {hit.id: hit for hit in self._words.search(question.weights)}
        near, without = await self._near(question)
        scored = [weigh(past, question, hits.get(name), near) for name, past in self._incidents.items()]
        fitting = [memory for memory in scored if memory.score >= ENOUGH]
        fitting.sort(key=lambda memory: (-memory.score, -memory.past.started_at.timestamp(), memory.past.id))
        return Recollection(memories=tuple(fitting[:MOST]), searched=len(scored), without_vectors=without)

    async def rebuild(self) -> int:
        """The vectors from the store, from nothing. How many there are. Raises NotStored and VectorsUnavailable."""
        await self._ready()
        vectors = await self._made_vectors()
        await self._vectors.rebuild(vectors)
        self._without_vectors = ""
        return len(vectors)

    async def close(self) -> None:
        for task in (self._warming, self._reading):
            if task is not None:
                task.cancel()
        await self._vectors.close()

    # --- the parts ---------------------------------------------------------------------------------------------------

    async def _ready(self) -> None:
        """Reads the past once, whoever asks; again after a failure."""
        if self._reading is None or (self._reading.done() and self._failed(self._reading)):
            self._reading = asyncio.create_task(self._read())
        await asyncio.shield(self._reading)

    @staticmethod
    def _failed(task: asyncio.Task[None]) -> bool:
        return task.cancelled() or task.exception() is not None

    async def _read(self) -> None:
        if self._history:
            await self._past.save(self._history)
        self._incidents = {past.id: past for past in await self._past.all()}
        self._words = LexicalIndex({name: _fields(past) for name, past in self._incidents.items()}, FIELDS)

    async def _open_vectors(self) -> None:
        try:
            await self._ready()
            await self._vectors.open(await self._made_vectors())
        except (VectorsUnavailable, NotStored) as error:
            log.warning("past incidents are searched by words only: %s", error)
            self._without_vectors = f"vectors are off: {error}"
        else:
            self._without_vectors = ""

    async def _made_vectors(self) -> dict[str, Vector]:
        """From the store; what is missing there is made and stored."""
        name = self._embedder.name
        packed = dict(await self._past.vectors(name))
        missing = [past for past in self._incidents.values() if past.id not in packed]
        if missing:
            made = await asyncio.to_thread(self._embedder.embed, [past.text for past in missing])
            new = {past.id: pack(vector) for past, vector in zip(missing, made, strict=True)}
            await self._past.save_vectors(name, new, {past.id: past.digest for past in missing})
            packed |= new
        return {
            past.id: Vector(digest=f"{name}:{past.digest}", values=unpack(packed[past.id]))
            for past in self._incidents.values()
        }

    async def _near(self, question: Question) -> tuple[Mapping[str, float], str]:
        """Similarity by id, and why there is none."""
        if self._without_vectors:
            return {}, self._without_vectors
        vector = self._embedder.embed([f"{question.text}\n{question.service or ''}"])[0]
        try:
            async with asyncio.timeout(VECTOR_WAIT):
                return await self._vectors.nearest(vector, len(self._incidents)), ""
        except TimeoutError:
            return {}, "vectors took too long"
        except VectorsUnavailable as error:
            log.warning("vectors failed: %s", error)
            return {}, f"vectors are off: {error}"


class RecallSource:
    """The `ContextSource` of past incidents."""

    name = "memory"

    def __init__(self, recall: Recall) -> None:
        self._recall = recall

    async def look(self, request: ContextRequest) -> Answer:
        try:
            found = await self._recall.find(question_about(request))
        except NotStored as error:
            raise SourceError(FailureReason.UNREACHABLE, f"Past incidents cannot be read: {error}.") from error
        if not found.searched:
            return Answer(skipped="there are no past incidents yet")
        without = f" ({found.without_vectors})" if found.without_vectors else ""
        checked = f"{found.searched} past incidents{without}"
        return Answer(evidence=tuple(_evidence(memory) for memory in found.memories), checked=checked)


def question_about(request: ContextRequest) -> Question:
    parts = [
        part
        for alert in request.alerts
        for part in (alert.title, alert.labels.get("alertname", ""), alert.description)
        if part
    ]
    return Question(text="\n".join(dict.fromkeys(parts)), service=request.service_name)


def _evidence(memory: Memory) -> Evidence:
    past = memory.past
    fact = PastIncidentFact(
        incident=past.id,
        title=past.title,
        service=past.service,
        cause=past.cause,
        cause_kind=past.cause_kind,
        fix=past.fix,
        at=past.started_at,
        minutes=past.minutes,
        score=memory.score,
        why=memory.why,
    )
    cause = f" Cause: {past.cause}." if past.cause else ""
    fix = f" Fixed by: {past.fix}." if past.fix else ""
    text = f"{past.id} was like this: {past.title}.{cause}{fix}"
    return Evidence(source=RecallSource.name, text=text, fact=fact, link=past.link, at=past.started_at)


def _fields(past: PastIncident) -> dict[str, str]:
    return {
        "title": past.title,
        "service": past.service or "",
        "symptoms": past.symptoms,
        "cause": past.cause,
        "fix": past.fix,
    }
