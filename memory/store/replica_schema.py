"""Who shares the store."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table

from memory.store.columns import Instant, Key, Words, metadata

replicas = Table(
    "replicas",
    metadata,
    Column("name", Key, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", Key, nullable=False),  # name/epoch, as it stands in claims
    Column("seat", BigInteger, nullable=False, unique=True),
    Column("beats", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),
    Column("host", Words, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("space", Words, nullable=False),
    Column("joined_at", Instant, nullable=False),  # by the database's clock, as the next one
    Column("beat_at", Instant, nullable=False),
)
