"""kubectl itself against an API server of the tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.domain.action import Action, ActionCall, ActionResult, Isolation, Plan, Value
from bot.domain.setting import read
from integrations.kubectl import actions
from integrations.kubectl.settings import KubectlSettings
from sandbox.serve import serving
from tests.integrations.kubectl.api_server import ApiServer
from tests.integrations.programs.machine import programs

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
TOKEN = "t" * 30


@dataclass(frozen=True, kw_only=True)
class Bench:
    server: ApiServer
    actions: Mapping[str, Action]
    kubeconfig: Path

    async def plan(self, action: str, /, **more: Value) -> Plan:
        parameters: Mapping[str, Value] = {"namespace": "shop", **more}
        call = ActionCall(action=action, parameters=parameters, environment="production", timeout=30.0)
        return await self.actions[action].plan(call)

    async def run(self, action: str, /, **more: Value) -> ActionResult:
        return await self.actions[action].run(await self.plan(action, **more), key="run-1/step-1")


def kubeconfig(folder: Path, url: str, **user: object) -> Path:
    """Two contexts: what is meant for one environment may not be told to the other."""
    names = {"prod-eu": url, "stage": "http://127.0.0.1:1"}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "stage",
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
        "clusters": [{"name": name, "cluster": {"server": address}} for name, address in names.items()],
        "users": [{"name": name, "user": user or {"token": f"{TOKEN}-{name}"}} for name in names],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(document))
    path.chmod(0o600)
    return path


def environ(path: Path, **more: str) -> dict[str, str]:
    return {
        "KUBECTL_KUBECONFIG": str(path),
        "KUBECTL_CONTEXTS": "production=prod-eu, staging=stage",
        "KUBECTL_NAMESPACES": "shop, web",
        **more,
    }


@asynccontextmanager
async def bench(
    server: ApiServer, folder: Path, level: Isolation = Isolation.BUBBLEWRAP, **more: str
) -> AsyncIterator[Bench]:
    async with serving(server.app) as url:
        path = kubeconfig(folder, url)
        made = actions(read(KubectlSettings, environ(path, **more)), programs(level))
        yield Bench(server=server, actions={action.name: action for action in made}, kubeconfig=path)
