"""All that operators decide about actions, as `config/policy.yaml` says it. The defaults hold without a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.action import Isolation, Risk
from bot.domain.alert import Severity
from bot.domain.policy.autonomy import Profile, Rule
from bot.domain.policy.quiet import QuietHours

EXPIRES_AFTER = timedelta(minutes=10)  # what was seen on a screen longer ago than this is no longer what is true
REMIND_BEFORE = (timedelta(minutes=5), timedelta(minutes=2))
NEEDED = {Risk.READ: 0, Risk.CHANGE: 1, Risk.DESTROY: 2}
REPETITIONS = 2  # a restart that did not help twice hides the cause when it is done a third time
ISOLATION = {Risk.READ: Isolation.NONE, Risk.CHANGE: Isolation.LANDLOCK, Risk.DESTROY: Isolation.LANDLOCK}


@dataclass(frozen=True, kw_only=True)
class ApproverGroup:
    """Members of any of the user groups, and these users."""

    name: str  # as rules and people call it: "on-call"
    user_groups: tuple[str, ...] = ()  # Slack's ids: S...
    users: tuple[str, ...] = ()  # Slack's ids: U... or W...


@dataclass(frozen=True, kw_only=True)
class Approving:
    """`groups`: whose members may approve where no rule names others. Nobody may where there is none."""

    groups: tuple[str, ...] = ()
    needed: Mapping[Risk, int] = field(default_factory=lambda: dict(NEEDED))
    requester_may_approve: bool = False  # never where two people are needed
    expires_after: timedelta = EXPIRES_AFTER
    remind_before: tuple[timedelta, ...] = REMIND_BEFORE  # before it expires


@dataclass(frozen=True, kw_only=True)
class Escalating:
    """When nobody answers a request, the next person on call is asked."""

    severities: frozenset[Severity] = frozenset({Severity.SEV1})
    after: timedelta = timedelta(minutes=3)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """`max_radius`: how many of a unit a change may touch; "*" is for units that are not named."""

    max_radius: Mapping[str, int] = field(default_factory=dict)
    repetitions: int = REPETITIONS  # of the same change in one incident
    isolation: Mapping[Risk, Isolation] = field(default_factory=lambda: dict(ISOLATION))


@dataclass(frozen=True, kw_only=True)
class StopAfter:
    """How many changes may fail their verification before actions are stopped by themselves."""

    in_an_incident: int = 2
    in_all: int = 5
    within: timedelta = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Policy:
    profiles: tuple[Profile, ...] = ()
    rules: tuple[Rule, ...] = ()  # hold in every profile
    groups: Mapping[str, ApproverGroup] = field(default_factory=dict)  # by name
    approving: Approving = field(default_factory=Approving)
    escalating: Escalating = field(default_factory=Escalating)
    limits: Limits = field(default_factory=Limits)
    stop_after: StopAfter = field(default_factory=StopAfter)
    quiet_hours: tuple[QuietHours, ...] = ()
    version: str = ""  # SHA-256 of the file, in hexadecimal; for the audit log
