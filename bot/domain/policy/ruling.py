"""What was decided on a plan, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.action import Risk
from bot.domain.alert import Severity
from bot.domain.policy.autonomy import Autonomy


@dataclass(frozen=True, kw_only=True)
class ActionContext:
    """What else the decision depends on."""

    now: datetime  # aware
    severity: Severity | None = None  # of the open incident; None without one
    tier: int | None = None  # of the service, where the catalog tells; 1 is the most critical
    is_automatic: bool = False  # no person asked for it
    times_done: int = 0  # how often the same change (`repetition_key`) was begun in this incident


class RulingReason(StrEnum):
    RULE = "rule"
    NO_RULE = "no_rule"  # nothing fits: approval
    NO_PROFILE = "no_profile"  # no profile holds in this environment: approval
    RADIUS = "radius"
    REPEATED = "repeated"
    ISOLATION = "isolation"
    QUIET_HOURS = "quiet_hours"
    NO_APPROVERS = "no_approvers"  # approval is needed, and nobody could give it


@dataclass(frozen=True, kw_only=True)
class Reason:
    kind: RulingReason
    sentence: str
    rule: str = ""  # its name, where it is one


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """`reasons`: why it is not less strict than this, the weightiest first; never empty."""

    kind: Autonomy
    reasons: tuple[Reason, ...]
    risk: Risk  # as it was weighed: what cannot be undone counts as DESTROY
    approvers: tuple[str, ...] = ()  # names of groups: members of any of them may approve
    needed: int = 0  # different people; 0 where no approval is needed
    requester_may_approve: bool = False
    expires_after: timedelta = timedelta(0)
    policy_version: str = ""

    @property
    def may_run_at_once(self) -> bool:
        return self.kind in (Autonomy.ALLOWED, Autonomy.NOTIFY)

    @property
    def sentence(self) -> str:
        return self.reasons[0].sentence
