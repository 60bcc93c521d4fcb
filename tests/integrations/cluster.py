"""Objects of a cluster, as its API writes them, made for a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

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
    owner: str = "",
    **status: Any,
) -> Json:
    ready = [condition("Ready", "True", 500)] if phase == "Running" else []
    return {
        "metadata": meta(name, app=app, created=created, owner=owner),
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
    *conditions: Json,
    app: str = "checkout",
    replicas: int = 3,
    ready: int | None = None,
    unavailable: int | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Json:
    counts = {"readyReplicas": ready, "unavailableReplicas": unavailable}
    return {
        "metadata": meta(app, app=app, annotations=annotations),
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": app}}},
        "status": {"replicas": replicas, "conditions": [*conditions] or None}
        | {name: count for name, count in counts.items() if count},
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
