"""What may go wrong with a database, and what it is asked; the two kinds of them are beside this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.domain.plaintext import plain
from bot.domain.redact import redact
from integrations.sql.rows import Rows
from integrations.sql.statement import Statement

Values = Mapping[str, str | int | float | bool | None]
APPLICATION = "first-responder"
SAID_LIMIT = 300  # characters of a database's own words
STATEMENT_SHARE = 0.9  # of the step's time: the rest is for the database to say that it gave up
LOCK_SHARE = 0.5  # of the statement's time, at most, waiting for others' locks
CONNECTING = 10.0  # seconds at most


class NothingDone(Exception):
    """Nothing has changed, for sure. The text is a sentence."""


class Uncertain(Exception):
    """It may or may not have been done. The text is a sentence."""


class TooSlow(NothingDone):
    """It took too long, and was ended."""


@dataclass(frozen=True, kw_only=True)
class Changed:
    count: int  # rows
    rows: Rows  # what it returned


class Backend(Protocol):
    async def look(self, statement: Statement, values: Values, seconds: float) -> Rows:
        """In a read-only transaction. Raises NothingDone."""
        ...

    async def change(self, statement: Statement, values: Values, most: int, seconds: float) -> Changed:
        """In a transaction that is undone where more than `most` rows are touched. Raises NothingDone, Uncertain."""
        ...

    async def count(self, statement: Statement, values: Values, seconds: float) -> str:
        """What a change would touch, in words; "" where it cannot be told. Only looks. Raises NothingDone."""
        ...


def said(text: object) -> str:
    return plain(redact(str(text)), SAID_LIMIT).rstrip(".")


def too_many(count: int, most: int) -> NothingDone:
    return NothingDone(f"It is about {count:,} rows, and at most {most:,} were approved: nothing was changed.")
