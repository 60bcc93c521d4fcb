"""Cosine similarity by plain multiplication: exact, and faster than an index for what one organisation writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from memory.embedding import Embedder
from memory.recall.question import Question

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Passages:
    """Vectors of passages, several to a record; all of length one."""

    def __init__(self, by_record: Mapping[str, Sequence[bytes]]) -> None:
        """Packed, as the store has them."""
        import numpy as np

        held = {name: packed for name, packed in by_record.items() if packed}
        self._names = tuple(held)
        self._starts = np.cumsum([0, *(len(packed) for packed in held.values())])[:-1]
        joined = b"".join(each for packed in held.values() for each in packed)
        total = sum(map(len, held.values()))
        self._matrix: NDArray[np.float32] = np.frombuffer(joined, "<f4").reshape(total, -1 if total else 0)

    def nearest(self, vector: Sequence[float], most: int) -> dict[str, float]:
        """By record: the cosine of its nearest passage."""
        import numpy as np

        if not self._names:
            return {}
        similar = np.maximum.reduceat(self._matrix @ np.asarray(vector, np.float32), self._starts)
        best = np.argsort(-similar, kind="stable")[:most]
        return {self._names[at]: float(similar[at]) for at in best.tolist()}


def vector_of(question: Question, embedder: Embedder) -> list[float]:
    """Between its headline and all of it: what it is called counts as much as all that explains it."""
    import numpy as np

    texts = tuple(dict.fromkeys((question.headline, f"{question.text}\n{question.service or ''}".rstrip())))
    total = np.asarray(embedder.embed(texts), np.float64).sum(axis=0)
    middle: list[float] = (total / (np.linalg.norm(total) or 1.0)).tolist()
    return middle
