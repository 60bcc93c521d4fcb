"""Whether what is said of one thing is of one thing in the evidence, not put together from several."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.domain.evidence_ledger import ItemKind
from bot.domain.grounding.names import Name, NameKind
from bot.domain.grounding.sentence import Sentence
from bot.domain.grounding.shown import Shown, cited_name
from bot.domain.grounding.span import Span
from bot.domain.grounding.verdict import Fault, FaultKind
from bot.domain.grounding.words import families

_DID = re.compile(
    r"\b(?:deployed|released|merged|shipped|rolled out|reverted|brought out|pushed|written|wrote|authored)\b",
    re.IGNORECASE,
)
_FIRST = re.compile(r"\bfirst\b|\bbefore\b|\bearlier than\b|\bpreceded\b", re.IGNORECASE)
_THEN = re.compile(r"\b(?:follow(?:s|ed|ing)?|then|later|afterwards)\b", re.IGNORECASE)


def binding_faults(sentence: Sentence) -> list[Fault]:
    if not sentence.is_english:
        return []
    return [*_mixed(sentence), *_order(sentence)]


def _mixed(sentence: Sentence) -> Iterator[Fault]:
    """ "ana deployed cart v1.2": person, service and version stand in one and the same cited item."""
    for clause in sentence.clauses:
        inside = [n for n in sentence.names if clause.start <= n.start < clause.end]
        people = [n for n in inside if n.kind is NameKind.PERSON]
        versions = [n for n in inside if n.kind is NameKind.VERSION]
        services = [n for n in inside if n.kind is NameKind.SERVICE and sentence.is_meant(n)]
        if not _DID.search(sentence.words_of(clause)):
            continue
        if people and (versions or services):
            yield from _apart(sentence, people[0], [*versions[:1], *services[:1]])
        elif len(versions) == 1 and len(services) == 1:
            yield from _apart(sentence, versions[0], services)


def _apart(sentence: Sentence, said: Name, others: list[Name]) -> Iterator[Fault]:
    every = (said, *others)
    found = [[s for s in sentence.cited if cited_name(name, s)] for name in every]
    if not all(found) or any(all(cited_name(name, s) for name in every) and _is_deed(s, said) for s in sentence.cited):
        return  # what is nowhere is told elsewhere
    yield Fault(kind=FaultKind.NOT_SHOWN, said=said.text, start=said.start, end=said.end)


def _is_deed(shown: Shown, said: Name) -> bool:
    """Who is on call did not deploy."""
    return shown.item.kind is not ItemKind.PERSON or said.kind is not NameKind.PERSON


def _order(sentence: Sentence) -> Iterator[Fault]:
    """ "Latency rose first, traffic followed": by when the metrics left their normal."""
    for m in _FIRST.finditer(sentence.text):
        then = _THEN.search(sentence.text, m.end())
        if m[0].lower() != "first" or then is None:
            continue
        one = _moved(sentence, Span(start=0, end=m.start()))
        two = _moved(sentence, Span(start=m.end(), end=len(sentence.text)))
        if one and two and min(one) > min(two):
            yield Fault(kind=FaultKind.DIRECTION, said=m[0], start=m.start(), end=m.end())


def _moved(sentence: Sentence, place: Span) -> list[float]:
    """When the cited metrics of the kind that is named there moved."""
    told = families(sentence.words_of(place))
    return [
        min(s.item.times).timestamp()
        for s in sentence.cited
        if s.item.kind is ItemKind.METRIC and s.families & told and s.item.times and len(told) == 1
    ]
