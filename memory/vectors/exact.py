"""All vectors in memory, compared one by one: while they are few this is faster than a graph, and misses none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from memory.vectors.vector import VectorsUnavailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

FIRST_ROOM = 256  # rows; then doubled


class Exact:
    def __init__(self) -> None:
        self._place: dict[str, int] = {}
        self._names: list[str] = []
        self._rows: NDArray[np.float32] | None = None

    def __contains__(self, name: str) -> bool:
        return name in self._place

    def put(self, names: Sequence[str], vectors: ArrayLike) -> None:
        """Adds and replaces. Raises VectorsUnavailable where one has another dimension."""
        import numpy as np

        if not names:
            return
        try:
            new = np.array(vectors, np.float32)
            new /= np.maximum(np.linalg.norm(new, axis=1, keepdims=True), 1e-12)
            places = [self._place_of(name) for name in names]
            self._room(len(self._names), new.shape[1])[places] = new
        except ValueError as error:
            raise VectorsUnavailable(f"vectors of different dimensions: {error}") from error

    def nearest(self, vector: Sequence[float], most: int) -> dict[str, float]:
        """Cosine similarity by name, the nearest first."""
        import numpy as np

        if self._rows is None or most < 1:
            return {}
        asked = np.asarray(vector, np.float32)
        if asked.shape != self._rows.shape[1:]:
            raise VectorsUnavailable(f"asked with {asked.size} numbers where it holds {self._rows.shape[1]}")
        # Not by matrix product: the threads of its library go on spinning for a while, and the model, which is asked
        # next, takes twice as long (docs/retrieval.md).
        similar = np.vecdot(self._rows[: len(self._names)], asked / max(float(np.linalg.norm(asked)), 1e-12))
        most = min(most, len(similar))
        best = np.argpartition(-similar, most - 1)[:most]
        return {self._names[at]: float(similar[at]) for at in best[np.argsort(-similar[best], kind="stable")].tolist()}

    def _place_of(self, name: str) -> int:
        if name not in self._place:
            self._place[name] = len(self._names)
            self._names.append(name)
        return self._place[name]

    def _room(self, rows: int, dimensions: int) -> NDArray[np.float32]:
        import numpy as np

        if self._rows is None:
            self._rows = np.zeros((max(rows, FIRST_ROOM), dimensions), np.float32)
        elif rows > len(self._rows):
            larger = np.zeros((max(rows, 2 * len(self._rows)), self._rows.shape[1]), np.float32)
            larger[: len(self._rows)] = self._rows
            self._rows = larger
        return self._rows
