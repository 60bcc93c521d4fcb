"""One folder of Chroma, connected. Blocks; whatever Chroma raises becomes VectorsUnavailable."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from memory.vectors.exact import Exact
from memory.vectors.folder import DATABASE
from memory.vectors.vector import Vector, VectorsUnavailable

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

T = TypeVar("T")

COLLECTION = "past_incidents"
NEVER = 10_000_000  # changes until the index files are written
# Up to so many, a question is compared with each of them: 4 ms and 31 MB. Chroma's graph has nodes that no other node
# leads to, 1 to 7 of 1,000 here: whoever asks for these very vectors does not get them.
EXACT_UP_TO = 20_000
UNWRITTEN = ("data_level0.bin", "length.bin")  # room for the first 100 vectors, 168 kB; nothing is read from them
PAGE = 5_000  # digests read in one call
CLOSE = 1e-3  # difference of a number that was put in and read again


class Generation:
    """`held`: digests of what is in it, by name. They are known here: asking Chroma takes as long as all are many."""

    def __init__(self, files: Path) -> None:
        """Connects, which takes Chroma 0.7 s for 5,000 vectors."""
        self.files = files
        self.held: dict[str, str] = {}
        self._exact: Exact | None = Exact()  # None: too many
        self._client, self._collection = guarded(lambda: _connected(files))
        try:
            guarded(self._look_into_it)
            guarded(self._wipe)
            self._file = self._identity()
        except VectorsUnavailable:
            self.close()
            raise

    def put(self, vectors: Mapping[str, Vector]) -> None:
        """Adds and replaces; some hundreds in one call."""
        if not vectors:
            return
        guarded(
            # Always with vectors: without them Chroma downloads a model of its own, or hangs trying.
            lambda: self._collection.upsert(
                ids=list(vectors),
                embeddings=_given([vector.values for vector in vectors.values()]),
                metadatas=[{"digest": vector.digest} for vector in vectors.values()],
            )
        )
        self._note({name: vector.digest for name, vector in vectors.items()})
        if self._exact is not None:
            self._exact.put(list(vectors), [vector.values for vector in vectors.values()])

    def know(self, vectors: Mapping[str, Vector]) -> None:
        """What it holds already, of the record: reading it from Chroma takes ten times as long."""
        if self._exact is not None:
            new = [name for name in vectors if name in self.held and name not in self._exact]
            self._exact.put(new, [vectors[name].values for name in new])

    def nearest(self, vector: Sequence[float], most: int) -> dict[str, float]:
        """Cosine similarity by name."""
        return self._nearest_in_graph(vector, most) if self._exact is None else self._exact.nearest(vector, most)

    def _nearest_in_graph(self, vector: Sequence[float], most: int) -> dict[str, float]:
        def ask() -> dict[str, float]:
            found = self._collection.query(
                query_embeddings=_given([vector]), n_results=min(most, len(self.held)), include=["distances"]
            )
            distances = found["distances"] or [[]]
            return {name: 1.0 - far for name, far in zip(found["ids"][0], distances[0], strict=True)}

        return guarded(ask) if self.held else {}

    def read(self, names: Sequence[str]) -> dict[str, Vector]:
        """What it holds, as it was put in: vectors of length one come back unchanged."""

        def ask() -> dict[str, Vector]:
            found = self._collection.get(ids=list(names), include=["embeddings"])
            values = found["embeddings"]
            if values is None or len(found["ids"]) != len(names):
                raise VectorsUnavailable("it does not hold what was put in")
            return {
                name: Vector(digest=self.held[name], values=[float(value) for value in vector])
                for name, vector in zip(found["ids"], values, strict=True)
            }

        return guarded(ask) if names else {}

    def check(self, some: Mapping[str, Vector]) -> None:
        """Raises where it does not hold as many as were put in, or not these few, or cannot be asked."""
        guarded(self._wipe)
        count = guarded(self._collection.count)
        if count != len(self.held):
            raise VectorsUnavailable(f"it holds {count:,} instead of {len(self.held):,}")
        for name, vector in self.read(list(some)).items():
            wanted = some[name].values
            pairs = zip(vector.values, wanted, strict=False)
            if len(vector.values) != len(wanted) or any(abs(one - other) > CLOSE for one, other in pairs):
                raise VectorsUnavailable(f"the vector of {name} is another one")
            self._nearest_in_graph(wanted, 1)

    def _wipe(self) -> None:
        """Chroma makes index files, never to be written, of memory as it finds it: also of what was just forgotten."""
        for name in UNWRITTEN:
            for file in self.files.glob(f"*/{name}"):
                size = file.stat().st_size
                os.truncate(file, 0)
                os.truncate(file, size)

    @property
    def is_lost(self) -> bool:
        """Whether its files were taken away under it: the process would go on with what nobody else sees."""
        return self._identity() != self._file

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = (self.files / DATABASE).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def close(self) -> None:
        guarded(lambda: _close(self._client))

    def _look_into_it(self) -> None:
        """Only digests."""
        for at in range(0, self._collection.count(), PAGE):
            page = self._collection.get(limit=PAGE, offset=at, include=["metadatas"])
            said = page["metadatas"] or []
            self._note({n: str((m or {}).get("digest", "")) for n, m in zip(page["ids"], said, strict=True)})

    def _note(self, digests: Mapping[str, str]) -> None:
        self.held.update(digests)
        if len(self.held) > EXACT_UP_TO:
            self._exact = None


def guarded(work: Callable[[], T]) -> T:
    """Whatever Chroma raises becomes VectorsUnavailable."""
    try:
        from chromadb.errors import ChromaError
    except ImportError as error:
        raise VectorsUnavailable(f"chromadb cannot be imported: {error}") from error
    try:
        return work()
    except (ChromaError, OSError, ValueError, RuntimeError, LookupError, TypeError) as error:  # by what it reads
        raise VectorsUnavailable(f"Chroma failed: {error}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of its native part; it cannot be imported
            raise
        raise VectorsUnavailable(f"Chroma failed badly: {error}") from error


def _connected(files: Path) -> tuple[ClientAPI, Collection]:
    import chromadb
    from chromadb.config import Settings

    client = chromadb.PersistentClient(path=str(files), settings=Settings(anonymized_telemetry=False))
    collection = client.get_or_create_collection(
        COLLECTION,
        configuration={"hnsw": {"space": "cosine", "sync_threshold": NEVER}},
        embedding_function=None,
    )
    made_with = collection.configuration_json.get("hnsw") or {}
    if made_with.get("space") != "cosine" or made_with.get("sync_threshold") != NEVER:
        _close(client)
        raise VectorsUnavailable("it was made with other settings")
    return client, collection


def _close(client: ClientAPI) -> None:
    getattr(client, "close", lambda: None)()  # it has one that its type does not tell of


def _given(vectors: Sequence[Sequence[float]]) -> list[Sequence[float] | Sequence[int]]:
    """As Chroma's types want them."""
    return [list(vector) for vector in vectors]
