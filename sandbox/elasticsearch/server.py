"""An Elasticsearch 9, or 8, over one scenario.

It knows searching, counting, mappings and privileges. What it does not know (ES|QL, writes, pipeline aggregations ...)
it refuses as the real server refuses what it does not know.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.elasticsearch import schema, wire
from sandbox.elasticsearch.access import ALL_PRIVILEGES, Access
from sandbox.elasticsearch.errors import ElasticError, illegal_argument
from sandbox.elasticsearch.index import DATA_STREAM, TIME_FIELD, Index, View, build
from sandbox.elasticsearch.resolve import names_index
from sandbox.elasticsearch.search import body_of, count, search
from sandbox.elasticsearch.shards import NO_SHARDS, ONE_SHARD, Shards
from sandbox.faults import Faults
from sandbox.scenario.model import Scenario

VERSION = "9.2.1"
VERSION_8 = "8.19.4"
_INDICES = frozenset({"ignore_unavailable", "allow_no_indices", "expand_wildcards"})
_SEARCH = _INDICES | {
    "q", "df", "default_operator", "size", "from", "sort", "_source", "_source_includes", "_source_excludes",
    "track_total_hits", "track_scores", "terminate_after", "timeout", "preference", "request_cache", "search_type",
    "allow_partial_search_results", "batched_reduce_size", "ccs_minimize_roundtrips", "routing",
    "max_concurrent_shard_requests", "pre_filter_shard_size", "analyze_wildcard", "lenient",
}  # fmt: skip
_NO_DOCUMENTS = build(())

Handler = Callable[[Request], Awaitable[Response]]


def create_app(
    scenario: Scenario,
    *,
    clock: Callable[[], float] = time.time,
    api_key: str | None = None,
    privileges: frozenset[str] = ALL_PRIVILEGES,
    version: str = VERSION,
    shards: Shards = ONE_SHARD,
) -> Starlette:
    """`api_key`: the encoded one that clients must send; None admits everybody. `privileges` it has been given."""
    replay = _Replay(build(scenario.logs), clock, Access(api_key=api_key, privileges=privileges), version, shards)
    routes = [
        Route(path, replay.guarded(handler, parameters), methods=list(methods))
        for path, handler, parameters, methods in replay.table()
    ]
    app = Starlette(routes=[*routes, Route("/{path:path}", _no_handler, methods=_ALL_METHODS)])
    app.middleware_stack = Faults(app.build_middleware_stack())  # outermost, so that it can drop connections
    return app


_ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]
_READ, _ASK = ("GET", "HEAD"), ("GET", "POST")


@dataclass(frozen=True, eq=False)
class _Replay:
    index: Index
    clock: Callable[[], float]
    access: Access
    version: str
    shards: Shards

    def table(self) -> list[tuple[str, Handler, frozenset[str], tuple[str, ...]]]:
        nothing: frozenset[str] = frozenset()
        both = [
            ("_search", self.search, _SEARCH, _ASK),
            ("_msearch", self.msearch, _INDICES | {"max_concurrent_searches", "search_type"}, _ASK),
            ("_count", self.count, _INDICES | {"q", "df", "default_operator"}, _ASK),
            ("_field_caps", self.field_caps, _INDICES | {"fields", "include_unmapped", "filters", "types"}, _ASK),
            ("_mapping", self.mapping, _INDICES | {"master_timeout", "local"}, _READ),
        ]
        table = [(f"/{name}", *rest) for name, *rest in both] + [(f"/{{index}}/{name}", *rest) for name, *rest in both]
        return [
            ("/", self.root, nothing, _READ),
            ("/_cluster/health", self.health, frozenset({"timeout", "wait_for_status", "level", "local"}), _READ),
            ("/_license", self.licence, frozenset({"local", "accept_enterprise"}), _READ),
            ("/_security/user/_has_privileges", self.has_privileges, nothing, _ASK),
            ("/_resolve/index/{index}", self.resolve, _INDICES, _ASK),
            *table,  # type: ignore[list-item]
            ("/{index}", self.exists, _INDICES, ("HEAD",)),
        ]

    def guarded(self, handler: Handler, parameters: frozenset[str]) -> Handler:
        async def endpoint(request: Request) -> Response:
            try:
                wire.check_media_types(request, int(self.version.partition(".")[0]))
                self.access.admit(request.headers.get("Authorization"), request.url.path)
                wire.check_parameters(request, parameters)
                if (refused := wire.unsupported_content_type(request)) is not None:
                    reason = f"Content-Type header [{refused}] is not supported"
                    return wire.answer(request, {"error": reason, "status": 406}, 406)
                return await handler(request)
            except ElasticError as error:
                return wire.refusal(request, error)

        return endpoint

    def view(self, expression: str, options: Mapping[str, Any]) -> tuple[View, Shards]:
        """What an index expression shows now, and on which shards. Raises ElasticError."""
        self.access.require("read", expression)
        named = self._names(expression, options)
        shards = self.shards if named else NO_SHARDS
        view = View(self.index if named else _NO_DOCUMENTS, int(self.clock() * 1000), lost=shards.lost)
        return view, shards

    def _names(self, expression: str, options: Mapping[str, Any]) -> bool:
        return names_index(
            expression,
            self.index,
            ignore_unavailable=_flag(options.get("ignore_unavailable"), False),
            allow_no_indices=_flag(options.get("allow_no_indices"), True),
        )

    async def root(self, request: Request) -> Response:
        self.access.require("monitor")
        version = {
            "number": self.version,
            "build_flavor": "default",
            "build_type": "docker",
            "build_snapshot": False,
            "lucene_version": "10.3.1",
            "minimum_wire_compatibility_version": "8.19.0",
            "minimum_index_compatibility_version": "8.0.0",
        }
        return wire.answer(request, {"name": "sandbox-0", "cluster_name": "sandbox",
                                     "cluster_uuid": "c2FuZGJveC1jbHVzdGVyXw", "version": version,
                                     "tagline": "You Know, for Search"})  # fmt: skip

    async def health(self, request: Request) -> Response:
        self.access.require("monitor")
        counts = {"number_of_nodes": 1, "number_of_data_nodes": 1, "active_primary_shards": 1, "active_shards": 1}
        zeroes = ("relocating_shards", "initializing_shards", "unassigned_shards", "unassigned_primary_shards",
                  "delayed_unassigned_shards", "number_of_pending_tasks", "number_of_in_flight_fetch",
                  "task_max_waiting_in_queue_millis")  # fmt: skip
        return wire.answer(
            request,
            {"cluster_name": "sandbox", "status": "green", "timed_out": False, **counts, **dict.fromkeys(zeroes, 0),
             "active_shards_percent_as_number": 100.0},
        )  # fmt: skip

    async def licence(self, request: Request) -> Response:
        self.access.require("monitor")
        return wire.answer(request, {"license": {"status": "active", "type": "basic", "issued_to": "sandbox"}})

    async def has_privileges(self, request: Request) -> Response:
        return wire.answer(request, self.access.has(body_of(await wire.body(request))))

    async def resolve(self, request: Request) -> Response:
        self.access.require("view_index_metadata", _index(request))
        named = self._names(_index(request), request.query_params)
        stream = {"name": DATA_STREAM, "backing_indices": [self.index.name], "timestamp_field": TIME_FIELD}
        return wire.answer(request, {"indices": [], "aliases": [], "data_streams": [stream] if named else []})

    async def exists(self, request: Request) -> Response:
        self.access.require("view_index_metadata", _index(request))
        options = {"ignore_unavailable": "true", **request.query_params}
        return wire.answer(request, {}, 200 if self._names(_index(request), options) else 404)

    async def mapping(self, request: Request) -> Response:
        self.access.require("view_index_metadata", _index(request))
        named = self._names(_index(request), request.query_params)
        found = {"mappings": {"properties": schema.mapping(self.index)}}
        return wire.answer(request, {self.index.name: found} if named else {})

    async def field_caps(self, request: Request) -> Response:
        body = body_of(await wire.body(request))
        view, shards = self.view(_index(request), request.query_params)
        given = request.query_params.get("fields") or body.get("fields")
        if not given:
            raise illegal_argument("specified fields can't be null or empty")
        patterns = given.split(",") if isinstance(given, str) else [str(item) for item in given]
        return wire.answer(request, schema.field_caps(view, patterns, named=bool(shards.total)))

    async def search(self, request: Request) -> Response:
        body = _with_parameters(body_of(await wire.body(request)), request.query_params)
        view, shards = self.view(_index(request), request.query_params)
        return wire.answer(request, await run_in_threadpool(search, body, view, shards=shards))

    async def count(self, request: Request) -> Response:
        body = _with_parameters(body_of(await wire.body(request)), request.query_params)
        view, shards = self.view(_index(request), request.query_params)
        return wire.answer(request, await run_in_threadpool(count, body, view, shards=shards))

    async def msearch(self, request: Request) -> Response:
        started = time.perf_counter()
        raw = await wire.body(request)
        lines = raw.rstrip(b"\n").split(b"\n")
        if not raw.endswith(b"\n"):
            raise illegal_argument("The msearch request must be terminated by a newline [\\n]")
        if len(lines) % 2:
            raise illegal_argument("Validation Failed: 1: no requests added;")
        responses = [
            await run_in_threadpool(self._one_of_many, body_of(lines[i]), lines[i + 1], request)
            for i in range(0, len(lines), 2)
        ]
        return wire.answer(request, {"took": int((time.perf_counter() - started) * 1000), "responses": responses})

    def _one_of_many(self, header: Mapping[str, Any], raw: bytes, request: Request) -> dict[str, Any]:
        given = header.get("index", _index(request))
        expression = ",".join(given) if isinstance(given, list) else str(given)
        try:
            view, shards = self.view(expression, {**request.query_params, **header})
            return {**search(body_of(raw), view, shards=shards), "status": 200}
        except ElasticError as error:
            return error.body()


async def _no_handler(request: Request) -> Response:
    reason = f"no handler found for uri [{request.url.path}] and method [{request.method}]"
    return wire.answer(request, {"error": reason}, 400)


def _index(request: Request) -> str:
    return str(request.path_params.get("index", "_all"))


def _flag(value: Any, default: bool) -> bool:
    """Raises ElasticError."""
    if value is None or isinstance(value, bool):
        return default if value is None else value
    if value not in ("true", "false", ""):
        raise illegal_argument(f"Failed to parse value [{value}] as only [true] or [false] are allowed.")
    return bool(value != "false")


def _with_parameters(body: dict[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """What the address asks for is put into the body's own words. Raises ElasticError."""
    body = dict(body)
    if "q" in given:
        options = {"default_field": given.get("df"), "default_operator": given.get("default_operator")}
        given_options = {name: value for name, value in options.items() if value is not None}
        body["query"] = {"query_string": {"query": given["q"], **given_options}}
    for name in ("size", "from", "terminate_after"):
        if name in given:
            body[name] = _whole(name, given[name])
    if "timeout" in given:
        body["timeout"] = given["timeout"]
    if "track_total_hits" in given:
        word = given["track_total_hits"]
        body["track_total_hits"] = _flag(word, True) if word in ("true", "false") else _whole("track_total_hits", word)
    if "track_scores" in given:
        body["track_scores"] = _flag(given["track_scores"], False)
    if "sort" in given:
        pairs = [part.partition(":") for part in given["sort"].split(",")]
        body["sort"] = [{field: {"order": order}} if order else field for field, _, order in pairs]
    return body | _source_parameter(given)


def _source_parameter(given: Mapping[str, str]) -> dict[str, Any]:
    filters = {name: given[f"_source_{name}"].split(",") for name in ("includes", "excludes")
               if f"_source_{name}" in given}  # fmt: skip
    if filters:
        return {"_source": filters}
    if "_source" not in given:
        return {}
    word = given["_source"]
    return {"_source": _flag(word, True) if word in ("true", "false", "") else word.split(",")}


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise illegal_argument(f"Failed to parse int parameter [{name}] with value [{text}]") from None
