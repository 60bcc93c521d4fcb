"""What the ranking of all series adds to the causes that sit in the service it suspects."""

from __future__ import annotations

from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.causes.case import Case
from bot.domain.causes.weigh import reason, with_reasons
from bot.domain.confidence import Confidence

# By the band of its first suspect, which is calibrated on recorded faults: "high" is right in four of five.
FOR = {Confidence.HIGH: 1.5, Confidence.MEDIUM: 0.75, Confidence.LOW: 0.25}
AGAINST = {Confidence.HIGH: -0.5, Confidence.MEDIUM: -0.25}
_NOWHERE = frozenset({CauseKind.UNKNOWN, CauseKind.HEALTHY})


def suspect(case: Case, h: Hypothesis) -> Hypothesis:
    """The ranking names a service, never a cause: it adds to what something observed speaks for, and takes little."""
    first = next((s for s in case.suspects if s.fact.place == 1), None)
    if first is None or h.score <= 0 or h.kind in _NOWHERE:
        return h
    band = Confidence(first.fact.confidence)
    name = first.fact.service
    if h.service == name:
        why = f": {first.fact.grounds[0]}" if first.fact.grounds else ""
        return with_reasons(
            h, [reason(FOR[band], f"of all series, those of {name} are the most suspect{why}", first.id)]
        )
    if band not in AGAINST:
        return h
    return with_reasons(h, [reason(AGAINST[band], f"of all series, those of {name} are more suspect", first.id)])
