"""Search by words over a few thousand past incidents, in memory: BM25 with weighted fields.

S. Robertson, H. Zaragoza: "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), sections 3.4 and 3.6.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.terms import terms

K1, B = 1.2, 0.75  # the usual values: how soon repeats stop counting, how much long texts are held back

Document = Mapping[str, str]  # text by field


@dataclass(frozen=True, kw_only=True)
class Hit:
    """`score` has no upper end; `matched` are the words of the question that were found, by field."""

    id: str
    score: float
    matched: Mapping[str, tuple[str, ...]]


class LexicalIndex:
    """`weights`: by field, what one occurrence counts."""

    def __init__(self, documents: Mapping[str, Document], weights: Mapping[str, float]) -> None:
        self._fields = {name: {f: Counter(terms(document[f])) for f in weights} for name, document in documents.items()}
        self._frequencies = {name: _weighted(fields, weights) for name, fields in self._fields.items()}
        self._lengths = {name: sum(found.values()) for name, found in self._frequencies.items()}
        self._average = sum(self._lengths.values()) / len(self._lengths) if self._lengths else 1.0
        self._holding = Counter(term for found in self._frequencies.values() for term in found)

    def search(self, question: Mapping[str, float]) -> list[Hit]:
        """Best first, all that share a word; `question` has a weight for each term."""
        hits = [self._hit(name, question) for name in self._fields]
        return sorted((hit for hit in hits if hit.score > 0), key=lambda hit: (-hit.score, hit.id))

    def rarity(self, term: str) -> float:
        """The inverse document frequency: 0 and up, the rarer the higher."""
        holding = self._holding[term]
        return math.log(1 + (len(self._fields) - holding + 0.5) / (holding + 0.5))

    def _hit(self, name: str, question: Mapping[str, float]) -> Hit:
        found = self._frequencies[name]
        long = 1 - B + B * self._lengths[name] / self._average if self._average else 1.0
        shared = [term for term in question if term in found]
        score = sum(
            question[term] * self.rarity(term) * found[term] * (K1 + 1) / (found[term] + K1 * long) for term in shared
        )
        return Hit(id=name, score=score, matched=self._matched(name, shared))

    def _matched(self, name: str, shared: Sequence[str]) -> dict[str, tuple[str, ...]]:
        fields = {field: tuple(t for t in shared if t in found) for field, found in self._fields[name].items()}
        return {field: found for field, found in fields.items() if found}


def _weighted(fields: Mapping[str, Counter[str]], weights: Mapping[str, float]) -> dict[str, float]:
    total: dict[str, float] = {}
    for field, found in fields.items():
        for term, count in found.items():
            total[term] = total.get(term, 0.0) + weights[field] * count
    return total
