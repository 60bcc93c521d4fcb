"""Search by words, in memory: BM25 over weighted fields, and pairs of words that follow each other.

S. Robertson, H. Zaragoza: "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), sections 3.4 and 3.6. What a
word counts in a document is worked out when the index is made and kept in arrays, so that a question costs a few
additions of arrays: 100,000 incidents take milliseconds (docs/retrieval.md compares it with SQLite's FTS5).
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.terms import Wording, wording

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAYS_LITTLE = 5.0  # rarity of a question that gets half of what it finds: one rare word, or two
MOST_FIELDS = 8  # bits of the byte that says which fields hold a word
_MIX = 0x9E3779B1  # 2**32 over the golden ratio, odd: spreads neighbouring numbers
_MASK = (1 << 32) - 1

Document = Mapping[str, str]  # text by field


@dataclass(frozen=True, kw_only=True)
class Saturation:
    """`k1`: how soon repeats stop counting. `b`: how much long texts are held back."""

    k1: float = 1.5
    b: float = 0.75


@dataclass(frozen=True, kw_only=True)
class Hit:
    """`score` has no upper end; `matched` are the words of the question that were found, by field."""

    id: str
    score: float
    matched: Mapping[str, tuple[str, ...]]


class LexicalIndex:
    """`weights`: by field, what one occurrence counts. It never changes; a new one takes its place."""

    def __init__(
        self, documents: Mapping[str, Document], weights: Mapping[str, float], saturation: Saturation = Saturation()
    ) -> None:
        import numpy as np

        assert len(weights) <= MOST_FIELDS
        self.ids: Sequence[str] = tuple(documents)
        self._fields = tuple(weights)
        self._k1 = saturation.k1
        self._codes: dict[str, int] = {}
        postings = _Postings(self._codes, weights)
        for document in documents.values():
            postings.add(document)
        terms = np.frombuffer(postings.terms, np.int32)
        order = np.argsort(terms, kind="stable")
        self._starts = np.zeros(len(self._codes) + 1, np.int64)
        np.cumsum(np.bincount(terms, minlength=len(self._codes)), out=self._starts[1:])
        self._documents = np.frombuffer(postings.documents, np.int32)[order]
        self._held_by = np.frombuffer(postings.fields, np.uint8)[order]
        counts = np.frombuffer(postings.counts, np.float32)[order]
        long = _length_norms(self._documents, counts, len(self.ids), saturation.b)
        self._impacts = counts * np.float32(self._k1 + 1) / (counts + np.float32(self._k1) * long[self._documents])
        self._pairs = np.frombuffer(postings.pairs, np.uint32)
        self._pair_starts = np.frombuffer(postings.pair_starts, np.int64)

    def __len__(self) -> int:
        return len(self.ids)

    def scores(self, question: Mapping[str, float]) -> NDArray[np.float32]:
        """By position in `ids`, 0 to 1: the share of what a document full of these words would get.

        A question of one or two common words never gets near 1: it says too little.
        """
        import numpy as np

        found = np.zeros(len(self.ids), np.float32)
        ideal = 0.0
        for term, weight in question.items():
            worth = weight * self.rarity(term)
            ideal += worth * (self._k1 + 1)
            postings = self._of(term)
            found[self._documents[postings]] += self._impacts[postings] * np.float32(worth)
        return found / np.float32(ideal + SAYS_LITTLE * (self._k1 + 1))

    def search(self, question: Mapping[str, float], most: int = 100) -> list[Hit]:
        """Best first, those that share a word; `question` has a weight for each term."""
        import numpy as np

        scores = self.scores(question)
        best = np.argsort(-scores, kind="stable")[:most]
        return [
            Hit(id=self.ids[at], score=float(scores[at]), matched=self.matched(at, question))
            for at in best.tolist()
            if scores[at] > 0
        ]

    def matched(self, position: int, terms: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Which of `terms` stand in which field of a document, the rarest first."""
        import numpy as np

        found: dict[str, list[str]] = {}
        for term in sorted(terms, key=self.rarity, reverse=True):
            postings = self._of(term)
            documents = self._documents[postings]
            at = int(np.searchsorted(documents, position))
            if at < len(documents) and documents[at] == position:
                held_by = int(self._held_by[postings][at])
                for bit, name in enumerate(self._fields):
                    if held_by >> bit & 1:
                        found.setdefault(name, []).append(term)
        return {name: tuple(found[name]) for name in self._fields if name in found}

    def quoted(self, positions: Sequence[int], question: Wording) -> list[float]:
        """For each document, 0 to 1: the share of the question's pairs of words that stand there, by rarity."""
        import numpy as np

        if not question.pairs:
            return [0.0] * len(positions)
        pairs = sorted(question.pairs)
        worth = np.array([self.rarity(one) + self.rarity(other) for one, other in pairs], np.float32)
        known = np.array([one in self._codes and other in self._codes for one, other in pairs])
        codes = np.array([_pair(self._codes.get(a, 0), self._codes.get(b, 0)) for a, b in pairs], np.uint32)
        total = float(worth.sum()) or 1.0
        shares = []
        for position in positions:
            held = self._pairs_of(position)
            places = np.searchsorted(held, codes)
            there = known & (places < len(held))
            there[there] = held[places[there]] == codes[there]
            shares.append(float(worth[there].sum()) / total)
        return shares

    def resemblance(self, one: int, other: int) -> float:
        """0 to 1: the share of their pairs of words that two documents have in common (A. Broder, 1997)."""
        import numpy as np

        of_one, of_other = self._pairs_of(one), self._pairs_of(other)
        shared = len(np.intersect1d(of_one, of_other, assume_unique=True))
        either = len(of_one) + len(of_other) - shared
        return shared / either if either else 0.0

    def rarity(self, term: str) -> float:
        """The inverse document frequency: 0 and up, the rarer the higher."""
        postings = self._of(term)
        holding = postings.stop - postings.start
        return math.log(1 + (len(self.ids) - holding + 0.5) / (holding + 0.5))

    def _pairs_of(self, position: int) -> NDArray[np.uint32]:
        return self._pairs[self._pair_starts[position] : self._pair_starts[position + 1]]

    def _of(self, term: str) -> slice:
        code = self._codes.get(term)
        return slice(0, 0) if code is None else slice(int(self._starts[code]), int(self._starts[code + 1]))


