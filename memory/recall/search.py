"""Records of one kind, searched by words always and by vectors where there are some."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from bot.domain.terms import wording
from memory.lexical import LexicalIndex, Saturation
from memory.recall.question import Question, codes_in, comparable
from memory.recall.ranking import (
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
HALF_NAMED = 4.0  # rarity of a name that counts half; a rare name of two words counts three quarters
COMMON_NAME = 0.02  # an alert's name that so many of the records have tells nothing by itself ...
FEW = 3  # ... unless they are so few


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A record as the search sees it."""

    id: str
    fields: Mapping[str, str]
    passages: tuple[str, ...] = ()  # of a long text; empty where it is one
    called: tuple[str, ...] = ()  # what it is about, in names: a service, a folder, a file
    exact: tuple[str, ...] = ()  # names of alerts and codes of errors that it is for


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
        self._names = _Names(entries, self._whole)

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
        usual = background([total for _, total, _ in ranked])
        found, sure = [], 1.0
        for at, total, parts in ranked[:most]:
            sure = min(sure, sureness.of(total, usual, parts))
            matched = self._whole.matched(at, terms)
            found.append(Found(id=self._whole.ids[at], total=total, sure=round(sure, 3), parts=parts, matched=matched))
        return found

    def _candidates(self, words: NDArray[np.float32], near: Nearness | None, more: chain[int]) -> list[int]:
        import numpy as np

        most = min(CANDIDATES, len(words))
        best = np.argpartition(-words, most - 1)[:most] if most else np.zeros(0, np.int64)
        chosen = {int(at) for at in best if words[at] > 0}
        chosen.update(more)
        for similar in (near.text, near.title) if near else ():
            nearest = sorted(similar, key=lambda name: -similar[name])[:CANDIDATES]
            chosen.update(self._place[name] for name in nearest if name in self._place)
        return sorted(chosen)


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


class _Names:
    """Records that are asked for by name."""

    def __init__(self, entries: Sequence[Entry], index: LexicalIndex) -> None:
        self._index = index
        self._called: dict[tuple[str, ...], list[int]] = {}
        self._outright: dict[str, list[int]] = {}
        for at, entry in enumerate(entries):
            for called in {wording(name).words for name in entry.called} - {()}:
                self._called.setdefault(called, []).append(at)
            codes = codes_in("\n".join(entry.fields.values()))
            for name in {comparable(each) for each in (*entry.exact, *codes)}:
                self._outright.setdefault(name, []).append(at)
        self._longest = max(map(len, self._called), default=0)
        self._limit = max(FEW, int(len(entries) * COMMON_NAME))

    def exact(self, question: Question) -> set[int]:
        held = (self._outright.get(name, []) for name in question.exact)
        return {at for places in held if len(places) <= self._limit for at in places}

    def said(self, question: Question) -> dict[int, float]:
        """0 to 1 by position. A name within a longer one that was said counts half: "redis" of "redis-cache"."""
        found = _spans(question.wording.words, self._longest) & self._called.keys()
        service = wording(question.service or "").words
        strength: dict[int, float] = {}
        for name in found | ({service} & self._called.keys()):
            rare = sum(self._index.rarity(word) for word in name)
            value = 1.0 if name == service else rare / (rare + HALF_NAMED)
            if any(len(other) > len(name) and name in _spans(other, len(name)) for other in found):
                value /= 2
            for at in self._called[name]:
                strength[at] = max(strength.get(at, 0.0), value)
        return strength


def _spans(words: Sequence[str], longest: int) -> set[tuple[str, ...]]:
    sizes = range(1, min(longest, len(words)) + 1)
    return {tuple(words[at : at + size]) for size in sizes for at in range(len(words) - size + 1)}


def _cosine(similar: Mapping[str, float], name: str, otherwise: float) -> float:
    return max(0.0, similar.get(name, otherwise))
