"""Upgrades an older database. Importing this imports Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text

from bot.domain.errors import SettingsError

FOLDER = Path(__file__).resolve().parent


def config(connection: Connection) -> Config:
    made = Config()
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def upgrade(connection: Connection) -> None:
    """To the newest revision, inside the caller's transaction. Raises SettingsError for a newer program's database."""
    made = config(connection)
    _refuse_unknown(ScriptDirectory.from_config(made), connection)
    command.upgrade(made, "head")


def _refuse_unknown(scripts: ScriptDirectory, connection: Connection) -> None:
    if not inspect(connection).has_table("alembic_version"):
        return
    current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if current is None:
        return
    try:
        scripts.get_revision(current)
    except CommandError as error:
        raise SettingsError(
            f"The store is of a newer version of the bot ({current}; this one knows up to "
            f"{scripts.get_current_head()}): run that version again, or give DATABASE_URL another database."
        ) from error
