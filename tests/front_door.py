"""The real front door on a loopback port, with an inbox in memory behind it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp

from bot.domain.alert import Alert, Delivery
from bot.domain.errors import NotStored
from bot.domain.ports import Acceptance
from bot.testing import FrozenClock
from bot.web import create_app
from integrations import alertmanager, generic
from integrations.descriptor import AlertFormat
from integrations.pagerduty.webhook import PagerDutyWebhook
from integrations.pagerduty.webhook import sign as sign_as_pagerduty
from integrations.signature import hex_hmac
from sandbox.serve import serving

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
PAGERDUTY_SECRET = "p" * 32
OLD_PAGERDUTY_SECRET = "o" * 32
GENERIC_SECRET = "g" * 32
TOKEN = "t" * 32
PASSWORD = "w" * 16
ALERTMANAGER = alertmanager.AlertmanagerSettings(token=TOKEN, user="alertmanager", password=PASSWORD)
GENERIC = generic.GenericSettings(secrets=(GENERIC_SECRET,))
SECRETS = (PAGERDUTY_SECRET, OLD_PAGERDUTY_SECRET, GENERIC_SECRET, TOKEN, PASSWORD)


@dataclass
class MemoryInbox:
    """An `Inbox`. `full` refuses; while `gate` is closed, accepting waits."""

    deliveries: dict[str, Delivery] = field(default_factory=dict)
    full: bool = False
    gate: asyncio.Event | None = None
    waiting: int = 0

    async def accept(self, delivery: Delivery) -> Acceptance:
        if self.full:
            raise NotStored("the disk is full")
        if self.gate is not None:
            self.waiting += 1
            await self.gate.wait()
        key = f"{delivery.source}|{delivery.key}"
        if key in self.deliveries:
            return Acceptance.REPEAT
        self.deliveries[key] = delivery
        return Acceptance.STORED

    @property
    def alerts(self) -> list[Alert]:
        return [alert for delivery in self.deliveries.values() for alert in delivery.alerts]


@dataclass(frozen=True)
class Reply:
    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    text: str


@dataclass
class FrontDoor:
    """What a sender sees, and what is stored behind it."""

    address: str
    client: aiohttp.ClientSession
    inbox: MemoryInbox
    clock: FrozenClock
    parts: dict[str, str]
    wakes: list[int]

    def empty(self) -> None:
        self.inbox.deliveries.clear()
        self.wakes.clear()

    async def send(self, method: str, path: str, body: Any = b"", headers: Mapping[str, str] | None = None) -> Reply:
        data = io.BytesIO(body) if isinstance(body, bytes) else body
        sent = self.client.request(method, self.address + path, data=data, headers=headers, skip_auto_headers=_AUTO)
        async with sent as response:
            is_json = response.content_type == "application/json"
            body = await response.json() if is_json else {}
            return Reply(status=response.status, body=body, headers=response.headers, text=await response.text())

    async def post(self, source: str, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
        return await self.send("POST", f"/webhooks/{source}", body, headers)


_AUTO = ("Content-Type", "Accept-Encoding")


def signed(source: str, body: bytes) -> dict[str, str]:
    """The headers with which `source` proves who it is."""
    if source == "pagerduty":
        return dict(sign_as_pagerduty(body, PAGERDUTY_SECRET))
    if source == "generic":
        return {"x-signature": f"sha256={hex_hmac(GENERIC_SECRET, body)}"}
    return {"authorization": f"Bearer {TOKEN}"}


def formats() -> dict[str, AlertFormat]:
    return {
        "alertmanager": alertmanager.AlertmanagerWebhook(ALERTMANAGER),
        "generic": generic.GenericWebhook(GENERIC),
        "pagerduty": PagerDutyWebhook((OLD_PAGERDUTY_SECRET, PAGERDUTY_SECRET)),
    }


@asynccontextmanager
async def front_door(inbox: MemoryInbox | None = None, **options: Any) -> AsyncIterator[FrontDoor]:
    """`options`: of create_app, in the place of what a test that names none of them gets."""
    inbox, clock, wakes = inbox or MemoryInbox(), FrozenClock(NOW), []
    parts = {"store": "ok"}

    async def readiness() -> Mapping[str, str]:
        return parts

    given = {"formats": formats(), "readiness": readiness, "slack_events": None, **options}
    app = create_app(inbox=inbox, clock=clock, on_accepted=lambda: wakes.append(1), **given)
    async with serving(app) as address, aiohttp.ClientSession() as client:
        yield FrontDoor(address, client, inbox, clock, parts, wakes)
