"""A PagerDuty that answers from a table of paths, counts what it is asked, and a look at it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.domain.catalog import Service
from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer
from bot.domain.setting import read
from integrations.descriptor import Tools
from integrations.pagerduty.context import PagerDutySource
from integrations.pagerduty.settings import PagerDutySettings
from sandbox.serve import serving
from tests.integrations.asking import ALERT, KEY, NOW, asked, tools

Json = dict[str, Any]
CHECKOUT = Service(
    name="checkout", depends_on=("orders",), pagerduty_service="PSCHK01", escalation_policy="PEPPAY1",
    aliases=("Checkout Web",),
)  # fmt: skip
ORDERS = Service(name="orders", pagerduty_service="PSORD01")
SHOP = Service(name="shop", pagerduty_service="PSSHP01")
NAMES = {"PSCHK01": "Checkout Web", "PSORD01": "orders", "PSSHP01": "shop", "PSOTH01": "other"}
OWN_INCIDENT = "QNOW00000001"


def stamp(minutes: float) -> str:
    """`minutes` before now, as PagerDuty writes it."""
    return (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def at(minutes: float) -> datetime:
    return (NOW - timedelta(minutes=minutes)).replace(microsecond=0)


def days(count: float) -> float:
    return count * 1440


def duty(person: str, level: int, start: float | None = 60, end: float | None = -60) -> Json:
    """`start` and `end` in minutes before now."""
    return {
        "escalation_policy": {"id": "PEPPAY1", "summary": "Payments", "html_url": "https://acme.example/PEPPAY1"},
        "escalation_level": level,
        "schedule": None,
        "user": {"id": f"U{person}", "name": person, "summary": person, "email": f"{person.lower()}@acme.example"},
        "start": None if start is None else stamp(start),
        "end": None if end is None else stamp(end),
    }


def incident(number: int, began: float, *, minutes: float | None = 41, service: str = "PSCHK01", **more: Any) -> Json:
    """`began`: minutes before now; `minutes`: until it was resolved, None where it is open."""
    is_open = minutes is None
    return {
        "id": f"Q{number}",
        "incident_number": number,
        "title": f"Alert {number}",
        "created_at": stamp(began),
        "status": "triggered" if is_open else "resolved",
        "urgency": "high",
        "html_url": f"https://acme.example/incidents/Q{number}",
        "resolved_at": None if minutes is None else stamp(began - minutes),
        "last_status_change_by": {"id": "UANA", "type": "user_reference", "summary": "Ana Ruiz"},
        "service": {"id": service, "type": "service_reference", "summary": NAMES[service]},
        **more,
    }


def note(text: str, minutes: float, who: str = "Ana Ruiz") -> Json:
    return {"id": text, "content": text, "created_at": stamp(minutes), "user": {"id": "U1", "summary": who}}


def change(id: str, minutes: float, summary: str, service: str = "PSCHK01", **details: Any) -> Json:
    return {
        "id": id, "timestamp": stamp(minutes), "summary": summary, "source": "acme/checkout",
        "services": [{"id": service, "type": "service_reference", "summary": NAMES[service]}],
        "custom_details": details,
    }  # fmt: skip


@dataclass
class Account:
    """`answers` by path over the ordinary ones: a body, or a whole response."""

    duties: list[Json] = field(default_factory=lambda: [duty("Ana", 1)])
    incidents: list[Json] = field(default_factory=list)
    notes: dict[str, list[Json]] = field(default_factory=dict)  # by incident
    changes: list[Json] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    hanging: set[str] = field(default_factory=set)  # paths that are never answered
    asked: list[tuple[str, Mapping[str, list[str]]]] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Request) -> Response:
        path, query = request.url.path, request.query_params
        self.asked.append((path, {name: query.getlist(name) for name in query}))
        if path in self.hanging:
            await asyncio.Event().wait()  # the client gives up first, and the server ends it
        found = self.answers.get(path)
        if isinstance(found, Response):
            return found
        body = found if found is not None else self._ordinary(path, query.getlist("statuses[]"), query)
        return JSONResponse(body) if body is not None else JSONResponse({"error": {"message": "Not Found"}}, 404)

    def _ordinary(self, path: str, statuses: list[str], query: Any) -> Json | None:
        wanted = query.getlist("service_ids[]")
        if path == "/oncalls":
            return {"oncalls": self.duties, "more": False}
        if path == "/incidents":
            kept = [i for i in self.incidents if (not wanted or i["service"]["id"] in wanted)
                    and (not statuses or i["status"] in statuses)]  # fmt: skip
            return {"incidents": kept, "more": False}
        if path.endswith("/notes"):
            return {"notes": self.notes.get(path.split("/")[2], [])}
        if path == "/change_events":
            return {"change_events": self.changes, "more": False}
        if path.endswith("/change_events"):
            own = [c for c in self.changes if any(s["id"] == path.split("/")[2] for s in c["services"])]
            return {"change_events": own, "more": False}
        if path == "/services":
            return {"services": [_service(id) for id in NAMES if query.get("query", "").lower() in NAMES[id].lower()]}
        known = path.removeprefix("/services/")
        return {"service": _service(known)} if known in NAMES else None


def _service(id: str) -> Json:
    return {"id": id, "name": NAMES[id], "escalation_policy": {"id": "PEPPAY1", "type": "escalation_policy_reference"}}


def wanting(service: Service | None = CHECKOUT, *neighbours: Service, **labels: str) -> ContextRequest:
    """An incident to ask about; with a label `pagerduty_incident` it came from PagerDuty."""
    source = "pagerduty" if "pagerduty_incident" in labels else "alertmanager"
    alert = asked().alert
    alerts = (type(alert)(**{**vars(ALERT), "labels": labels, "source": source}),)
    return asked(service=service, neighbours=neighbours, alerts=alerts)


def source_at(url: str, lent: Tools) -> PagerDutySource:
    return PagerDutySource(read(PagerDutySettings, {"PAGERDUTY_URL": url, "PAGERDUTY_API_KEY": KEY}), lent)


async def look(account: Account, request: ContextRequest | None = None, *, deadline: float = 8.0) -> Answer:
    async with serving(account.app()) as url:
        with tools(deadline=deadline) as lent:
            source = source_at(url, lent)
            source.warm()
            return await source.look(request or wanting())
