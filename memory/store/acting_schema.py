"""The tables of what is done in production: runs, approvals, the kill switch, and the audit log."""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.schema import ExecutableDDLElement

from memory.store.columns import Instant, Key, Words, metadata, number

NAME_LIMIT = 20  # characters of what our own enumerations call a state, a part, a kind, a scope

runs = Table(
    "runs",
    metadata,
    number(),  # the order in which they were opened
    Column("run_id", Key, nullable=False, unique=True),
    Column("incident_id", Key, nullable=False, index=True),  # without a foreign key: runs come of what is forgotten too
    Column("state", String(NAME_LIMIT), nullable=False),
    Column("is_over", Boolean, nullable=False),  # and people see that it is
    Column("version", Integer, nullable=False),
    Column("body", Words, nullable=False),  # the run as JSON
)
Index("ix_runs_unfinished", runs.c.id, sqlite_where=text("NOT is_over"), postgresql_where=text("NOT is_over"))

run_steps = Table(
    "run_steps",
    metadata,
    number(),  # the order in which they were first written
    Column("run_id", Key, nullable=False),
    Column("step", Key, nullable=False),
    Column("item", Integer, nullable=False),
    Column("part", String(NAME_LIMIT), nullable=False),
    Column("state", String(NAME_LIMIT), nullable=False),
    Column("is_over", Boolean, nullable=False),
    Column("is_begun", Boolean, nullable=False),  # once true it stays true: it was started at some time
    Column("version", Integer, nullable=False),
    Column("body", Words, nullable=False),  # the step as JSON
    UniqueConstraint("run_id", "step", "item", "part"),
)

approval_requests = Table(
    "approval_requests",
    metadata,
    number(),  # the order in which they were opened
    Column("request_id", Key, nullable=False, unique=True),
    Column("incident_id", Key, nullable=False, index=True),
    Column("is_open", Boolean, nullable=False),  # neither begun nor ended by an event that is kept
    Column("body", Words, nullable=False),  # the request as JSON
)
Index(
    "ix_approval_requests_open", approval_requests.c.id, sqlite_where=text("is_open"), postgresql_where=text("is_open")
)

approval_events = Table(
    "approval_events",
    metadata,
    number(),  # the order in which they arrived
    Column("request_id", Key, nullable=False),
    Column("event_id", Key, nullable=False),
    Column("kind", String(NAME_LIMIT), nullable=False),
    Column("channel", Key),  # of the message that the request was posted as
    Column("ts", Key),
    Column("body", Words, nullable=False),  # the event as JSON
    UniqueConstraint("request_id", "event_id"),
)
Index("ix_approval_events_message", approval_events.c.channel, approval_events.c.ts)
# An approval is good for one execution: whatever goes wrong elsewhere, a request is claimed once.
Index(
    "uq_approval_events_started",
    approval_events.c.request_id,
    unique=True,
    sqlite_where=text("kind = 'started'"),
    postgresql_where=text("kind = 'started'"),
)

switches = Table(
    "switches",
    metadata,
    number(),
    Column("scope", String(NAME_LIMIT), nullable=False),
    Column("name", Key, nullable=False),
    Column("body", Words, nullable=False),  # the switch as JSON
)

# Text as it is, without a sort of column that would change it: every character is under the hash.
audit_entries = Table(
    "audit_entries",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", Text, nullable=False),  # canonical JSON
    Column("outputs", Text, nullable=False),  # canonical JSON array of hashes
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

# Append-only, so that no mistake of ours and no hasty hand changes it. Who owns the database can take this away: that
# is what the chain and the checkpoints are for. REPLACE fires no trigger of DELETE on SQLite, so that a number that is
# taken is refused before.
_REFUSED = "audit entries are never changed"
AUDIT_TRIGGERS = {
    "sqlite": (
        *(
            f"CREATE TRIGGER audit_entries_no_{what.lower()} BEFORE {what} ON audit_entries "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
            for what in ("UPDATE", "DELETE")
        ),
        "CREATE TRIGGER audit_entries_no_replace BEFORE INSERT ON audit_entries "
        "WHEN EXISTS (SELECT 1 FROM audit_entries WHERE sequence = NEW.sequence) "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$",
        "CREATE TRIGGER audit_entries_no_change BEFORE UPDATE OR DELETE ON audit_entries "
        "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()",
        "CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()",
    ),
}
for _dialect, _statements in AUDIT_TRIGGERS.items():
    for _statement in _statements:
        _made: ExecutableDDLElement = DDL(_statement)  # type: ignore[no-untyped-call]
        event.listen(audit_entries, "after_create", _made.execute_if(dialect=_dialect))
