"""The PagerDuty source against a small server that answers from a table of paths."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, OnCallFact
from bot.domain.setting import read
from integrations.descriptor import CheckState
from integrations.pagerduty import INTEGRATION
from integrations.pagerduty.context import PagerDutySource
from integrations.pagerduty.settings import PagerDutySettings
from sandbox.serve import serving
from tests.integrations.asking import ALERT, CHECKOUT, KEY, NOW, REQUEST, asked, tools


def duty(person: str, level: int, start: float | None = -60, end: float | None = 60) -> Any:
    def at(minutes: float | None) -> str | None:
        return None if minutes is None else (NOW + timedelta(minutes=minutes)).isoformat()

    return {
        "escalation_policy": {
            "id": "PEPPAY1",
            "summary": "Payments",
            "html_url": "https://acme.pagerduty.example/escalation_policies/PEPPAY1",
        },
        "escalation_level": level,
        "schedule": None,
        "user": {"id": f"U{person}", "name": person, "summary": person, "email": f"{person.lower()}@acme.example"},
        "start": at(start),
        "end": at(end),
    }


@dataclass
class PagerDuty:
    duties: list[Any] = field(default_factory=list)
    asked: list[tuple[str, list[str]]] = field(default_factory=list)
    authorizations: set[str] = field(default_factory=set)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/oncalls", self.oncalls),
                Route("/services/{id}", self.service),
                Route("/abilities", self.abilities),
            ]
        )

    async def oncalls(self, request: Request) -> Response:
        self.asked.append(("oncalls", request.query_params.getlist("escalation_policy_ids[]")))
        self.authorizations.add(request.headers["authorization"])
        return JSONResponse({"oncalls": self.duties, "limit": 100, "offset": 0, "more": False})

    async def service(self, request: Request) -> Response:
        self.asked.append(("service", [request.path_params["id"]]))
        return JSONResponse({"service": {"id": "PS1", "escalation_policy": {"id": "PEPOTHER"}}})

    async def abilities(self, request: Request) -> Response:
        return JSONResponse({"abilities": ["sso", "teams"]})


async def look(server: PagerDuty, request: ContextRequest = REQUEST) -> Answer:
    async with serving(server.app()) as url:
        settings = read(PagerDutySettings, {"PAGERDUTY_URL": url, "PAGERDUTY_API_KEY": KEY})
        with tools() as lent:
            return await PagerDutySource(settings, lent).look(request)


def facts(answer: Answer) -> list[OnCallFact]:
    return [item.fact for item in answer.evidence if isinstance(item.fact, OnCallFact)]


async def test_who_is_on_call_is_told_by_level() -> None:
    server = PagerDuty([duty("Priya", 2), duty("Ana", 1), duty("Lars", 3, None, None)])
    answer = await look(server)
    assert [(fact.person, fact.email, fact.level) for fact in facts(answer)] == [
        ("Ana", "ana@acme.example", 1),
        ("Priya", "priya@acme.example", 2),
        ("Lars", "lars@acme.example", 3),
    ]
    assert facts(answer)[0].until == NOW + timedelta(minutes=60)
    assert facts(answer)[2].until is None
    assert answer.evidence[0].text == "Ana is on call at level 1 of Payments until 04 Mar 10:17 UTC"
    assert answer.evidence[0].link == "https://acme.pagerduty.example/escalation_policies/PEPPAY1"
    assert answer.checked == "who is on call in the escalation policy Payments at 09:17 UTC and next"
    assert server.asked == [("oncalls", ["PEPPAY1"])]
    assert server.authorizations == {f"Token token={KEY}"}


async def test_only_who_is_on_call_now_counts() -> None:
    answer = await look(
        PagerDuty([duty("Ana", 1), duty("Ana", 1, -10, 20), duty("Bo", 1, 5, 90), duty("Cy", 2, -90, -1)])
    )
    assert [fact.person for fact in facts(answer)] == ["Ana"]


async def test_nobody_on_call_is_an_answer() -> None:
    answer = await look(PagerDuty())
    assert answer.evidence == ()
    assert "PEPPAY1" in answer.checked


@pytest.mark.parametrize(
    ("service", "labels", "expected"),
    [
        (replace(CHECKOUT, escalation_policy=None), {"escalation_policy": "PEPALRT"}, [("oncalls", ["PEPALRT"])]),
        (
            replace(CHECKOUT, escalation_policy=None, pagerduty_service="PS1"),
            {},
            [("service", ["PS1"]), ("oncalls", ["PEPOTHER"])],
        ),
        (None, {"pagerduty_service": "PS9"}, [("service", ["PS9"]), ("oncalls", ["PEPOTHER"])]),
    ],
)
async def test_the_policy_is_found_by_the_catalog_the_alert_or_the_service(
    service: Any, labels: dict[str, str], expected: list[Any]
) -> None:
    server = PagerDuty([duty("Ana", 1)])
    answer = await look(server, asked(service=service, alerts=(replace(ALERT, labels=labels),)))
    assert len(facts(answer)) == 1
    assert server.asked == expected


async def test_without_policy_service_and_name_there_is_nothing_to_ask() -> None:
    server = PagerDuty()
    answer = await look(server, asked(service=None, alerts=(replace(ALERT, service=None, labels={}),)))
    assert "names no service" in answer.skipped
    assert server.asked == []


async def test_hostile_names_are_made_fit_to_show() -> None:
    answer = await look(PagerDuty([duty("Ana\u202e\n<!channel>" + "x" * 300, 1)]))
    assert "\u202e" not in facts(answer)[0].person
    assert len(facts(answer)[0].person) <= 100


async def test_check_tells_of_webhooks_and_key() -> None:
    async with serving(PagerDuty().app()) as url:
        assert INTEGRATION.check is not None
        with tools() as lent:
            environ = {"PAGERDUTY_URL": url, "PAGERDUTY_API_KEY": KEY, "PAGERDUTY_WEBHOOK_SECRETS": f"{KEY},{KEY}2"}
            results = await INTEGRATION.check(read(PagerDutySettings, environ), lent)
    assert [result.state for result in results] == [CheckState.OK, CheckState.OK]
    assert "2 secrets" in results[0].detail
