"""The cluster's API as values. https://kubernetes.io/docs/reference/using-api/api-concepts/"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TypeVar
from urllib.parse import quote

from integrations.descriptor import Threads
from integrations.failure import Vendor, message_of
from integrations.json_api import JsonApi
from integrations.kubernetes.objects import Autoscaler, Deployment, Event, Listed, Node, Pod, ReplicaSet
from integrations.kubernetes.settings import ALL_NAMESPACES, KubernetesSettings

T = TypeVar("T")

VENDOR = Vendor(
    title="Kubernetes",
    address="KUBERNETES_URL",
    credentials="KUBERNETES_TOKEN or KUBERNETES_TOKEN_FILE",
    permission="the role of deploy/kubernetes-rbac.yaml",
)
PAGE = 500  # objects of one request: what kubectl asks for too
OBJECTS_LIMIT = 500  # of one service; more are not read
NODE_EVENTS = "default"
EVENTS_LIMIT = 2_000  # of one namespace: the API cannot sort by time, so all have to be read


class KubernetesClient:
    """An asynchronous context manager, for one incident. Lists are (objects, whether these are all of them).

    All methods raise SourceError. `deadline` in seconds is the caller's; a request takes less.
    """

    def __init__(self, settings: KubernetesSettings, threads: Threads, *, deadline: float) -> None:
        self._settings = settings
        self._threads = threads
        self._deadline = deadline
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> KubernetesClient:
        token, authority = await self._threads.run(lambda: (self._settings.current_token(), self._settings.authority()))
        api = JsonApi(
            VENDOR,
            self._settings.url or "",
            self._threads,
            deadline=self._deadline,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            ca_certs=authority,
            ca_setting="KUBERNETES_CA_CERTS",
            said=_said,
        )
        self._api = await self._stack.enter_async_context(api)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def pods(self, namespace: str, selector: str) -> tuple[tuple[Pod, ...], bool]:
        return await self._list(_path("/api/v1", namespace, "pods"), Listed[Pod], selector)

    async def replica_sets(self, namespace: str, selector: str) -> tuple[tuple[ReplicaSet, ...], bool]:
        return await self._list(_path("/apis/apps/v1", namespace, "replicasets"), Listed[ReplicaSet], selector)

    async def deployments(self, namespace: str, selector: str) -> tuple[tuple[Deployment, ...], bool]:
        return await self._list(_path("/apis/apps/v1", namespace, "deployments"), Listed[Deployment], selector)

    async def autoscalers(self, namespace: str) -> tuple[tuple[Autoscaler, ...], bool]:
        path = _path("/apis/autoscaling/v2", namespace, "horizontalpodautoscalers")
        return await self._list(path, Listed[Autoscaler])

    async def warnings(self, namespace: str) -> tuple[tuple[Event, ...], bool]:
        """Warning events; the cluster forgets them after an hour."""
        path = _path("/api/v1", namespace, "events")
        return await self._list(path, Listed[Event], fields="type=Warning", limit=EVENTS_LIMIT)

    async def node_warnings(self) -> tuple[tuple[Event, ...], bool]:
        """Nodes belong to no namespace; what happens to them is kept in the default one."""
        path = _path("/api/v1", NODE_EVENTS, "events")
        return await self._list(path, Listed[Event], fields="type=Warning,involvedObject.kind=Node", limit=EVENTS_LIMIT)

    async def node(self, name: str) -> Node:
        return await self._api.get(f"/api/v1/nodes/{quote(name, safe='')}", Node)

    async def may_see_nodes(self) -> None:
        """Raises SourceError where not."""
        await self._api.get("/api/v1/nodes", Listed[Node], {"limit": "1"})

    async def _list(
        self, path: str, kind: type[Listed[T]], selector: str = "", *, fields: str = "", limit: int = OBJECTS_LIMIT
    ) -> tuple[tuple[T, ...], bool]:
        """Page by page."""
        asked: Mapping[str, str] = {"limit": str(PAGE), "labelSelector": selector, "fieldSelector": fields}
        params = {name: value for name, value in asked.items() if value}
        found: list[T] = []
        while True:
            page = await self._api.get(path, kind, params)
            found += page.items or ()
            if not page.metadata.continue_ or not page.items:
                return tuple(found[:limit]), len(found) <= limit
            if len(found) >= limit:
                return tuple(found[:limit]), False
            params["continue"] = page.metadata.continue_


def _path(group: str, namespace: str, kind: str) -> str:
    return (
        f"{group}/{kind}" if namespace == ALL_NAMESPACES else f"{group}/namespaces/{quote(namespace, safe='')}/{kind}"
    )


def _said(body: bytes | str) -> str:
    """A `Status` says in `message` what `reason` only names: who may not do what, and where."""
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    message = told.get("message") if isinstance(told, dict) else None
    return message if isinstance(message, str) else message_of(body)
