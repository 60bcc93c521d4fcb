"""Cosine similarity by plain multiplication: exact, and faster than an index for what one organisation writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bot.domain.terms import spaced
from memory.embedding import Embedder
from memory.recall.question import Question

# Words, identifiers written apart. Reading takes as long as there are words: all of an alert takes twice to three times
# as long, and finds no more (docs/retrieval.md).
READ_WORDS = 24
SAYS_ENOUGH = 16  # a headline of so many is nearly all that would be read of the whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Passages:
    """Vectors of passages, several to a record; all of length one."""

    def __init__(self, by_record: Mapping[str, Sequence[bytes]]) -> None:
        """Packed, as the store has them."""
        held = {name: packed for name, packed in by_record.items() if packed}
        self._names = tuple(held)
        if held:  # numpy is 14 MB
            self._join(held)

    def _join(self, held: Mapping[str, Sequence[bytes]]) -> None:
        import numpy as np

        self._starts = np.cumsum([0, *(len(packed) for packed in held.values())])[:-1]
        joined = b"".join(each for packed in held.values() for each in packed)
        total = sum(map(len, held.values()))
        self._matrix: NDArray[np.float32] = np.frombuffer(joined, "<f4").reshape(total, -1)
        self._middles = _middles(self._matrix, self._starts)

    def nearest(self, vector: Sequence[float], most: int) -> dict[str, float]:
        """By record: between the cosine of its nearest passage and that of the middle of all its passages."""
        if not self._names:
            return {}
        import numpy as np

        asked = np.asarray(vector, np.float32)
        # Not by matrix product: the threads of its library go on spinning for a while, and the model waits for them.
        similar = np.maximum.reduceat(np.vecdot(self._matrix, asked), self._starts)
        similar = (similar + np.vecdot(self._middles, asked)) / 2
        best = np.argsort(-similar, kind="stable")[:most]
        return {self._names[at]: float(similar[at]) for at in best.tolist()}


def _middles(matrix: NDArray[np.float32], starts: NDArray[np.int64]) -> NDArray[np.float32]:
    import numpy as np

    total: NDArray[np.float32] = np.add.reduceat(matrix, starts)
    total /= np.maximum(np.linalg.norm(total, axis=1, keepdims=True), np.float32(1e-12))
    return total


def vector_of(question: Question, embedder: Embedder) -> list[float]:
    """Between its headline and all of it: what it is called counts as much as all that explains it."""
    import numpy as np

    total = np.asarray(embedder.embed(read_of(question)), np.float64).sum(axis=0)
    middle: list[float] = (total / (np.linalg.norm(total) or 1.0)).tolist()
    return middle


def read_of(question: Question) -> tuple[str, ...]:
    """What the model reads of it: the headline, and where that is short also the beginning of the whole."""
    headline = _beginning(question.headline)
    whole = _beginning(f"{question.text}\n{question.service or ''}")
    if len(headline) >= SAYS_ENOUGH or headline == whole:
        return (" ".join(headline),)
    return " ".join(headline), " ".join(whole)


def _beginning(text: str) -> list[str]:
    return spaced(text).split()[:READ_WORDS]
