"""What operators wrote down and what was learned, as context sources: catalog, runbooks, past incidents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.domain.catalog import Catalog
from bot.domain.ports import ContextSource
from memory.catalog import CatalogSource, load_catalog
from memory.embedding import MiniLM
from memory.history import load_history
from memory.recall import Recall, RecallSource
from memory.runbooks import RunbookSource, load_runbooks
from memory.store import Store
from memory.vectors import VectorIndex


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    catalog: Catalog
    recall: Recall
    sources: tuple[ContextSource, ...]

    @classmethod
    async def load(
        cls,
        *,
        catalog: Path,
        runbooks: Path,
        history: Path | None,
        index: Path,
        store: Store,
        now: datetime,
        model: str = "",
    ) -> Knowledge:
        """Reads the operators' files; past incidents go into the store. Raises ConfigFileError, NotStored.

        `index`: the folder of the vector index, derived from the store and safe to delete. `model`: the folder of the
        embedding model; by default the installed package's.
        """
        services = load_catalog(catalog)
        procedures = load_runbooks(runbooks)
        past = load_history(history, now) if history is not None else ()
        recall = Recall(
            store.past,
            embedder=MiniLM(model),
            vectors=VectorIndex(index),
            history=past,
            mark=store.memory_mark,
        )
        sources = (CatalogSource(services), RunbookSource(procedures), RecallSource(recall))
        return cls(catalog=services, recall=recall, sources=sources)
