"""Webhook subscriptions: what happens to incidents is told, signed, in order and at least once.

https://developer.pagerduty.com/docs/webhooks-overview
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

from sandbox.pagerduty.directory import Directory, Entity, identity
from sandbox.pagerduty.incidents import Incident, Note
from sandbox.pagerduty.shapes import Shapes, timestamp

API = "https://api.pagerduty.com"
TRIES, PAUSE = 20, 0.05  # PagerDuty goes on for longer, with pauses of minutes


@dataclass(frozen=True, kw_only=True)
class Subscription:
    address: str
    secret: str


class Hooks:
    """Nothing is sent while nobody has subscribed. `sent` keeps type and incident of each event."""

    def __init__(self, directory: Directory, clock: Callable[[], float]) -> None:
        self._shapes = Shapes(api=API, directory=directory)
        self._clock = clock
        self._subscriptions: list[Subscription] = []
        self._waiting: deque[tuple[Subscription, str, bytes]] = deque()
        self._sender: asyncio.Task[None] | None = None
        self._count = 0
        self.sent: list[tuple[str, str]] = []

    def subscribe(self, address: str, secret: str) -> None:
        self._subscriptions.append(Subscription(address=address, secret=secret))

    def tell(self, event_type: str, incident: Incident, by: Entity | None, note: Note | None = None) -> None:
        """In the running event loop, once there are subscriptions."""
        if not self._subscriptions:
            return
        self._count += 1
        self.sent.append((event_type, incident.id))
        event = {
            "id": identity(f"event {self._count} {event_type} {incident.id}", 26),
            "event_type": event_type,
            "resource_type": "incident",
            "occurred_at": timestamp(self._clock()),
            "agent": self._shapes.reference(by),
            "client": None,
            "data": self._shapes.hooked_note(incident, note) if note else self._shapes.hooked(incident),
        }
        body = json.dumps({"event": event}).encode()
        self._waiting.extend((one, str(event["id"]), body) for one in self._subscriptions)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send())

    async def quiet(self) -> None:
        """Until nothing waits to be sent."""
        while self._sender is not None and not self._sender.done():
            await self._sender

    async def _send(self) -> None:
        async with aiohttp.ClientSession() as session:
            while self._waiting:
                to, number, body = self._waiting.popleft()
                digest = hmac.new(to.secret.encode(), body, hashlib.sha256).hexdigest()
                headers: dict[str, str] = {
                    "content-type": "application/json",
                    "x-webhook-id": number,
                    "x-pagerduty-signature": f"v1={digest}",
                }
                for _ in range(TRIES):
                    if await _taken(session, to.address, body, headers):
                        break
                    await asyncio.sleep(PAUSE)


async def _taken(session: aiohttp.ClientSession, address: str, body: bytes, headers: dict[str, str]) -> bool:
    """False where it is to be sent again."""
    try:
        async with session.post(address, data=body, headers=headers) as answer:
            return answer.status < 500 and answer.status != 429
    except aiohttp.ClientError:
        return False
