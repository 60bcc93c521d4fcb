"""What may be done where, and who must say yes: rules that operators write, and the decision on one plan."""

from bot.domain.policy.autonomy import Autonomy, Profile, Rule
from bot.domain.policy.decide import decide, repetition_key
from bot.domain.policy.policy import ApproverGroup, Approving, Escalating, Limits, Policy, StopAfter
from bot.domain.policy.quiet import QuietHours
from bot.domain.policy.ruling import ActionContext, Reason, Ruling, RulingReason

__all__ = [
    "ActionContext",
    "ApproverGroup",
    "Approving",
    "Autonomy",
    "Escalating",
    "Limits",
    "Policy",
    "Profile",
    "QuietHours",
    "Reason",
    "Rule",
    "Ruling",
    "RulingReason",
    "StopAfter",
    "decide",
    "repetition_key",
]
