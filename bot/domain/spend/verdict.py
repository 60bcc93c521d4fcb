"""What is said to a call of a model, and what people are told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.domain.spend.call import Account, Estimate, ModelCall, Scope


class SpendDecision(StrEnum):
    ALLOWED = "allowed"
    ALLOWED_FROM_RESERVE = "allowed_from_reserve"  # of a SEV1, out of what is kept for such
    STOPPED = "stopped"  # by people
    INCIDENT_CAP = "incident_cap"
    PERSON_CAP = "person_cap"
    SERVICE_CAP = "service_cap"
    DAY_CAP = "day_cap"
    KEPT_FOR_SEV1 = "kept_for_sev1"  # what is left of the day is not for this one
    THROTTLED = "throttled"  # too many calls or tokens this minute; asking again helps

    @property
    def is_allowed(self) -> bool:
        return self in (SpendDecision.ALLOWED, SpendDecision.ALLOWED_FROM_RESERVE)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    decision: SpendDecision
    text: str = ""  # why not, plain sentences for people; empty where it is allowed
    scope: Scope | None = None  # whose cap it is

    @property
    def is_allowed(self) -> bool:
        return self.decision.is_allowed


class NoticeKind(StrEnum):
    NEAR = "near"
    REACHED = "reached"  # a call was refused


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What people are told once for each account."""

    account: Account
    kind: NoticeKind
    text: str


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A call that may be made now: its estimate counts as spent until it is settled, released, or expires."""

    id: str
    call: ModelCall
    estimate: Estimate
    decision: SpendDecision
    day: date  # UTC; where it counts, also when it ends on the next one
    expires_at: datetime  # of a process that died


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A call that may not be made."""

    verdict: Verdict
    notices: Sequence[Notice] = ()  # to be told now; nobody else is given them
    wait: float | None = None  # seconds after which asking again may help
