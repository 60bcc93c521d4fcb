"""Where people look further: the search in Kibana, the trace of a line."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

from integrations.elasticsearch.settings import ElasticsearchSettings

_SAFE = "()!,:'"  # what Kibana's own notation uses, and a fragment may hold


def discover(settings: ElasticsearchSettings, query: str, start: datetime, end: datetime) -> str | None:
    """The search in Kibana's Discover; None where Kibana's address is not set.

    https://www.elastic.co/docs/explore-analyze/discover: `_g` holds the time, `_a` the query, both in Rison.
    """
    if not settings.kibana_url:
        return None
    times = f"(time:(from:{_text(_stamp(start))},to:{_text(_stamp(end))}))"
    view = f"index:{_text(settings.kibana_data_view)}," if settings.kibana_data_view else ""
    search = f"({view}query:(language:kuery,query:{_text(query)}))"
    address = settings.kibana_url.rstrip("/")
    return f"{address}/app/discover#/?_g={quote(times, safe=_SAFE)}&_a={quote(search, safe=_SAFE)}"


def trace(settings: ElasticsearchSettings, identifier: str) -> str | None:
    if not (settings.trace_url and identifier):
        return None
    return settings.trace_url.replace("{trace}", quote(identifier, safe=""))


def _text(value: str) -> str:
    """A string in Rison."""
    return "'" + value.replace("!", "!!").replace("'", "!'") + "'"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
