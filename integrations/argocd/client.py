"""Argo CD's API as values. https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/"""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from urllib.parse import quote

import msgspec

from integrations.argocd.settings import ArgoCdSettings
from integrations.descriptor import Threads
from integrations.failure import Vendor
from integrations.json_api import JsonApi

VENDOR = Vendor(
    title="Argo CD",
    address="ARGOCD_URL",
    credentials="ARGOCD_TOKEN",
    permission="“applications, get” on the services' applications; it also says this of one that does not exist",
)
NOT_FOUND = 5  # gRPC's, in the body of a 404; a 404 without it is not Argo CD's
_SHOWN = "items.metadata.name,items.metadata.namespace,items.status.health.status"


class _Camel(msgspec.Struct, rename="camel"):
    pass


class Origin(_Camel):
    path: str | None = None
    chart: str | None = None
    target_revision: str | None = None


class By(_Camel):
    username: str | None = None
    automated: bool | None = None


class Deployed(_Camel):
    deployed_at: str | None = None
    revision: str | None = None
    revisions: list[str] | None = None  # of an application with several sources
    source: Origin | None = None
    initiated_by: By | None = None


class Health(_Camel):
    status: str | None = None
    message: str | None = None
    last_transition_time: str | None = None


class _Sync(_Camel):
    status: str | None = None
    revision: str | None = None


class _SyncResult(_Camel):
    revision: str | None = None


class Operation(_Camel):
    phase: str | None = None
    message: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    sync_result: _SyncResult | None = None


class Resource(_Camel):
    kind: str = ""
    name: str = ""
    health: Health | None = None


class Status(_Camel):
    health: Health | None = None
    sync: _Sync | None = None
    history: list[Deployed] | None = None
    operation_state: Operation | None = None
    resources: list[Resource] | None = None


class _Meta(_Camel):
    name: str
    namespace: str = ""


class Application(_Camel):
    metadata: _Meta
    status: Status


class Applications(_Camel):
    items: list[Application] | None


class ArgoCdClient:
    """An asynchronous context manager, for one incident. All methods raise SourceError."""

    def __init__(self, settings: ArgoCdSettings, threads: Threads, *, deadline: float) -> None:
        self._base = (settings.url or "").rstrip("/")
        self._stack = AsyncExitStack()
        self._api = JsonApi(
            VENDOR,
            self._base,
            threads,
            deadline=deadline,
            headers={"Authorization": f"Bearer {settings.token}"},
            ca_certs=settings.ca_certs,
            ca_setting="ARGOCD_CA_CERTS",
            is_absence=_is_absence,
        )

    async def __aenter__(self) -> ArgoCdClient:
        await self._stack.enter_async_context(self._api)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def application(self, name: str) -> Application | None:
        """None where there is none of this name."""
        return await self._api.find(f"/api/v1/applications/{quote(name, safe='')}", Application)

    async def seen(self) -> int:
        """How many applications the account may see."""
        return len((await self._api.get("/api/v1/applications", Applications, {"fields": _SHOWN})).items or ())

    def page(self, application: Application) -> str:
        """For people."""
        meta = application.metadata
        parts = [quote(part, safe="") for part in (meta.namespace, meta.name) if part]
        return f"{self._base}/applications/{'/'.join(parts)}"


def _is_absence(status: int, body: bytes) -> bool:
    try:
        told = json.loads(body)
    except ValueError:
        return False
    return status == 404 and isinstance(told, dict) and told.get("code") == NOT_FOUND
