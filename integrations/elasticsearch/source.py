"""Asks Elasticsearch what is new in the logs: error patterns since the onset against an earlier window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, Evidence, LogFact
from bot.domain.logpattern import Line, Pattern, cluster, fragment, main_line, rank
from bot.domain.moment import read_moment
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from integrations.descriptor import Tools
from integrations.elasticsearch.client import ElasticsearchClient, SearchResult, library
from integrations.elasticsearch.questions import Windows, count_body, kql, names_of, searches, windows_of
from integrations.elasticsearch.settings import ElasticsearchSettings

SOURCE = "elasticsearch"
PATTERNS_SHOWN = 12
NAME_LIMIT = 100
PATTERN_SHOWN = 160  # characters within a sentence; the fact holds more

Key = tuple[str, str]  # (service as the logs name it, level)


class ElasticsearchSource:
    """A `ContextSource`."""

    name = SOURCE

    def __init__(self, settings: ElasticsearchSettings, tools: Tools) -> None:
        self._settings = settings
        self._threads = tools.threads
        self._deadline = tools.source_deadline

    def warm(self) -> None:
        """Import the client library; takes a second, so on a thread."""
        library()

    async def look(self, request: ContextRequest) -> Answer:
        own, near = names_of(request)
        if not own:
            return Answer(skipped="the alert names no service to search the logs for")
        windows = windows_of(request)
        asked = list(searches(self._settings, windows, own, near))
        async with ElasticsearchClient(self._settings, self._threads, deadline=self._deadline) as client:
            results = await client.search([body for _, body in asked])
            read = await self._threads.run(partial(_read, self._settings, list(zip(asked, results, strict=True))))
            shown = await self._verified(client, read, windows)
        names = {**own, **near}
        return Answer(
            evidence=tuple(self._evidence(pattern, names, read, windows) for pattern in shown),
            checked=_checked(read, windows, names, self._settings.index),
        )

    async def _verified(self, client: ElasticsearchClient, read: _Read, windows: Windows) -> Sequence[Pattern]:
        """Where not all earlier documents were fetched, a pattern may seem new and not be: then it is counted."""
        scaled = [_scaled(pattern, read, windows) for pattern in read.patterns]
        shown = [pattern for pattern in rank(scaled) if pattern.count][:PATTERNS_SHOWN]
        doubtful = [
            index
            for index, pattern in enumerate(shown)
            if not pattern.baseline and read.before.sampled(_key(pattern)) and fragment(pattern.template)
        ]
        if not doubtful:
            return shown
        bodies = [
            count_body(self._settings, shown[i].service, shown[i].level, shown[i].template, windows) for i in doubtful
        ]
        for index, result in zip(doubtful, await client.search(bodies), strict=True):
            shown[index] = replace(shown[index], baseline=_at_least_one(result.total * windows.scale))
        return rank(shown)

    def _evidence(self, pattern: Pattern, names: Mapping[str, str], read: _Read, windows: Windows) -> Evidence:
        fact = LogFact(
            service=plain(names.get(pattern.service, pattern.service), NAME_LIMIT),
            level=plain(pattern.level, NAME_LIMIT).lower(),
            pattern=pattern.template,
            count=pattern.count,
            baseline=pattern.baseline,
            first_seen=pattern.first_seen,
            sample=pattern.sample,
            query=kql(self._settings, pattern.service, pattern.level, pattern.template),
        )
        text = _sentence(fact, windows, about=read.now.sampled(_key(pattern)))
        return Evidence(source=SOURCE, text=text, fact=fact, at=fact.first_seen)


@dataclass
class _Window:
    """What was fetched, and how much there is."""

    lines: list[Line] = field(default_factory=list)
    counts: Counter[Key] = field(default_factory=Counter)  # true totals
    partial: bool = False

    def take(self, result: SearchResult, settings: ElasticsearchSettings) -> None:
        self.lines += _lines(result.documents, settings)
        self.counts.update(result.counts)
        self.partial = self.partial or result.partial

    def settle(self) -> None:
        self.fetched = Counter((line.service, line.level) for line in self.lines)

    def sampled(self, key: Key) -> bool:
        return self.counts[key] > self.fetched[key]

    def factor(self, key: Key) -> float:
        return max(1.0, self.counts[key] / self.fetched[key]) if self.fetched[key] else 1.0


@dataclass(frozen=True, kw_only=True)
class _Read:
    now: _Window
    before: _Window
    patterns: tuple[Pattern, ...]


def _read(settings: ElasticsearchSettings, answered: Sequence[tuple[tuple[bool, Any], SearchResult]]) -> _Read:
    """Some thousand lines: runs on a thread."""
    now, before = _Window(), _Window()
    for (is_before, _), result in answered:
        (before if is_before else now).take(result, settings)
    now.settle()
    before.settle()
    return _Read(now=now, before=before, patterns=cluster(now.lines, before.lines))


def _lines(documents: Iterable[Mapping[str, Any]], settings: ElasticsearchSettings) -> Iterable[Line]:
    for document in documents:
        at = read_moment(_text(document, settings.time_field))
        service, level = _text(document, settings.service_field), _text(document, settings.level_field)
        message = _text(document, settings.message_field)
        if at and service and level and message:
            yield Line(at=at, service=service, level=level, text=redact(main_line(message)))


def _text(document: Mapping[str, Any], name: str) -> str | None:
    """A field of a document, which may be written nested, with dots, or both; the first of several values."""
    node: Any = document
    path = name
    while isinstance(node, Mapping):
        if path in node:
            value = node[path]
            value = value[0] if isinstance(value, list) and value else value
            return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else None
        head, _, path = path.partition(".")
        node = node.get(head)
    return None


def _key(pattern: Pattern) -> Key:
    return pattern.service, pattern.level


def _scaled(pattern: Pattern, read: _Read, windows: Windows) -> Pattern:
    """Counts as if everything had been fetched, the earlier one as if its window were as long as the other."""
    return replace(
        pattern,
        count=round(pattern.count * read.now.factor(_key(pattern))),
        baseline=_at_least_one(pattern.baseline * read.before.factor(_key(pattern)) * windows.scale),
    )


def _at_least_one(count: float) -> int:
    """0 stays 0; but what occurred is never rounded to "never"."""
    return max(1, round(count)) if count else 0


def _sentence(fact: LogFact, windows: Windows, *, about: bool) -> str:
    words = f"“{plain(fact.pattern, PATTERN_SHOWN)}”"
    times = f"{'about ' if about else ''}{fact.count:,} time{'s' if fact.count != 1 else ''}"
    if fact.is_new:
        since = f" since {fact.first_seen:%H:%M:%S} UTC" if fact.first_seen else ""
        earlier = int((windows.start - windows.before_start).total_seconds() / 60)
        rest = f"{since}, not once in {earlier} min before"
        return f"new in the logs of {fact.service}: {words}, {times} ({fact.level}){rest}"
    return (
        f"in the logs of {fact.service}: {words}, {times} ({fact.level}) since {windows.start:%H:%M} UTC, "
        f"{fact.baseline:,} in an equally long time before"
    )


def _checked(read: _Read, windows: Windows, names: Mapping[str, str], index: str) -> str:
    found, earlier = read.now.counts.total(), read.before.counts.total()
    told = [
        f"errors and warnings of {', '.join(names.values())} in {index}: "
        f"{found:,} from {_span(windows.start, windows.end)}, "
        f"{earlier:,} from {_span(windows.before_start, windows.start)}"
    ]
    fetched = len(read.now.lines) + len(read.before.lines)
    if fetched < found + earlier:
        told.append(f"{fetched:,} of them were read, counts of patterns are scaled")
    if read.now.partial or read.before.partial:
        told.append("some shards did not answer: there may be more")
    return "; ".join(told)


def _span(start: datetime, end: datetime) -> str:
    return f"{start:%H:%M} to {end:%H:%M} UTC"
