"""What calls of a model cost, and whether one more may be made. Pure: times and totals are passed in."""

from bot.domain.spend.call import MICRO, Account, Charge, Estimate, ModelCall, Scope, dollars
from bot.domain.spend.caps import (
    NEAR_SHARE,
    RESERVE_SHARE,
    Caps,
    Limits,
    cap_of,
    decide,
    near,
    reached,
    throttled,
)
from bot.domain.spend.cost import CostLine, CostReport
from bot.domain.spend.throttle import Bucket
from bot.domain.spend.verdict import Hold, Notice, NoticeKind, Refusal, SpendDecision, Verdict

__all__ = [
    "MICRO",
    "NEAR_SHARE",
    "RESERVE_SHARE",
    "Account",
    "Bucket",
    "Caps",
    "Charge",
    "CostLine",
    "CostReport",
    "Estimate",
    "Hold",
    "Limits",
    "ModelCall",
    "Notice",
    "NoticeKind",
    "Refusal",
    "Scope",
    "SpendDecision",
    "Verdict",
    "cap_of",
    "decide",
    "dollars",
    "near",
    "reached",
    "throttled",
]
