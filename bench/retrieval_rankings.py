"""Ways to rank pages for an alert, each as (id, score) with the best first; and how good a ranking is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.remembered import Page, digest_of
from bot.domain.terms import wording
from memory.embedding import Embedder
from memory.lexical import LexicalIndex
from memory.recall import PageSearch, Question
from memory.recall.nearness import Passages
from memory.recall.pages import passages_of
from memory.recall.ranking import SURE_BY_WORDS, SURE_WITH_VECTORS
from memory.recall.search import Found

Ranked = Sequence[tuple[str, float]]
Rank = Callable[[Question], Ranked]
Way = Callable[[Question, str], tuple[Ranked, Ranked]]  # with a page, and with it taken out

CONSTANT = 60  # of reciprocal rank fusion: Cormack, Clarke, Buettcher (SIGIR 2009)
FEW, EVERYTHING = 3, 1000
DEPTH = 20  # the mean reciprocal rank looks no further


@dataclass(frozen=True, kw_only=True)
class Quality:
    first: float  # share of alerts whose page is the first
    among_three: float
    reciprocal: float  # mean of 1 / rank
    knows: float  # AUROC of the top score: alerts with their page in the index against the same without it


def bm25(pages: Sequence[Page]) -> Rank:
    index = LexicalIndex({page.id: {"text": f"{page.title}\n{page.text}"} for page in pages}, {"text": 1.0})

    def rank(question: Question) -> Ranked:
        scores = index.scores(dict.fromkeys(wording(question.text).terms, 1.0))
        return [item for item in _sorted(dict(zip(index.ids, scores.tolist(), strict=True))) if item[1] > 0]

    return rank


def dense(pages: Sequence[Page], embedder: Embedder, vectors: Mapping[str, bytes]) -> Rank:
    held = Passages({page.id: [vectors[digest_of(text)] for text in passages_of(page)] for page in pages})
    return lambda question: _sorted(held.nearest(embedder.embed([question.text])[0], len(pages)))


def fused(one: Rank, other: Rank) -> Way:
    """A page is taken out before the places are counted: they are all that this fusion knows."""

    def both(question: Question, relevant: str) -> tuple[Ranked, Ranked]:
        rankings = one(question), other(question)
        rest = [[item for item in ranked if item[0] != relevant] for ranked in rankings]
        return _fused(rankings), _fused(rest)

    return both


def plain(rank: Rank) -> Way:
    """A way whose scores do not depend on each other: a page is taken out by leaving it out."""

    def both(question: Question, relevant: str) -> tuple[Ranked, Ranked]:
        ranked = rank(question)
        return ranked, [item for item in ranked if item[0] != relevant]

    return both


def ours(search: PageSearch) -> Way:
    """How sure the next one is without the page follows from what is left."""
    sureness = SURE_WITH_VECTORS if search.has_vectors else SURE_BY_WORDS

    def judged(found: Sequence[Found]) -> Ranked:
        usual = search.usual(found)
        return [(each.id, sureness.of(each.total, usual, each.parts)) for each in found]

    def both(question: Question, relevant: str) -> tuple[Ranked, Ranked]:
        found = search.ranked(question, EVERYTHING)
        return judged(found), judged([each for each in found if each.id != relevant])

    return both


def quality(way: Way, asked: Sequence[tuple[Question, str]]) -> Quality:
    places, present, absent = [], [], []
    for question, relevant in asked:
        ranked, rest = way(question, relevant)
        names = [name for name, _ in ranked]
        places.append(names.index(relevant) + 1 if relevant in names else None)
        present.append(ranked[0][1] if ranked else 0.0)
        absent.append(rest[0][1] if rest else 0.0)
    return Quality(
        first=_share([place == 1 for place in places]),
        among_three=_share([place is not None and place <= FEW for place in places]),
        reciprocal=sum(1 / place for place in places if place and place <= DEPTH) / len(places),
        knows=_auroc(present, absent),
    )


def _fused(rankings: Iterable[Ranked]) -> Ranked:
    scores: dict[str, float] = {}
    for ranked in rankings:
        for place, (name, _) in enumerate(ranked, start=1):
            scores[name] = scores.get(name, 0.0) + 1 / (CONSTANT + place)
    return _sorted(scores)


def _sorted(scores: Mapping[str, float]) -> Ranked:
    return sorted(scores.items(), key=lambda item: -item[1])


def _share(true: Sequence[bool]) -> float:
    return sum(true) / len(true)


def _auroc(present: Sequence[float], absent: Sequence[float]) -> float:
    """How often the first kind scores higher than the second; a draw is half."""
    wins = sum((one > other) + 0.5 * (one == other) for one in present for other in absent)
    return wins / (len(present) * len(absent))
