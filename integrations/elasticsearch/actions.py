"""`elasticsearch.search`: how many lines fit, and the newest of them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.domain.action import Action, ActionCall, ActionResult, Ending, Value
from bot.domain.errors import SourceError
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from integrations.descriptor import ActionTools
from integrations.drafted import Draft, DraftedAction, cut, failed, schema
from integrations.elasticsearch.client import ElasticsearchClient, SearchResult
from integrations.elasticsearch.settings import ElasticsearchSettings
from integrations.programs.argument import bad, shown

LONGEST_QUERY = 2000  # characters
MOST_LINES = 50
COUNTED = 1_000_000  # lines; beyond that a count says no more, and costs
AT_ONCE = 4  # searches of all runs together
_LINE_LIMIT = 400  # characters of a line
_SINCE = re.compile(r"([1-9]\d{0,4})(s|m|h)")
_UNITS = {"s": 1, "m": 60, "h": 3600}
_LONGEST_SINCE = 7 * 24 * 3600  # seconds


@dataclass(frozen=True, kw_only=True)
class _Asked:
    query: str
    seconds: int
    lines: int
    service: str


class Search(DraftedAction[_Asked]):
    name = "elasticsearch.search"

    def __init__(self, settings: ElasticsearchSettings, tools: ActionTools) -> None:
        self._settings, self._tools = settings, tools
        self._lane = asyncio.Semaphore(AT_ONCE)

    @property
    def parameters(self) -> Mapping[str, Value]:
        return schema(
            ("query",),
            query={
                "type": "string", "minLength": 1, "maxLength": LONGEST_QUERY,
                "description": 'In the syntax of query_string: service.name:gateway AND "connection refused"',
            },
            since={"type": "string", "pattern": f"^{_SINCE.pattern}$", "default": "15m"},
            lines={"type": "integer", "minimum": 0, "maximum": MOST_LINES, "default": 10},
            service={"type": "string", "maxLength": 200, "description": "Only lines of it, by its name in the logs"},
        )  # fmt: skip

    async def _draft(self, call: ActionCall) -> Draft[_Asked]:
        given = call.parameters
        since = str(given.get("since", "15m"))
        found = _SINCE.fullmatch(since)
        if not found or int(found[1]) * _UNITS[found[2]] > _LONGEST_SINCE:
            raise bad("since", f"{shown(since)} is no time up to a week: 90s, 15m, 2h.")
        query = str(given["query"])
        if not query.strip():
            raise bad("query", "there is nothing to search for; * stands for every line.")
        asked = _Asked(
            query=query,
            seconds=int(found[1]) * _UNITS[found[2]],
            lines=int(str(given.get("lines", 10))),
            service=str(given.get("service", "")),
        )
        of = f", of {asked.service}" if asked.service else ""
        return Draft(
            target=f"{self._settings.index} in Elasticsearch at {self._settings.url}",
            lines=(f"{asked.query}{of}, since {since}",),
            work=asked,
        )

    async def _do(self, work: _Asked, call: ActionCall, key: str) -> ActionResult:
        async with (
            self._lane,
            ElasticsearchClient(self._settings, self._tools.threads, deadline=call.timeout) as client,
        ):
            (found,) = await client.search([self._body(work)])
        if isinstance(found, SourceError):
            raise found
        return self._result(found)

    def _body(self, asked: _Asked) -> Mapping[str, Any]:
        settings, now = self._settings, self._tools.clock.now()
        begin = now - timedelta(seconds=asked.seconds)
        within = {"gte": begin.isoformat(), "lte": now.isoformat()}
        # Wildcards at a word's beginning read every word of every index.
        words = {"query": asked.query, "default_field": settings.message_field, "allow_leading_wildcard": False}
        filters: list[Mapping[str, Any]] = [{"query_string": words}, {"range": {settings.time_field: within}}]
        filters += [{"term": {settings.service_field: asked.service}}] if asked.service else []
        return {
            "size": asked.lines,
            "track_total_hits": COUNTED,
            "query": {"bool": {"filter": filters}},
            "sort": [{settings.time_field: {"order": "desc", "unmapped_type": "date"}}],
        }

    def _result(self, found: SearchResult) -> ActionResult:
        if found.timed_out or found.failed_shards:
            why = "its time was up" if found.timed_out else f"{found.failed_shards} of {found.shards} shards failed"
            return failed(f"Elasticsearch did not answer in full: {why}, so the count is not the whole.")
        texts = [_worded(document, self._settings) for document in found.documents]
        output, is_cut = cut("\n".join(texts))
        at_least = "at least " if found.total >= COUNTED else ""
        values: Mapping[str, Value] = {"count": found.total, "lines": tuple(redact(text) for text in texts)}
        return ActionResult(
            ending=Ending.SUCCEEDED,
            summary=f"{at_least}{found.total:,} line{'s fit' if found.total != 1 else ' fits'}.".capitalize(),
            output=output,
            is_cut=is_cut or found.total > len(texts),
            values=values,
        )


def _worded(document: Mapping[str, Any], settings: ElasticsearchSettings) -> str:
    fields = (settings.time_field, settings.level_field, settings.service_field, settings.message_field)
    told = [_field(document, name) for name in fields]
    return plain(" ".join(str(part) for part in told if part not in (None, "")), _LINE_LIMIT)


def _field(document: Mapping[str, Any], name: str) -> object:
    """`a.b` is a field of that name, or `b` within `a`."""
    if name in document:
        return document[name]
    head, dot, rest = name.partition(".")
    inner = document.get(head)
    return _field(inner, rest) if dot and isinstance(inner, Mapping) else None


def actions(settings: ElasticsearchSettings, tools: ActionTools) -> tuple[Action, ...]:
    return (Search(settings, tools),) if settings.url else ()
