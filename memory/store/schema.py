"""The tables. Statements on them run on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from memory.store.acting_schema import (
    approval_events,
    approval_requests,
    audit_entries,
    run_steps,
    runs,
    switches,
)
from memory.store.columns import KEY_LIMIT, Instant, Key, Words, bounded, metadata, number, storable
from memory.store.life_schema import LIFE_TABLES
from memory.store.model_schema import (
    answers,
    charges,
    rate_buckets,
    spend_holds,
    spend_notices,
    spend_totals,
)
from memory.store.replica_schema import replicas

__all__ = [
    "KEY_LIMIT",
    "LIFE_TABLES",
    "answers",
    "approval_events",
    "approval_requests",
    "audit_entries",
    "bounded",
    "charges",
    "metadata",
    "rate_buckets",
    "replicas",
    "run_steps",
    "runs",
    "spend_holds",
    "spend_notices",
    "spend_totals",
    "storable",
    "switches",
]


def _of_incident(**options: Any) -> Column[str]:
    return Column("incident_id", Key, ForeignKey("incidents.id"), **options)


PENDING, DONE, FAILED = "pending", "done", "failed"  # states of a delivery

deliveries = Table(
    "deliveries",
    metadata,
    number(),
    Column("source", Key, nullable=False),
    Column("key", Key, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("body", Text, nullable=False),  # the delivery as JSON
    Column("state", String(10), nullable=False),
    Column("problem", Words),  # why it failed
    UniqueConstraint("source", "key"),
)
Index(
    "ix_deliveries_pending",
    deliveries.c.id,
    sqlite_where=text("state = 'pending'"),
    postgresql_where=text("state = 'pending'"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Key, primary_key=True),
    Column("number", Integer, nullable=False),  # order of opening, over all years
    Column("title", Words, nullable=False),
    Column("severity", String(4), nullable=False),
    Column("status", String(20), nullable=False),
    Column("service", Key),
    Column("started_at", Instant, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("briefed_at", Instant),
    Column("resolved_at", Instant),
    Column("place_kind", String(10)),
    Column("place_channel", Key),
    Column("place_name", Key),
    Column("card_channel", Key),
    Column("card_ts", Key),
    Column("card_permalink", Words),
    Column("revision", Integer, nullable=False),
    Column("shown_revision", Integer, nullable=False),  # what the card shows
    Column("alert_count", Integer, nullable=False),
    Column("firing_count", Integer, nullable=False),
    Column("is_private", Boolean, nullable=False, server_default=false()),
    Column("merged_into", Key),
    Column("acknowledged_at", Instant),
    Column("identified_at", Instant),
    Column("mitigated_at", Instant),
    UniqueConstraint("number"),
)
Index("ix_incidents_status", incidents.c.status, incidents.c.resolved_at)
Index("ix_incidents_place", incidents.c.place_channel)
Index("ix_incidents_card", incidents.c.card_channel, incidents.c.card_ts)
Index(
    "ix_incidents_unbriefed",
    incidents.c.number,
    sqlite_where=text("briefed_at IS NULL"),
    postgresql_where=text("briefed_at IS NULL"),
)
Index(
    "ix_incidents_outdated",
    incidents.c.number,
    sqlite_where=text("shown_revision < revision"),
    postgresql_where=text("shown_revision < revision"),
)

alerts = Table(
    "alerts",
    metadata,
    number(),
    _of_incident(nullable=False),
    Column("position", Integer, nullable=False),  # within the incident, from 0
    Column("source", Key, nullable=False),
    Column("fingerprint", Key, nullable=False),
    Column("service", Key),
    Column("episode", Key, nullable=False),
    Column("reason", String(30), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("body", Text, nullable=False),  # the alert as JSON
    UniqueConstraint("incident_id", "position"),
)
Index("ix_alerts_condition", alerts.c.fingerprint, alerts.c.source, alerts.c.incident_id)

# Where an incident burns, so that a service is found without its thousands of alerts.
incident_services = Table(
    "incident_services",
    metadata,
    Column("service", Key, primary_key=True),
    _of_incident(primary_key=True),
    Column("environment", Key, primary_key=True),  # empty: none was named
    Column("position", Integer, nullable=False),  # of the newest alert there
)

episodes = Table(
    "episodes",
    metadata,
    Column("episode", Key, primary_key=True),
    _of_incident(),  # empty: only its recovery was seen
    Column("resolved", Boolean, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

channel_names = Table(
    "channel_names",
    metadata,
    number(),
    Column("name", Key, nullable=False, unique=True),
    _of_incident(nullable=False, index=True),
)

findings = Table(
    "findings",
    metadata,
    _of_incident(primary_key=True),
    Column("body", Text, nullable=False),  # all findings as JSON
)

briefings = Table(
    "briefings",
    metadata,
    number(),
    _of_incident(nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("body", Text, nullable=False),  # the briefing as JSON
    UniqueConstraint("incident_id", "made_at"),
)

effects = Table(
    "effects",
    metadata,
    Column("key", Key, primary_key=True),
    Column("result", Words),  # empty: begun, and perhaps done
)

slack_events = Table(
    "slack_events",
    metadata,
    number(),
    Column("event_id", Key, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    Column("outcome", Words),  # empty: not handled yet
    Column("lane", Key),  # the conversation: what is of one is handled in order
    Column("holder", Key),  # of several processes the one that handles it
)
Index(
    "ix_slack_events_unhandled",
    slack_events.c.id,
    sqlite_where=text("outcome IS NULL"),
    postgresql_where=text("outcome IS NULL"),
)

timeline = Table(
    "timeline",
    metadata,
    number(),
    Column("key", Key, nullable=False, unique=True),
    _of_incident(nullable=False),
    Column("happened_at", Instant, nullable=False),
    Column("kind", Key, nullable=False),
    Column("text", Words, nullable=False),
    Column("actor", Key, nullable=False),
    Column("link", Words),
)
Index("ix_timeline_incident", timeline.c.incident_id, timeline.c.happened_at)

# What is kept to help the next time. `seq` grows with every change of any of it: by one number a process sees whether
# it is up to date.


def _seq() -> Column[int]:
    return Column("seq", BigInteger, nullable=False)


past_incidents = Table(
    "past_incidents",
    metadata,
    Column("id", Key, primary_key=True),
    _seq(),
    Column("title", Words, nullable=False),
    Column("service", Key),
    Column("started_at", Instant, nullable=False),
    Column("minutes", Integer),
    Column("cause", Words, nullable=False),
    Column("cause_kind", Key, nullable=False),
    Column("fix", Words, nullable=False),
    Column("symptoms", Words, nullable=False),
    Column("link", Words),
    Column("unhelpful", Words, nullable=False),
    Column("alerts", Words, nullable=False),  # JSON array
    Column("labels", Words, nullable=False),  # JSON object
    Column("outcome", String(20), nullable=False),
    Column("trust", Float, nullable=False),
    Column("origin", Key, nullable=False),
)

postmortems = Table(
    "postmortems",
    metadata,
    Column("incident", Key, primary_key=True),  # of a past incident, which need not be one of ours
    _seq(),
    Column("title", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("accepted_by", Key, nullable=False),
    Column("accepted_at", Instant, nullable=False),
)

pages = Table(
    "pages",
    metadata,
    Column("id", Key, primary_key=True),
    _seq(),
    Column("title", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("source", Key, nullable=False, index=True),
    Column("path", Words, nullable=False),
    Column("link", Words),
    Column("alerts", Words, nullable=False),  # JSON array
    Column("service", Key),
    Column("owner", Key, nullable=False),
    Column("updated_at", Instant),
)

lessons = Table(
    "lessons",
    metadata,
    Column("id", Key, primary_key=True),
    _seq(),
    Column("text", Words, nullable=False),
    Column("service", Key),
    Column("at", Instant, nullable=False),
    Column("author", Key, nullable=False),
    Column("incident", Key, index=True),
    Column("outcome", String(20), nullable=False),
    Column("trust", Float, nullable=False),
)

notes = Table(
    "notes",
    metadata,
    number(),
    Column("service", Key, nullable=False, index=True),
    Column("text", Words, nullable=False),
    Column("author", Key, nullable=False),
    Column("at", Instant, nullable=False),
)

# Parts of records that are short enough for one vector.
passages = Table(
    "passages",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("owner", Key, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("text", Words, nullable=False),
    Column("digest", String(64), nullable=False, index=True),
)

# Made once for each text and each model; a text that changes gets another digest.
embeddings = Table(
    "embeddings",
    metadata,
    Column("embedder", Key, primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("vector", LargeBinary, nullable=False),  # little-endian 32-bit floats
)

feedback = Table(
    "feedback",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("owner", Key, primary_key=True),
    Column("person", Key, primary_key=True),  # counts once, by the last word
    Column("helped", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
)

# What was imported, so that an import goes on where it stopped and brings nothing twice.
imported = Table(
    "imported",
    metadata,
    Column("source", Key, primary_key=True),
    Column("key", Key, primary_key=True),  # the source's own id of it
    Column("digest", String(64), nullable=False),
    Column("record", Key, nullable=False),  # the id it has here
    Column("at", Instant, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", Key, primary_key=True),
    Column("value", Integer, nullable=False),
)
