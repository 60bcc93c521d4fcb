"""Asks Elasticsearch what is new in the logs: error patterns since the onset against an earlier window."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial

from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, Evidence, LogFact
from bot.domain.logpattern import Pattern
from bot.domain.plaintext import plain
from integrations.descriptor import Tools
from integrations.elasticsearch import links
from integrations.elasticsearch.client import ElasticsearchClient, SearchResult, library
from integrations.elasticsearch.details import details
from integrations.elasticsearch.followed import PATTERNS_SHOWN, Followed, id_of, key_of
from integrations.elasticsearch.questions import Asked, Questions, Windows, kql, names_of, windows_of
from integrations.elasticsearch.reading import NAME_LIMIT, Read, read
from integrations.elasticsearch.settings import ElasticsearchSettings
from integrations.elasticsearch.wording import checked, first_gaps, sentence

SOURCE = "elasticsearch"
ANSWERED_BY = 0.9  # share of the deadline at which what is known is told


class ElasticsearchSource:
    """A `ContextSource`: one request, and a second one where not every line could be fetched."""

    name = SOURCE

    def __init__(self, settings: ElasticsearchSettings, tools: Tools) -> None:
        self._settings = settings
        self._threads = tools.threads
        self._deadline = tools.source_deadline

    def warm(self) -> None:
        """Import the client library; takes a second, so on a thread."""
        library()

    async def look(self, request: ContextRequest) -> Answer:
        until = asyncio.get_running_loop().time() + self._deadline * ANSWERED_BY
        own, near = names_of(request)
        if not own:
            return Answer(skipped="the alert names no service to search the logs for")
        windows = windows_of(request)
        questions = Questions(self._settings, windows, own, near)
        asked = list(questions.first())
        async with ElasticsearchClient(self._settings, self._threads, deadline=self._deadline) as client:
            results = await client.search([body for _, body in asked])
            answers = [(kind, result) for (kind, _), result in zip(asked, results, strict=True)]
            _refuse([result for kind, result in answers if kind is Asked.NOW])
            answered = [(kind, result) for kind, result in answers if isinstance(result, SearchResult)]
            found = await self._threads.run(partial(read, self._settings, answered))
            followed = Followed.of(found, windows)
            left = until - asyncio.get_running_loop().time()
            missing = first_gaps(answers, is_sampled=found.now.is_sampled)
            missing += await followed.ask(client, questions, left)
        names = {**own, **near}
        shown = [pattern for pattern in followed.patterns(windows, self._settings) if pattern.count][:PATTERNS_SHOWN]
        return Answer(
            evidence=tuple(self._evidence(pattern, names, found, followed, windows) for pattern in shown),
            gaps=tuple(dict.fromkeys(missing)),
            checked=checked(found, windows, names, self._settings.index),
        )

    def _evidence(
        self, pattern: Pattern, names: Mapping[str, str], found: Read, followed: Followed, windows: Windows
    ) -> Evidence:
        settings = self._settings
        query = kql(settings, pattern.service, pattern.level, pattern.template)
        values = found.values if names.get(pattern.service) == next(iter(names.values())) else {}
        known = details(pattern, followed.courses.get(id_of(pattern)), values, windows, settings)
        fact = LogFact(
            service=plain(names.get(pattern.service, pattern.service), NAME_LIMIT),
            level=plain(pattern.level, NAME_LIMIT).lower(),
            pattern=pattern.template,
            count=pattern.count,
            baseline=pattern.baseline,
            first_seen=pattern.first_seen,
            sample=pattern.sample,
            query=query,
            first=known.first,
            last=known.last,
            over_time=known.over_time,
            slice_seconds=windows.slice_seconds,
            differs=known.differs,
            is_sampled=found.now.sampled(key_of(pattern)),
        )
        link = links.discover(settings, query, windows.start, windows.end)
        return Evidence(source=SOURCE, text=sentence(fact, windows), fact=fact, at=fact.first_seen, link=link)


def _refuse(results: Iterable[SearchResult | SourceError]) -> None:
    """Raises SourceError where nothing at all could be looked at."""
    errors = [result for result in results if isinstance(result, SourceError)]
    if errors and not any(isinstance(result, SearchResult) for result in results):
        raise errors[0]
