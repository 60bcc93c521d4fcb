"""Clusters log lines into patterns by masking what varies: the same line always has the same pattern."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.plaintext import plain

WILDCARD = "<*>"
LINE_LIMIT = 300  # characters of a line that are looked at and shown
MANY_VARIANTS = 8  # so many patterns that differ in quoted words only are one: the words are data

_MASKS = (
    re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.I),  # uuid
    re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"),  # time
    re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),  # mail address
    re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?:/\d+)?\b"),  # IPv4
    re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}){1,7}(?![\w:])", re.I),  # IPv6
    re.compile(r"\b0x[0-9a-f]+\b", re.I),
    re.compile(r"(?<![\w.])v?\d+\.\d+\.\d+(?:[-+][\w.]+)?(?![\w.])"),  # version
    re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{6,}\b", re.I),  # hex: digits and letters, six or more
    re.compile(
        r"(?<![\w.])[+-]?\d+(?:[.,]\d+)*\s?(?:ns|us|µs|ms|s|sec|secs|seconds|m|min|minutes|h|hours)\b"
    ),  # duration
    re.compile(r"(?<![\w.])[+-]?\d+(?:[.,]\d+)*\s?(?:[kKMGT]i?)?B\b"),  # size
    re.compile(r"\b(?=\w*\d\w*\d\w*\d)(?=\w*[a-zA-Z])\w{5,}\b"),  # ids: letters with three or more digits
    re.compile(r"(?<=[-_#/=:.])[a-zA-Z]{0,2}\d+(?=[-_#/=:.,;)\]}\s]|$)"),  # numbered parts: checkout-3, ORD-77, /v2/
    re.compile(r"(?<![\w])[+-]?\d+(?:[.,:]\d+)*(?![\w])"),  # number
)
# A status says what went wrong: it stays.
_STATUS = re.compile(
    r"\b(?:status(?:[ _-]?code)?|code|returned|answered|responded|replied|HTTP(?:/\d(?:\.\d)?)?)"
    r"(?: with)?[ =:]+[1-5]\d\d\b",
    re.I,
)
_QUOTED_DATA = re.compile(r"""(?<!\w)(?:"[^"]*[\d\s<][^"]*"|'[^']*[\d\s<][^']*'|`[^`]*[\d\s<][^`]*`)(?!\w)""")
_QUOTED = re.compile(r"""(?<!\w)(?:"[^"]{0,200}"|'[^']{0,200}'|`[^`]{0,200}`)(?!\w)""")
_REPEATED = re.compile(rf"{re.escape(WILDCARD)}(?:[\s,]*{re.escape(WILDCARD)})+")
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


@dataclass
class _Pile:
    now: list[Line] = field(default_factory=list)
    before: list[Line] = field(default_factory=list)


def cluster(now: Iterable[Line], before: Iterable[Line]) -> tuple[Pattern, ...]:
    """Patterns of both sets: those that are new first, then those that rose most, each by how often they occur."""
    piles: defaultdict[tuple[str, str, str], _Pile] = defaultdict(_Pile)
    for line in now:
        piles[line.service, line.level, template(line.text)].now.append(line)
    for line in before:
        piles[line.service, line.level, template(line.text)].before.append(line)
    merged: defaultdict[tuple[str, str, str], _Pile] = defaultdict(_Pile)
    variants = Counter((service, level, _coarse(fine)) for service, level, fine in piles)
    for (service, level, fine), pile in piles.items():
        coarse = _coarse(fine)
        kept = coarse if variants[service, level, coarse] >= MANY_VARIANTS else fine
        merged[service, level, kept].now += pile.now
        merged[service, level, kept].before += pile.before
    patterns = (_pattern(*key, pile) for key, pile in merged.items())
    return tuple(sorted(patterns, key=_interest))


def template(text: str) -> str:
    """The line with what varies from one occurrence to the next as <*>."""
    line = _QUOTED_DATA.sub(WILDCARD, main_line(text))
    pieces, end = [], 0
    for status in _STATUS.finditer(line):
        pieces += [_masked(line[end : status.start()]), status.group()]
        end = status.end()
    return _REPEATED.sub(WILDCARD, "".join([*pieces, _masked(line[end:])]))


def _masked(text: str) -> str:
    for mask in _MASKS:
        text = mask.sub(WILDCARD, text)
    return text


def main_line(text: str) -> str:
    """The line that tells what happened: the last one of a Python traceback, else the first; cut to `LINE_LIMIT`."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    told = lines[-1] if any(line.startswith("Traceback (most recent") for line in lines[:2]) else lines[0]
    return plain(told, LINE_LIMIT)


def fragment(pattern: str) -> str:
    """The longest run of words without a variable part: what to search for. Empty where there is none."""
    parts = (match.group().strip() for part in pattern.split(WILDCARD) for match in _WORDS.finditer(part))
    return max(parts, key=len, default="")


def _coarse(fine: str) -> str:
    return _REPEATED.sub(WILDCARD, _QUOTED.sub(WILDCARD, fine))


def _pattern(service: str, level: str, kept: str, pile: _Pile) -> Pattern:
    newest = max(pile.now or pile.before, key=lambda line: line.at)
    return Pattern(
        service=service,
        level=level,
        template=kept,
        count=len(pile.now),
        baseline=len(pile.before),
        first_seen=min(line.at for line in (*pile.now, *pile.before)),
        sample=main_line(newest.text),
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


def rank(patterns: Sequence[Pattern]) -> tuple[Pattern, ...]:
    """In the order of `cluster`, for patterns whose counts were corrected afterwards."""
    return tuple(sorted(patterns, key=_interest))
