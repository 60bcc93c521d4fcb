"""Runbook pages that fit an incident."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from bot.domain.remembered import Page, digest_of
from bot.domain.terms import wording_as_written
from memory.embedding import Embedder
from memory.passages import split_page
from memory.recall.entry import Entry
from memory.recall.nearness import Passages, vector_of
from memory.recall.question import Question
from memory.recall.search import Found, Nearness, Search

MOST = 3
ENOUGH = 0.25  # below it nothing fits: three of four shown there would be wrong (docs/retrieval.md)
FIELDS = {"title": 1.0, "text": 1.0}  # a title of more weight gained nothing: its words stand in the text as well
FOR_ITS_FOLDER = ("readme", "index", "_index")  # a page that speaks for its folder is called like it
SHOWN_WORDS = 5


@dataclass(frozen=True, kw_only=True)
class PageMatch:
    page: Page
    sure: float  # 0 to 1
    why: tuple[str, ...]  # for people: "named in the alert: redis-cache", "words: sentinel, failover"


class PageSearch:
    """Of these pages; new ones need a new search. Making it and asking it block: call both on a thread.

    `vectors`: of passages and titles, packed, by the digest of the text. Those that are missing take no part.
    """

    def __init__(self, pages: Sequence[Page], embedder: Embedder | None, vectors: Mapping[str, bytes]) -> None:
        self._pages = {page.id: page for page in pages}
        self._search = Search([entry_of(page) for page in pages], FIELDS)
        self._embedder = embedder if vectors else None
        self._texts = Passages({page.id: _known(passages_of(page), vectors) for page in pages})
        self._titles = Passages({page.id: _known((page.title,), vectors) for page in pages if page.title})

    def find(self, question: Question, most: int = MOST) -> tuple[PageMatch, ...]:
        """Best first; none where nothing fits. Raises NoModel."""
        return tuple(
            PageMatch(page=self._pages[each.id], sure=each.sure, why=_why(each, question))
            for each in self.ranked(question, most)
            if each.sure >= ENOUGH
        )

    @property
    def has_vectors(self) -> bool:
        return self._embedder is not None

    def ranked(self, question: Question, most: int) -> list[Found]:
        """Best first, however little they fit."""
        return self._search.find(question, self._near(question), most)

    def usual(self, found: Sequence[Found]) -> float:
        return self._search.usual(found)

    def _near(self, question: Question) -> Nearness | None:
        if self._embedder is None:
            return None
        vector = vector_of(question, self._embedder)
        everything = len(self._pages)
        return Nearness(text=self._texts.nearest(vector, everything), title=self._titles.nearest(vector, everything))


def texts_to_embed(pages: Iterable[Page]) -> dict[str, str]:
    """Passages and titles by digest, each once."""
    return {digest_of(text): text for page in pages for text in (page.title, *passages_of(page)) if text}


def passages_of(page: Page) -> Sequence[str]:
    return split_page(page.title, page.text)


def entry_of(page: Page) -> Entry:
    return Entry(
        id=page.id,
        fields={"title": page.title, "text": page.text},
        passages=tuple(passages_of(page)),
        called=tuple(name for name in (_called(page.path), page.service or "") if name),
        exact=page.alerts,
    )


def _called(path: str) -> str:
    place = PurePosixPath(path)
    return place.parent.name if place.stem.lower() in FOR_ITS_FOLDER else place.stem


def _known(texts: Iterable[str], vectors: Mapping[str, bytes]) -> list[bytes]:
    return [vectors[digest] for text in texts if (digest := digest_of(text)) in vectors]


def _why(found: Found, question: Question) -> tuple[str, ...]:
    written = wording_as_written(f"{question.text}\n{question.service or ''}")
    why = ["the alert's own name or error code"] if found.parts.exact else []
    if found.parts.named:
        why.append("the alert names what it is about")
    for field, words in found.matched.items():
        told = dict.fromkeys(written.get(word, word) for word in words)
        why.append(f"{field}: {', '.join(list(told)[:SHOWN_WORDS])}")
    return tuple(why) or ("similar wording",)
