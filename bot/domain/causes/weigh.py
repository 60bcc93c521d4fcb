"""How reasons are made and added up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot.domain.briefing import CauseKind, Confidence, Hypothesis, Reason
from bot.domain.causes.case import Case
from bot.domain.causes.words import span

PRIOR = 0.75  # the most that a similar past incident adds: history hints, it does not prove
MINUTE = timedelta(minutes=1)


def reason(weight: float, text: str, *evidence: str) -> Reason:
    return Reason(weight=weight, text=text, evidence=tuple(dict.fromkeys(evidence)))


def hypothesis(kind: CauseKind, service: str, subject: str, statement: str, reasons: Iterable[Reason]) -> Hypothesis:
    """Its score is the sum of its reasons; the strongest stand first. The confidence is settled among all of them."""
    strongest_first = tuple(sorted(reasons, key=lambda r: -abs(r.weight)))
    return Hypothesis(
        kind=kind,
        service=service,
        subject=subject,
        statement=statement,
        reasons=strongest_first,
        score=round(sum(r.weight for r in strongest_first), 3),
        confidence=Confidence.LOW,
    )


def prior(case: Case, kind: CauseKind, service: str) -> list[Reason]:
    """The most similar past incident of this service that had this kind of cause."""
    same = [p for p in case.past if p.fact.cause_kind == kind and p.fact.service in {service, case.service}]
    if not same:
        return []
    best = max(same, key=lambda p: p.fact.score)
    weight = PRIOR * min(1.0, max(0.0, best.fact.score))
    text = f"a similar incident had this kind of cause: {best.fact.incident}"
    return [reason(weight, text, best.id)] if weight > 0 else []


def apart(delta: timedelta) -> str:
    """ "6 min before" or "6 min after"; up to a minute is "just before" or "just after"."""
    side = "before" if delta >= timedelta() else "after"
    return f"just {side}" if abs(delta) <= MINUTE else f"{span(delta)} {side}"
