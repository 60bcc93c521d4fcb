"""Search over pages: by words at once, by vectors once they are made, and always up to date."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.context import ContextRequest
from bot.domain.remembered import Page
from bot.testing import make_alert
from memory.embedding import Embedder, NoModel
from memory.mirror import Mirror
from memory.pages import PageFinder, read_page
from memory.store import Store
from tests.memory.hashing import HashingEmbedder

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SUBJECTS = ("disk space", "memory leak", "certificates", "queue lag", "replication", "pods", "dns", "latency")


def page(subject: str, text: str = "") -> Page:
    body = text or f"What to do about {subject}: look at {subject} first, then at what uses {subject}."
    return read_page(source="docs", path=f"{subject.replace(' ', '-')}.md", text=f"# {subject.title()}\n\n{body}")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    await opened.pages.save([page(subject) for subject in SUBJECTS])
    yield opened
    await opened.close()


def asked(title: str) -> ContextRequest:
    return ContextRequest(incident_id="INC-1", alerts=(make_alert(title=title),), onset=NOW, now=NOW, service=None)


def finder(store: Store, embedder: Embedder | None) -> PageFinder:
    return PageFinder(Mirror(store, fresh_for=0.0), store.passages, embedder)


async def titles(found: PageFinder, title: str) -> list[str]:
    return [page.title for page, _, _ in await found(asked(title))]


async def test_words_alone_find_a_page(store: Store) -> None:
    assert (await titles(finder(store, None), "Replication broken: replication lag grows"))[0] == "Replication"


async def test_vectors_are_made_once_and_take_part(store: Store) -> None:
    embedder = HashingEmbedder()
    first = finder(store, embedder)
    await first.settled()
    made = await store.passages.vectors(embedder.name)
    assert len(made) == 2 * len(SUBJECTS)  # a title and a text each
    assert (await titles(first, "Replication broken"))[0] == "Replication"
    again = finder(store, embedder)
    await again.settled()
    assert await store.passages.vectors(embedder.name) == made


async def test_a_page_that_came_or_went_is_searched_at_once(store: Store) -> None:
    found = finder(store, HashingEmbedder())
    await found.settled()
    await store.pages.save([page("quokka marmalade")])
    assert (await titles(found, "Quokka marmalade is spilled"))[0] == "Quokka Marmalade"
    await store.pages.remove([page("quokka marmalade").id])
    assert "Quokka Marmalade" not in await titles(found, "Quokka marmalade is spilled")
    await found.close()


async def test_without_its_model_words_answer(store: Store) -> None:
    class Gone:
        name = "gone"

        def embed(self, texts: Sequence[str]) -> list[list[float]]:
            raise NoModel("There is no embedding model here.")

        def rest(self) -> None:
            """Nothing is held."""

    found = finder(store, Gone())
    await found.settled()
    assert (await titles(found, "Replication broken"))[0] == "Replication"
