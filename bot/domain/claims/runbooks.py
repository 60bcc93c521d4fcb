"""Which runbooks fit, and why; what people wrote down about the service."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.domain.briefing import Claim
from bot.domain.evidence import Evidence, NoteFact, RunbookFact
from bot.domain.plaintext import plain

TITLE_LIMIT = 120
NOTE_LIMIT = 200
MOST_NOTES = 2


def runbooks(evidence: Sequence[Evidence]) -> tuple[Claim, ...]:
    """The best fitting first, then the newest of what people wrote down about the service."""
    return (*_runbooks(evidence), *_notes(evidence))


def _notes(evidence: Iterable[Evidence]) -> list[Claim]:
    found = [(item, item.fact) for item in evidence if isinstance(item.fact, NoteFact)]
    found.sort(key=lambda pair: pair[1].at, reverse=True)
    return [
        Claim(text=f"Note on {fact.service} ({_by(fact)}): {plain(fact.text, NOTE_LIMIT)}", evidence=(item.id,))
        for item, fact in found[:MOST_NOTES]
    ]


def _by(fact: NoteFact) -> str:
    return f"{fact.author}, {fact.at:%-d %b %Y}" if fact.author else f"{fact.at:%-d %b %Y}"


def _runbooks(evidence: Iterable[Evidence]) -> tuple[Claim, ...]:
    found = [(item, item.fact) for item in evidence if isinstance(item.fact, RunbookFact)]
    found.sort(key=lambda pair: -pair[1].score)
    return tuple(
        Claim(
            text=plain(fact.title, TITLE_LIMIT)
            + (f" (kept by {fact.owner})" if fact.owner else "")
            + (f". Why: {', '.join(fact.why)}" if fact.why else ""),
            evidence=(item.id,),
        )
        for item, fact in found
    )
