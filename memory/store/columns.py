"""Sorts of columns that are the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Text, TypeDecorator
from sqlalchemy.engine import Dialect

KEY_LIMIT = 400  # characters; PostgreSQL refuses index rows above 2,704 bytes, and a character takes up to four
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def storable(value: str) -> str:
    """Without what a database refuses in a text: NUL (PostgreSQL) and lone surrogates (both)."""
    if value.isascii() and "\x00" not in value:
        return value
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def bounded(key: str) -> str:
    """The key as it is stored: one that is too long for an index ends in the digest of the whole."""
    clean = storable(key)
    if len(clean) <= KEY_LIMIT:
        return clean
    digest = hashlib.sha256(clean.encode()).hexdigest()
    return f"{clean[: KEY_LIMIT - len(digest) - 1]}#{digest}"


class Instant(TypeDecorator[datetime]):
    """An aware time as microseconds since 1970: exact, sortable, the same on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Words(TypeDecorator[str]):
    """Text of any length from anywhere."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class Key(TypeDecorator[str]):
    """Text that is searched for."""

    impl = String(KEY_LIMIT)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else bounded(value)


def number() -> Column[int]:
    # SQLite counts by itself only in a column declared INTEGER.
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
