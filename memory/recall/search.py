"""Records of one kind, searched by words always and by vectors where there are some."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from bot.domain.terms import wording
from memory.lexical import LexicalIndex, Saturation
from memory.recall.entry import Entry
from memory.recall.names import Names
from memory.recall.question import Question
from memory.recall.ranking import (
    BACKGROUND,
    BY_WORDS,
    SURE_BY_WORDS,
    SURE_WITH_VECTORS,
    WITH_VECTORS,
    Parts,
    background,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CANDIDATES = 60  # by words, and as many by vectors: what is weighed in full
OF_A_PASSAGE = Saturation(k1=1.2, b=0.5)  # passages are of one length, and repeat little
SERVICE_WEIGHT = 0.4  # of the service's name within the question: it is in the texts of all its records
LOOKED_AT = 600  # by words, for these candidates
MOST_AGAIN = 10  # of them that tell of the same thing
NEARLY_EQUAL = 0.7  # of two records' pairs of words in common: the same told twice; sister pages have fewer


@dataclass(frozen=True, kw_only=True)
class Nearness:
    """Cosine similarity by record. `least`: of those that were not among the nearest."""

    text: Mapping[str, float]
    title: Mapping[str, float]
    least: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Found:
    id: str
    total: float  # what the order goes by
    sure: float  # 0 to 1: that it is the right one
    parts: Parts
    matched: Mapping[str, tuple[str, ...]]  # words of the question by field, the rarest first


class Search:
    def __init__(self, entries: Sequence[Entry], weights: Mapping[str, float]) -> None:
        self._entries = {entry.id: entry for entry in entries}
        self._whole = LexicalIndex({entry.id: entry.fields for entry in entries}, weights)
        self._place = {name: at for at, name in enumerate(self._whole.ids)}
        self._passages = _Passages(entries)
        self._names = Names(entries, self._whole)

    def __len__(self) -> int:
        return len(self._entries)

    def find(
        self,
        question: Question,
        near: Nearness | None,
        most: int,
        support: Callable[[str], float] = lambda _: 1.0,
    ) -> list[Found]:
        """Best first. `near` is None where vectors take no part. `support`: a factor for what else speaks for an id."""
        asked = question.wording
        terms = dict.fromkeys(asked.terms, 1.0) | dict.fromkeys(wording(question.service or "").terms, SERVICE_WEIGHT)
        words = self._whole.scores(terms)
        named = self._names.said(question)
        outright = self._names.exact(question)
        candidates = self._candidates(words, near, chain(named, outright))
        passages = self._passages.scores(terms)
        quoted = self._whole.quoted(candidates, asked)
        totals, parts = [], []
        weights = BY_WORDS if near is None else WITH_VECTORS
        for at, share in zip(candidates, quoted, strict=True):
            name = self._whole.ids[at]
            part = Parts(
                words=float(words[at]),
                passage=float(words[at] if passages is None else passages[at]),
                quoted=share,
                named=named.get(at, 0.0),
                text=_cosine(near.text, name, near.least) if near else 0.0,
                title=_cosine(near.title, name, _cosine(near.text, name, near.least)) if near else 0.0,
                exact=at in outright,
            )
            parts.append(part)
            totals.append(weights.total(part) * support(name))
        order = sorted(range(len(candidates)), key=lambda i: (not parts[i].exact, -totals[i], candidates[i]))
        return self._found(terms, [(candidates[i], totals[i], parts[i]) for i in order], most, near is not None)

    def _found(
        self, terms: Mapping[str, float], ranked: Sequence[tuple[int, float, Parts]], most: int, with_vectors: bool
    ) -> list[Found]:
        sureness = SURE_WITH_VECTORS if with_vectors else SURE_BY_WORDS
        usual = self._usual([(at, total) for at, total, _ in ranked])
        found, sure = [], 1.0
        for at, total, parts in ranked[:most]:
            sure = min(sure, sureness.of(total, usual, parts))
            matched = self._whole.matched(at, terms)
            found.append(Found(id=self._whole.ids[at], total=total, sure=round(sure, 3), parts=parts, matched=matched))
        return found

    def usual(self, found: Sequence[Found]) -> float:
        """What is usual for the question, of results with the best first: the total of those that are not the first
        one told again."""
        return self._usual([(self._place[each.id], each.total) for each in found])

    def _usual(self, ranked: Sequence[tuple[int, float]]) -> float:
        others: list[float] = []
        for at, total in ranked[1:]:
            if len(others) == BACKGROUND:
                break
            if not self._is_again(ranked[0][0], at):
                others.append(total)
        return background(others)

    def _is_again(self, one: int, other: int) -> bool:
        again = self._entries[self._whole.ids[one]].again
        if again and again == self._entries[self._whole.ids[other]].again:
            return True
        return self._whole.resemblance(one, other) >= NEARLY_EQUAL

    def _candidates(self, words: NDArray[np.float32], near: Nearness | None, more: Iterable[int]) -> list[int]:
        chosen = set(more)
        chosen.update(islice(self._not_too_often(_best(words)), CANDIDATES))
        for similar in (near.text, near.title) if near else ():
            nearest = sorted(similar, key=lambda name: -similar[name])
            places = (self._place[name] for name in nearest if name in self._place)
            chosen.update(islice(self._not_too_often(places), CANDIDATES))
        return sorted(chosen)

    def _not_too_often(self, places: Iterable[int]) -> Iterator[int]:
        """Only the first of what happened again and again: else they would be all that is looked at."""
        seen: Counter[str] = Counter()
        for at in places:
            again = self._entries[self._whole.ids[at]].again
            seen[again] += 1
            if not again or seen[again] <= MOST_AGAIN:
                yield at


class _Passages:
    """The best passage of each record."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._sizes = [max(1, len(entry.passages)) for entry in entries]
        self._index: LexicalIndex | None = None
        if any(entry.passages for entry in entries):
            texts = [text for entry in entries for text in entry.passages or ("",)]
            self._index = LexicalIndex(
                {str(at): {"text": text} for at, text in enumerate(texts)}, {"text": 1.0}, OF_A_PASSAGE
            )

    def scores(self, terms: Mapping[str, float]) -> NDArray[np.float32] | None:
        """By position; None where no record has passages of its own."""
        import numpy as np

        if self._index is None:
            return None
        starts = np.cumsum([0, *self._sizes[:-1]])
        best: NDArray[np.float32] = np.maximum.reduceat(self._index.scores(terms), starts)
        return best


def _best(words: NDArray[np.float32]) -> list[int]:
    """Places of those that share a word, best first; more than are weighed."""
    import numpy as np

    most = min(LOOKED_AT, len(words))
    if not most:
        return []
    best = np.sort(np.argpartition(-words, most - 1)[:most])
    ordered = best[np.argsort(-words[best], kind="stable")]
    return [at for at in ordered.tolist() if words[at] > 0]


def _cosine(similar: Mapping[str, float], name: str, otherwise: float) -> float:
    return max(0.0, similar.get(name, otherwise))
