"""What runs out, as steps that keep it from doing so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from bot.domain.briefing import Hypothesis, Step
from bot.domain.causes.words import clock
from bot.domain.context import ContextRequest
from bot.domain.evidence import Evidence, ForecastFact
from bot.domain.plaintext import plain

SOON = timedelta(hours=4)  # what runs out later can wait for the day
SUBJECT_LIMIT = 80


def forecast_of(
    evidence: Sequence[Evidence], cited: set[str], cause: Hypothesis
) -> tuple[Evidence, ForecastFact] | None:
    """The forecast that this cause rests on."""
    found = [(item, item.fact) for item in evidence if isinstance(item.fact, ForecastFact) and item.id in cited]
    own = [(item, fact) for item, fact in found if fact.service == cause.service]
    return min(own, key=lambda pair: pair[1].runs_out_at, default=None)


def running_out_soon(request: ContextRequest, evidence: Sequence[Evidence]) -> Iterator[Step]:
    """What will be the next incident unless somebody acts within hours, whatever the cause of this one."""
    found = [(item, item.fact) for item in evidence if isinstance(item.fact, ForecastFact)]
    soon = [(item, fact) for item, fact in found if fact.runs_out_at - request.now <= SOON]
    if soon:
        yield make_room(request, *min(soon, key=lambda pair: (pair[1].runs_out_at, pair[0].id)))


def make_room(request: ContextRequest, item: Evidence, fact: ForecastFact) -> Step:
    subject = plain(fact.subject, SUBJECT_LIMIT)
    what = subject if fact.service in subject else f"{subject} of {fact.service}"
    when = "it is used up" if fact.runs_out_at <= request.now else f"before {clock(fact.runs_out_at)}"
    return Step(text=f"Free, extend or renew {what}: {when}", command=fact.query, evidence=(item.id,))
