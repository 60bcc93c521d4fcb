"""The audit log: written in the transaction of what it tells of, read as a stream."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Connection, Row, select, type_coerce

from bot.domain.action import Value, canonical
from bot.domain.audit import AuditEntry, append
from bot.domain.errors import NotStored
from bot.domain.ports.acting import AuditNote
from memory.store.acting_schema import audit_entries
from memory.store.alone import alone
from memory.store.columns import storable
from memory.store.database import Database

T = TypeVar("T")

AT_A_TIME = 1000  # rows in memory while all are read
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# In the place of what is no time: without a time zone, no entry has the hash that it says.
NO_TIME = datetime(1970, 1, 2)  # noqa: DTZ001

# As the database holds it, also where somebody put in what is no time.
_COLUMNS = [
    type_coerce(column, BigInteger).label("at") if column.name == "at" else column for column in audit_entries.c
]
_ALL = select(*_COLUMNS).order_by(audit_entries.c.sequence)
_LAST = select(*_COLUMNS).order_by(audit_entries.c.sequence.desc()).limit(1)


class StoredAuditLog:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, notes: Sequence[AuditNote]) -> None:
        """Raises NotStored."""
        await alone(self._database, lambda connection: write_notes(connection, notes))

    async def last(self) -> AuditEntry | None:
        return await self._database.read(last_entry)

    async def through(self, work: Callable[[Iterator[AuditEntry]], T]) -> T:
        """What `work` makes of all entries, in their order, as they were at one moment; it runs on another thread."""

        def read(connection: Connection) -> T:
            with _any_text(connection):
                rows = connection.execution_options(yield_per=AT_A_TIME).execute(_ALL)
                return work(_entry(row) for row in rows)

        return await self._database.read(read)


def write_notes(connection: Connection, notes: Sequence[AuditNote]) -> None:
    """Within `alone`: nobody else appends meanwhile. Raises NotStored."""
    if not notes:
        return
    last, rows = last_entry(connection), []
    for note in notes:
        last = _after(last, note)
        rows.append(_values(last))
    connection.execute(audit_entries.insert(), rows)


def last_entry(connection: Connection) -> AuditEntry | None:
    with _any_text(connection):
        row = connection.execute(_LAST).one_or_none()
    return _entry(row) if row is not None else None


def _after(last: AuditEntry | None, note: AuditNote) -> AuditEntry:
    try:
        return append(
            last,
            at=note.at,
            who=storable(note.who),
            kind=note.kind,
            incident=storable(note.incident),
            subject=storable(note.subject),
            details={storable(name): _clean(value) for name, value in note.details.items()},
            outputs=tuple(map(storable, note.outputs)),
        )
    except (ValueError, TypeError) as error:
        raise NotStored(f"an audit entry of {note.kind} cannot be written: {error}") from error


def _clean(value: Value) -> Value:
    """Cleaned before it is hashed: what a database would not take is not under the hash either."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(name): _clean(item) for name, item in value.items()}
    return tuple(map(_clean, value)) if isinstance(value, tuple | list) else value


def _values(entry: AuditEntry) -> Mapping[str, Any]:
    return {
        "sequence": entry.sequence,
        "at": entry.at,
        "who": entry.who,
        "kind": entry.kind,
        "incident": entry.incident,
        "subject": entry.subject,
        "details": entry.details,
        "outputs": canonical(list(entry.outputs)),
        "previous": entry.previous,
        "hash": entry.hash,
    }


# --- reading what may have been tampered with ------------------------------------------------------------------------


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        sequence=row.sequence,
        at=_time(row.at),
        who=_text(row.who),
        kind=_text(row.kind),
        incident=_text(row.incident),
        subject=_text(row.subject),
        details=_text(row.details),
        outputs=_outputs(_text(row.outputs)),
        previous=_text(row.previous),
        hash=_text(row.hash),
    )


def _time(value: object) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=value) if isinstance(value, int) else NO_TIME
    except OverflowError:
        return NO_TIME


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def _outputs(text: str) -> tuple[str, ...]:
    """The text itself where it is not spelled as we spell it: another hash then comes of it."""
    try:
        found = json.loads(text)
        return tuple(found) if isinstance(found, list) and canonical(found) == text else (text,)
    except (ValueError, RecursionError):
        return (text,)


@contextmanager
def _any_text(connection: Connection) -> Iterator[None]:
    """SQLite's driver refuses a text that is no UTF-8, and with it all others; such a one has no hash of ours."""
    raw: Any = connection.connection.dbapi_connection
    if connection.dialect.name != "sqlite" or raw is None:
        yield
        return
    before, raw.text_factory = raw.text_factory, lambda found: found.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        raw.text_factory = before
