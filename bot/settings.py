"""Everything that can be set, read once at start. Vendors' settings live in their own modules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bot.domain.errors import SettingsError
from bot.domain.pace import DEFAULT_RATE
from bot.domain.setting import check_names, named_numbers, read, setting
from bot.domain.storm import StormLimits
from bot.life_settings import LifeSettings
from bot.slack.settings import SlackSettings
from integrations.descriptor import Integration
from memory.audit_settings import AuditSettings
from memory.settings import MemorySettings

HIGHEST_PORT = 65535
LONGEST_GRACE = 3600.0  # seconds: what lasts longer is no hiccup
SECOND_OFF, SECOND_FAST, SECOND_MAIN = "off", "fast", "main"


@dataclass(frozen=True, kw_only=True)
class BotSettings:
    data_dir: str = setting("FIRST_RESPONDER_DATA", default="var", help="folder for the databases and the index")
    database_url: str = setting(
        "DATABASE_URL", default="", help="SQLAlchemy address of the store; by default SQLite in the data folder"
    )
    host: str = setting("HOST", default="127.0.0.1", help="address to listen on; 0.0.0.0 for all")
    port: int = setting("PORT", default=8080, help="port to listen on")
    catalog: str = setting(
        "SERVICES_FILE",
        default="config/services.yaml",
        help="the service catalog: a file of ours or Backstage's, a folder or a glob of such files",
    )
    runbooks: str = setting("RUNBOOKS_DIR", default="runbooks", help="folder of runbooks (*.yaml)")
    policy: str = setting(
        "POLICY_FILE", default="config/policy.yaml", help="what runbooks may do where, and who must approve it"
    )
    history: str = setting("HISTORY_DIR", default="", help="folder of past incidents (*.yaml), read at start")
    executor_id: str = setting(
        "EXECUTOR_ID",
        default="first-responder-0",
        help="stable name of this process; two running ones never share one. With PostgreSQL the default is the host's "
        "name and a digest of the data folder",
    )
    source_deadline: float = setting(
        "SOURCE_DEADLINE", default=4.0, help="seconds a context source may take before the briefing goes without it"
    )
    source_deadlines: tuple[str, ...] = setting(
        "SOURCE_DEADLINES",
        default=(),
        help="seconds for single sources in the place of SOURCE_DEADLINE, name=seconds with commas between them: "
        "elasticsearch=3,github=6; the longest one bounds the briefing",
    )
    source_rates: tuple[str, ...] = setting(
        "SOURCE_RATES",
        default=(),
        help="how many incidents a minute may ask single sources, name=number with commas between them: "
        f"elasticsearch=30,github=20; {DEFAULT_RATE:g} where nothing is set",
    )
    grouping_window: float = setting(
        "GROUPING_WINDOW_MINUTES",
        default=30.0,
        help="minutes within which alerts of one service belong to one incident",
    )
    grace: float = setting(
        "GRACE_SECONDS",
        default=0.0,
        help="seconds that an incident of SEV3 or SEV4 must last before it is shown: what recovers by itself within "
        "them is kept and opens nothing; 0: everything is shown at once",
    )
    storm_incidents: int = setting(
        "STORM_INCIDENTS",
        default=StormLimits.incidents,
        help="incidents that may be opened within two minutes; what comes then and is not critical joins one, the "
        "storm's; 0: there are no storms",
    )
    maintenance: str = setting(
        "MAINTENANCE_FILE",
        default="",
        help="file of announced work, in which alerts wait (config/maintenance.yaml shows its form), read at start",
    )
    preload: bool = setting(
        "PRELOAD",
        default=False,
        help="true: import all client libraries at start, so that the first briefing after it comes a second or two "
        "sooner, for about 80 MB more memory at rest",
    )
    pseudonyms: bool = setting(
        "MODEL_PSEUDONYMS",
        default=True,
        help="the model is told stand-ins for hosts, addresses, people and accounts, and people read the real names; "
        "false: it is told the real ones",
    )
    second_opinion: str = setting(
        "MODEL_SECOND_OPINION",
        default=SECOND_FAST,
        help="which model looks again at an analysis of high confidence, and can only lower it: fast, main or off",
    )
    log_level: str = setting("LOG_LEVEL", default="INFO", help="DEBUG, INFO, WARNING or ERROR")

    def __post_init__(self) -> None:
        if not 0 <= self.port <= HIGHEST_PORT:
            raise SettingsError(f"PORT takes a number from 0 (any free port) to {HIGHEST_PORT}.")
        if not 0 < self.source_deadline < math.inf:
            raise SettingsError("SOURCE_DEADLINE takes a number of seconds above zero.")
        if not 0 < self.grouping_window < math.inf:
            raise SettingsError("GROUPING_WINDOW_MINUTES takes a number of minutes above zero.")
        if not 0 <= self.grace <= LONGEST_GRACE:
            raise SettingsError(f"GRACE_SECONDS takes a number of seconds from 0 to {LONGEST_GRACE:g}.")
        if self.storm_incidents != 0 and self.storm_incidents < StormLimits.least_incidents:
            raise SettingsError(f"STORM_INCIDENTS takes 0 or a number from {StormLimits.least_incidents}.")
        if self.second_opinion not in (SECOND_OFF, SECOND_FAST, SECOND_MAIN):
            raise SettingsError(
                f"MODEL_SECOND_OPINION takes fast, main or off; {self.second_opinion!r} is none of them."
            )
        if self.log_level.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise SettingsError(f"LOG_LEVEL takes DEBUG, INFO, WARNING or ERROR; {self.log_level!r} is none of them.")

    @cached_property
    def deadlines(self) -> Mapping[str, float]:
        """Seconds, of the sources that have a deadline of their own."""
        return named_numbers("SOURCE_DEADLINES", self.source_deadlines)

    @cached_property
    def rates(self) -> Mapping[str, float]:
        """Asks a minute, of the sources that have a rate of their own."""
        return named_numbers("SOURCE_RATES", self.source_rates)

    def deadline_of(self, source: str) -> float:
        """Seconds."""
        return self.deadlines.get(source, self.source_deadline)

    def rate_of(self, source: str) -> float:
        """Asks a minute."""
        return self.rates.get(source, DEFAULT_RATE)

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
    memory: MemorySettings
    audit: AuditSettings
    life: LifeSettings
    vendors: Mapping[str, Any]  # an instance of each integration's settings class, by its name


def load(environ: Mapping[str, str], integrations: Mapping[str, Integration[Any]]) -> Settings:
    """Raises SettingsError, which names the variable and the remedy."""
    bot = read(BotSettings, environ)
    sources = [name for name, integration in integrations.items() if integration.sources is not None]
    check_names("SOURCE_DEADLINES", bot.deadlines, sources)
    check_names("SOURCE_RATES", bot.rates, sources)
    return Settings(
        bot=bot,
        slack=read(SlackSettings, environ),
        memory=read(MemorySettings, environ),
        audit=read(AuditSettings, environ),
        life=read(LifeSettings, environ),
        vendors={name: read(integration.settings, environ) for name, integration in integrations.items()},
    )
