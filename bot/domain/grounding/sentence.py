"""A claim taken apart: its clauses, names, numbers and times, beside what it cites."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bot.domain.evidence_ledger import EvidenceLedger
from bot.domain.grounding.moments import Clock, Day, clocks, days
from bot.domain.grounding.names import Name, NameKind, names
from bot.domain.grounding.quantities import Quantity, Role, quantile_marks, quantities
from bot.domain.grounding.shown import Shown, names_in
from bot.domain.grounding.span import Span
from bot.domain.grounding.words import is_english

_BREAK = re.compile(r"[;:](?=\s)|,(?=\s)|\s(?:while|whereas|but|although|though)\s|[.](?=\s+[A-Z])", re.IGNORECASE)
_AND = re.compile(r"\sand\s", re.IGNORECASE)
_TO_BEHIND = re.compile(r"[^,;.]{0,30}\bto\b", re.IGNORECASE)
_FROM = re.compile(r"\bfrom\s+(?:about |around |~)?$", re.IGNORECASE)
_TO = re.compile(
    r"\b(?:to|now(?: at)?|currently(?: at)?|reached|reaching|up to|hit)\s+(?:about |around |~|only )?$", re.IGNORECASE
)
_WAS = re.compile(
    r"\b(?:previously|formerly|normally|usually|baseline(?: of| is| was)?|usual|"
    r"(?:up|down) from)\s+(?:about |around |at |~)?$",
    re.IGNORECASE,
)
_THEN = re.compile(
    r"\s*(?:[a-z/]+ ){0,2}(?:before(?! (?:the|this|it|that|alert|onset))|previously|earlier)\b", re.IGNORECASE
)
_THRESHOLD = re.compile(r"\b(?:threshold|limit|maximum|capacity)(?: of| is| at)?\s*(?:about )?$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Sentence:
    text: str
    cited: tuple[Shown, ...]
    ledger: EvidenceLedger
    names: tuple[Name, ...]
    quantities: tuple[Quantity, ...]
    clocks: tuple[Clock, ...]
    days: tuple[Day, ...]
    clauses: tuple[Span, ...]
    is_english: bool

    def clause_of(self, place: Span) -> Span:
        return next((c for c in self.clauses if c.start <= place.start < c.end), self.clauses[-1])

    def words_of(self, clause: Span) -> str:
        return self.text[clause.start : clause.end]

    def services_at(self, place: Span) -> frozenset[str]:
        """Whose it is: the services named in its clause, else in the nearest clause before, else none."""
        here = self.clauses.index(self.clause_of(place))
        for clause in reversed(self.clauses[: here + 1]):
            if found := self.services_in(clause):
                return found
        return frozenset()

    def services_in(self, clause: Span) -> frozenset[str]:
        """A plain word that is also a service's name counts where the cited evidence knows it as a service."""
        return frozenset(
            name.text.lower()
            for name in self.names
            if name.kind is NameKind.SERVICE and clause.start <= name.start < clause.end and self.is_meant(name)
        )

    def is_meant(self, name: Name) -> bool:
        """Names such as "orders" are words too: they are meant where they stand as a name does."""
        service = name.text.lower()
        if not service.isalpha() or any(shown.names_service(service) for shown in self.cited):
            return True
        around = self.text[max(0, name.start - 24) : name.start], self.text[name.end : name.end + 16]
        return bool(_NAMED_AHEAD.search(around[0]) or _NAMED_BEHIND.match(around[1]))


_NAMED_AHEAD = re.compile(
    r"(?:\b(?:of|in|for|service|upstream|from|to|by|calls?|with|on) (?:the )?|[`\"“]|^)$", re.IGNORECASE
)
_NAMED_BEHIND = re.compile(
    r"(?:'s|’s|`|\s(?:service|pods?|deployment|answers?|fails?|is |was |has |logs|v\d|itself))", re.IGNORECASE
)


def sentence(text: str, cited: Sequence[Shown], ledger: EvidenceLedger) -> Sentence:
    english = is_english(text)
    found = names(text, ledger.services, is_english=english)
    times, dates = clocks(text), days(text)
    quoted = [n for n in found if n.kind is not NameKind.SERVICE or any(c.isdigit() for c in n.text)]
    marks = [Span(start=start, end=end) for start, end, _ in quantile_marks(text)]
    numbers = quantities(text, [*quoted, *times, *dates, *marks])
    clauses = _clauses(text, found, numbers)
    return Sentence(
        text=text,
        cited=tuple(cited),
        ledger=ledger,
        names=found,
        quantities=tuple(_roled(text, number, clauses) for number in numbers),
        clocks=times,
        days=dates,
        clauses=clauses,
        is_english=english,
    )


def _clauses(text: str, found: Sequence[Name], numbers: Sequence[Quantity]) -> tuple[Span, ...]:
    """At commas and the like; at "and" where both sides tell a number of a service of their own."""
    shut = [n for n in found if n.kind is NameKind.QUOTE]
    cuts = [m.start() for m in _BREAK.finditer(text) if not any(q.start <= m.start() < q.end for q in shut)]
    edges = [0, *cuts, len(text)]
    clauses: list[Span] = []
    for start, end in pairwise(edges):
        clauses += _at_and(text, Span(start=start, end=end), found, numbers)
    return tuple(clause for clause in clauses if clause.end > clause.start) or (Span(start=0, end=len(text)),)


def _at_and(text: str, clause: Span, found: Sequence[Name], numbers: Sequence[Quantity]) -> list[Span]:
    for m in _AND.finditer(text, clause.start, clause.end):
        sides = (Span(start=clause.start, end=m.start()), Span(start=m.start(), end=clause.end))
        if all(_tells(side, found, numbers) for side in sides):
            return [sides[0], *_at_and(text, sides[1], found, numbers)] if sides[1].start > clause.start else [clause]
    return [clause]


def _tells(side: Span, found: Sequence[Name], numbers: Sequence[Quantity]) -> bool:
    services = [n for n in found if n.kind is NameKind.SERVICE and side.start <= n.start < side.end]
    return bool(services) and any(side.start <= number.start < side.end for number in numbers)


def _roled(text: str, number: Quantity, clauses: Sequence[Span]) -> Quantity:
    ahead, behind = text[: number.start], text[number.end :]
    role = number.role
    if _THRESHOLD.search(ahead):
        role = Role.LIMIT
    elif _WAS.search(ahead) or _THEN.match(behind) or (_FROM.search(ahead) and _TO_BEHIND.match(behind)):
        role = Role.BEFORE
    elif _TO.search(ahead):
        role = Role.NOW
    clause = next((c for c in clauses if c.start <= number.start < c.end), clauses[-1])
    marks = [mark for mark in quantile_marks(text) if clause.start <= mark[0] < clause.end]
    before = [mark for mark in marks if mark[1] <= number.start]
    quantile = before[-1][2] if before else marks[0][2] if marks else ""
    return replace(number, role=role, quantile=quantile)


def service_known(sentence: Sentence, service: str) -> bool:
    return any(shown.names_service(service) or names_in(shown.words, service) for shown in sentence.cited)
