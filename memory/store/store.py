"""The record of everything, whole."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from bot.domain.remembered import PastIncident, Postmortem
from memory.store.agenda import StoredAgenda
from memory.store.answers import Answers
from memory.store.approvals import StoredApprovals
from memory.store.audit_log import StoredAuditLog
from memory.store.briefings import StoredBriefings
from memory.store.database import LOCK_TIMEOUT, Database
from memory.store.desk import StoredDesk
from memory.store.earlier import Earlier, earlier_of
from memory.store.effects import StoredEffects
from memory.store.forgetting import Forgotten, forget, outdated, purge
from memory.store.inbox import StoredInbox, StoredSlackEvents
from memory.store.incidents import StoredIncidents
from memory.store.judgements import Feedback, Import, Imports
from memory.store.life import StoredLife
from memory.store.measured import Measured
from memory.store.notes import Notes
from memory.store.occurrences import StoredOccurrences
from memory.store.passages import Passages
from memory.store.past import PastIncidents
from memory.store.places import StoredPlaces
from memory.store.records import Records, mark_of
from memory.store.runs import StoredRuns
from memory.store.shapes import LESSONS, PAGES, POSTMORTEMS
from memory.store.spending import Spending
from memory.store.switches import StoredSwitches
from memory.store.timeline import StoredTimeline


class Store:
    """One attribute for each port of `bot.domain.ports` that a database stands behind."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.inbox = StoredInbox(database)
        self.desk = StoredDesk(database)
        self.incidents = StoredIncidents(database)
        self.agenda = StoredAgenda(database)
        self.occurrences = StoredOccurrences(database)
        self.places = StoredPlaces(database)
        self.briefings = StoredBriefings(database)
        self.effects = StoredEffects(database)
        self.slack_events = StoredSlackEvents(database)
        self.timeline = StoredTimeline(database)
        self.past = PastIncidents(database)
        self.postmortems = Records(database, POSTMORTEMS)
        self.pages = Records(database, PAGES)
        self.lessons = Records(database, LESSONS)
        self.passages = Passages(database)
        self.notes = Notes(database)
        self.feedback = Feedback(database)
        self.imports = Imports(database)
        self.answers = Answers(database)
        self.spending = Spending(database)
        self.runs = StoredRuns(database)
        self.approvals = StoredApprovals(database)
        self.switches = StoredSwitches(database)
        self.audit = StoredAuditLog(database)
        self.life = StoredLife(database)
        self.measured = Measured(database)

    @classmethod
    async def open(cls, url: str, *, lock_timeout: float = LOCK_TIMEOUT) -> Store:
        """`url` as SQLAlchemy writes it. `lock_timeout`: seconds another program may hold SQLite's write lock.

        Creates or upgrades the tables. Raises SettingsError.
        """
        return cls(await asyncio.to_thread(Database.open, url, lock_timeout=lock_timeout))

    async def earlier_of(self, service: str, since: datetime) -> Sequence[Earlier]:
        """Incidents of a service that began since then, newest first."""
        return await earlier_of(self._database, service, since)

    async def memory_mark(self) -> int:
        """Grows with every change of any record of memory, by whichever process."""
        return await mark_of(self._database)

    async def bring_in(
        self, past: Sequence[PastIncident], postmortems: Sequence[Postmortem], imports: Sequence[Import]
    ) -> None:
        """What was imported and that it was, all or nothing. Raises NotStored."""

        def write(connection: Connection) -> None:
            self.past.put(connection, past)
            self.postmortems.put(connection, postmortems)
            self.imports.put(connection, imports)

        await self._database.writer.write(write)

    async def forget(self, *incident_ids: str) -> Forgotten:
        """Everything of them, also from the free pages of the file; the vector index follows by its next refresh.

        While SQLite's file is written anew (a second for 100 MB) senders of webhooks are told to come again.
        """
        records = history = 0
        for name in incident_ids:  # each by itself: webhooks are taken in between
            one = await self._database.writer.write(partial(forget, incident_id=name))
            records, history = records + one.records, history + one.history
        forgotten = Forgotten(records=records, history=history)
        if not forgotten.is_nothing:
            await self._database.compact()
        return forgotten

    async def outdated(self, before: datetime) -> Sequence[str]:
        """Ids of incidents that were over before that time."""
        return await self._database.read(lambda connection: outdated(connection, before))

    async def purge(self, before: datetime) -> int:
        """Drops what was dealt with before that time and no sender repeats. How many rows."""
        return await self._database.writer.write(lambda connection: purge(connection, before))

    async def close(self) -> None:
        """What waits is still written; afterwards everything raises NotStored."""
        await self._database.close()
