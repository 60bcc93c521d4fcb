"""Past incidents: the record. The index of vectors is made from it and can be thrown away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.remembered import PastIncident
from memory.store.database import Database
from memory.store.passages import Passages
from memory.store.records import Records
from memory.store.shapes import INCIDENTS

__all__ = ["PastIncident", "PastIncidents"]


class PastIncidents(Records[PastIncident]):
    def __init__(self, database: Database) -> None:
        super().__init__(database, INCIDENTS)
        self._passages = Passages(database)

    async def all(self) -> Sequence[PastIncident]:
        """Newest first."""
        found = (await self.by_id()).values()
        return tuple(sorted(found, key=lambda past: (-past.started_at.timestamp(), past.id)))

    async def vectors(self, embedder: str) -> Mapping[str, bytes]:
        """Those that this embedder made, by incident id."""
        made = await self._passages.vectors(embedder)
        return {past.id: made[past.digest] for past in await self.all() if past.digest in made}

    async def save_vectors(self, embedder: str, vectors: Mapping[str, bytes], digests: Mapping[str, str]) -> None:
        """A vector whose text has changed meanwhile (its digest tells) is dropped. Ids in both mappings."""
        await self._passages.save_vectors(embedder, {digests[name]: vector for name, vector in vectors.items()})
