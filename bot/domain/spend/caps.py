"""Whether one more call of a model may be made.

    stopped? -> the incident's cap -> the person's day -> the service's day -> the day in all -> the rate
                                                                              |
                                     the last share of the day's cap: SEV1 alone

A call is held to the most that it may cost, beside everything that was spent and everything that others hold at that
moment. So a cap is exceeded only by what calls under way then cost more than was estimated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.spend.call import Account, Estimate, ModelCall, Scope, dollars
from bot.domain.spend.verdict import Notice, NoticeKind, SpendDecision, Verdict

NEAR_SHARE = 0.8  # of a cap, from which people are told
RESERVE_SHARE = 0.2  # of the day's cap


@dataclass(frozen=True, kw_only=True)
class Caps:
    """Micro-dollars; 0 is no cap."""

    incident: int = 0
    person: int = 0  # a day, like the next two
    service: int = 0
    day: int = 0
    reserve_share: float = RESERVE_SHARE  # of `day`, for SEV1 alone


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Caps, and how fast all calls together may come; 0 is no limit."""

    caps: Caps
    requests_per_minute: float = 0.0
    tokens_per_minute: float = 0.0


def cap_of(scope: Scope, caps: Caps) -> int:
    """Micro-dollars; 0 is no cap."""
    by_scope = {
        Scope.INCIDENT: caps.incident,
        Scope.PERSON: caps.person,
        Scope.SERVICE: caps.service,
        Scope.DAY: caps.day,
    }
    return by_scope[scope]


_CAPS = (
    (Scope.INCIDENT, SpendDecision.INCIDENT_CAP),
    (Scope.PERSON, SpendDecision.PERSON_CAP),
    (Scope.SERVICE, SpendDecision.SERVICE_CAP),
    (Scope.DAY, SpendDecision.DAY_CAP),
)


def decide(
    call: ModelCall, estimate: Estimate, used: Mapping[Scope, int], caps: Caps, *, is_stopped: bool = False
) -> Verdict:
    """`used`: micro-dollars spent or held by others, by the scopes that the call has an account of."""
    if is_stopped:
        text = "The model is stopped here until somebody starts it again; evidence and rules go on."
        return Verdict(decision=SpendDecision.STOPPED, text=text)
    for scope, decision in _CAPS:
        cap = cap_of(scope, caps)
        if cap and scope in used and used[scope] + estimate.micro_dollars > cap:
            return Verdict(decision=decision, text=_refused(scope, used[scope], cap, estimate), scope=scope)
    return _reserved(call, estimate, used.get(Scope.DAY, 0), caps)


def _reserved(call: ModelCall, estimate: Estimate, used: int, caps: Caps) -> Verdict:
    """Within all caps: is it what is kept for SEV1?"""
    reserve = int(caps.day * caps.reserve_share)
    if not caps.day or used + estimate.micro_dollars <= caps.day - reserve:
        return Verdict(decision=SpendDecision.ALLOWED)
    if call.is_urgent:
        return Verdict(decision=SpendDecision.ALLOWED_FROM_RESERVE, scope=Scope.DAY)
    text = (
        f"What is left of today's {dollars(caps.day)} for the model is kept for SEV1 ({dollars(reserve)}); "
        f"{dollars(used)} are spent or under way. {_TOMORROW}"
    )
    return Verdict(decision=SpendDecision.KEPT_FOR_SEV1, text=text, scope=Scope.DAY)


_TOMORROW = "The day ends at 00:00 UTC."
_WHO = {
    Scope.INCIDENT: "An incident may cost {} of the model.",
    Scope.PERSON: "A person may use {} of the model a day.",
    Scope.SERVICE: "A service may use {} of the model a day.",
    Scope.DAY: "All incidents together may use {} of the model a day.",
}


def _refused(scope: Scope, used: int, cap: int, estimate: Estimate) -> str:
    end = "" if scope is Scope.INCIDENT else f" {_TOMORROW}"
    rest = f"{dollars(used)} are spent or under way, and this call could cost {dollars(estimate.micro_dollars)}."
    return f"{_WHO[scope].format(dollars(cap))} {rest}{end}"


_SUBJECT = {
    Scope.INCIDENT: "This incident has used",
    Scope.PERSON: "Who asked has used today",
    Scope.SERVICE: "This service has used today",
    Scope.DAY: "All incidents together have used today",
}


def near(account: Account, spent: int, caps: Caps) -> Notice | None:
    """What people are told from 80 % of a cap on. `spent`: micro-dollars, without what is under way."""
    cap = cap_of(account.scope, caps)
    if not cap or spent < cap * NEAR_SHARE:
        return None
    share = f"{spent / cap * 100:.0f} %"
    text = f"{_SUBJECT[account.scope]} {dollars(spent)} of {dollars(cap)} for the model ({share})."
    return Notice(account=account, kind=NoticeKind.NEAR, text=text)


def reached(verdict: Verdict, accounts: Mapping[Scope, Account]) -> Notice | None:
    """What people are told when a cap refuses a call."""
    if verdict.is_allowed or verdict.scope is None:
        return None
    text = f"{verdict.text} Until then briefings and answers come without the model."
    if verdict.scope is Scope.INCIDENT:
        text = f"{verdict.text} Briefings and answers go on without the model."
    return Notice(account=accounts[verdict.scope], kind=NoticeKind.REACHED, text=text)


def throttled(wait: float) -> Verdict:
    """`wait`: seconds."""
    text = f"Too many questions to the model at this moment; the next one can go in {max(1, round(wait))} s."
    return Verdict(decision=SpendDecision.THROTTLED, text=text)
