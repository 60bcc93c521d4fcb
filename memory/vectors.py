"""Nearest vectors by Chroma, embedded. The record is SQL: this index is thrown away and made again at any trouble.

What it guards against was seen with Chroma 1.5: a killed process can leave index files that fail every call, or that
grow to terabytes when they are opened. So the index files are never written (`sync_threshold`; Chroma then replays its
own log at start), their size is looked at before opening, and a folder has one owner.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

from bot.domain.errors import FirstResponderError

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

log = logging.getLogger(__name__)

T = TypeVar("T")

COLLECTION = "past_incidents"
NEVER = 10_000_000  # changes until the index files are written
LINKS_LIMIT = 256 * 1024 * 1024  # bytes of link_lists.bin; 100,000 incidents need less, a broken one grows to terabytes
BATCH = 1000  # vectors in one call; Chroma refuses more than some 5,000


class VectorsUnavailable(FirstResponderError):
    """There is no index to ask; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Vector:
    """`digest` tells whether the text behind it has changed."""

    digest: str
    values: Sequence[float]


class VectorIndex:
    """All of Chroma runs on one thread of its own: importing it takes a second, and it blocks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="vectors")
        self._files = folder / "chroma-first"
        self._owner: IO[str] | None = None
        self._client: ClientAPI | None = None
        self._collection: Collection | None = None

    async def open(self, vectors: Mapping[str, Vector]) -> None:
        """Afterwards it holds exactly these. Raises VectorsUnavailable."""
        await self._run(lambda: self._open(vectors))

    async def rebuild(self, vectors: Mapping[str, Vector]) -> None:
        """From nothing. Raises VectorsUnavailable."""
        await self._run(lambda: self._rebuild(vectors))

    async def nearest(self, vector: Sequence[float], most: int) -> dict[str, float]:
        """Cosine similarity by id. Raises VectorsUnavailable."""
        return await self._run(lambda: self._nearest(vector, most))

    async def close(self) -> None:
        await self._run(self._close)
        self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except RuntimeError as error:  # closed
            raise VectorsUnavailable(f"the vector index is closed: {error}") from error

    # --- on the thread -----------------------------------------------------------------------------------------------

    def _open(self, vectors: Mapping[str, Vector]) -> None:
        self._take_folder()
        self._drop_if_oversized()
        try:
            self._fill(vectors)
        except VectorsUnavailable as error:
            log.warning("the vector index is made again: %s", error)
            self._rebuild(vectors)

    def _rebuild(self, vectors: Mapping[str, Vector]) -> None:
        self._take_folder()
        self._disconnect()
        self._remove_files()
        self._fill(vectors)

    def _nearest(self, vector: Sequence[float], most: int) -> dict[str, float]:
        collection = self._collection
        if collection is None:
            raise VectorsUnavailable("the vector index is not open")

        def ask() -> dict[str, float]:
            held = collection.count()
            if held == 0:
                return {}
            found = collection.query(
                query_embeddings=_given([vector]), n_results=min(most, held), include=["distances"]
            )
            distances = found["distances"] or [[]]
            return {name: 1.0 - far for name, far in zip(found["ids"][0], distances[0], strict=True)}

        return _guarded(ask)

    def _fill(self, vectors: Mapping[str, Vector]) -> None:
        """Connects and makes it hold exactly `vectors`."""
        self._collection = collection = _guarded(self._connect)

        def bring_up_to_date() -> None:
            held = collection.get(include=["metadatas"])
            digests = {n: (m or {}).get("digest") for n, m in zip(held["ids"], held["metadatas"] or [], strict=True)}
            gone = [name for name in digests if name not in vectors]
            new = [name for name, vector in vectors.items() if digests.get(name) != vector.digest]
            for names in _batches(gone):
                collection.delete(ids=names)
            for names in _batches(new):
                # Always with vectors: without them Chroma downloads a model of its own, or hangs trying.
                collection.upsert(
                    ids=names,
                    embeddings=_given([vectors[name].values for name in names]),
                    metadatas=[{"digest": vectors[name].digest} for name in names],
                )
            if collection.count() != len(vectors):
                raise VectorsUnavailable("it does not hold what was put in")
            if vectors:
                some = next(iter(vectors.values()))
                collection.query(query_embeddings=_given([some.values]), n_results=1, include=["distances"])

        _guarded(bring_up_to_date)

    def _connect(self) -> Collection:
        import chromadb
        from chromadb.config import Settings

        if self._client is None:
            settings = Settings(anonymized_telemetry=False)
            self._client = chromadb.PersistentClient(path=str(self._files), settings=settings)
        return self._client.get_or_create_collection(
            COLLECTION,
            configuration={"hnsw": {"space": "cosine", "sync_threshold": NEVER}},
            embedding_function=None,
        )

    def _all_files(self) -> list[Path]:
        return sorted(self._folder.glob("chroma-*"))

    def _take_folder(self) -> None:
        if self._owner is not None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            owner = (self._folder / "owner.lock").open("a")
        except OSError as error:
            raise VectorsUnavailable(f"the folder of the vector index cannot be used: {error}") from error
        try:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner.close()
            raise VectorsUnavailable(f"{self._folder} is in use by another process") from error
        self._owner = owner
        self._files = next(iter(self._all_files()), self._files)

    def _drop_if_oversized(self) -> None:
        for path in self._folder.glob("chroma-*/*/link_lists.bin"):
            size = path.stat().st_size
            if size > LINKS_LIMIT:
                log.warning("%s has %d bytes: a broken index, which is removed", path, size)
                self._remove_files()
                return

    def _remove_files(self) -> None:
        """The next ones get another name: within a process Chroma keeps what failed to open, by its path."""
        for path in self._all_files():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        self._files = self._folder / f"chroma-{uuid.uuid4().hex[:12]}"

    def _disconnect(self) -> None:
        self._collection = None
        if self._client is None:
            return
        client, self._client = self._client, None
        _guarded(getattr(client, "close", lambda: None))

    def _close(self) -> None:
        self._disconnect()
        if self._owner is not None:
            self._owner.close()
            self._owner = None


def _guarded(work: Callable[[], T]) -> T:
    """Whatever Chroma raises becomes VectorsUnavailable."""
    try:
        from chromadb.errors import ChromaError
    except ImportError as error:
        raise VectorsUnavailable(f"chromadb cannot be imported: {error}") from error
    try:
        return work()
    except (ChromaError, OSError, ValueError, RuntimeError) as error:
        raise VectorsUnavailable(f"Chroma failed: {error}") from error


def _given(vectors: Sequence[Sequence[float]]) -> list[Sequence[float] | Sequence[int]]:
    """As Chroma's types want them."""
    return [list(vector) for vector in vectors]


def _batches(names: Sequence[str]) -> list[list[str]]:
    return [list(names[at : at + BATCH]) for at in range(0, len(names), BATCH)]
