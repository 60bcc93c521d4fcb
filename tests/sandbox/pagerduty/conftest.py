"""A small account, and the real client for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import pytest_asyncio

from sandbox.pagerduty.server import create_app
from sandbox.scenario.model import Deployment, OnCall, Person, Scenario, Webhook
from sandbox.serve import serving

T = TypeVar("T")

NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z
HOUR = 3600.0
CATALOG = """
services:
  checkout: {pagerduty_service: PSCHK01, escalation_policy: PEPPAY1, repository: acme/checkout}
  cart: {pagerduty_service: PSCRT01, escalation_policy: PEPWEB1, repository: acme/cart}
  outside: {owner: nobody}
"""


def person(handle: str, name: str) -> Person:
    return Person(handle=handle, name=name, email=f"{handle}@example.com", title="Engineer")


def oncall(policy: str, level: int, who: str, start: float, end: float, schedule: str = "") -> OnCall:
    return OnCall(
        escalation_policy=policy, policy_name={"PEPPAY1": "Payments", "PEPWEB1": "Web"}[policy], level=level,
        person=who, start=NOW + start * HOUR, end=NOW + end * HOUR, schedule=schedule,
    )  # fmt: skip


def deployment(number: int, ago: float, repository: str) -> Deployment:
    return Deployment(
        id=number, at=NOW - ago, repository=repository, environment="production", ref=f"v{number}", sha="a" * 40,
        creator="ana",
    )  # fmt: skip


def _reference(kind: str, identity: str, name: str) -> dict[str, str]:
    page = f"https://acme.pagerduty.com/{kind}s/{identity}"
    return {"id": identity, "type": f"{kind}_reference", "summary": name, "html_url": page}


def incident(identity: str, number: int, created_at: str) -> Webhook:
    data = {
        "id": identity, "type": "incident", "number": number, "title": f"Alert {number}", "status": "triggered",
        "created_at": created_at, "incident_key": f"key-{number}", "urgency": "high",
        "service": _reference("service", "PSCHK01", "checkout"),
        "escalation_policy": _reference("escalation_policy", "PEPPAY1", "Payments"),
        "assignees": [_reference("user", "PUANA01", "Ana Ruiz")],
        "teams": [_reference("team", "PTPAY01", "Payments")],
        "priority": _reference("priority", "PPRIO01", "P1"),
    }  # fmt: skip
    return Webhook(source="pagerduty", payload={"event": {"event_type": "incident.triggered", "data": data}})


def small(folder: Path) -> Scenario:
    (folder / "services.yaml").write_text(CATALOG)
    return Scenario(
        name="small", title="", folder=folder, loaded_at=NOW, onset=NOW,
        people=(person("ana", "Ana Ruiz"), person("ben", "Ben Ode"), person("cleo", "Cleo Park")),
        webhook=incident("QINCIDENT00001", 41, "2026-09-21T14:10:00Z"),
        distractors=(incident("QINCIDENT00002", 42, "2026-09-21T14:20:00Z"),
                     Webhook(source="generic", payload={})),
        series=(), logs=(), rules=(), commits={}, pulls=(),
        deployments=(deployment(4, -60, "acme/checkout"), deployment(3, HOUR, "acme/checkout"),
                     deployment(2, 2 * HOUR, "acme/cart"), deployment(1, 90 * HOUR, "acme/checkout")),
        oncalls=(oncall("PEPPAY1", 1, "ana", -2, 5, "Primary"), oncall("PEPPAY1", 1, "ben", 5, 9, "Primary"),
                 oncall("PEPPAY1", 2, "cleo", -9, 9), oncall("PEPWEB1", 1, "ben", -1, 1, "Web")),
    )  # fmt: skip


class Account:
    """Calls the real client in a thread."""

    def __init__(self, address: str, clock: list[float]) -> None:
        self.address = address
        self.clock = clock

    async def ask(self, work: Callable[[Any], T], *, key: str = "k" * 20, author: str | None = None) -> T:
        def run() -> T:
            from pdpyras import APISession

            with APISession(key, default_from=author) as session:
                session.url = self.address
                return work(session)

        return await asyncio.to_thread(run)


@asynccontextmanager
async def _account(folder: Path) -> AsyncIterator[Account]:
    clock = [NOW]
    async with serving(create_app(small(folder), clock=lambda: clock[0])) as base:
        yield Account(base, clock)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def account(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Account]:
    """Shared by tests that only read."""
    async with _account(tmp_path_factory.mktemp("account")) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def own_account(tmp_path: Path) -> AsyncIterator[Account]:
    """For a test that writes or moves the clock."""
    async with _account(tmp_path) as found:
        yield found
