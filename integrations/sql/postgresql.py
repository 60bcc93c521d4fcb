"""PostgreSQL, one connection for each step. https://www.psycopg.org/psycopg3/docs/"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from integrations.sql.database import (
    APPLICATION,
    CONNECTING,
    LOCK_SHARE,
    STATEMENT_SHARE,
    Changed,
    NothingDone,
    TooSlow,
    Uncertain,
    Values,
    said,
    too_many,
)
from integrations.sql.rows import MOST_ROWS, Rows, rows_of
from integrations.sql.statement import Statement
from integrations.sql.tokens import Kind, tokens

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_CURSOR = "first_responder"


class PostgreSql:
    """The `Backend` port. Values are always sent apart from the statement."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def look(self, statement: Statement, values: Values, seconds: float) -> Rows:
        # A cursor on the server: however much there is, only what is wanted crosses the network.
        async with (
            self._transaction(seconds, is_read_only=True) as connection,
            connection.cursor(name=_CURSOR) as cursor,
        ):
            await cursor.execute(_template(statement), values)
            found = await cursor.fetchmany(MOST_ROWS + 1)
            return rows_of([column.name for column in cursor.description or ()], found)

    async def count(self, statement: Statement, values: Values, seconds: float) -> str:
        async with self._transaction(seconds, is_read_only=True) as connection:
            if statement.is_lasting:
                return f"Rows that fit now: {await _counted(connection, statement, values):,}."
            cursor = await connection.execute(f"explain {_template(statement)}", values)
            lines = [str(row[0]) for row in await cursor.fetchmany(MOST_ROWS)]
        return "\n".join(["The database's plan, with the rows that it expects:", *lines])

    async def change(self, statement: Statement, values: Values, most: int, seconds: float) -> Changed:
        if statement.is_lasting:
            return await self._ended(statement, values, most, seconds)
        async with self._transaction(seconds, is_read_only=False) as connection:
            cursor = await connection.execute(_template(statement), values, prepare=True)
            count = max(0, cursor.rowcount)
            if count > most:
                raise too_many(count, most)
            rows = Rows()
            if cursor.description:
                rows = rows_of([column.name for column in cursor.description], await cursor.fetchmany(MOST_ROWS + 1))
            await _commit(connection)
        return Changed(count=count, rows=rows)

    async def _ended(self, statement: Statement, values: Values, most: int, seconds: float) -> Changed:
        """Connections stay ended whatever follows: so they are counted before, and never more than `most` are ended."""
        import psycopg

        async with self._transaction(seconds, is_read_only=False) as connection:
            count = await _counted(connection, statement, values)
            if count > most:
                raise too_many(count, most)
            bounded = f"select * from ({_template(statement)}) as bounded limit {int(most)}"
            try:
                cursor = await connection.execute(bounded, values, prepare=True)
                rows = rows_of([column.name for column in cursor.description or ()], await cursor.fetchall())
            except psycopg.Error as error:
                raise Uncertain(f"The database broke it off: {said(error)}. Some may have been ended.") from None
            await connection.rollback()
        return Changed(count=len(rows.rows), rows=rows)

    @asynccontextmanager
    async def _transaction(self, seconds: float, *, is_read_only: bool) -> AsyncIterator[AsyncConnection[Any]]:
        """Undone at its end, unless it was committed. Raises NothingDone."""
        import psycopg

        connection = await self._connected(seconds)
        try:
            await connection.set_read_only(is_read_only)
            limit = seconds * STATEMENT_SHARE * 1000
            names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
            limits = (limit, limit * LOCK_SHARE, seconds * 1000)
            for name, milliseconds in zip(names, limits, strict=True):
                await connection.execute("select set_config(%s, %s, true)", (name, str(max(1, int(milliseconds)))))
            yield connection
            await connection.rollback()
        except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable) as error:
            raise TooSlow(f"The database ended it: {said(error)}. Nothing was changed.") from None
        except psycopg.Error as error:
            raise NothingDone(f"The database refused it: {said(error)}. Nothing was changed.") from None
        finally:
            await connection.close()

    async def _connected(self, seconds: float) -> AsyncConnection[Any]:
        import psycopg

        try:
            return await psycopg.AsyncConnection.connect(
                self._url, application_name=APPLICATION, connect_timeout=max(2, int(min(CONNECTING, seconds)))
            )
        except psycopg.Error as error:
            raise NothingDone(f"The database cannot be reached: {said(error)}.") from None


async def _counted(connection: AsyncConnection[Any], statement: Statement, values: Values) -> int:
    text = statement.counting
    used = {name: value for name, value in values.items() if f":{name}" in text}
    found = await (await connection.execute(_bound(text), used)).fetchone()
    return int(found[0]) if found else 0


async def _commit(connection: AsyncConnection[Any]) -> None:
    import psycopg

    try:
        await connection.commit()
    except psycopg.errors.IntegrityError as error:  # a constraint that is checked at the end
        raise NothingDone(f"The database refused it: {said(error)}. Nothing was changed.") from None
    except psycopg.Error as error:
        raise Uncertain(f"The database did not say whether it was kept: {said(error)}.") from None


def _template(statement: Statement) -> str:
    return _bound(statement.text)


def _bound(text: str) -> str:
    """With the library's own sign for values. A percent sign would be one, and is doubled."""
    parts, place = [], 0
    for token in tokens(text):
        parts.append(text[place : token.place])
        is_value = token.kind is Kind.VALUE
        parts.append(f"%({token.text[1:]})s" if is_value else text[token.place : token.end].replace("%", "%%"))
        place = token.end
    return "".join(parts)
