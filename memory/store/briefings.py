"""What was found and said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from bot.domain.briefing import Briefing
from bot.domain.evidence import Finding
from bot.domain.ports import TimelineEvent
from memory.store.codec import decode_briefing, decode_findings, encode_briefing, encode_findings
from memory.store.database import Database
from memory.store.incidents import change, header
from memory.store.lifecycle import briefed
from memory.store.schema import briefings, findings
from memory.store.timeline import add_event
from memory.store.upsert import put

# Made once: making a statement takes longer than running it.
_FINDINGS = select(findings.c.body).where(findings.c.incident_id == bindparam("wanted"))
_LATEST = (
    select(briefings.c.body)
    .where(briefings.c.incident_id == bindparam("wanted"))
    .order_by(briefings.c.made_at.desc())
    .limit(1)
)


class StoredBriefings:
    """The `Briefings` port, and what the last briefing said."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_findings(self, incident_id: str, found: Sequence[Finding]) -> None:
        body = encode_findings(found)

        def save(connection: Connection) -> None:
            put(connection, findings, {"incident_id": incident_id, "body": body}, key=("incident_id",))

        await self._database.writer.write(save)

    async def findings(self, incident_id: str) -> Sequence[Finding] | None:
        wanted = {"wanted": incident_id}
        body = await self._database.read(lambda connection: connection.execute(_FINDINGS, wanted).scalar())
        return None if body is None else decode_findings(body)

    async def save_briefing(self, incident_id: str, briefing: Briefing, *, at: datetime) -> None:
        body = encode_briefing(briefing)
        await self._database.writer.write(lambda connection: _save(connection, incident_id, briefing.made_at, at, body))

    async def latest(self, incident_id: str) -> Briefing | None:
        wanted = {"wanted": incident_id}
        body = await self._database.read(lambda connection: connection.execute(_LATEST, wanted).scalar())
        return None if body is None else decode_briefing(body)


def _save(connection: Connection, incident_id: str, made_at: datetime, at: datetime, body: str) -> None:
    before = header(connection, incident_id)
    values = {"incident_id": incident_id, "made_at": made_at, "saved_at": at, "body": body}
    put(connection, briefings, values, key=("incident_id", "made_at"))
    after = briefed(before, at)
    change(connection, incident_id, briefed_at=after.briefed_at, status=after.status.value)
    event = TimelineEvent(incident_id=incident_id, at=at, kind="briefing", text="First briefing posted")
    add_event(connection, event, key=f"{incident_id}/briefing")
