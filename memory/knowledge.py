"""What operators wrote down and what was learned: catalog, runbooks, pages, past incidents, notes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.domain.catalog import Catalog
from bot.domain.ports import Clock, ContextSource
from memory.catalog import CatalogSource, load_catalog
from memory.earlier import EarlierSource
from memory.embedding import MiniLM
from memory.history import load_history
from memory.mirror import Mirror
from memory.notebook import Notebook
from memory.pages import PageFinder, PageShelf, PageSource, read_places
from memory.recall import Recall, RecallSource
from memory.runbooks import RunbookSource, load_runbooks
from memory.settings import MemorySettings
from memory.store import Store
from memory.vectors import VectorIndex


@dataclass(frozen=True, kw_only=True)
class Files:
    """What operators keep in files, and where this process keeps what it can make again."""

    catalog: Path
    runbooks: Path
    history: Path | None
    data: Path  # for the vector index and copies of repositories: derived, safe to delete


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    catalog: Catalog
    recall: Recall
    finder: PageFinder
    shelf: PageShelf | None  # None: no place of pages is set
    notebook: Notebook | None  # None: no file of notes is set
    retention: timedelta | None  # None: everything is kept
    sources: tuple[ContextSource, ...]

    @classmethod
    async def load(
        cls, files: Files, settings: MemorySettings, store: Store, clock: Clock, *, github: str, token: str | None
    ) -> Knowledge:
        """Reads the operators' files. `github` and `token`: for places of pages there.

        Raises ConfigFileError, SettingsError, NotStored.
        """
        services = load_catalog(files.catalog)
        procedures = load_runbooks(files.runbooks)
        # On a thread: thousands of files take seconds, and webhooks are answered meanwhile.
        past = await asyncio.to_thread(load_history, files.history, clock.now()) if files.history is not None else ()
        places = read_places(settings.pages, github)
        model = MiniLM(settings.model)
        index = files.data / "vectors"
        recall = Recall(
            store.past,
            embedder=model,
            vectors=VectorIndex(index),
            history=past,
            mark=store.memory_mark,
            index_left=index.exists(),
        )
        recall.read_soon()
        mirror = Mirror(store)
        finder = PageFinder(mirror, store.passages, model)
        has_pages = bool(places) or await store.pages.count() > 0
        return cls(
            catalog=services,
            recall=recall,
            finder=finder,
            shelf=PageShelf(store.pages, places, cache=files.data / "pages", token=token) if places else None,
            notebook=Notebook(store.notes, Path(settings.notes_file), clock=clock) if settings.notes_file else None,
            retention=timedelta(days=settings.retention_days) if settings.retention_days else None,
            sources=(
                CatalogSource(services),
                RunbookSource(procedures),
                *((PageSource(mirror, finder),) if has_pages else ()),
                RecallSource(recall),
                EarlierSource(store, mirror),
            ),
        )

    async def close(self) -> None:
        await self.finder.close()
        await self.recall.close()
