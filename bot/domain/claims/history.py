"""What happened before: incidents that are alike, and how often this service had one lately."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from bot.domain.briefing import Claim
from bot.domain.causes.words import span
from bot.domain.context import ContextRequest
from bot.domain.evidence import Evidence, PastIncidentFact, RecentIncidentFact, RecurrenceFact
from bot.domain.plaintext import plain
from bot.domain.remembered import Held

TITLE_LIMIT = 120
FIX_LIMIT = 200  # what fixed it last time is what one reads a past incident for
NOTE_LIMIT = 100
LATELY = timedelta(days=30)  # what comes back within a month was not cured
ITSELF = timedelta(minutes=5)  # another tool's incident that begins this close to the alert is this very one
MOST_INCIDENTS = 3
VAIN_LIMIT = 100
_HELD: dict[str, str] = {Held.HELD: ", which held", Held.CAME_BACK: ", but it came back"}
_ORDINALS = {2: "Second", 3: "Third", 4: "Fourth", 5: "Fifth", 6: "Sixth", 7: "Seventh", 8: "Eighth", 9: "Ninth"}


def past(request: ContextRequest, evidence: Sequence[Evidence]) -> tuple[Claim, ...]:
    """How often it came back lately, in one line, then the most alike with what fixed them."""
    found = [(item, item.fact) for item in evidence if isinstance(item.fact, PastIncidentFact)]
    found.sort(key=lambda pair: -pair[1].score)
    alike = tuple(Claim(text=_past_incident(fact), evidence=(item.id,)) for item, fact in found)
    again = [_again(item, item.fact) for item in evidence if isinstance(item.fact, RecurrenceFact)][:1]
    return (*again, *_recently(request, evidence, counted=bool(again)), *alike)


def _past_incident(fact: PastIncidentFact) -> str:
    where = f", {fact.service}" if fact.service else ""
    cause = f" Cause: {plain(fact.cause, TITLE_LIMIT)}." if fact.cause else " Its cause was never settled."
    took = f" ({fact.minutes} min)" if fact.minutes is not None else ""
    fix = f" Fixed by: {plain(fact.fix, FIX_LIMIT)}{took}{_HELD.get(fact.outcome, '')}." if fact.fix else ""
    vain = f" Did not help: {plain(fact.unhelpful, VAIN_LIMIT)}." if fact.unhelpful else ""
    return f"{fact.incident} ({fact.at:%Y-%m-%d}{where}): {plain(fact.title, TITLE_LIMIT)}.{fix}{vain}{cause}"


def _again(item: Evidence, fact: RecurrenceFact) -> Claim:
    told = ", ".join(fact.incidents[:MOST_INCIDENTS])
    text = f"{_nth(fact.count)} {plain(fact.alert, TITLE_LIMIT)} of {fact.service} in {fact.days} days"
    return Claim(text=f"{text}, the last on {fact.last_at:%-d %b}" + (f": {told}" if told else ""), evidence=(item.id,))


def _recently(request: ContextRequest, evidence: Iterable[Evidence], *, counted: bool) -> list[Claim]:
    """One line for the burning service; its neighbours' incidents are in the evidence. `counted`: that is said."""
    own = request.service_name
    earlier = [
        (item, item.fact)
        for item in evidence
        if isinstance(item.fact, RecentIncidentFact)
        and item.fact.service == own
        and item.fact.at < request.onset - ITSELF
    ]
    if not earlier:
        return []
    earlier.sort(key=lambda pair: pair[1].at, reverse=True)
    lately = [pair for pair in earlier if request.onset - pair[1].at <= LATELY]
    newest = earlier[0][1]
    if counted:
        lead = f"The incident of {own} before"
    elif lately:
        lead = f"{_nth(len(lately) + 1)} incident of {own} in {LATELY.days} days; the one before"
    else:
        lead = f"No other incident of {own} in {LATELY.days} days; the last one"
    ids = tuple(item.id for item, _ in (lately or earlier[:1]))
    return [Claim(text=f"{lead}: {_recent_incident(newest)}", evidence=ids)]


def _nth(count: int) -> str:
    return _ORDINALS.get(count, f"{count}th")


def _recent_incident(fact: RecentIncidentFact) -> str:
    took = f" after {span(fact.resolved_at - fact.at)}" if fact.resolved_at else ""
    status = f", {plain(fact.status, 20)}{took}" if fact.status else ""
    note = f". Its last note: {plain(fact.notes[0], NOTE_LIMIT)}" if fact.notes else ""
    name = f"{plain(fact.reference, 20)} ({fact.at:%-d %b}): {plain(fact.title, TITLE_LIMIT)}"
    return f"{name}{status}{note}"
