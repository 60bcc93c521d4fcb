"""Which documents are looked at: two windows, the burning service and its neighbours, errors and warnings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.domain.catalog import Service
from bot.domain.context import ContextRequest
from bot.domain.logpattern import fragment
from integrations.elasticsearch.settings import ElasticsearchSettings

LEAD = timedelta(minutes=10)  # monitors fire late: what began up to ten minutes before the onset belongs to it
SHORTEST = timedelta(minutes=30)  # of the earlier window: a rare but usual error shows within half an hour
# Documents fetched of one window, 2,000 in all: most about errors of the burning service.
SIZES = {("own", "errors"): 1000, ("own", "warnings"): 300, ("near", "errors"): 500, ("near", "warnings"): 200}
BUCKETS = 50  # of services, and of levels: more than are asked for
SLICES = 12  # of the time since the onset
VALUES = 20  # of one field: a value that half of the lines share is among them
# Lines of all levels that each shard counts for the comparison: enough for shares, bounded on the busiest service.
COMPARED = 200_000
SAMPLED = 2_000  # lines of each shard whose words are compared with the words before
RARE_WORDS = 20
WORD_LINES = 25  # fetched of each new word
OTHER_LINES = 200  # fetched of one window that are of none of the patterns known so far
EXCLUDED = 40  # patterns at most: a clause each

Body = dict[str, Any]


class Asked(StrEnum):
    """What a search of the first round is for."""

    NOW = "now"
    BEFORE = "before"
    VALUES = "values"  # what all lines of the service have in common
    WORDS = "words"  # which words are new


@dataclass(frozen=True, kw_only=True)
class Windows:
    """`now` begins a little before the onset; `before` ends where it begins and is at least as long."""

    before_start: datetime
    start: datetime
    end: datetime

    @property
    def scale(self) -> float:
        """What a count of the earlier window has to be multiplied by to compare."""
        return (self.end - self.start) / (self.start - self.before_start)

    @property
    def slice_seconds(self) -> float:
        return (self.end - self.start).total_seconds() / SLICES


def windows_of(request: ContextRequest) -> Windows:
    start = request.onset - LEAD
    end = max(request.now, request.onset)
    return Windows(before_start=start - max(end - start, SHORTEST), start=start, end=end)


def names_of(request: ContextRequest) -> tuple[dict[str, str], dict[str, str]]:
    """Names in the logs to names in the catalog: of the burning service, of its neighbours."""
    own = {_log_name(request.service): request.service.name} if request.service else {}
    if not own and request.service_name:
        own = {request.service_name: request.service_name}
    near = {_log_name(service): service.name for service in request.neighbours}
    return own, {name: service for name, service in near.items() if name not in own}


def _log_name(service: Service) -> str:
    return service.log_name or service.name


class Questions:
    """Bodies of searches for one incident."""

    def __init__(
        self, settings: ElasticsearchSettings, windows: Windows, own: Mapping[str, str], near: Mapping[str, str]
    ) -> None:
        self._settings = settings
        self._windows = windows
        self._own = list(own)
        self._near = list(near)
        self._warnings = [level for level in settings.levels if level.lower().startswith("warn")]
        self._errors = [level for level in settings.levels if level not in self._warnings]

    def first(self) -> Iterator[tuple[Asked, Body]]:
        """The first round."""
        windows = self._windows
        for who, services in (("own", self._own), ("near", self._near)):
            for what, levels in (("errors", self._errors), ("warnings", self._warnings)):
                if services and levels:
                    size = SIZES[who, what]
                    yield Asked.NOW, self._lines(services, levels, windows.start, windows.end, size, "asc")
                    yield Asked.BEFORE, self._lines(services, levels, windows.before_start, windows.start, size, "desc")
        yield Asked.VALUES, self._values()
        yield Asked.WORDS, self._words()

    def count_before(self, service: str, level: str, pattern: str) -> Body:
        """How often a pattern's words occur in the earlier window; exact, where its documents were not all fetched."""
        query = self._pattern(service, level, pattern, self._windows.before_start, self._windows.start)
        return {"size": 0, "query": query, "track_total_hits": True}

    def course(self, service: str, level: str, pattern: str) -> Body:
        """How often a pattern's words occur since the onset, when, and the newest line."""
        width = max(1, round(self._windows.slice_seconds * 1000))
        start = round(self._windows.start.timestamp() * 1000)
        field = self._settings.time_field
        over_time = {"field": field, "fixed_interval": f"{width}ms", "offset": f"+{start % width}ms"}
        newest = {"size": 1, "sort": [{field: {"order": "desc"}}], "_source": self._fields()}
        return {
            "size": 0,
            "query": self._pattern(service, level, pattern, self._windows.start, self._windows.end),
            "track_total_hits": True,
            "aggs": {"over_time": {"date_histogram": over_time}, "newest": {"top_hits": newest}},
        }

    def lines_with(self, word: str) -> Body:
        """Error lines of the burning service since the onset with a word."""
        body = self._lines(self._own, self._errors, self._windows.start, self._windows.end, WORD_LINES, "asc")
        body["query"]["bool"]["filter"].append({"match": {self._settings.message_field: {"query": word}}})
        return body

    def others(self, fragments: Sequence[str], *, before: bool) -> Body:
        """Error lines of the burning service in which none of these words stand."""
        windows = self._windows
        start, end = (windows.before_start, windows.start) if before else (windows.start, windows.end)
        body = self._lines(self._own, self._errors, start, end, OTHER_LINES, "desc" if before else "asc")
        phrases = [{"match_phrase": {self._settings.message_field: words}} for words in fragments[:EXCLUDED]]
        body["query"]["bool"]["must_not"] = phrases
        return body

    def _lines(
        self, services: Sequence[str], levels: Sequence[str], start: datetime, end: datetime, size: int, order: str
    ) -> Body:
        settings = self._settings
        levels_by = {"levels": {"terms": {"field": settings.level_field, "size": BUCKETS}}}
        return {
            "size": size,
            "query": _filter(settings, services, levels, start, end),
            "sort": [{settings.time_field: {"order": order, "unmapped_type": "date"}}],
            "_source": self._fields(),
            "track_total_hits": False,
            "aggs": {"services": {"terms": {"field": settings.service_field, "size": BUCKETS}, "aggs": levels_by}},
        }

    def _values(self) -> Body:
        """Of lines of all levels of the burning service in both windows: a version deployed at the onset shows."""
        settings = self._settings
        return {
            "size": 0,
            "query": _filter(settings, self._own, (), self._windows.before_start, self._windows.end),
            "track_total_hits": COMPARED,
            "terminate_after": COMPARED,
            "aggs": {name: {"terms": {"field": field, "size": VALUES}} for name, field in settings.differing.items()},
        }

    def _words(self) -> Body:
        """Words of error lines that were hardly there before, from a sample drawn at random.

        significant_text is free of licence, unlike categorize_text; it reads the text again, hence the sampler.
        """
        settings, windows = self._settings, self._windows
        now = _filter(settings, self._own, self._errors, windows.start, windows.end)
        words = {
            "field": settings.message_field,
            "filter_duplicate_text": True,
            "size": RARE_WORDS,
            "min_doc_count": 1,  # of repeated text only the first occurrence counts
            "background_filter": _filter(settings, self._own, self._errors, windows.before_start, windows.start),
        }
        drawn = {"query": now, "random_score": {"seed": 1, "field": "_seq_no"}, "boost_mode": "replace"}
        return {
            "size": 0,
            "query": {"function_score": drawn},
            "track_total_hits": False,
            "aggs": {
                "sample": {
                    "sampler": {"shard_size": SAMPLED},
                    "aggs": {"words": {"significant_text": words}},
                }
            },
        }

    def _fields(self) -> list[str]:
        settings = self._settings
        names = (settings.time_field, settings.service_field, settings.level_field, settings.message_field)
        return list(dict.fromkeys((*names, settings.trace_field, *settings.differing.values())))

    def _pattern(self, service: str, level: str, pattern: str, start: datetime, end: datetime) -> Body:
        query = _filter(self._settings, [service], [level], start, end)
        query["bool"]["filter"].append({"match_phrase": {self._settings.message_field: fragment(pattern)}})
        return query


def _filter(
    settings: ElasticsearchSettings, services: Sequence[str], levels: Sequence[str], start: datetime, end: datetime
) -> Body:
    conditions: list[Body] = [
        {"range": {settings.time_field: {"gte": start.isoformat(), "lt": end.isoformat()}}},
        {"terms": {settings.service_field: list(services)}},
    ]
    if levels:
        spellings = sorted({word for level in levels for word in (level, level.lower(), level.upper(), level.title())})
        conditions.append({"terms": {settings.level_field: spellings}})
    return {"bool": {"filter": conditions}}


def kql(settings: ElasticsearchSettings, service: str, level: str, pattern: str) -> str:
    """What a person pastes into Kibana's search bar."""
    parts = [f"{settings.service_field} : {json.dumps(service)}", f"{settings.level_field} : {json.dumps(level)}"]
    if words := fragment(pattern):
        parts.append(f"{settings.message_field} : {json.dumps(words, ensure_ascii=False)}")
    return " and ".join(parts)
