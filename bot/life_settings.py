"""What is set about an incident's hour and the week after it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.errors import SettingsError
from bot.domain.setting import setting

RESOLVE, ASK = "resolve", "ask"
LONGEST_WATCH = 24.0 * 14  # hours


@dataclass(frozen=True, kw_only=True)
class LifeSettings:
    announcements: str = setting(
        "ANNOUNCEMENT_CHANNEL",
        default="incidents",
        help="channel with one post for each incident, edited as it goes on, and the weekly digest; empty: none",
    )
    on_recovery: str = setting(
        "ON_RECOVERY",
        default=RESOLVE,
        help="when no alert fires any more: resolve (the incident is resolved) or ask (it is monitored, and the lead "
        "is asked)",
    )
    watch_hours: float = setting(
        "RECOVERY_WATCH_HOURS",
        default=24.0,
        help="hours for which the trigger of a resolved incident is looked at again; 0: not at all",
    )
    digest: bool = setting(
        "WEEKLY_DIGEST", default=True, help="true: on Mondays the announcement channel is told the week's numbers"
    )
    postmortems: str = setting(
        "POSTMORTEM_DIR",
        default="",
        help="folder that published postmortems are written to; by default `postmortems` in the data folder",
    )
    postmortem_repository: str = setting(
        "POSTMORTEM_REPOSITORY",
        default="",
        help="GitHub repository (owner/name) that published postmortems are proposed to as pull requests; needs GitHub",
    )
    follow_up_repository: str = setting(
        "FOLLOW_UP_REPOSITORY",
        default="",
        help="GitHub repository (owner/name) in which follow-ups can become issues; needs GitHub",
    )
    unheard_minutes: float = setting(
        "SLACK_AWAY_MINUTES",
        default=5.0,
        help="minutes that a SEV1 may wait for Slack before PagerDuty is told by a note",
    )

    def __post_init__(self) -> None:
        if self.on_recovery not in (RESOLVE, ASK):
            raise SettingsError(f"ON_RECOVERY takes resolve or ask; {self.on_recovery!r} is neither.")
        if not 0 <= self.watch_hours <= LONGEST_WATCH:
            raise SettingsError(f"RECOVERY_WATCH_HOURS takes a number of hours from 0 to {LONGEST_WATCH:g}.")
        if not 0 < self.unheard_minutes < math.inf:
            raise SettingsError("SLACK_AWAY_MINUTES takes a number of minutes above zero.")
        for name, value in (
            ("POSTMORTEM_REPOSITORY", self.postmortem_repository),
            ("FOLLOW_UP_REPOSITORY", self.follow_up_repository),
        ):
            if value and value.count("/") != 1:
                raise SettingsError(f"{name} takes owner/name, for example acme/postmortems; {value!r} is not.")

    @property
    def asks(self) -> bool:
        return self.on_recovery == ASK

    @property
    def watch(self) -> timedelta:
        return timedelta(hours=self.watch_hours)

    @property
    def unheard(self) -> timedelta:
        return timedelta(minutes=self.unheard_minutes)
