"""Answers as the API of a Kubernetes cluster does over objects at hand: lists by namespace, label and field, in pages.

It knows reading alone. https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Json = dict[str, Any]
PAGE = 500


class Cluster:
    """Objects by the last part of their path ("pods"); a role that lacks some of them; what it was asked."""

    def __init__(self, *, token: str = "", forbidden: Sequence[str] = (), **objects: Sequence[Json]) -> None:
        self.objects = objects
        self.token = token
        self.forbidden = forbidden
        self.asked: list[str] = []
        self.app = Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Request) -> Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return _status(401, "Unauthorized", "Unauthorized")
        parts = request.url.path.strip("/").split("/")
        if len(parts) == 4 and parts[-2] == "nodes":
            return self._node(parts[-1])
        kind = parts[-1]
        if kind in self.forbidden:
            return _forbidden(kind)
        namespace = parts[-2] if parts[-3:-2] == ["namespaces"] else ""
        items = [item for item in self.objects.get(kind, ()) if _fits(item, namespace, request.query_params)]
        return _page(items, request.query_params)

    def _node(self, name: str) -> Response:
        if "nodes" in self.forbidden:
            return _forbidden("nodes")
        found = [item for item in self.objects.get("nodes", ()) if item["metadata"]["name"] == name]
        return JSONResponse(found[0]) if found else _status(404, "NotFound", f'nodes "{name}" not found')


def _fits(item: Json, namespace: str, asked: Mapping[str, str]) -> bool:
    about = item["metadata"]
    if namespace and about.get("namespace") != namespace:
        return False
    labels = about.get("labels") or {}
    return all(labels.get(name) == value for name, value in _pairs(asked.get("labelSelector", ""))) and all(
        _at(item, path) == value for path, value in _pairs(asked.get("fieldSelector", ""))
    )


def _pairs(selector: str) -> list[tuple[str, str]]:
    """Equality alone: "a=b,c=d"."""
    parts = [part.partition("=") for part in selector.split(",") if part]
    return [(name, value) for name, _, value in parts]


def _at(item: Json, path: str) -> Any:
    node: Any = item
    for step in path.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    return node


def _page(items: Sequence[Json], asked: Mapping[str, str]) -> Response:
    start, size = int(asked.get("continue") or 0), int(asked.get("limit") or PAGE)
    page, rest = items[start : start + size], len(items) - start - size
    more = {"continue": str(start + size), "remainingItemCount": rest} if rest > 0 else {}
    about = {"resourceVersion": "481516", **more}
    # What is written in Go says null for an empty list.
    return JSONResponse({"kind": "List", "apiVersion": "v1", "metadata": about, "items": [*page] or None})


def _forbidden(kind: str) -> Response:
    who = "system:serviceaccount:first-responder:first-responder"
    return _status(403, "Forbidden", f'{kind} is forbidden: User "{who}" cannot list resource "{kind}"')


def _status(code: int, reason: str, message: str) -> Response:
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return JSONResponse({**body, "message": message, "reason": reason, "code": code}, code)
