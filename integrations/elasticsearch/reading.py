"""Documents read as lines, with what is kept of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.domain.logpattern import Line, Pattern, cluster, main_line
from bot.domain.moment import read_moment
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from integrations.elasticsearch.client import SearchResult
from integrations.elasticsearch.questions import Asked
from integrations.elasticsearch.settings import ElasticsearchSettings

NAME_LIMIT = 100
TRACE_LIMIT = 64  # characters; W3C trace ids have 32
FIRST_CHARACTERS = 20_000  # of a message that are looked at: a traceback's last line stands within

Key = tuple[str, str]  # (service as the logs name it, level)


@dataclass(frozen=True, kw_only=True)
class LogDocument(Line):
    """A line with what may tell it apart."""

    trace: str = ""
    values: Mapping[str, str] = field(default_factory=dict)  # by what may differ


@dataclass
class Window:
    """What was fetched, and how much there is."""

    lines: list[LogDocument] = field(default_factory=list)
    counts: Counter[Key] = field(default_factory=Counter)  # true totals
    fetched: Counter[Key] = field(default_factory=Counter)

    def take(self, lines: Iterable[LogDocument], counts: Mapping[Key, int]) -> None:
        new = list(lines)
        self.lines += new
        self.counts.update(counts)
        self.fetched.update((line.service, line.level) for line in new)

    def sampled(self, key: Key) -> bool:
        return self.counts[key] > self.fetched[key]

    @property
    def is_sampled(self) -> bool:
        return any(self.sampled(key) for key in self.counts)

    def factor(self, key: Key) -> float:
        return max(1.0, self.counts[key] / self.fetched[key]) if self.fetched[key] else 1.0


@dataclass(frozen=True, kw_only=True)
class Read:
    """The first round, understood."""

    now: Window
    before: Window
    patterns: tuple[Pattern, ...]
    values: Mapping[str, Mapping[str, int]]  # of lines of all levels of the burning service
    words: tuple[str, ...]  # of error lines, new since the onset, that no fetched line has


def read(settings: ElasticsearchSettings, answered: Sequence[tuple[Asked, SearchResult]]) -> Read:
    """Some thousand lines: runs on a thread."""
    now, before = Window(), Window()
    values: Mapping[str, Mapping[str, int]] = {}
    words: tuple[tuple[str, int, int], ...] = ()
    for asked, result in answered:
        if asked is Asked.VALUES:
            values = result.values
        elif asked is Asked.WORDS:
            words = result.words
        else:
            window = now if asked is Asked.NOW else before
            window.take(lines(result.documents, settings), result.counts)
    seen = {word for line in now.lines for word in _tokens(line.text)} if words else set()
    return Read(
        now=now,
        before=before,
        patterns=cluster(now.lines, before.lines),
        values=values,
        words=tuple(word for word, _, earlier in words if not earlier and word not in seen and word.isalpha()),
    )


def lines(documents: Iterable[Mapping[str, Any]], settings: ElasticsearchSettings) -> Iterable[LogDocument]:
    shown: dict[str, str] = {}  # names recur
    differing = settings.differing
    for document in documents:
        at = read_moment(_value(document, settings.time_field))
        service, level = _value(document, settings.service_field), _value(document, settings.level_field)
        message = _value(document, settings.message_field)
        if at and service and level and message:
            yield LogDocument(
                at=at,
                service=service,
                level=level,
                text=redact(main_line(message[:FIRST_CHARACTERS])),
                trace=plain(_value(document, settings.trace_field) or "", TRACE_LIMIT),
                values={
                    name: shown.get(value) or shown.setdefault(value, plain(value, NAME_LIMIT))
                    for name, path in differing.items()
                    if (value := _value(document, path))
                },
            )


def _tokens(text: str) -> list[str]:
    return "".join(char if char.isalnum() or char == "_" else " " for char in text.lower()).split()


def _value(document: Mapping[str, Any], name: str) -> str | None:
    """A field of a document, which may be written nested, with dots, or both; the first of several values."""
    value = _within(document, name)
    value = value[0] if isinstance(value, list) and value else value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)


def _within(node: Any, path: str) -> Any:
    if not isinstance(node, Mapping):
        return None
    if path in node:
        return node[path]
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        head = ".".join(parts[:length])
        if head in node and (found := _within(node[head], ".".join(parts[length:]))) is not None:
            return found
    return None
