"""What is known of one pattern: its course, its first and last line, and what its lines share that others do not."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.evidence import LogSample
from bot.domain.logpattern import LINE_LIMIT, Pattern
from bot.domain.plaintext import plain
from integrations.elasticsearch import links
from integrations.elasticsearch.client import SearchResult
from integrations.elasticsearch.questions import SLICES, Windows
from integrations.elasticsearch.reading import LogDocument, lines
from integrations.elasticsearch.settings import DIFFERING, ElasticsearchSettings

TELLING_LINES = 3  # fewer share everything by chance
SHARED = 0.6  # share of a pattern's lines that makes a value theirs
APART = 0.25  # that share is so much above the one of all lines
CERTAIN = 3.0  # standard errors that it is above it, so that few lines do not differ by chance
DIFFERENCES = 3  # told of one pattern
VALUE_SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class Details:
    first: LogSample | None
    last: LogSample | None  # None where it is the first
    over_time: tuple[int, ...]
    differs: tuple[str, ...]


def details(
    pattern: Pattern,
    course: SearchResult | None,
    values: Mapping[str, Mapping[str, int]],
    windows: Windows,
    settings: ElasticsearchSettings,
) -> Details:
    """`course` tells more than the fetched lines where these are a part only; `values` are those of all lines."""
    found = [line for line in pattern.lines if isinstance(line, LogDocument)]
    newest = [*found[-1:], *(lines(course.newest, settings) if course else ())]
    first, last = (found[0] if found else None), max(newest, key=lambda line: line.at, default=None)
    return Details(
        first=_sample(first, settings) if first else None,
        last=_sample(last, settings) if last and last is not first else None,
        over_time=_told_course(course, windows) if course else _course(found, windows),
        differs=differs(found, values),
    )


def differs(found: Sequence[LogDocument], values: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
    """Values that most of these lines have and most others do not, the clearest first."""
    if len(found) < TELLING_LINES:
        return ()
    told = []
    for name in DIFFERING:
        counts = Counter(line.values[name] for line in found if name in line.values)
        everywhere = values.get(name) or {}
        total = sum(everywhere.values())
        for value, count in counts.most_common(1) if total else ():
            here, usual = count / len(found), everywhere.get(value, 0) / total
            error = math.sqrt(usual * (1 - usual) / len(found))
            if here >= SHARED and here - usual >= max(APART, CERTAIN * error):
                words = f"{name} {plain(value, VALUE_SHOWN)}: {here:.0%} here, {usual:.0%} of all its lines"
                told.append((usual - here, words))
    return tuple(words for _, words in sorted(told, key=lambda pair: round(pair[0], 2))[:DIFFERENCES])


def _sample(line: LogDocument, settings: ElasticsearchSettings) -> LogSample:
    return LogSample(
        at=line.at, text=plain(line.text, LINE_LIMIT), trace=line.trace, link=links.trace(settings, line.trace)
    )


def _course(found: Sequence[LogDocument], windows: Windows) -> tuple[int, ...]:
    """Counts in equal slices."""
    counts = [0] * SLICES
    for line in found:
        counts[_slice(line.at.timestamp(), windows)] += 1
    return tuple(counts)


def _told_course(course: SearchResult, windows: Windows) -> tuple[int, ...]:
    counts = [0] * SLICES
    for milliseconds, count in course.over_time:
        counts[_slice(milliseconds / 1000, windows)] += count
    return tuple(counts)


def _slice(at: float, windows: Windows) -> int:
    place = int((at - windows.start.timestamp() + 0.0005) / windows.slice_seconds)
    return min(max(place, 0), SLICES - 1)
