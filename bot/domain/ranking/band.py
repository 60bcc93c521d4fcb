"""How sure the first place is. Bands, not percentages: nothing here is calibrated finer than this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.domain.confidence import Confidence
from bot.domain.ranking.observed import Speaking, Suspect

CLEAR = 0.5  # a score of half a full signal: about eight robust deviations of one signal alone
LEAD = 2.0  # times the runner-up: the second is then not half as likely a story
SOME = 0.1  # below a tenth of a full signal there is nothing but noise, whoever leads
SOME_LEAD = 1.25  # a lead by a quarter; less is a tie

Scored = tuple[str, Sequence[Speaking], float]  # service, what speaks against it, how near it is to the alert


def settle(scored: Iterable[Scored]) -> tuple[Suspect, ...]:
    ordered = sorted(
        ((nearness * _sum(speaking), service, speaking) for service, speaking, nearness in scored),
        key=lambda item: (-item[0], item[1]),
    )
    scores = [score for score, _, _ in ordered]
    return tuple(
        Suspect(
            service=service,
            score=score,
            speaking=_spoken(speaking),
            confidence=_band(scores) if place == 0 else Confidence.LOW,
        )
        for place, (score, service, speaking) in enumerate(ordered)
    )


def _band(scores: Sequence[float]) -> Confidence:
    first, second = scores[0], scores[1] if len(scores) > 1 else 0.0
    if first >= CLEAR and first >= LEAD * second:
        return Confidence.HIGH
    return Confidence.MEDIUM if first >= SOME and first >= SOME_LEAD * second else Confidence.LOW


def _sum(speaking: Sequence[Speaking]) -> float:
    return sum(one.weight for one in speaking)


def _spoken(speaking: Sequence[Speaking]) -> tuple[Speaking, ...]:
    return tuple(sorted((one for one in speaking if one.weight > 0.0), key=lambda one: -one.weight))
