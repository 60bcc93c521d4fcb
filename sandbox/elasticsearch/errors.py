"""Elasticsearch's own errors, in its own words and shapes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

NODE = "sandbox-node-000000001"


class ElasticError(Exception):
    """Answered as `{"error": {...}, "status": n}`; one that arises on a shard is wrapped as the server wraps it."""

    def __init__(
        self,
        kind: str,
        reason: str,
        *,
        status: int = 400,
        caused_by: tuple[str, str] | None = None,
        extra: dict[str, Any] | None = None,
        shard_index: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.status = status
        self.extra = extra or {}
        self._caused_by = caused_by
        self._shard_index = shard_index

    def on_shard(self, index: str) -> ElasticError:
        """The same, as it reads when a shard of this index met it."""
        self._shard_index = self._shard_index or index
        return self

    def body(self) -> dict[str, Any]:
        inner: dict[str, Any] = {"type": self.kind, "reason": self.reason, **self.extra}
        outer = dict(inner)
        if self._caused_by is not None:
            outer["caused_by"] = {"type": self._caused_by[0], "reason": self._caused_by[1]}
        if self._shard_index is not None:
            failed = {"shard": 0, "index": self._shard_index, "node": NODE, "reason": outer}
            outer = {
                "type": "search_phase_execution_exception",
                "reason": "all shards failed",
                "phase": "query",
                "grouped": True,
                "failed_shards": [failed],
            }
        return {"error": {"root_cause": [inner], **outer}, "status": self.status}


def parsing(reason: str) -> ElasticError:
    return ElasticError("parsing_exception", reason)


def unknown_field(parser: str, name: str) -> ElasticError:
    return ElasticError("x_content_parse_exception", f"[1:1] [{parser}] unknown field [{name}]")


def illegal_argument(reason: str) -> ElasticError:
    return ElasticError("illegal_argument_exception", reason)


def unknown_query(name: str, known: Iterable[str]) -> ElasticError:
    return ElasticError(
        "parsing_exception",
        f"unknown query [{name}]{_suggestion(name, known)}",
        caused_by=("named_object_not_found_exception", f"[1:1] unknown field [{name}]"),
    )


def unknown_aggregation(name: str, known: Iterable[str]) -> ElasticError:
    return ElasticError(
        "parsing_exception",
        f"Unknown aggregation type [{name}]{_suggestion(name, known)}",
        caused_by=("named_object_not_found_exception", f"[1:1] unknown field [{name}]"),
    )


def no_such_index(name: str) -> ElasticError:
    extra = {"resource.type": "index_or_alias", "resource.id": name, "index_uuid": "_na_", "index": name}
    return ElasticError("index_not_found_exception", f"no such index [{name}]", status=404, extra=extra)


def no_fielddata(field: str, index: str) -> ElasticError:
    return ElasticError(
        "illegal_argument_exception",
        f"Fielddata is disabled on [{field}] in [{index}]. Text fields are not optimised for operations that require "
        "per-document field data like aggregations and sorting, so these operations are disabled by default. "
        f"Please use a keyword field instead. Alternatively, set fielddata=true on [{field}] in order to load field "
        "data by uninverting the inverted index. Note that this can use significant memory.",
        shard_index=index,
    )


def needs_licence(feature: str) -> ElasticError:
    return ElasticError(
        "security_exception",
        f"current license is non-compliant for [{feature}]",
        status=403,
        extra={"license.expired.feature": feature},
    )


def _suggestion(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f" did you mean [{near[0]}]?" if near else ""
