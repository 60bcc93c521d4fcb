"""The PagerDuty source against the replay server, over its real client: all that an account knows, in few requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.domain.catalog import Catalog
from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, ChangeFact, NextOnCallFact, OnCallFact, RecentIncidentFact
from memory.catalog import load_catalog
from sandbox.pagerduty.server import create_app
from sandbox.serve import serving
from tests.integrations.asking import ALERT, tools
from tests.integrations.pagerduty_account import source_at
from tests.sandbox.pagerduty.conftest import NOW, Account, small
from tests.sandbox.pagerduty.test_history import with_history

AT = datetime.fromtimestamp(NOW, UTC)
MOST_REQUESTS = 10


def request(catalog: Catalog, *, ids: bool = True) -> ContextRequest:
    alert = replace(ALERT, source="pagerduty", title="Alert 41", started_at=AT - timedelta(minutes=3),
                    labels={"pagerduty_incident": "QINCIDENT00001"})  # fmt: skip
    checkout, cart = (catalog.services[name] for name in ("checkout", "cart"))
    checkout = replace(checkout, depends_on=("cart",))
    if not ids:
        checkout, cart = (replace(s, pagerduty_service=None, escalation_policy=None) for s in (checkout, cart))
    return ContextRequest(
        incident_id="INC-2026-0001", alerts=(alert,), onset=alert.started_at, now=AT, service=checkout,
        neighbours=(cart,),
    )  # fmt: skip


async def look(folder: Path, *, ids: bool = True, **options: Any) -> tuple[Answer, list[str]]:
    with_history(folder)
    scenario = small(folder)
    asked: list[str] = []
    app = create_app(scenario, clock=lambda: NOW, **options)

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            asked.append(scope["path"])
        await app(scope, receive, send)

    async with serving(counting) as url:
        account = Account(url, [NOW])
        note = {"note": {"content": "bank says all is well"}}
        await account.ask(lambda api: api.rpost("/incidents/QINCIDENT00001/notes", json=note), author="ana@example.com")
        asked.clear()
        with tools(deadline=10.0) as lent:
            found = await source_at(url, lent).look(request(load_catalog(folder / "services.yaml"), ids=ids))
    return found, asked


async def test_everything_is_told_in_few_requests(tmp_path: Path) -> None:
    answer, asked = await look(tmp_path, has_aiops=True)
    texts = [item.text for item in answer.evidence]
    assert texts == [
        "Newest note in PagerDuty on this incident by Ana Ruiz at 14:13 UTC: “bank says all is well”",
        "Second incident of checkout in 30 days; the last on 9 Sep (#39, “Alert 7 of checkout”) was resolved after "
        "38 min by Ana Ruiz: “Went back to v1”",
        f"PagerDuty thinks {_reference(answer)} of 7 Aug alike, “Alert 41”: “Went back to v3”",
        "checkout, change event at 13:13:20 UTC (57 min before the onset): Deployed v3 to production, told by "
        "acme/checkout",
        "cart, change event at 12:13:20 UTC (117 min before the onset): Deployed v2 to production, told by acme/cart",
        "Ana Ruiz is on call at level 1 of Payments until 21 Sep 19:13 UTC",
        "Cleo Park is on call at level 2 of Payments",
        "Ben Ode takes over level 1 of Payments at 19:13 UTC (in 5 h 00 min)",
    ]
    assert answer.gaps == ()
    assert len(asked) <= MOST_REQUESTS, asked


def _reference(answer: Answer) -> str:
    facts = [item.fact for item in answer.evidence if isinstance(item.fact, RecentIncidentFact)]
    return facts[-1].reference


async def test_without_ids_in_the_catalog_the_same_is_found_by_names(tmp_path: Path) -> None:
    answer, asked = await look(tmp_path, ids=False)
    for kind in (OnCallFact, NextOnCallFact, RecentIncidentFact, ChangeFact):
        assert any(isinstance(item.fact, kind) for item in answer.evidence), kind
    assert "PagerDuty's service checkout (PSCHK01) was found by its name" in answer.checked
    assert answer.gaps == ("Incidents that PagerDuty thinks alike: not on your PagerDuty plan",)
    assert len(asked) <= MOST_REQUESTS, asked


async def test_a_small_plan_costs_only_what_it_lacks(tmp_path: Path) -> None:
    lacks = {"/services/{id}/change_events": 402, "/change_events": 403}
    answer, _ = await look(tmp_path, lacks=lacks)
    assert answer.gaps == (
        "Change events, change events of the account and incidents that PagerDuty thinks alike: not on your PagerDuty "
        "plan",
    )
    assert not any(isinstance(item.fact, ChangeFact) for item in answer.evidence)
    assert any(isinstance(item.fact, RecentIncidentFact) for item in answer.evidence)


async def test_when_the_minute_is_used_up_the_rest_is_told_with_the_wait(tmp_path: Path) -> None:
    answer, _ = await look(tmp_path, rate_limit=4)  # one is the note that the test itself writes
    assert answer.evidence
    assert any("it may be asked again in 60 s" in gap for gap in answer.gaps), answer.gaps
