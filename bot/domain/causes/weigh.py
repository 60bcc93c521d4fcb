"""How reasons are made and added up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot.domain.briefing import CauseKind, Hypothesis, Reason
from bot.domain.causes.words import span
from bot.domain.confidence import Confidence

HANDFUL = 20  # lines: fewer within the minutes around an onset are what any service logs when somebody looks closely
HANDFUL_FACTOR = 0.5
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


def with_reasons(h: Hypothesis, more: Iterable[Reason]) -> Hypothesis:
    """The same cause with further reasons; itself where there are none."""
    further = tuple(more)
    return hypothesis(h.kind, h.service, h.subject, h.statement, (*h.reasons, *further)) if further else h


def by_lines(weight: float, count: int) -> float:
    """What log lines say, weighed by how many there are."""
    return weight if count >= HANDFUL else weight * HANDFUL_FACTOR


def apart(delta: timedelta) -> str:
    """ "6 min before" or "6 min after"; up to a minute is "just before" or "just after"."""
    side = "before" if delta >= timedelta() else "after"
    return f"just {side}" if abs(delta) <= MINUTE else f"{span(delta)} {side}"
