"""Which documents are looked at: two windows, the burning service and its neighbours, errors and warnings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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


def searches(
    settings: ElasticsearchSettings, windows: Windows, own: Mapping[str, str], near: Mapping[str, str]
) -> Iterator[tuple[bool, dict[str, Any]]]:
    """(whether it is the earlier window, the body of the search)."""
    warnings = [level for level in settings.levels if level.lower().startswith("warn")]
    errors = [level for level in settings.levels if level not in warnings]
    for who, services in (("own", own), ("near", near)):
        for what, levels in (("errors", errors), ("warnings", warnings)):
            if services and levels:
                size = SIZES[who, what]
                yield False, _body(settings, services, levels, windows.start, windows.end, size, "asc")
                yield True, _body(settings, services, levels, windows.before_start, windows.start, size, "desc")


def _body(
    settings: ElasticsearchSettings,
    services: Mapping[str, str],
    levels: Sequence[str],
    start: datetime,
    end: datetime,
    size: int,
    order: str,
) -> dict[str, Any]:
    return {
        "size": size,
        "query": _filter(settings, list(services), levels, start, end),
        "sort": [{settings.time_field: {"order": order, "unmapped_type": "date"}}],
        "_source": [settings.time_field, settings.service_field, settings.level_field, settings.message_field],
        "track_total_hits": False,
        "aggs": {
            "services": {
                "terms": {"field": settings.service_field, "size": BUCKETS},
                "aggs": {"levels": {"terms": {"field": settings.level_field, "size": BUCKETS}}},
            }
        },
    }


def _filter(
    settings: ElasticsearchSettings, services: Sequence[str], levels: Sequence[str], start: datetime, end: datetime
) -> dict[str, Any]:
    spellings = sorted({word for level in levels for word in (level.lower(), level.upper(), level.capitalize())})
    conditions: list[dict[str, Any]] = [
        {"range": {settings.time_field: {"gte": start.isoformat(), "lt": end.isoformat()}}},
        {"terms": {settings.service_field: list(services)}},
        {"terms": {settings.level_field: spellings}},
    ]
    return {"bool": {"filter": conditions}}


def count_body(
    settings: ElasticsearchSettings, service: str, level: str, pattern: str, windows: Windows
) -> dict[str, Any]:
    """How often a pattern's words occur in the earlier window; exact, where its documents were too many to fetch."""
    query = _filter(settings, [service], [level], windows.before_start, windows.start)
    query["bool"]["filter"].append({"match_phrase": {settings.message_field: fragment(pattern)}})
    return {"size": 0, "query": query, "track_total_hits": True}


def kql(settings: ElasticsearchSettings, service: str, level: str, pattern: str) -> str:
    """What a person pastes into Kibana's search bar."""
    parts = [f"{settings.service_field} : {json.dumps(service)}", f"{settings.level_field} : {json.dumps(level)}"]
    if words := fragment(pattern):
        parts.append(f"{settings.message_field} : {json.dumps(words, ensure_ascii=False)}")
    return " and ".join(parts)
