"""A cluster's API with the objects of a test: lists by namespace, label and type, in pages, as a role allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.integrations.asking import ONSET

Json = dict[str, Any]
NAMESPACE = "shop"
REGISTRY = "registry.shop.example:5000/shop"


def stamp(minutes: float) -> str:
    """As the API writes times; `minutes` before the onset."""
    return at(minutes).strftime("%Y-%m-%dT%H:%M:%SZ")


def at(minutes: float) -> datetime:
    return (ONSET - timedelta(minutes=minutes)).replace(microsecond=0)


def meta(name: str, *, app: str = "checkout", created: float = 600, owner: str = "", **more: Any) -> Json:
    kind, _, of = owner.partition("/")
    owners = [{"apiVersion": "apps/v1", "kind": kind, "name": of, "controller": True}]
    return {
        "name": name,
        "namespace": NAMESPACE,
        "uid": f"uid-{name}",
        "resourceVersion": "481516",
        "creationTimestamp": stamp(created),
        "labels": {"app": app},
        "managedFields": [{"manager": "kube-controller-manager", "operation": "Update"}],
        **({"ownerReferences": owners} if owner else {}),
        **more,
    }


def pod(
    name: str,
    *,
    app: str = "checkout",
    phase: str = "Running",
    containers: Sequence[Json] = (),
    conditions: Sequence[Json] = (),
    node: str | None = "worker-1",
    created: float = 600,
    **status: Any,
) -> Json:
    ready = [condition("Ready", "True", 500)] if phase == "Running" else []
    return {
        "metadata": meta(name, app=app, created=created),
        "spec": {
            "containers": [{"name": "app", "image": f"{REGISTRY}/{app}:1"}],
            **({"nodeName": node} if node else {}),
        },
        "status": {
            "phase": phase,
            "startTime": stamp(created),
            "conditions": [*conditions] or ready,
            "containerStatuses": [*containers] or [container()],
            "qosClass": "Burstable",
            **status,
        },
    }


def container(*, restarts: int = 0, state: Json | None = None, last: Json | None = None, name: str = "app") -> Json:
    return {
        "name": name,
        "image": f"{REGISTRY}/checkout:1",
        "restartCount": restarts,
        "ready": state is None,
        "state": state or {"running": {"startedAt": stamp(500)}},
        "lastState": last or {},
    }


def ended(reason: str, code: int, minutes: float, message: str | None = None) -> Json:
    told = {"exitCode": code, "reason": reason, "startedAt": stamp(minutes + 3), "finishedAt": stamp(minutes)}
    return {"terminated": told | ({"message": message} if message else {})}


def waiting(reason: str, message: str = "") -> Json:
    return {"waiting": {"reason": reason, "message": message}}


def condition(kind: str, status: str, minutes: float, *, reason: str = "", message: str = "") -> Json:
    times = {"lastTransitionTime": stamp(minutes), "lastUpdateTime": stamp(minutes), "lastHeartbeatTime": None}
    return {"type": kind, "status": status, "reason": reason, "message": message, **times}


def replica_set(
    name: str, revision: int, image: str, *, created: float, app: str = "checkout", history: str = "", cause: str = ""
) -> Json:
    annotations = {"deployment.kubernetes.io/revision": str(revision), "deployment.kubernetes.io/desired-replicas": "3"}
    annotations |= {"deployment.kubernetes.io/revision-history": history} if history else {}
    annotations |= {"kubernetes.io/change-cause": cause} if cause else {}
    return {
        "metadata": meta(name, app=app, created=created, owner=f"Deployment/{app}", annotations=annotations),
        "spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "app", "image": image}]}}},
        "status": {"replicas": 3, "observedGeneration": 1},
    }


def deployment(
    *conditions: Json, app: str = "checkout", replicas: int = 3, annotations: Mapping[str, str] | None = None
) -> Json:
    return {
        "metadata": meta(app, app=app, annotations=annotations),
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": app}}},
        "status": {"replicas": replicas, "conditions": [*conditions] or None},
    }


def autoscaler(current: int, most: int, *conditions: Json, app: str = "checkout") -> Json:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": app}
    return {
        "metadata": meta(app, app=app),
        "spec": {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": most, "metrics": []},
        "status": {"currentReplicas": current, "desiredReplicas": current, "conditions": [*conditions]},
    }


def event(reason: str, name: str, *, kind: str = "Pod", minutes: float = 1, **more: Any) -> Json:
    return {
        "metadata": {"name": f"{name}.{reason}.17a9", "namespace": NAMESPACE, "creationTimestamp": stamp(minutes)},
        "involvedObject": {"kind": kind, "namespace": NAMESPACE, "name": name, "apiVersion": "v1"},
        "reason": reason,
        "message": "",
        "source": {"component": "kubelet", "host": "worker-1"},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "type": "Warning",
        "eventTime": None,
        **more,
    }


def node(name: str, *conditions: Json, **spec: Any) -> Json:
    return {
        "metadata": {"name": name, "creationTimestamp": stamp(9000)},
        "spec": {"podCIDR": "10.244.1.0/24", **spec},
        "status": {"conditions": [condition("Ready", "True", 8000), *conditions], "nodeInfo": {"osImage": "Linux"}},
    }


class Cluster:
    """Objects by the last part of their path; a role that lacks some of them; what it was asked."""

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
        if parts[-2] == "nodes" and len(parts) == 4:
            return self._node(parts[-1])
        kind = parts[-1]
        if kind in self.forbidden:
            return _forbidden(kind)
        namespace = parts[-2] if parts[-3:-2] == ["namespaces"] else ""
        items = [item for item in self.objects.get(kind, ()) if self._fits(item, namespace, request.query_params)]
        return _page(items, request.query_params)

    def _node(self, name: str) -> Response:
        if "nodes" in self.forbidden:
            return _forbidden("nodes")
        found = [item for item in self.objects.get("nodes", ()) if item["metadata"]["name"] == name]
        return JSONResponse(found[0]) if found else _status(404, "NotFound", f'nodes "{name}" not found')

    @staticmethod
    def _fits(item: Json, namespace: str, asked: Mapping[str, str]) -> bool:
        about = item["metadata"]
        if namespace and about.get("namespace") != namespace:
            return False
        if fields := asked.get("fieldSelector"):
            name, _, value = fields.partition("=")
            return bool(item.get(name) == value)
        name, _, value = asked.get("labelSelector", "").partition("=")
        return not name or about.get("labels", {}).get(name) == value


def _page(items: Sequence[Json], asked: Mapping[str, str]) -> Response:
    start, size = int(asked.get("continue") or 0), int(asked.get("limit") or 500)
    page, rest = items[start : start + size], len(items) - start - size
    more = {"continue": str(start + size), "remainingItemCount": rest} if rest > 0 else {}
    about = {"resourceVersion": "481516", **more}
    return JSONResponse({"kind": "List", "apiVersion": "v1", "metadata": about, "items": [*page] or None})


def _forbidden(kind: str) -> Response:
    who = "system:serviceaccount:first-responder:first-responder"
    return _status(403, "Forbidden", f'{kind} is forbidden: User "{who}" cannot list resource "{kind}"')


def _status(code: int, reason: str, message: str) -> Response:
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return JSONResponse({**body, "message": message, "reason": reason, "code": code}, code)
