"""The kill switch, where every process sees it before its next effect."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from bot.domain.kill_switch import Scope, Switch
from bot.domain.ports.acting import AuditNote
from memory.store.acting_codec import decode, encode
from memory.store.acting_schema import switches
from memory.store.alone import alone
from memory.store.audit_log import write_notes
from memory.store.database import Database


class StoredSwitches:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[Switch]:
        """In the order in which they were given. Raises NotStored."""
        return await self._database.read(_all)

    async def put(self, switches: Sequence[Switch], before: Sequence[Switch], notes: Sequence[AuditNote]) -> bool:
        """Replaces all of them. False where they are not `before` any more: read again. Raises NotStored."""

        def write(connection: Connection) -> bool:
            kept = _all(connection)
            if len(kept) != len(before) or set(kept) != set(before):
                return False
            _replace(connection, switches)
            write_notes(connection, notes)
            return True

        return await alone(self._database, write)


def forget_switches(connection: Connection, incident_id: str) -> int:
    """Those of the incident alone. How many rows."""
    rows = connection.execute(select(switches.c.id, switches.c.name).where(switches.c.scope == Scope.INCIDENT.value))
    mine = [row.id for row in rows if row.name.strip().casefold() == incident_id.strip().casefold()]
    return connection.execute(delete(switches).where(switches.c.id.in_(mine))).rowcount if mine else 0


def _all(connection: Connection) -> Sequence[Switch]:
    bodies = connection.execute(select(switches.c.body).order_by(switches.c.id)).scalars()
    return tuple(decode(Switch, body) for body in bodies)


def _replace(connection: Connection, wanted: Sequence[Switch]) -> None:
    connection.execute(delete(switches))
    rows = [{"scope": switch.scope.value, "name": switch.name, "body": encode(switch)} for switch in wanted]
    if rows:
        connection.execute(switches.insert(), rows)
