"""Elasticsearch's answers as they come, as far as they are read."""

from __future__ import annotations

from typing import Any

import msgspec

# What of an answer is sent at all: the rest is metadata of every document.
FILTER_PATH = ",".join(
    f"responses.{name}"
    for name in (
        "status", "error.type", "error.reason", "error.failed_shards.reason.type", "error.failed_shards.reason.reason",
        "hits.hits._source", "hits.total", "_shards.total", "_shards.failed", "_shards.failures.reason.reason",
        "aggregations", "timed_out", "terminated_early",
    )
)  # fmt: skip


class Reason(msgspec.Struct):
    type: str = ""
    reason: str | None = None


class ShardFailure(msgspec.Struct):
    reason: Reason = msgspec.field(default_factory=Reason)


class Error(msgspec.Struct):
    type: str = ""
    reason: str | None = None
    failed_shards: list[ShardFailure] = []

    @property
    def told(self) -> str:
        """Its own words; of an error that all shards met, theirs."""
        inner = self.failed_shards[0].reason if self.failed_shards else None
        return (inner.reason if inner else None) or self.reason or self.type


class Hit(msgspec.Struct):
    source: dict[str, Any] = msgspec.field(name="_source", default_factory=dict)


class Total(msgspec.Struct):
    value: int = 0


class Hits(msgspec.Struct):
    hits: list[Hit] = []
    total: Total | None = None


class Shards(msgspec.Struct):
    total: int = 1
    failed: int = 0
    failures: list[ShardFailure] = []


class Bucket(msgspec.Struct):
    key: str | int | float | bool
    doc_count: int = 0
    bg_count: int = 0
    levels: Buckets | None = None


class Buckets(msgspec.Struct):
    buckets: list[Bucket] = []


class Newest(msgspec.Struct):
    hits: Hits = msgspec.field(default_factory=Hits)


class Sample(msgspec.Struct):
    words: Buckets | None = None


class Aggregations(msgspec.Struct):
    """All that is ever asked for, by the names of `questions`."""

    services: Buckets | None = None
    over_time: Buckets | None = None
    newest: Newest | None = None
    sample: Sample | None = None
    host: Buckets | None = None
    version: Buckets | None = None
    zone: Buckets | None = None
    endpoint: Buckets | None = None
    pod: Buckets | None = None


class Search(msgspec.Struct):
    status: int = 200
    error: Error | None = None
    hits: Hits = msgspec.field(default_factory=Hits)
    shards: Shards | None = msgspec.field(name="_shards", default=None)
    aggregations: Aggregations = msgspec.field(default_factory=Aggregations)
    timed_out: bool = False
    terminated_early: bool = False


class Searches(msgspec.Struct):
    responses: list[Search]


class Capabilities(msgspec.Struct):
    indices: list[str] | str
    fields: dict[str, dict[str, dict[str, Any]]] = {}
