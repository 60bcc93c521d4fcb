"""An embedder for tests: vectors of words and parts of words, without a model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from zlib import crc32

from bot.domain.terms import terms
from memory.embedding import DIMENSIONS

GRAM = 4  # letters: long enough to tell stems apart, short enough that "timeout" meets "timed-out"
GRAM_WEIGHT = 0.35  # of a whole word's


class HashingEmbedder:
    """Words and groups of letters, each hashed to one of 384 places and a sign ("the hashing trick").

    Close vectors share words or parts of words; it knows nothing of meaning: "slow" and "latency" are strangers.
    """

    name = "hashing-1"

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [_vector(text) for text in texts]

    def rest(self) -> None:
        """There is nothing to give back."""


def _vector(text: str) -> list[float]:
    values = [0.0] * DIMENSIONS
    counts: dict[str, int] = {}
    for term in terms(text):
        counts[term] = counts.get(term, 0) + 1
    for term, count in counts.items():
        weight = 1 + math.log(count)
        for place, sign, share in _places(term):
            values[place] += sign * share * weight
    length = math.sqrt(sum(value * value for value in values))
    if length == 0:  # no words at all: any direction is as good, but cosine needs one
        values[0] = length = 1.0
    return [value / length for value in values]


@lru_cache(maxsize=20_000)
def _places(term: str) -> tuple[tuple[int, float, float], ...]:
    return tuple((code % DIMENSIONS, 1.0 if code >> 31 else -1.0, share) for code, share in _features(term))


def _features(term: str) -> Iterator[tuple[int, float]]:
    yield crc32(f"w:{term}".encode()), 1.0
    padded = f"<{term}>"
    for at in range(len(padded) - GRAM + 1):
        yield crc32(f"g:{padded[at : at + GRAM]}".encode()), GRAM_WEIGHT
