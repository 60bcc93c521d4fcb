"""Who is on call, and who takes over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.briefing import Claim
from bot.domain.causes.words import clock
from bot.domain.evidence import Evidence, NextOnCallFact, OnCallFact


@dataclass(frozen=True, kw_only=True)
class Duty:
    claim: Claim
    email: str  # "" for who only takes over later: nobody is invited before their time


def on_call(evidence: Sequence[Evidence], now: datetime) -> tuple[Duty, ...]:
    """By level; who takes over stands with whom they take over from."""
    later = [(item, item.fact) for item in evidence if isinstance(item.fact, NextOnCallFact)]
    later.sort(key=lambda pair: pair[1].at, reverse=True)
    nexts = {(fact.policy, fact.level): (item, fact) for item, fact in later}  # of several, the first to come
    found = [(item, item.fact) for item in evidence if isinstance(item.fact, OnCallFact)]
    found.sort(key=lambda pair: pair[1].level)
    duties = []
    for item, fact in found:
        follower = nexts.pop((fact.policy, fact.level), None)
        claim = Claim(text=_duty(fact, now), evidence=(item.id,))
        if follower:
            text = f"{claim.text}, {_then(follower[1], fact, now)}"
            claim = Claim(text=text, evidence=(item.id, follower[0].id))
        duties.append(Duty(claim=claim, email=fact.email))
    for item, alone in sorted(nexts.values(), key=lambda pair: pair[1].level):
        text = f"{alone.person} from {_when(alone.at, now)}, level {alone.level} of {alone.policy}"
        duties.append(Duty(claim=Claim(text=text, evidence=(item.id,)), email=""))
    return tuple(duties)


def _duty(fact: OnCallFact, now: datetime) -> str:
    until = f" until {_when(fact.until, now)}" if fact.until else ""
    return f"{fact.person}, level {fact.level} of {fact.policy}{until}"


def _then(fact: NextOnCallFact, before: OnCallFact, now: datetime) -> str:
    same = before.until is not None and abs((fact.at - before.until).total_seconds()) < 60
    return f"then {fact.person}" + ("" if same else f" from {_when(fact.at, now)}")


def _when(at: datetime, now: datetime) -> str:
    return clock(at) if at.date() == now.date() else f"{at:%-d %b} {clock(at)}"
