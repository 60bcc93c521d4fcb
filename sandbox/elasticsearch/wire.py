"""Media types, parameters and answers as they look on the wire."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.elasticsearch.errors import ElasticError, illegal_argument
from sandbox.elasticsearch.index import like

COMMON_PARAMETERS = frozenset({"pretty", "human", "error_trace", "filter_path"})
_COMPATIBLE = re.compile(r"compatible-with\s*=\s*(\d+)")
_VENDOR = "application/vnd.elasticsearch+json"
_UNDERSTOOD = ("application/json", "application/x-ndjson", _VENDOR, "application/vnd.elasticsearch+x-ndjson")


def check_media_types(request: Request, major: int) -> None:
    """Raises ElasticError for a version that is neither its own major one nor the one before."""
    for header in ("Accept", "Content-Type"):
        value = request.headers.get(header, "")
        version = _COMPATIBLE.search(value)
        if version is not None and int(version[1]) not in (major, major - 1):
            raise ElasticError(
                "media_type_header_exception",
                f"Invalid media-type value on headers [{header}]",
                caused_by=(
                    "status_exception",
                    f"{header} version must be either version {major} or {major - 1}, but found {version[1]}. "
                    f"{header}={value}",
                ),
            )


def unsupported_content_type(request: Request) -> str | None:
    """The Content-Type, where there is a body that it does not let us read."""
    given = request.headers.get("Content-Type", "")
    if request.headers.get("Content-Length", "0") == "0" or given.partition(";")[0].strip().lower() in _UNDERSTOOD:
        return None
    return given


async def body(request: Request) -> bytes:
    """Raises ElasticError."""
    raw = await request.body()
    if request.headers.get("Content-Encoding") != "gzip":
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError) as error:
        raise illegal_argument(f"failed to uncompress the body: {error}") from None


def check_parameters(request: Request, known: frozenset[str]) -> None:
    """Raises ElasticError."""
    unknown = sorted(set(request.query_params) - known - COMMON_PARAMETERS)
    if unknown:
        plural, names = ("s" if len(unknown) > 1 else ""), ", ".join(f"[{name}]" for name in unknown)
        raise illegal_argument(f"request [{request.url.path}] contains unrecognized parameter{plural}: {names}")


def answer(request: Request, content: Mapping[str, Any], status: int = 200) -> Response:
    shown: Any = content
    filters = request.query_params.get("filter_path")
    if filters and status < 400:  # errors are never filtered
        shown = _filtered(content, [part.split(".") for part in filters.split(",") if part])
    version = _COMPATIBLE.search(request.headers.get("Accept", ""))
    media = f"{_VENDOR};compatible-with={version[1]}" if version else "application/json"
    headers = {"X-Elastic-Product": "Elasticsearch", "Content-Type": media}
    text = json.dumps(shown, separators=(",", ":"), ensure_ascii=False, default=str)
    return Response(b"" if request.method == "HEAD" else text.encode(), status, headers=headers)


def refusal(request: Request, error: ElasticError) -> Response:
    response = answer(request, error.body(), error.status)
    if error.status == 401:
        for challenge in error.extra["header"]["WWW-Authenticate"]:
            response.headers.append("WWW-Authenticate", challenge)
    return response


def _filtered(content: Any, paths: list[list[str]]) -> Any:
    """Response filtering: `*` stands for part of a name, `**` for any depth; a leading dash is not understood."""
    if isinstance(content, list):
        found = [_filtered(item, paths) for item in content]
        return [item for item in found if item not in ({}, [])]
    if not isinstance(content, dict):
        return {}
    kept: dict[str, Any] = {}
    for name, value in content.items():
        below = [rest for path in paths for rest in _below(path, name)]
        if any(not rest for rest in below):
            kept[name] = value
        elif below and (inner := _filtered(value, below)) not in ({}, []):
            kept[name] = inner
    return kept


def _below(path: list[str], name: str) -> list[list[str]]:
    if path[0] == "**":
        return [path, *(_below(path[1:], name) if path[1:] else [[]])]
    return [path[1:]] if like(path[0], name) else []
