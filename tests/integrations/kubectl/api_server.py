"""A cluster's API as far as kubectl needs it for these actions: it discovers, reads, patches and deletes.

https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

Json = dict[str, Any]
GROUPS = {
    "v1": {"pods": "Pod", "services": "Service", "secrets": "Secret", "events": "Event", "namespaces": "Namespace"},
    "apps/v1": {"deployments": "Deployment", "replicasets": "ReplicaSet", "statefulsets": "StatefulSet",
                "daemonsets": "DaemonSet", "controllerrevisions": "ControllerRevision"},
    "metrics.k8s.io/v1beta1": {"pods": "PodMetrics", "nodes": "NodeMetrics"},
}  # fmt: skip
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    method: str
    path: str
    query: Mapping[str, str]


class ApiServer:
    def __init__(self, *objects: Json) -> None:
        self.objects = {_path(item): item for item in objects}
        self.asked: list[Asked] = []
        self.changes: list[Asked] = []
        self.fail_changes_with: Response | None = None
        self.logs = "one\ntwo\n"
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "PATCH", "PUT", "DELETE"])])

    async def _answer(self, request: Request) -> Response:
        path = request.url.path.strip("/")
        asked = Asked(method=request.method, path=path, query=dict(request.query_params))
        self.asked.append(asked)
        if (found := _discovery(path)) is not None:
            return JSONResponse(found)
        if request.method != "GET":
            self.changes.append(asked)
            if self.fail_changes_with is not None:
                return self.fail_changes_with
        return await self._of_object(request, path)

    async def _of_object(self, request: Request, path: str) -> Response:
        if path.endswith("/log"):
            return PlainTextResponse(self.logs)
        is_scale = path.endswith("/scale")
        item = self.objects.get(path.removesuffix("/scale"))
        if item is None and (listed := self._list(path, request.query_params.get("labelSelector", ""))) is not None:
            return JSONResponse(listed)
        if item is None:
            return refusal(404, "NotFound", f'{path.split("/")[-2]} "{path.split("/")[-1]}" not found')
        if request.method == "GET":
            return JSONResponse(_scale(item) if is_scale else item)
        body = json.loads(await request.body() or b"{}")
        is_dry = "dryRun" in request.query_params or bool(isinstance(body, dict) and body.get("dryRun"))
        changed = json.loads(json.dumps(item))
        if request.method == "DELETE":
            if not is_dry:
                del self.objects[path]
            return JSONResponse(item)
        _patch(changed, body)
        if not is_dry:
            self.objects[path.removesuffix("/scale")] = changed
        return JSONResponse(_scale(changed) if is_scale else changed)

    def _list(self, path: str, selector: str) -> Json | None:
        version = path.partition("/namespaces/")[0].removeprefix("apis/").removeprefix("api/")
        kind = GROUPS.get(version, {}).get(path.rpartition("/")[2])
        if kind is None or "/namespaces/" not in path:
            return None
        labels = dict(part.split("=") for part in selector.split(",") if part)
        items = [
            item
            for at, item in self.objects.items()
            if at.rpartition("/")[0] == path and labels.items() <= item["metadata"].get("labels", {}).items()
        ]
        return {"kind": f"{kind}List", "apiVersion": version, "metadata": {"resourceVersion": "1"}, "items": items}


def deployment(name: str, *, replicas: int = 3, revision: int = 7, kind: str = "Deployment") -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": _meta(name, f"uid-{name}", {"deployment.kubernetes.io/revision": str(revision)}),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": _template(name, f"1.{revision}"),
        },
        "status": {"readyReplicas": replicas, "replicas": replicas},
    }


def replica_set(of: str, revision: int) -> Json:
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": of, "uid": f"uid-{of}", "controller": True}
    annotations = {"deployment.kubernetes.io/revision": str(revision)}
    made = deployment(f"{of}-{revision}")
    template = _template(of, f"1.{revision}")
    template["metadata"]["labels"]["pod-template-hash"] = str(revision)
    meta = {**_meta(f"{of}-{revision}", f"uid-{of}-{revision}", annotations), "ownerReferences": [owner]}
    meta["labels"] = template["metadata"]["labels"]
    spec = {"replicas": 0, "selector": made["spec"]["selector"], "template": template}
    return {**made, "kind": "ReplicaSet", "metadata": meta, "spec": spec}


def pod(name: str, *, owner: str = "checkout-7", secret: str = "") -> Json:
    owners = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": "u", "controller": True}]
    template = _template("checkout", "1.7")
    template["spec"]["containers"][0]["env"] = [{"name": "DB_PASS_PHRASE", "value": secret}]
    meta = {**_meta(name, f"uid-{name}", {}), **({"ownerReferences": owners} if owner else {})}
    meta["labels"] = {"app": "checkout"}
    spec = {**template["spec"], "nodeName": "worker-1"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": {"phase": "Running"}}


def use(name: str) -> Json:
    containers = [{"name": "app", "usage": {"cpu": "250m", "memory": "300Mi"}}]
    meta = {"name": name, "namespace": "shop", "labels": {"app": "checkout"}}
    about = {"timestamp": "2026-05-01T10:00:00Z", "window": "30s", "containers": containers}
    return {"apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics", "metadata": meta, **about}


def _meta(name: str, uid: str, annotations: Json) -> Json:
    return {
        "name": name,
        "namespace": "shop",
        "uid": uid,
        "resourceVersion": "1",
        "creationTimestamp": "2026-05-01T10:00:00Z",
        "annotations": annotations,
        "labels": {"app": name},
    }


def _template(app: str, version: str) -> Json:
    containers = [{"name": "app", "image": f"registry.shop.example/shop/{app}:{version}"}]
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": containers}}


def _path(item: Json) -> str:
    version, kind = item["apiVersion"], item["kind"]
    plural = next(name for name, of in GROUPS[version].items() if of == kind)
    root = f"api/{version}" if "/" not in version else f"apis/{version}"
    return f"{root}/namespaces/{item['metadata']['namespace']}/{plural}/{item['metadata']['name']}"


def _discovery(path: str) -> Json | None:
    if path == "version":
        return {"major": "1", "minor": "32", "gitVersion": "v1.32.0"}
    if path == "api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "apis":
        groups = [_group(version) for version in GROUPS if "/" in version]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    version = path.removeprefix("apis/").removeprefix("api/")
    if version in GROUPS and path != version:
        return {"kind": "APIResourceList", "groupVersion": version, "resources": _resources(version)}
    return None


def _group(version: str) -> Json:
    name = {"groupVersion": version, "version": version.partition("/")[2]}
    return {"name": version.partition("/")[0], "versions": [name], "preferredVersion": name}


def _resources(version: str) -> list[Json]:
    found = [
        {"name": name, "singularName": kind.lower(), "namespaced": name != "nodes", "kind": kind, "verbs": VERBS}
        for name, kind in GROUPS[version].items()
    ]
    scale = {"group": "autoscaling", "version": "v1", "kind": "Scale", "namespaced": True, "verbs": VERBS}
    return found + [{**scale, "name": f"{name}/scale", "singularName": ""} for name in ("deployments", "statefulsets")]


def _scale(item: Json) -> Json:
    spec = {"replicas": item["spec"]["replicas"]}
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": item["metadata"], "spec": spec, "status": spec}


def _patch(item: Json, body: Any) -> None:
    if isinstance(body, list):  # a JSON patch
        for step in body:
            *parents, last = step["path"].strip("/").split("/")
            place = item
            for parent in parents:
                place = place[parent]
            place[last] = step["value"]
        return
    for name, value in body.items():
        if name in ("kind", "apiVersion", "status"):
            continue
        if isinstance(value, dict) and isinstance(item.get(name), dict):
            _patch(item[name], value)
        else:
            item[name] = value


def refusal(code: int, reason: str, message: str) -> Response:
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return JSONResponse({**body, "message": message, "reason": reason, "code": code}, code)
