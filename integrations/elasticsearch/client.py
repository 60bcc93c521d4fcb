"""Elasticsearch's search API as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.shapes import known
from integrations.connection import why
from integrations.descriptor import Threads
from integrations.elasticsearch.settings import DIFFERING, ElasticsearchSettings
from integrations.elasticsearch.versions import OTHER_VERSION, adapt
from integrations.elasticsearch.wire import FILTER_PATH, Buckets, Capabilities, Search, Searches
from integrations.failure import REQUEST_SHARE, Vendor, message_of

T = TypeVar("T")
Body = Mapping[str, Any]

VENDOR = Vendor(
    title="Elasticsearch",
    address="ELASTICSEARCH_URL",
    credentials="ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USER and ELASTICSEARCH_PASSWORD",
    permission="the privileges read and view_index_metadata on ELASTICSEARCH_INDEX",
    remedies={404: "does ELASTICSEARCH_INDEX name indices that exist?"},
)
NOT_LICENSED = "license is non-compliant"
LEAST_TIME = 0.1  # seconds; below it no request is worth sending


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """`counts` are true totals by (service, level); `documents` may be fewer."""

    documents: tuple[Mapping[str, Any], ...]
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    total: int = 0
    over_time: tuple[tuple[int, int], ...] = ()  # (milliseconds since 1970, how many), ascending
    newest: tuple[Mapping[str, Any], ...] = ()
    words: tuple[tuple[str, int, int], ...] = ()  # (word, documents with it here, and in the background)
    values: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # by what may differ: how often each value
    shards: int = 1
    failed_shards: int = 0
    shard_reason: str = ""  # why a shard failed, in the server's words
    timed_out: bool = False  # the answer is what was found until then


class ElasticsearchClient:
    """An asynchronous context manager around the vendor's client, for one incident: it is bound to its event loop."""

    def __init__(self, settings: ElasticsearchSettings, threads: Threads, *, deadline: float) -> None:
        self._settings = settings
        self._threads = threads
        self._timeout = max(LEAST_TIME, deadline * REQUEST_SHARE)
        self._stack = AsyncExitStack()
        self._vendor: Any = None

    async def __aenter__(self) -> ElasticsearchClient:
        # Importing it takes about a second: on a thread, so that the event loop goes on.
        make = await self._threads.run(library)
        settings = self._settings
        basic = (settings.user, settings.password or "") if settings.user and not settings.api_key else None
        certificates = {"ca_certs": settings.ca_certs} if settings.ca_certs else {}
        self._vendor = make(
            settings.host,
            api_key=settings.api_key,
            basic_auth=basic,
            request_timeout=self._timeout,
            max_retries=0,
            retry_on_timeout=False,
            http_compress=True,
            **certificates,
        )
        adapt(self._vendor, settings.host)
        await self._stack.enter_async_context(self._vendor)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def search(
        self, bodies: Sequence[Body], *, seconds: float | None = None
    ) -> tuple[SearchResult | SourceError, ...]:
        """All in one request, answered in order; each may fail on its own. Raises SourceError where none was answered.

        `seconds`: the most that it may take, where that is less than usual.
        """
        limit = min(self._timeout, seconds or self._timeout)
        header = {"index": self._settings.index, "ignore_unavailable": True}
        searches = [part for body in bodies for part in (header, {"timeout": f"{limit * 1000:.0f}ms", **body})]
        ask = self._vendor.options(request_timeout=limit).msearch
        answer = await self._call(ask, Searches, limit, searches=searches, filter_path=FILTER_PATH)
        if len(answer.responses) != len(bodies):
            raise VENDOR.nonsense(f"{len(answer.responses)} answers to {len(bodies)} searches")
        return tuple(self._result(response) for response in answer.responses)

    async def field_kinds(self, names: Sequence[str]) -> Mapping[str, tuple[str, bool]]:
        """(type, whether it can be counted by value) of those fields that exist."""
        ask = self._vendor.field_caps
        answer = await self._call(ask, Capabilities, self._timeout, index=self._settings.index, fields=list(names))
        if not answer.indices:
            raise self._no_index()
        return {
            name: (kind, bool(told.get("aggregatable")))
            for name, kinds in answer.fields.items()
            for kind, told in kinds.items()
        }

    def _result(self, response: Search) -> SearchResult | SourceError:
        if response.error:
            return _refusal(response.status if response.status >= 400 else 400, response.error.told)
        if response.shards is None:
            return VENDOR.nonsense("neither hits nor an error")
        if response.shards.total == 0:
            return self._no_index()
        found, shards = response.aggregations, response.shards
        return SearchResult(
            documents=tuple(hit.source for hit in response.hits.hits),
            counts={
                (str(service.key), str(level.key)): level.doc_count
                for service in _buckets(found.services)
                for level in _buckets(service.levels)
            },
            total=response.hits.total.value if response.hits.total else 0,
            over_time=tuple((int(bucket.key), bucket.doc_count) for bucket in _buckets(found.over_time)),
            newest=tuple(hit.source for hit in found.newest.hits.hits) if found.newest else (),
            words=tuple(
                (str(bucket.key), bucket.doc_count, bucket.bg_count)
                for bucket in _buckets(found.sample.words if found.sample else None)
            ),
            values={
                name: {str(bucket.key): bucket.doc_count for bucket in _buckets(getattr(found, name))}
                for name in DIFFERING
            },
            shards=shards.total,
            failed_shards=shards.failed,
            shard_reason=next((f.reason.reason or "" for f in shards.failures), ""),
            timed_out=response.timed_out,
        )

    def _no_index(self) -> SourceError:
        what = f"has no index that fits {self._settings.index!r}, or the key may not see it"
        return VENDOR.failed(FailureReason.REFUSED, what, "set ELASTICSEARCH_INDEX to where the logs are")

    async def _call(self, ask: Any, kind: type[T], limit: float, **arguments: Any) -> T:
        from elasticsearch import ApiError, TransportError, UnsupportedProductError

        try:
            answer = await ask(**arguments)
        except UnsupportedProductError:
            raise VENDOR.nonsense("it does not say that it is Elasticsearch; OpenSearch is another product") from None
        except ApiError as error:
            raise _refused(error.meta.status, error.body) from None
        except TransportError as error:
            raise _failed(error, limit) from None
        try:
            return msgspec.convert(answer.body, known(kind))
        except msgspec.ValidationError as error:
            raise VENDOR.nonsense(str(error)) from None


