"""Who is on call for a service, asked of a PagerDuty that answers as the real one does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.domain.action import ActionRefused
from bot.domain.catalog import Catalog
from bot.domain.setting import read
from integrations.pagerduty.duty import PagerDutyDuties
from integrations.pagerduty.settings import PagerDutySettings
from sandbox.serve import serving
from tests.integrations.actions.bench import lent
from tests.integrations.asking import KEY
from tests.integrations.pagerduty_account import CHECKOUT, NAMES, ORDERS, at, duty

CATALOG = Catalog(services={one.name: one for one in (CHECKOUT, ORDERS)})


@asynccontextmanager
async def duties(asked: list[str]) -> AsyncIterator[PagerDutyDuties]:
    async def oncalls(request: Request) -> JSONResponse:
        asked.append(f"oncalls {request.query_params['escalation_policy_ids[]']}")
        return JSONResponse({"oncalls": [duty("Kim", 2, None, None), duty("Jo", 1), duty("Max", 1, -60, -600)]})

    async def service(request: Request) -> JSONResponse:
        id = request.path_params["id"]
        asked.append(f"service {id}")
        found = {"id": id, "name": NAMES[id], "escalation_policy": {"id": "PEPOTH1", "type": "x"}}
        return JSONResponse({"service": found})

    async def services(request: Request) -> JSONResponse:
        asked.append(f"services {request.query_params['query']}")
        return JSONResponse({"services": []})

    app = Starlette(routes=[Route("/oncalls", oncalls), Route("/services/{id}", service), Route("/services", services)])
    async with serving(app) as url:
        with lent() as tools:
            settings = read(PagerDutySettings, {"PAGERDUTY_API_KEY": KEY, "PAGERDUTY_URL": url})
            yield PagerDutyDuties(settings, tools, CATALOG)


async def test_it_is_told_by_level_now_and_next() -> None:
    asked: list[str] = []
    async with duties(asked) as found:
        turns = await found.turns("checkout")
    assert asked == ["oncalls PEPPAY1"], "the catalog knows the policy"
    assert [(turn.person, turn.level) for turn in turns] == [("Jo", 1), ("Max", 1), ("Kim", 2)]
    assert turns[0].policy == "Payments"
    assert turns[1].start is not None
    assert abs((turns[1].start - at(-60)).total_seconds()) <= 1


async def test_without_a_policy_in_the_catalog_its_service_tells() -> None:
    asked: list[str] = []
    async with duties(asked) as found:
        await found.turns("orders")
    assert asked == ["service PSORD01", "oncalls PEPOTH1"]


async def test_what_pagerduty_does_not_know_is_refused() -> None:
    asked: list[str] = []
    async with duties(asked) as found:
        with pytest.raises(ActionRefused, match="no service called"):
            await found.turns("nowhere")
    assert asked == ["services nowhere"]
