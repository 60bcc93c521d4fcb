"""Services of a shop, what a monitor says of them, and what stands in Slack afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from sandbox.bot_process import BotProcess
from sandbox.scenario.model import Webhook
from sandbox.transcript import lines
from sandbox.world import World

ROOTS = ("orders-db", "session-cache")
DEPENDANTS = 7  # services of each
ALONE = ("mail", "search", "images", "printer")  # near nothing
CRITICAL, WARNING = "critical", "warning"
IN_ONE_WEBHOOK = 5  # alerts
AT_ONCE = 4  # webhooks


def services() -> Sequence[str]:
    """20 of them."""
    return (*ROOTS, *(f"{root}-user-{number}" for root in ROOTS for number in range(DEPENDANTS)), *ALONE)


def catalog(folder: Path) -> Path:
    found: dict[str, Mapping[str, Any]] = {name: {"owner": "platform"} for name in (*ROOTS, *ALONE, "payments")}
    found["cart"] = {"owner": "web", "depends_on": ["payments"]}
    for root in ROOTS:
        found |= {f"{root}-user-{n}": {"owner": "product", "depends_on": [root]} for n in range(DEPENDANTS)}
    path = folder / "services.yaml"
    path.write_text(yaml.safe_dump({"services": found}))
    return path


def announced(folder: Path, service: str, since: datetime, until: datetime) -> Path:
    window = {"service": service, "from": since.isoformat(), "until": until.isoformat(), "why": "new disks"}
    path = folder / "maintenance.yaml"
    path.write_text(yaml.safe_dump({"windows": [window]}))
    return path


@dataclass(frozen=True, kw_only=True)
class Said:
    """Of one alert."""

    name: str
    service: str
    severity: str = WARNING
    since: float = field(default_factory=time.time)
    is_over: bool = False

    @property
    def payload(self) -> Mapping[str, Any]:
        labels = {"alertname": self.name, "service": self.service, "severity": self.severity, "env": "production"}
        return {
            "status": "resolved" if self.is_over else "firing",
            "labels": labels,
            "annotations": {"summary": f"{self.name} of {self.service}"},
            "startsAt": _written(self.since),
            "endsAt": _written(time.time()) if self.is_over else "0001-01-01T00:00:00Z",
            "fingerprint": f"{self.name}/{self.service}",
        }


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def many(count: int) -> Iterator[Said]:
    """The causes first, then all services in turn; each alert is a condition of its own."""
    yield from (Said(name="Down", service=root) for root in ROOTS)
    names = services()
    for number in range(count - len(ROOTS)):
        yield Said(name=f"Symptom{number}", service=names[number % len(names)])


@dataclass(frozen=True, kw_only=True)
class Monitor:
    world: World
    bot: BotProcess

    async def says(self, *alerts: Said) -> None:
        """In one webhook."""
        payload = {
            "version": "4",
            "groupKey": f"{{}}:{alerts[0].name}/{alerts[0].service}",
            "status": "firing",
            "receiver": "first-responder",
            "alerts": [alert.payload for alert in alerts],
        }
        webhook = Webhook(source="alertmanager", payload=payload)
        assert await self.world.fire(self.bot.address, webhook) == 202, self.bot.log_tail()

    async def rages(self, alerts: Sequence[Said]) -> None:
        """In their order, roughly."""
        parts = [alerts[at : at + IN_ONE_WEBHOOK] for at in range(0, len(alerts), IN_ONE_WEBHOOK)]
        for at in range(0, len(parts), AT_ONCE):
            await asyncio.gather(*(self.says(*part) for part in parts[at : at + AT_ONCE]))


def card_of(world: World, words: str) -> Mapping[str, Any] | None:
    """The newest that says these words."""
    found = [card for card in world.cards() if words in "\n".join(lines(card))]
    return max(found, key=lambda card: float(card["ts"]), default=None)
