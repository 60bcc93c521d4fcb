"""The tables of what a model said and what it cost."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, String, Table

from memory.store.columns import Instant, Key, Words, metadata, number

# Characters; with a name of `KEY_LIMIT` they keep the key of a total within what PostgreSQL takes into an index.
TASK_LIMIT, MODEL_LIMIT = 40, 100

# What the model said. The newest answer to the same words is given again without a call.
answers = Table(
    "answers",
    metadata,
    number(),  # the order in which they were made; SQLite gives the number of a deleted row again
    Column("key", Key, nullable=False, unique=True),
    Column("kind", Key, nullable=False),
    Column("incident_id", Key),  # without a foreign key: questions come of past incidents as well, and of none
    Column("thread", Key, nullable=False),  # where it was given; empty: in none
    Column("asked_by", Key, nullable=False),
    Column("question", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("body", Words, nullable=False),  # the typed form as JSON
    Column("prompt", Key, nullable=False),
    Column("prompt_hash", Key, nullable=False),
    Column("evidence_digest", Key, nullable=False),
    Column("model", Key, nullable=False),
    Column("sameness", String(64)),  # digest of all that makes the same answer right; empty: never given again
    Column("made_at", Instant, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cache_read_tokens", BigInteger, nullable=False),
    Column("cache_write_tokens", BigInteger, nullable=False),
    Column("micro_dollars", BigInteger, nullable=False),
    Column("request_id", Key, nullable=False),
)
Index("ix_answers_incident", answers.c.incident_id, answers.c.id)
Index("ix_answers_sameness", answers.c.sameness, answers.c.made_at)
Index("ix_answers_thread", answers.c.thread, answers.c.id)

# Every call of a model, append-only; only the name of a forgotten incident is taken out.
charges = Table(
    "charges",
    metadata,
    number(),
    Column("hold", Key, nullable=False, unique=True),  # a call is charged once
    Column("at", Instant, nullable=False),
    Column("day", String(10), nullable=False),  # UTC, 2026-03-04: where it counts
    Column("incident_id", Key, index=True),
    Column("service", Key),
    Column("person", Key),
    Column("task", Key, nullable=False),
    Column("model", Key, nullable=False),
    Column("is_hit", Boolean, nullable=False),  # an answer given again, without a call
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cache_read_tokens", BigInteger, nullable=False),
    Column("cache_write_tokens", BigInteger, nullable=False),
    Column("micro_dollars", BigInteger, nullable=False),
    Column("request_id", Key, nullable=False),
)

# The charges added up, so that a cap is checked by reading a few rows.
spend_totals = Table(
    "spend_totals",
    metadata,
    Column("scope", String(10), primary_key=True),
    Column("name", Key, primary_key=True),
    Column("day", String(10), primary_key=True),  # empty: an incident over its whole life
    Column("task", String(TASK_LIMIT), primary_key=True),
    Column("model", String(MODEL_LIMIT), primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("hits", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cache_read_tokens", BigInteger, nullable=False),
    Column("cache_write_tokens", BigInteger, nullable=False),
    Column("micro_dollars", BigInteger, nullable=False),
)

# Calls under way, at the most that each may cost.
spend_holds = Table(
    "spend_holds",
    metadata,
    Column("id", Key, primary_key=True),
    Column("day", String(10), nullable=False),
    Column("incident_id", Key),
    Column("service", Key),
    Column("person", Key),
    Column("micro_dollars", BigInteger, nullable=False),
    Column("expires_at", Instant, nullable=False),  # of a process that died
)

# What people were told, so that they are told once.
spend_notices = Table(
    "spend_notices",
    metadata,
    Column("scope", String(10), primary_key=True),
    Column("name", Key, primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("at", Instant, nullable=False),
)

# How fast all processes together may ask.
rate_buckets = Table(
    "rate_buckets",
    metadata,
    Column("name", Key, primary_key=True),
    Column("remaining", Float, nullable=False),
    Column("at", Instant, nullable=False),
)
