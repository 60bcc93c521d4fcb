"""Brings the tables to this program's version: made at once in an empty database, upgraded by Alembic in an older one.

Alembic costs 0.7 s and 45 MB to import, so it is imported only where there is something to upgrade.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, Engine, MetaData, PrimaryKeyConstraint, String, Table, inspect, select, text

from bot.domain.errors import SettingsError
from memory.store.schema import metadata

ONE_AT_A_TIME = 7_302_665  # PostgreSQL has no lock on what is not there yet: two replicas begin one after the other
HEAD = "0006"  # the newest revision in memory/migrations/versions

# Alembic's own table, as Alembic makes it.
_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def prepare(engine: Engine) -> None:
    """Raises SettingsError where the database is not ours or belongs to a newer program."""
    with engine.begin() as connection:  # on SQLite with the write lock: two programs do not do this at once
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        tables = set(inspect(connection).get_table_names())
        if not tables:
            _create(connection)
        elif _version.name not in tables:
            raise SettingsError(
                "DATABASE_URL names a database that holds other tables "
                f"({', '.join(sorted(tables)[:3])} ...): give the bot one of its own."
            )
        elif connection.execute(select(_version.c.version_num)).scalar() != HEAD:
            from memory.migrations.upgrading import upgrade

            upgrade(connection)


def _create(connection: Connection) -> None:
    metadata.create_all(connection)
    _version.create(connection)
    connection.execute(_version.insert().values(version_num=HEAD))
