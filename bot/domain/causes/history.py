"""What it was last time. History hints; only what is observed now makes a cause."""

from __future__ import annotations

from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.causes.case import Case, Cited
from bot.domain.causes.weigh import reason, with_reasons
from bot.domain.causes.words import names_service
from bot.domain.evidence import PastIncidentFact

PRIOR = 0.75  # the most that a similar past incident adds: half of one good observation


def remember(case: Case, h: Hypothesis) -> Hypothesis:
    """With the most similar past incident of the same kind, where something observed now speaks for the cause."""
    if h.score <= 0:
        return h
    same = [p for p in case.past if p.fact.cause_kind == h.kind and p.fact.score > 0 and _is_about(case, p, h)]
    if not same:
        return h
    best = max(same, key=lambda p: (p.fact.score, p.id))
    text = f"a similar incident had this kind of cause: {best.fact.incident}"
    return with_reasons(h, [reason(PRIOR * min(1.0, best.fact.score), text, best.id)])


def _is_about(case: Case, past: Cited[PastIncidentFact], h: Hypothesis) -> bool:
    """An incident of the burning service whose cause lay below it is about that service alone which it names."""
    told = past.fact
    if h.kind is CauseKind.DEPENDENCY or h.service != case.service:
        return told.service == h.service or names_service(f"{told.title} {told.cause}", h.service)
    return told.service == h.service
