"""The tables of an incident's life: one for each kind of record, all of the same shape."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, text

from memory.store.columns import Instant, Key, Words, metadata, number

STATE_LIMIT = 20  # characters of what our own enumerations call a state


def _table(name: str) -> Table:
    table = Table(
        name,
        metadata,
        number(),  # the order in which they were added
        Column("record_id", Key, nullable=False, unique=True),
        # Without a foreign key: what is on its way while an incident is forgotten is no error.
        Column("incident_id", Key, nullable=False, index=True),
        Column("state", String(STATE_LIMIT), nullable=False),
        Column("due_at", Instant),  # empty: nothing will be due
        Column("version", Integer, nullable=False),
        Column("body", Words, nullable=False),  # the record as JSON
    )
    is_due = text("due_at IS NOT NULL")
    Index(f"ix_{name}_due", table.c.due_at, sqlite_where=is_due, postgresql_where=is_due)
    return table


role_holdings = _table("role_holdings")
handoffs = _table("handoffs")
status_updates = _table("status_updates")
cadences = _table("cadences")
announcements = _table("announcements")
follow_ups = _table("follow_ups")
postmortem_drafts = _table("postmortem_drafts")
watches = _table("watches")
incident_ties = _table("incident_ties")

LIFE_TABLES = (
    role_holdings,
    handoffs,
    status_updates,
    cadences,
    announcements,
    follow_ups,
    postmortem_drafts,
    watches,
    incident_ties,
)
