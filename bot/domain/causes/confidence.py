"""How sure we may sound: the strength of the case, its lead over rivals, and how much we could see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.causes.case import Case
from bot.domain.confidence import Confidence
from bot.domain.evidence import Outcome

HIGH_SCORE = 5.0
MEDIUM_SCORE = 2.5
CLEAR_LEAD = 1.5  # less than one strong reason ahead of the next cause is no clear lead
# What is concluded from others' answers is no place to look at: that those are missing counts by itself. The name is
# that of `bot.domain.conclusion`, which takes its words from here.
CONCLUDED = "ranking"
_LADDER = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)


def settle(case: Case, ranked: Sequence[Hypothesis]) -> tuple[Hypothesis, ...]:
    """Only the first may be "high"; a rival close behind is at most "medium" and takes "high" from the first."""
    return tuple(replace(h, confidence=_band(case, ranked, place)) for place, h in enumerate(ranked))


def _band(case: Case, ranked: Sequence[Hypothesis], place: int) -> Confidence:
    own = ranked[place]
    if own.kind is CauseKind.UNKNOWN or own.score < MEDIUM_SCORE:
        return Confidence.LOW
    if place > 0:
        return Confidence.MEDIUM if ranked[0].score - own.score < CLEAR_LEAD else Confidence.LOW
    rivals = [h.score for h in ranked[1:] if not _same_story(own, h)]
    clear = own.score - max(rivals, default=0.0) >= CLEAR_LEAD
    strong = own.score >= HIGH_SCORE and clear and _kinds_of_evidence(case, own) > 1
    step = (2 if strong else 1) - _blind_spots(case)
    return _LADDER[max(0, step)]


def _same_story(one: Hypothesis, other: Hypothesis) -> bool:
    """ "X is failing" and "X was deployed" or "X ran out" name the same culprit."""
    kinds = {one.kind, other.kind}
    return one.service == other.service and CauseKind.DEPENDENCY in kinds and len(kinds) > 1


def _kinds_of_evidence(case: Case, own: Hypothesis) -> int:
    """In how many of metrics, logs, changes, alerts and what the platform says the reasons for it stand."""
    cited = {i for r in own.reasons_for for i in r.evidence}
    platform = {p.id for p in case.pods} | {e.id for e in case.events} | {c.id for c in case.conditions}
    families = (
        {m.id for m in case.metrics},
        {log.id for log in case.logs},
        {i for c in case.changes for i in c.ids},
        {a.id for a in case.alerts},
        platform | {p.id for p in case.probes},
        {p.id for p in case.providers},
    )
    return sum(bool(cited & ids) for ids in families)


def _blind_spots(case: Case) -> int:
    """Kinds of facts that are wanting because a source could not look, as far as can be told."""
    could_not = sum(f.outcome in {Outcome.FAILED, Outcome.SKIPPED} and f.source != CONCLUDED for f in case.findings)
    wanting = sum(not family for family in (case.metrics, case.logs, case.changes))
    return min(could_not, wanting)
