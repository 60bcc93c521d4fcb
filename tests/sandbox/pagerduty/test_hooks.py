"""Webhook subscriptions: signed, in order, sent again where they were not taken."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.descriptor import WebhookRequest
from integrations.pagerduty.webhook import PagerDutyWebhook
from sandbox.pagerduty.server import create_app
from sandbox.serve import serving
from tests.integrations.actions.bench import AT
from tests.sandbox.pagerduty.conftest import NOW, Account, small

INCIDENT = "/incidents/QINCIDENT00001"
ANA = "ana@example.com"
SECRET = "s" * 32


async def test_what_clients_change_is_told_in_order_until_it_is_taken(tmp_path: Path) -> None:
    heard: list[tuple[dict[str, str], bytes]] = []
    refusals = [503, 503]

    async def hear(request: Request) -> Response:
        if refusals:
            return Response(status_code=refusals.pop())
        heard.append((dict(request.headers), await request.body()))
        return Response(status_code=202)

    app = create_app(small(tmp_path), clock=lambda: NOW)
    listener = Starlette(routes=[Route("/hook", hear, methods=["POST"])])
    async with serving(app) as base, serving(listener) as address:
        app.state.hooks.subscribe(f"{address}/hook", SECRET)
        account = Account(base, [NOW])
        for status in ("acknowledged", "acknowledged", "resolved"):
            body = {"incident": {"type": "incident_reference", "status": status}}
            await account.ask(lambda api, body=body: api.rput(INCIDENT, json=body), author=ANA)  # type: ignore[misc]
        note = {"note": {"content": "It holds."}}
        await account.ask(lambda api: api.rpost(f"{INCIDENT}/notes", json=note), author=ANA)
        async with asyncio.timeout(60):
            await app.state.hooks.quiet()
    told = []
    for headers, payload in heard:
        request = WebhookRequest(headers=headers, body=payload, received_at=AT)
        PagerDutyWebhook((SECRET,)).verify(request)
        delivery = PagerDutyWebhook((SECRET,)).parse(request)
        told += [str(alert.status) for alert in delivery.alerts] + [remark.text for remark in delivery.remarks]
    assert told == ["Acknowledged in PagerDuty by Ana Ruiz", "resolved", "Note in PagerDuty by Ana Ruiz: It holds."]
    assert len({headers["x-webhook-id"] for headers, _ in heard}) == 3


@pytest.mark.parametrize("again", [False, True])
async def test_without_a_subscription_nothing_is_sent(tmp_path: Path, again: bool) -> None:
    app = create_app(small(tmp_path), clock=lambda: NOW)
    app.state.incidents.end("QINCIDENT00001")
    if again:
        app.state.incidents.reopen("QINCIDENT00001", app.state.incidents.directory.users["ana"])
    assert app.state.hooks.sent == []
