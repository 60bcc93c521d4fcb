"""Log lines as patterns, counted in two sets of lines: those since the onset, and those before."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.logpattern.drain import Template, TemplateMiner
from bot.domain.logpattern.masking import WILDCARD, main_line, with_codes, without_codes

STANDS_OUT = 3  # lines, and this share of its template's, make what was never seen before a pattern of its own
STANDS_OUT_SHARE = 0.3
_WORDS = re.compile(r"[A-Za-z]\w*(?:[ -][A-Za-z]\w*)*")


@dataclass(frozen=True, kw_only=True)
class Line:
    at: datetime
    service: str
    level: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Lines of one service and level with the same template, counted in two sets of lines."""

    service: str
    level: str
    template: str  # variable parts as <*>
    count: int
    baseline: int
    first_seen: datetime  # in both sets
    sample: str  # the newest line of the first set, else of the second
    lines: tuple[Line, ...] = field(default=(), repr=False, compare=False)  # of the first set, oldest first


@dataclass
class _Pile:
    now: list[Line] = field(default_factory=list)
    before: list[Line] = field(default_factory=list)


@dataclass
class _Heap:
    """Lines of one template, by what they are when their masks alone are looked at."""

    parts: defaultdict[str, _Pile] = field(default_factory=lambda: defaultdict(_Pile))

    def piles(self, general: str) -> Iterable[tuple[str, _Pile]]:
        """All in one, but for a part that stands out: never seen before, and many of the lines since the onset."""
        whole = _Pile()
        has_before = any(part.before for part in self.parts.values())
        lines = sum(len(part.now) for part in self.parts.values())
        for fine, part in self.parts.items():
            if has_before and not part.before and len(part.now) >= max(STANDS_OUT, lines * STANDS_OUT_SHARE):
                yield fine, part
            else:
                whole.now += part.now
                whole.before += part.before
        if whole.now or whole.before:
            yield general, whole


def cluster(now: Iterable[Line], before: Iterable[Line]) -> tuple[Pattern, ...]:
    """Patterns of both sets: those that are new first, then those that rose most, each by how often they occur.

    Lines of one template that tell different status or error codes are different patterns: the code says what failed.
    """
    miners: defaultdict[tuple[str, str], TemplateMiner] = defaultdict(TemplateMiner)
    sorted_before, sorted_now = (sorted(lines, key=lambda line: line.at) for lines in (before, now))
    mined = [(line, False, *_mined(miners, line)) for line in sorted_before]
    mined += [(line, True, *_mined(miners, line)) for line in sorted_now]
    heaps: defaultdict[tuple[str, str, str], _Heap] = defaultdict(_Heap)
    for line, is_now, template, fine, codes in mined:
        heap = heaps[line.service, line.level, with_codes(template.final().text, codes)]
        pile = heap.parts[with_codes(fine, codes)]
        (pile.now if is_now else pile.before).append(line)
    found = (
        _pattern(service, level, kept, pile)
        for (service, level, general), heap in heaps.items()
        for kept, pile in heap.piles(general)
    )
    return tuple(sorted(found, key=_interest))


def _mined(miners: defaultdict[tuple[str, str], TemplateMiner], line: Line) -> tuple[Template, str, tuple[str, ...]]:
    """Its template so far, what its masks alone make of it, and its codes."""
    text, codes = without_codes(main_line(line.text))
    miner = miners[line.service, line.level]
    return miner.add(text), miner.masked(text), codes


def rank(patterns: Sequence[Pattern]) -> tuple[Pattern, ...]:
    """In the order of `cluster`, for patterns whose counts were corrected afterwards."""
    return tuple(sorted(patterns, key=_interest))


def fragment(pattern: str) -> str:
    """The longest run of words without a variable part: what to search for. Empty where there is none."""
    parts = (match.group().strip() for part in pattern.split(WILDCARD) for match in _WORDS.finditer(part))
    return max(parts, key=len, default="")


def _pattern(service: str, level: str, kept: str, pile: _Pile) -> Pattern:
    everything = sorted((*pile.now, *pile.before), key=lambda line: line.at)
    newest = max(pile.now or pile.before, key=lambda line: line.at)
    return Pattern(
        service=service,
        level=level,
        template=kept,
        count=len(pile.now),
        baseline=len(pile.before),
        first_seen=everything[0].at,
        sample=main_line(newest.text),
        lines=tuple(sorted(pile.now, key=lambda line: line.at)),
    )


def _interest(pattern: Pattern) -> tuple[bool, float, int, str, str]:
    risen = (pattern.count + 1) / (pattern.baseline + 1)
    return (
        not (pattern.baseline == 0 and pattern.count > 0),
        -risen,
        -pattern.count,
        pattern.service,
        pattern.template,
    )
