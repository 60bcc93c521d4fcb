"""What was concluded from all series, as facts and in words."""

from __future__ import annotations

import math

from bot.domain.causes.words import span
from bot.domain.confidence import Confidence
from bot.domain.context import ContextRequest
from bot.domain.evidence import Evidence, OnsetFact, SuspectFact
from bot.domain.plaintext import plain
from bot.domain.ranking import DEFAULT, Ground, Signal, Speaking, Suspect

SOURCE = "ranking"
MOST_GROUNDS = 3
SOME = 0.1  # of a full signal: below it there is nothing but noise, as for the bands of the ranking
TOLD_FROM = 3.0  # robust deviations: less happens every hour
DOUBLED = math.log(2.0) / math.log(DEFAULT.log_rise)  # the weight of twice as many error lines
NAME_LIMIT = 60
FINE = 60.0  # seconds: with samples closer than this the onset is told with its seconds
LOUD = int(DEFAULT.loud)  # robust deviations from which louder says nothing more

_PHRASES = {
    Ground.ACCUSED: "its callers wait although nothing that they call is slow",
    Ground.CUT_OFF: "it gets its traffic, what it calls does not",
    Ground.LOGS: "its error lines rose",
}


def onset_evidence(request: ContextRequest, fact: OnsetFact, step: float) -> Evidence:
    when = f"{fact.at:%H:%M:%S} UTC" if step < FINE else f"{fact.at:%H:%M} UTC"
    ahead = request.onset - fact.at
    order = f"{span(ahead)} before the alert" if ahead.total_seconds() >= 1 else "with the alert"
    text = f"Trouble began at {when} by the data, {order}; first to move: {', '.join(fact.movers)}"
    return Evidence(source=SOURCE, text=text, fact=fact, at=fact.at)


def grounds_of(suspect: Suspect) -> list[Speaking]:
    """Those that are worth a phrase, weightiest first."""
    return [one for one in suspect.speaking if _tells(one)]


def suspect_fact(suspect: Suspect, place: int) -> SuspectFact:
    telling = grounds_of(suspect)
    own = [one for one in telling if one.ground is Ground.OWN_SIGNAL]
    phrases = dict.fromkeys(map(_phrase, telling))
    return SuspectFact(
        service=plain(suspect.service, NAME_LIMIT),
        place=place,
        score=suspect.score,
        confidence=(suspect.confidence if place == 1 else Confidence.LOW).value,
        grounds=tuple(phrases)[:MOST_GROUNDS],
        metric=plain(own[0].metric, NAME_LIMIT) if own else "",
    )


def suspect_evidence(fact: SuspectFact, services: int) -> Evidence:
    whose = f"{services} services" if services > 1 else "one service"
    lead = f"Most suspect of {whose}" if fact.place == 1 else f"Suspect {fact.place} of {whose}"
    text = f"{lead}: {fact.service} ({fact.confidence}): {', '.join(fact.grounds)}"
    return Evidence(source=SOURCE, text=text, fact=fact)


def _tells(speaking: Speaking) -> bool:
    """Whether it is worth a phrase: what is faint still counts in the score."""
    if speaking.ground is Ground.OWN_SIGNAL:
        return abs(speaking.deviation) >= TOLD_FROM
    return speaking.weight >= (DOUBLED if speaking.ground is Ground.LOGS else SOME)


def _phrase(speaking: Speaking) -> str:
    if speaking.ground is Ground.OWN_SIGNAL:
        far = abs(speaking.deviation)
        spreads = f"{far:.0f} spreads" if far < LOUD else f"over {LOUD} spreads"
        return f"{plain(speaking.metric, NAME_LIMIT)} {spreads} {'above' if speaking.deviation > 0 else 'below'} normal"
    if speaking.ground is Ground.LOSS:
        share = min(1.0, speaking.weight / DEFAULT.loss)
        lost = "time lost arises" if speaking.signal is Signal.LATENCY else "failed requests arise"
        return f"{share * 100:.0f} % of the {lost} here"
    return _PHRASES[speaking.ground]
