"""Which databases runbooks may speak to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from bot.domain.errors import SettingsError
from bot.domain.setting import setting

_ENV = "SQL_URLS"
_NAME = re.compile(r"(?P<environment>[a-z0-9][a-z0-9._-]{0,62})/(?P<name>[a-z][a-z0-9_-]{0,62})")


@dataclass(frozen=True, kw_only=True)
class Database:
    url: str = field(repr=False)  # with its password
    shown: str  # "PostgreSQL orders at db.example:5432"
    path: str = ""  # of SQLite's file; "" for PostgreSQL


@dataclass(frozen=True, kw_only=True)
class SqlSettings:
    urls: tuple[str, ...] = setting(
        _ENV,
        default=(),
        secret=True,
        help="Databases by environment and name: production/main=postgresql://user:password@host/db, "
        "staging/main=sqlite:////path/file.db. The incident's environment decides; give the user no more rights than "
        "runbooks need. A comma in an address is written %2C.",
    )
    most_rows: int = setting(
        "SQL_MAX_ROWS", default=1000, help="Rows that one step may change at most, whatever it asks for."
    )

    def __post_init__(self) -> None:
        self.databases()
        if not 1 <= self.most_rows <= 1_000_000:
            raise SettingsError(f"SQL_MAX_ROWS takes 1 to 1000000; {self.most_rows} is not.")

    def databases(self) -> Mapping[tuple[str, str], Database]:
        """By environment and name."""
        found: dict[tuple[str, str], Database] = {}
        for place, entry in enumerate(self.urls, start=1):
            named, _, url = (part.strip() for part in entry.partition("="))  # never shown: it holds a password
            parts = _NAME.fullmatch(named)
            if parts is None or not url:
                raise SettingsError(f"{_ENV}: entry {place} is not environment/name=address.")
            key = parts["environment"], parts["name"]
            if key in found:
                raise SettingsError(f"{_ENV} names {named} twice: leave one of them out.")
            found[key] = _database(named, url)
        return found


def _database(named: str, url: str) -> Database:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError(f"{_ENV}: the address of {named} cannot be read.") from None
    if parts.scheme == "sqlite" and parts.path.startswith("//") and not parts.netloc:
        path = unquote(parts.path[1:])
        return Database(url=url, shown=f"SQLite {path}", path=path)
    if parts.scheme in ("postgresql", "postgres") and parts.path.strip("/"):
        host = parts.hostname or "this machine"
        return Database(url=url, shown=f"PostgreSQL {parts.path.strip('/')} at {host}{f':{port}' if port else ''}")
    raise SettingsError(
        f"{_ENV}: {named} is no address such as postgresql://user:password@host/database or sqlite:////path/file.db."
    )
