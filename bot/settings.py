"""Everything that can be set, read once at start. Vendors' settings live in their own modules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.domain.errors import SettingsError
from bot.domain.setting import read, setting
from bot.slack.settings import SlackSettings
from integrations.descriptor import Integration

HIGHEST_PORT = 65535


@dataclass(frozen=True, kw_only=True)
class BotSettings:
    data_dir: str = setting("FIRST_RESPONDER_DATA", default="var", help="folder for the databases and the index")
    database_url: str = setting(
        "DATABASE_URL", default="", help="SQLAlchemy address of the store; by default SQLite in the data folder"
    )
    host: str = setting("HOST", default="127.0.0.1", help="address to listen on; 0.0.0.0 for all")
    port: int = setting("PORT", default=8080, help="port to listen on")
    catalog: str = setting("SERVICES_FILE", default="config/services.yaml", help="the service catalog")
    runbooks: str = setting("RUNBOOKS_DIR", default="runbooks", help="folder of runbooks (*.yaml)")
    history: str = setting("HISTORY_DIR", default="", help="folder of past incidents (*.yaml), read at start")
    executor_id: str = setting(
        "EXECUTOR_ID", default="first-responder-0", help="stable name of this process; two running ones never share one"
    )
    source_deadline: float = setting(
        "SOURCE_DEADLINE", default=4.0, help="seconds a context source may take before the briefing goes without it"
    )
    grouping_window: float = setting(
        "GROUPING_WINDOW_MINUTES",
        default=30.0,
        help="minutes within which alerts of one service belong to one incident",
    )
    preload: bool = setting(
        "PRELOAD",
        default=False,
        help="true: import all client libraries at start, so that the first briefing after it comes a second or two "
        "sooner, for about 80 MB more memory at rest",
    )
    log_level: str = setting("LOG_LEVEL", default="INFO", help="DEBUG, INFO, WARNING or ERROR")

    def __post_init__(self) -> None:
        if not 0 <= self.port <= HIGHEST_PORT:
            raise SettingsError(f"PORT takes a number from 0 (any free port) to {HIGHEST_PORT}.")
        if not 0 < self.source_deadline < math.inf:
            raise SettingsError("SOURCE_DEADLINE takes a number of seconds above zero.")
        if not 0 < self.grouping_window < math.inf:
            raise SettingsError("GROUPING_WINDOW_MINUTES takes a number of minutes above zero.")
        if self.log_level.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise SettingsError(f"LOG_LEVEL takes DEBUG, INFO, WARNING or ERROR; {self.log_level!r} is none of them.")

    @property
    def folder(self) -> Path:
        return Path(self.data_dir)

    @property
    def store_url(self) -> str:
        return self.database_url or f"sqlite:///{self.folder / 'first-responder.db'}"


@dataclass(frozen=True, kw_only=True)
class Settings:
    bot: BotSettings
    slack: SlackSettings
    vendors: Mapping[str, Any]  # an instance of each integration's settings class, by its name


def load(environ: Mapping[str, str], integrations: Mapping[str, Integration[Any]]) -> Settings:
    """Raises SettingsError, which names the variable and the remedy."""
    return Settings(
        bot=read(BotSettings, environ),
        slack=read(SlackSettings, environ),
        vendors={name: read(integration.settings, environ) for name, integration in integrations.items()},
    )
