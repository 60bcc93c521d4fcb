"""Eight vendors' servers for one scenario: what the sandbox replays, and a cluster, Argo CD, a status page, a probe."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.elasticsearch.server import create_app as elasticsearch
from sandbox.github.server import create_app as github
from sandbox.kubernetes.server import Cluster
from sandbox.pagerduty.server import create_app as pagerduty
from sandbox.prometheus.server import create_app as prometheus
from sandbox.scenario.model import Scenario
from sandbox.serve import serving

NAMES = ("argocd", "elasticsearch", "github", "http_probe", "kubernetes", "pagerduty", "prometheus", "statuspage")
PODS = 6  # of each service
VERSIONS = 8  # that Argo CD remembers of each application

Json = dict[str, Any]


@dataclass
class Asked:
    """A server that takes its time, and what it was asked."""

    app: ASGIApp
    seconds: float = 0.0  # each request waits so long before it is answered
    spans: list[tuple[float, float]] = field(default_factory=list)  # (begin, end) of each request
    free: asyncio.Event = field(default_factory=asyncio.Event)  # once set, nothing waits any more

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                await self.free.wait()
        if self.free.is_set():
            return  # whoever asked has long gone
        try:
            await self.app(scope, receive, send)
        finally:
            self.spans.append((began, time.perf_counter()))

    @property
    def rounds(self) -> int:
        """The most requests that followed each other without any overlap: what a source's own time is made of."""
        count, free = 0, 0.0
        for began, ended in sorted(self.spans, key=lambda span: span[1]):
            if began >= free:
                count, free = count + 1, ended
        return count


@dataclass(frozen=True, kw_only=True)
class Eight:
    servers: Mapping[str, Asked]
    environ: Mapping[str, str]  # the settings with which the bot finds them, and the scenario's operators' files

    def empty(self) -> None:
        for server in self.servers.values():
            server.spans.clear()


@asynccontextmanager
async def eight(scenario: Scenario, key: str) -> AsyncIterator[Eight]:
    """All on loopback ports, all quick until told otherwise; `key` is whatever each of them wants."""
    services = list(yaml.safe_load((scenario.folder / "services.yaml").read_text())["services"])
    apps: dict[str, ASGIApp] = {
        "argocd": _argocd(),
        "elasticsearch": elasticsearch(scenario),
        "github": github(scenario),
        "http_probe": Starlette(routes=[Route("/{service}", _well)]),
        "kubernetes": _cluster(services).app,
        "pagerduty": pagerduty(scenario),
        "prometheus": prometheus(scenario),
        "statuspage": Starlette(routes=[Route("/api/v2/summary.json", _calm)]),
    }
    servers = {name: Asked(app) for name, app in apps.items()}
    async with AsyncExitStack() as stack:
        urls = {name: await stack.enter_async_context(serving(server)) for name, server in servers.items()}
        yield Eight(servers=servers, environ=_environ(scenario.folder, urls, services, key))


def _environ(folder: Path, urls: Mapping[str, str], services: Sequence[str], key: str) -> Mapping[str, str]:
    addresses = {f"{name.upper()}_URL": urls[name] for name in NAMES if name not in ("http_probe", "statuspage")}
    keys = ("ARGOCD_TOKEN", "GITHUB_TOKEN", "KUBERNETES_TOKEN", "PAGERDUTY_API_KEY")
    return {
        **addresses,
        **dict.fromkeys(keys, key),
        "HTTP_PROBE_URLS": ",".join(f"{service}={urls['http_probe']}/{service}" for service in services),
        "STATUSPAGE_URLS": f"acquirer={urls['statuspage']}",
        "SERVICES_FILE": str(folder / "services.yaml"),
        "RUNBOOKS_DIR": str(folder / "runbooks"),
        "HISTORY_DIR": str(folder / "history"),
    }


# --- the four that the sandbox does not replay -----------------------------------------------------------------------


async def _well(request: Request) -> Response:
    return PlainTextResponse("ok")


async def _calm(request: Request) -> Response:
    component = {"name": "API", "status": "operational"}
    return JSONResponse({"page": {"name": "Acquirer"}, "components": [component], "incidents": []})


def _argocd() -> ASGIApp:
    async def application(request: Request) -> Response:
        name, now = request.path_params["name"], time.time()
        history = [
            {"id": n, "revision": f"{n:x}" * 40, "deployedAt": _stamp(now - 86_400 * (VERSIONS - n)), "source": {}}
            for n in range(1, VERSIONS)
        ]
        status = {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}, "history": history}
        return JSONResponse({"metadata": {"name": name}, "status": status})

    return Starlette(routes=[Route("/api/v1/applications/{name}", application)])


def _cluster(services: Sequence[str]) -> Cluster:
    started = _stamp(time.time() - 86_400)

    def meta(name: str, service: str, owner: Json | None = None) -> Json:
        owners = {"ownerReferences": [owner]} if owner else {}
        labels = {"app": service}
        return {"name": name, "namespace": "default", "creationTimestamp": started, "labels": labels, **owners}

    def template(service: str) -> Json:
        return {"spec": {"containers": [{"name": "app", "image": f"{service}:1"}]}}

    def replica_set(service: str) -> Json:
        owner = {"kind": "Deployment", "name": service, "controller": True}
        return {
            "metadata": meta(f"{service}-1", service, owner),
            "spec": {"replicas": PODS, "template": template(service)},
        }

    def pod(service: str, number: int) -> Json:
        owner = {"kind": "ReplicaSet", "name": f"{service}-1", "controller": True}
        container = {"name": "app", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": started}}}
        return {
            "metadata": meta(f"{service}-1-{number}", service, owner),
            "spec": {"nodeName": f"worker-{number}", "containers": [{"name": "app", "image": f"{service}:1"}]},
            "status": {
                "phase": "Running",
                "containerStatuses": [container],
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": started}],
            },
        }

    def deployment(service: str) -> Json:
        status = {"replicas": PODS, "readyReplicas": PODS, "updatedReplicas": PODS, "availableReplicas": PODS}
        return {
            "metadata": meta(service, service),
            "spec": {"replicas": PODS, "template": template(service)},
            "status": status,
        }

    nodes = [{"metadata": {"name": f"worker-{n}"}, "spec": {}, "status": {"conditions": [_READY]}} for n in range(PODS)]
    return Cluster(
        pods=[pod(service, number) for service in services for number in range(PODS)],
        replicasets=[replica_set(service) for service in services],
        deployments=[deployment(service) for service in services],
        horizontalpodautoscalers=[],
        events=[],
        nodes=nodes,
    )


_READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
