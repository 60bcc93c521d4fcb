"""Rules: for which plans, and what then. A rule that is added can only make things stricter where another one fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from bot.domain.action import Isolation, Plan, Risk
from bot.domain.alert import Severity


class Autonomy(StrEnum):
    """What the bot may do by itself, the least strict first."""

    ALLOWED = "allowed"
    NOTIFY = "notify"  # it does it, and says so
    APPROVAL = "approval"
    FORBIDDEN = "forbidden"

    @property
    def rank(self) -> int:
        return list(Autonomy).index(self)


UNKNOWN = Autonomy.APPROVAL  # where no rule fits


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is empty fits everything. Patterns are globs (`*`, `?`, `[ab]`); environments and services ignore case."""

    name: str  # how people find it in the file: "production, rule 2"
    autonomy: Autonomy
    actions: tuple[str, ...] = ()
    excepted: tuple[str, ...] = ()  # actions that it does not fit
    risks: tuple[Risk, ...] = ()
    environments: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    tiers: tuple[int, ...] = ()
    why: str = ""  # the operators' sentence, shown to people
    approvers: tuple[str, ...] = ()  # names of groups; empty: the policy's own
    needed: int | None = None
    requester_may_approve: bool | None = None
    expires_after: timedelta | None = None
    max_radius: Mapping[str, int] = field(default_factory=dict)  # by unit
    isolation: Isolation | None = None  # the weakest that will do

    def fits(self, plan: Plan, risk: Risk, tier: int | None) -> bool:
        """`risk` as it is weighed. What is in doubt (an unknown tier or service, a change that cannot be undone) counts
        for rules that hold back, never for those that let through.
        """
        call = plan.call
        is_strict = self.autonomy.rank >= UNKNOWN.rank
        return (
            _fits(self.actions, call.action, if_empty=True)
            and not _fits(self.excepted, call.action, if_empty=False)
            and (not self.risks or risk in self.risks or (is_strict and plan.risk in self.risks))
            and _fits_name(self.environments, call.environment, if_unknown=is_strict)
            and _fits_name(self.services, call.service, if_unknown=is_strict)
            and (not self.tiers or (is_strict if tier is None else tier in self.tiers))
        )


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Rules that hold together in some environments, and, where severities are given, in incidents of these alone."""

    name: str
    environments: tuple[str, ...] = ()  # globs; empty: all of them
    severities: tuple[Severity, ...] = ()  # empty: with or without an incident
    instead_of: str | None = None  # the profile that does not count where this one fits
    rules: tuple[Rule, ...] = ()

    def fits(self, environment: str, severity: Severity | None) -> bool:
        return _fits_name(self.environments, environment, if_unknown=False) and (
            not self.severities or severity in self.severities
        )


def _fits(patterns: tuple[str, ...], name: str, *, if_empty: bool) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns) if patterns else if_empty


def _fits_name(patterns: tuple[str, ...], name: str | None, *, if_unknown: bool) -> bool:
    if not patterns:
        return True
    if not name or not name.strip():
        return if_unknown
    return any(fnmatchcase(name.strip().casefold(), pattern.casefold()) for pattern in patterns)
