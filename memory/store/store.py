"""The record of everything, whole."""

from __future__ import annotations

import asyncio

from memory.store.agenda import StoredAgenda
from memory.store.briefings import StoredBriefings
from memory.store.database import LOCK_TIMEOUT, Database
from memory.store.desk import StoredDesk
from memory.store.effects import StoredEffects
from memory.store.inbox import StoredInbox, StoredSlackEvents
from memory.store.incidents import StoredIncidents
from memory.store.past import PastIncidents
from memory.store.places import StoredPlaces
from memory.store.timeline import StoredTimeline


class Store:
    """One attribute for each port of `bot.domain.ports` that a database stands behind."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.inbox = StoredInbox(database)
        self.desk = StoredDesk(database)
        self.incidents = StoredIncidents(database)
        self.agenda = StoredAgenda(database)
        self.places = StoredPlaces(database)
        self.briefings = StoredBriefings(database)
        self.effects = StoredEffects(database)
        self.slack_events = StoredSlackEvents(database)
        self.timeline = StoredTimeline(database)
        self.past = PastIncidents(database)

    @classmethod
    async def open(cls, url: str, *, lock_timeout: float = LOCK_TIMEOUT) -> Store:
        """`url` as SQLAlchemy writes it. `lock_timeout`: seconds another program may hold SQLite's write lock.

        Creates or upgrades the tables. Raises SettingsError.
        """
        return cls(await asyncio.to_thread(Database.open, url, lock_timeout=lock_timeout))

    async def close(self) -> None:
        """What waits is still written; afterwards everything raises NotStored."""
        await self._database.close()
