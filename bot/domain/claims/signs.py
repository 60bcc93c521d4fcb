"""What runs out, who is suspect, what the logs say: signs beside the numbers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.domain.briefing import Claim
from bot.domain.causes.case import is_notable
from bot.domain.causes.words import clock, span
from bot.domain.context import ContextRequest
from bot.domain.evidence import Evidence, ForecastFact, LogFact, SuspectFact
from bot.domain.plaintext import plain

PATTERN_LIMIT = 120
TRACE_LIMIT = 40
MOST_FORECASTS = 2
MOST_GROUNDS = 2


def running_out(evidence: Iterable[Evidence], now: datetime) -> list[Claim]:
    """What is used up first stands first."""
    found = [(item, item.fact) for item in evidence if isinstance(item.fact, ForecastFact)]
    found.sort(key=lambda pair: (pair[1].runs_out_at, pair[0].id))
    return [Claim(text=forecast(fact, now), evidence=(item.id,)) for item, fact in found[:MOST_FORECASTS]]


def forecast(fact: ForecastFact, now: datetime) -> str:
    what = plain(fact.subject, PATTERN_LIMIT)
    what = what if fact.service in what else f"{what} of {fact.service}"
    at = fact.runs_out_at
    day = f"{at:%-d %b} " if at.date() != now.date() else ""
    if at <= now:
        return f"{what}: used up since {day}{clock(at)}"
    return f"{what}: runs out at {day}{clock(at)}, in {span(at - now)}, at this pace"


def suspected(evidence: Iterable[Evidence]) -> list[Claim]:
    """One line: what speaks for and against each is weighed among the causes."""
    found = [(item, item.fact) for item in evidence if isinstance(item.fact, SuspectFact) and item.fact.place == 1]
    return [
        Claim(
            text=f"Most suspect by all series: {fact.service} ({fact.confidence} confidence), "
            + ", ".join(fact.grounds[:MOST_GROUNDS]),
            evidence=(item.id,),
        )
        for item, fact in found[:1]
    ]


def new_errors(request: ContextRequest, evidence: Iterable[Evidence]) -> list[Claim]:
    """The error pattern that grew most of the burning service, where it tells what its lines have in common."""
    found = [
        (item, item.fact)
        for item in evidence
        if isinstance(item.fact, LogFact)
        and item.fact.service == request.service_name
        and is_notable(item.fact)
        and (item.fact.differs or (item.fact.first and item.fact.first.trace))
    ]
    if not found:
        return []
    item, fact = max(found, key=lambda pair: (pair[1].count, pair[0].id))
    new = "new" if fact.is_new else f"{fact.baseline} before"
    parts = [f'"{plain(fact.pattern, PATTERN_LIMIT)}" {fact.count} times ({new})']
    parts += [plain(part, PATTERN_LIMIT) for part in fact.differs[:MOST_GROUNDS]]
    parts += [f"first trace {plain(fact.first.trace, TRACE_LIMIT)}"] if fact.first and fact.first.trace else []
    return [Claim(text=f"Errors of {fact.service}: {'; '.join(parts)}", evidence=(item.id,))]
