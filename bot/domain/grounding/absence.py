"""Whether what is said not to be there was looked for, and not found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.domain.evidence_ledger import ItemKind, LedgerItem, Trend
from bot.domain.grounding.sentence import Sentence
from bot.domain.grounding.shown import names_in
from bot.domain.grounding.span import Span
from bot.domain.grounding.verdict import Fault, FaultKind

_ADJECTIVES = (
    r"(?:recent |other |new |further |prior |previous |earlier |similar |"
    r"past |such |known |matching |relevant |single )*"
)


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """Something that may be denied. `words`: how it is named; `looked`: how a look for it is worded."""

    words: re.Pattern[str]
    looked: re.Pattern[str]
    kinds: frozenset[ItemKind]


def _subject(words: str, looked: str, *kinds: ItemKind) -> _Subject:
    return _Subject(
        words=re.compile(
            rf"\b(?:no|not a|not any|without (?:any |a )?|never a|zero|nor) {_ADJECTIVES}(?P<of>[\w-]+ )?(?:{words})\b"
            rf"|\b(?:no|none of the|not one) [\w-]+ (?:was|were|has been|had been|have been|got)? ?(?:{words})\b",
            re.IGNORECASE,
        ),
        looked=re.compile(looked, re.IGNORECASE),
        kinds=frozenset(kinds),
    )


_SUBJECTS = (
    _subject(
        r"deployments?|releases?|rollouts?|changes?(?! (?:in|of|to) (?:\w+ )?(?:latency|traffic|"
        r"memory|error|load|cpu))|"
        r"deployed|released|rolled out|merges?",
        r"deploy|release|change|rollout|merge",
        ItemKind.CHANGE,
    ),
    _subject(
        r"(?:pods?|containers?) (?:was |were |has |have |had )?(?:restart\w*|crash\w*)|"
        r"restarts?|crashes|crashed|restarted|oom\w*",
        r"pods?|restarts?|events|containers",
        ItemKind.PLATFORM,
    ),
    _subject(r"incidents?", r"incident", ItemKind.PAST),
    _subject(r"alerts?(?: fir\w+)?", r"alerts?", ItemKind.ALERT),
    _subject(r"runbooks?", r"runbook", ItemKind.RUNBOOK),
    _subject(r"(?:log )?errors?(?: lines?| messages?)?|exceptions?|log lines?", r"errors|logs?\b", ItemKind.LOG),
)
_NOTHING = re.compile(
    r"\b(?:nothing (?:was|has been|got) (?:deployed|released|changed|rolled out|merged)|"
    r"(?:not|never) (?:been )?(?:deployed|released|changed))\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"\b(?:before|earlier|previously|prior|until)\b", re.IGNORECASE)


def absence_faults(sentence: Sentence) -> list[Fault]:
    return list(_faults(sentence)) if sentence.is_english else []


def denied(sentence: Sentence) -> tuple[Span, ...]:
    """The places where something is said not to be there."""
    return tuple(place for _, place in _denials(sentence))


def _faults(sentence: Sentence) -> Iterator[Fault]:
    for subject, place in _denials(sentence):
        if not _is_shown(sentence, subject, place):
            said = sentence.text[place.start : place.end]
            yield Fault(kind=FaultKind.NOT_SHOWN, said=said, start=place.start, end=place.end)


def _denials(sentence: Sentence) -> Iterator[tuple[_Subject, Span]]:
    for subject in _SUBJECTS:
        for m in subject.words.finditer(sentence.text):
            yield subject, Span(start=m.start(), end=m.end())
    for m in _NOTHING.finditer(sentence.text):
        yield _SUBJECTS[0], Span(start=m.start(), end=m.end())


def _is_shown(sentence: Sentence, subject: _Subject, place: Span) -> bool:
    """A cited look for it, and nothing of the kind anywhere in the evidence of what the sentence speaks of."""
    services = sentence.services_in(sentence.clause_of(place)) or sentence.services_in(
        Span(start=0, end=len(sentence.text))
    )
    if ItemKind.LOG in subject.kinds and _is_new(sentence, place):
        return True
    looks = [s for s in sentence.cited if s.item.kind is ItemKind.LOOK and subject.looked.search(s.item.text)]
    looks = [s for s in looks if _covers(s.words, services, sentence.ledger.services)]
    if not looks:
        return False
    every = (*sentence.ledger.items, *sentence.ledger.unshown)
    if all(s.item.is_empty for s in looks) and not _of(every, subject.kinds, services, {s.item.source for s in looks}):
        return True
    return not _of(every, subject.kinds, services, None)


def _covers(words: str, services: Iterable[str], known: Iterable[str]) -> bool:
    """A look that names services covers those alone."""
    if not any(names_in(words, service.lower()) for service in known):
        return True
    return all(names_in(words, service) for service in services)


def _of(
    items: Iterable[LedgerItem], kinds: frozenset[ItemKind], services: frozenset[str], sources: set[str] | None
) -> list[LedgerItem]:
    return [
        item
        for item in items
        if item.kind in kinds
        and (sources is None or item.source in sources)
        and (not services or not item.services or services & {name.lower() for name in item.services})
    ]


def _is_new(sentence: Sentence, place: Span) -> bool:
    """ "no such errors before": a cited pattern is new."""
    after = sentence.text[place.start :]
    return bool(_BEFORE.search(after)) and any(
        s.item.kind is ItemKind.LOG and s.item.trend is Trend.ROSE and s.item.reading and s.item.reading.before == 0
        for s in sentence.cited
    )
