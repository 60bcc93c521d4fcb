"""What changed, and what in it deserves a look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.domain.briefing import Claim, Hypothesis
from bot.domain.causes.words import clock, span
from bot.domain.context import ContextRequest
from bot.domain.evidence import ChangeFact, Evidence
from bot.domain.merging import Merged, merged_changes
from bot.domain.plaintext import plain

TITLE_LIMIT = 120
FLAG_LIMIT = 40
MOST_FLAGS = 4


def changes(
    request: ContextRequest, evidence: Iterable[Evidence], considered: Sequence[Hypothesis]
) -> tuple[Claim, ...]:
    """In the order of suspicion, then the newest first; what several tools tell of once."""
    suspicion = {(h.service, h.subject): n for n, h in reversed([*enumerate(considered)])}
    last = len(considered)

    def place(change: Merged) -> tuple[int, float]:
        return suspicion.get((change.fact.service, change.fact.version), last), -change.fact.at.timestamp()

    found = sorted(merged_changes(evidence), key=place)
    return tuple(Claim(text=_change(request, change.fact), evidence=change.ids) for change in found)


def _change(request: ContextRequest, fact: ChangeFact) -> str:
    delta = request.onset - fact.at
    when = f"{span(delta)} before the alert" if delta.total_seconds() >= 0 else f"{span(delta)} AFTER the alert"
    was = f" (was {fact.previous})" if fact.previous else ""
    failed = ", failed" if fact.succeeded is False else ""
    title = f": {plain(fact.title, TITLE_LIMIT)}" if fact.title and fact.title != fact.version else ""
    what = f"{fact.kind} of {fact.service} {fact.version}{was}{_author(fact)}{failed}{_extent(fact)}{_flags(fact)}"
    return f"{clock(fact.at)}, {when}: {what}{title}"


def _author(fact: ChangeFact) -> str:
    """Who brought it out; else, or besides, whose commits it holds."""
    names = tuple(dict.fromkeys(name for name in (fact.author, *fact.authors) if name))
    if not names:
        return ""
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return f" by {', '.join(names[:2])}{more}"


def _extent(fact: ChangeFact) -> str:
    """ ", 12 commits, +340/-21 lines"."""
    parts = []
    if fact.commits:
        parts.append("1 commit" if fact.commits == 1 else f"{fact.commits} commits")
    if fact.added is not None and fact.removed is not None:
        parts.append(f"+{fact.added}/-{fact.removed} lines")
    return "".join(f", {part}" for part in parts)


def _flags(fact: ChangeFact) -> str:
    if not fact.flags:
        return ""
    more = f" and {len(fact.flags) - MOST_FLAGS} more" if len(fact.flags) > MOST_FLAGS else ""
    return f"; touches {', '.join(plain(flag, FLAG_LIMIT) for flag in fact.flags[:MOST_FLAGS])}{more}"