def library() -> Any:
    """The vendor's client class."""
    from elasticsearch import AsyncElasticsearch

    return AsyncElasticsearch


def _buckets(found: Buckets | None) -> list[Any]:
    return found.buckets if found else []


def _refused(status: int, body: Any) -> SourceError:
    said = message_of(msgspec.json.encode(body)) if isinstance(body, dict) else ""
    if isinstance(body, dict) and OTHER_VERSION in str(body.get("error")):
        what = f"is of a version that this client does not speak with ({status})"
        return VENDOR.failed(FailureReason.REFUSED, what, "Elasticsearch 8 or 9 is needed")
    return _refusal(status, said)


def _refusal(status: int, said: str) -> SourceError:
    if NOT_LICENSED in said:
        feature = said.rpartition("[")[2].rstrip("] ")
        return VENDOR.failed(FailureReason.NOT_ON_PLAN, f"has no licence for what was asked ({feature})")
    return VENDOR.status(status, said)


def _failed(error: Exception, limit: float) -> SourceError:
    from aiohttp import ClientPayloadError
    from elastic_transport import ConnectionTimeout, SerializationError, TlsError

    if isinstance(error, ConnectionTimeout):
        return VENDOR.too_slow(limit)
    if isinstance(error, SerializationError):
        return VENDOR.nonsense("not JSON")
    if isinstance(error, TlsError):
        return VENDOR.unreachable("its TLS certificate is not accepted: ELASTICSEARCH_CA_CERTS names the authority")
    cause = error.__context__  # the library names no cause of its own
    if isinstance(cause, ClientPayloadError):
        return VENDOR.nonsense("cut off")
    return VENDOR.unreachable(why(cause) if isinstance(cause, Exception) else "the connection failed")
