"""Elasticsearch's search API as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from integrations.descriptor import Threads
from integrations.elasticsearch.settings import ElasticsearchSettings
from integrations.failure import REQUEST_SHARE, Vendor, message_of

T = TypeVar("T")

VENDOR = Vendor(
    title="Elasticsearch",
    address="ELASTICSEARCH_URL",
    credentials="ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USER and ELASTICSEARCH_PASSWORD",
    permission="the privileges read and view_index_metadata on ELASTICSEARCH_INDEX",
    remedies={404: "does ELASTICSEARCH_INDEX name indices that exist?"},
)
OTHER_VERSION = "media_type_header_exception"  # what 8.x and older say to a client of 9.x


class _Error(msgspec.Struct):
    type: str = ""
    reason: str | None = None


class _Hit(msgspec.Struct):
    source: dict[str, Any] = msgspec.field(name="_source", default_factory=dict)


class _Total(msgspec.Struct):
    value: int = 0


class _Hits(msgspec.Struct):
    hits: list[_Hit] = []
    total: _Total | None = None


class _Shards(msgspec.Struct):
    total: int = 1
    failed: int = 0


class _Bucket(msgspec.Struct):
    key: str | int | float | bool
    doc_count: int
    levels: _Buckets | None = None


class _Buckets(msgspec.Struct):
    buckets: list[_Bucket] = []


class _Aggregations(msgspec.Struct):
    services: _Buckets | None = None


class _Search(msgspec.Struct):
    status: int = 200
    error: _Error | None = None
    hits: _Hits | None = None
    shards: _Shards = msgspec.field(name="_shards", default_factory=_Shards)
    aggregations: _Aggregations | None = None
    timed_out: bool = False


class _Searches(msgspec.Struct):
    responses: list[_Search]


class _Capabilities(msgspec.Struct):
    indices: list[str] | str
    fields: dict[str, dict[str, dict[str, Any]]] = {}


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """`counts` are true totals by (service, level); `documents` may be fewer."""

    documents: tuple[Mapping[str, Any], ...]
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    total: int = 0
    partial: bool = False  # some shards failed or the time was up


class ElasticsearchClient:
    """An asynchronous context manager around the vendor's client, for one incident: it is bound to its event loop."""

    def __init__(self, settings: ElasticsearchSettings, threads: Threads, *, deadline: float) -> None:
        self._settings = settings
        self._threads = threads
        self._timeout = max(0.1, deadline * REQUEST_SHARE)
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
            **certificates,
        )
        await self._stack.enter_async_context(self._vendor)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def search(self, bodies: Sequence[Mapping[str, Any]]) -> tuple[SearchResult, ...]:
        """All in one request, answered in order. Raises SourceError where one of them was not answered."""
        header = {"index": self._settings.index, "ignore_unavailable": True}
        searches = [part for body in bodies for part in (header, {"timeout": f"{self._timeout * 1000:.0f}ms", **body})]
        answer = await self._call(self._vendor.msearch, _Searches, searches=searches)
        if len(answer.responses) != len(bodies):
            raise VENDOR.nonsense(f"{len(answer.responses)} answers to {len(bodies)} searches")
        return tuple(self._result(response) for response in answer.responses)

    async def field_kinds(self, names: Sequence[str]) -> Mapping[str, tuple[str, bool]]:
        """(type, whether it can be counted by value) of those fields that exist."""
        answer = await self._call(
            self._vendor.field_caps, _Capabilities, index=self._settings.index, fields=list(names)
        )
        if not answer.indices:
            raise self._no_index()
        return {
            name: (kind, bool(told.get("aggregatable")))
            for name, kinds in answer.fields.items()
            for kind, told in kinds.items()
        }

    def _result(self, response: _Search) -> SearchResult:
        if response.error or response.hits is None:
            error = response.error or _Error(reason="neither hits nor an error")
            raise VENDOR.status(response.status if response.status >= 400 else 400, error.reason or error.type)
        if response.shards.total == 0:
            raise self._no_index()
        services = response.aggregations.services if response.aggregations else None
        return SearchResult(
            documents=tuple(hit.source for hit in response.hits.hits),
            counts={
                (str(service.key), str(level.key)): level.doc_count
                for service in (services.buckets if services else ())
                for level in (service.levels.buckets if service.levels else ())
            },
            total=response.hits.total.value if response.hits.total else 0,
            partial=response.timed_out or response.shards.failed > 0,
        )

    def _no_index(self) -> SourceError:
        what = f"has no index that fits {self._settings.index!r}, or the key may not see it"
        return VENDOR.failed(FailureReason.REFUSED, what, "set ELASTICSEARCH_INDEX to where the logs are")

    async def _call(self, ask: Any, kind: type[T], **arguments: Any) -> T:
        from elasticsearch import ApiError, TransportError, UnsupportedProductError

        try:
            answer = await ask(**arguments)
        except UnsupportedProductError:
            raise VENDOR.nonsense("it does not say that it is Elasticsearch; OpenSearch is another product") from None
        except ApiError as error:
            raise self._refused(error.meta.status, error.body) from None
        except TransportError as error:
            raise self._failed(error) from None
        try:
            return msgspec.convert(answer.body, kind)
        except msgspec.ValidationError as error:
            raise VENDOR.nonsense(str(error)) from None

    def _refused(self, status: int, body: Any) -> SourceError:
        said = message_of(msgspec.json.encode(body)) if isinstance(body, dict) else ""
        if isinstance(body, dict) and OTHER_VERSION in str(body.get("error")):
            what = f"is of a version that this client does not speak with ({status})"
            return VENDOR.failed(FailureReason.REFUSED, what, "Elasticsearch 9 is needed")
        return VENDOR.status(status, said)

    def _failed(self, error: Exception) -> SourceError:
        from elastic_transport import ConnectionTimeout, SerializationError, TlsError

        if isinstance(error, ConnectionTimeout):
            return VENDOR.too_slow(self._timeout)
        if isinstance(error, SerializationError):
            return VENDOR.nonsense("not JSON")
        if isinstance(error, TlsError):
            return VENDOR.unreachable("its TLS certificate is not accepted: ELASTICSEARCH_CA_CERTS names the authority")
        text = str(error).lower()
        for sign, why in (
            ("connect call failed", "connection refused"),
            ("refused", "connection refused"),
            ("disconnected", "connection closed without an answer"),
            ("reset", "connection reset"),
            ("name or service", "its name is not known here"),
            ("resolve", "its name is not known here"),
        ):
            if sign in text:
                return VENDOR.unreachable(why)
        return VENDOR.unreachable("the connection failed")


def library() -> Any:
    """The vendor's client class."""
    from elasticsearch import AsyncElasticsearch

    return AsyncElasticsearch