class _Postings:
    """Collected document by document, in plain arrays: four bytes for each number."""

    def __init__(self, codes: dict[str, int], weights: Mapping[str, float]) -> None:
        self._codes = codes
        self._weights = weights
        self._size = 0
        self.terms, self.documents = array("i"), array("i")
        self.counts, self.fields = array("f"), array("B")
        self.pairs, self.pair_starts = array("I"), array("q", [0])

    def add(self, document: Document) -> None:
        totals: dict[int, float] = {}
        held_by: dict[int, int] = {}
        pairs: set[int] = set()
        codes = self._codes  # no calls in what follows: it is done for every word of 100,000 incidents
        for bit, (name, weight) in enumerate(self._weights.items()):
            found = wording(document.get(name, ""))
            for term in found.terms:
                code = codes.setdefault(term, len(codes))
                totals[code] = totals.get(code, 0.0) + weight
                held_by[code] = held_by.get(code, 0) | 1 << bit
            pairs.update([(codes[one] * _MIX + codes[other]) & _MASK for one, other in found.pairs])
        self.terms.extend(totals)
        self.counts.extend(totals.values())
        self.fields.extend(held_by[code] for code in totals)
        self.documents.extend([self._size] * len(totals))
        self.pairs.extend(sorted(pairs))
        self.pair_starts.append(len(self.pairs))
        self._size += 1


def _length_norms(
    documents: NDArray[np.int32], counts: NDArray[np.float32], size: int, b: float
) -> NDArray[np.float32]:
    import numpy as np

    lengths = np.bincount(documents, weights=counts, minlength=size)
    average = lengths.mean() if size and lengths.any() else 1.0
    norms: NDArray[np.float32] = (1 - b + b * lengths / average).astype(np.float32)
    return norms


def _pair(one: int, other: int) -> int:
    """Two words as one number; that two pairs share one is too rare to matter."""
    return (one * _MIX + other) & _MASK
