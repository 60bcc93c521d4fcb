"""Imports go into the store: what came, and that it came, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.ports.history import Told
from bot.domain.remembered import PastIncident, Postmortem
from memory.store import Store
from memory.store.judgements import Import


class StoredKeeper:
    """The `Keeper` of `bot.flows.import_history`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def past(self) -> Mapping[str, PastIncident]:
        return await self._store.past.by_id()

    async def known(self, source: str) -> Mapping[str, str]:
        return await self._store.imports.known(source)

    async def keep(
        self, source: str, told: Sequence[tuple[Told, str]], postmortems: Sequence[Postmortem], at: datetime
    ) -> None:
        past = [one.past for one, _ in told if one.past is not None]
        imports = [
            Import(source=source, key=one.key, digest=digest, record=one.past.id, at=at)
            for one, digest in told
            if one.past is not None
        ]
        await self._store.bring_in(past, postmortems, imports)
