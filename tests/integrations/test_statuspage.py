"""The status page source against summaries in Statuspage's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.domain.context import ContextRequest
from bot.domain.errors import SettingsError, SourceError
from bot.domain.evidence import Answer, ProviderFact
from bot.domain.setting import read
from integrations.descriptor import CheckState
from integrations.statuspage import INTEGRATION, StatuspageSettings, StatuspageSource
from sandbox.serve import serving
from tests.integrations.asking import CHECKOUT, ONSET, REQUEST, asked, dead_port, tools

Json = dict[str, Any]


def stamp(minutes: float) -> str:
    return (ONSET - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def component(name: str, status: str = "operational", *, minutes: float = 90, group: bool = False) -> Json:
    return {
        "id": f"c-{name}",
        "name": name,
        "status": status,
        "created_at": stamp(90_000),
        "updated_at": stamp(minutes),
        "position": 1,
        "description": None,
        "showcase": False,
        "group_id": None,
        "page_id": "p1",
        "group": group,
        "only_show_if_degraded": False,
    }


def incident(name: str, status: str, *components: Json, minutes: float = 20, **more: Any) -> Json:
    return {
        "id": "i1",
        "name": name,
        "status": status,
        "created_at": stamp(minutes),
        "started_at": stamp(minutes),
        "updated_at": stamp(2),
        "monitoring_at": None,
        "resolved_at": None,
        "impact": "major",
        "shortlink": "https://stspg.example/abc123",
        "page_id": "p1",
        "incident_updates": [{"id": "u1", "status": status, "body": "We are looking.", "created_at": stamp(minutes)}],
        "components": [*components],
        **more,
    }


def summary(*components: Json, incidents: list[Json] | None = None, maintenances: list[Json] | None = None) -> Json:
    return {
        "page": {"id": "p1", "name": "Acquirer", "url": "https://status.acquirer.example", "time_zone": "Etc/UTC"},
        "components": [*components],
        "incidents": incidents or [],
        "scheduled_maintenances": maintenances or [],
        "status": {"indicator": "none", "description": "All Systems Operational"},
    }


def serve(body: Json) -> Starlette:
    async def answer(request: Request) -> Response:
        return JSONResponse(body)

    return Starlette(routes=[Route("/api/v2/summary.json", answer)])


async def look(pages: Mapping[str, Json | None], request: ContextRequest = REQUEST) -> Answer:
    """A page without a summary is one where nobody listens."""
    async with AsyncExitStack() as stack:
        pairs = [
            f"{name}={dead_port() if body is None else await stack.enter_async_context(serving(serve(body)))}"
            for name, body in pages.items()
        ]
        lent = stack.enter_context(tools())
        settings = read(StatuspageSettings, {"STATUSPAGE_URLS": ",".join(pairs)})
        return await StatuspageSource(settings, lent).look(request)


def facts(answer: Answer) -> list[ProviderFact]:
    return [item.fact for item in answer.evidence if isinstance(item.fact, ProviderFact)]


async def test_incidents_that_are_not_over_are_told_once_with_what_they_concern() -> None:
    cards = component("Card payments", "major_outage")
    body = summary(
        cards,
        component("Dashboard", "degraded_performance", minutes=7),
        component("Payments", "major_outage", group=True),
        component("Documentation"),
        incidents=[
            incident("Card payments fail in Europe", "investigating", cards),
            incident("Slow exports", "resolved", component("Exports")),
        ],
    )
    answer = await look({"acquirer": body})
    told, dashboard = facts(answer)
    assert (told.provider, told.component, told.state) == ("acquirer", "Card payments", "investigating")
    assert (told.title, told.since) == ("Card payments fail in Europe", ONSET.replace(second=2) - timedelta(minutes=20))
    assert (dashboard.component, dashboard.state, dashboard.title) == ("Dashboard", "degraded_performance", "")
    assert [item.text for item in answer.evidence] == [
        "acquirer reports “Card payments fail in Europe”, investigating since 2026-03-04 08:53 UTC "
        "(concerns Card payments)",
        "acquirer says that its Dashboard is in degraded performance since 2026-03-04 09:06 UTC",
    ]
    assert answer.evidence[0].link == "https://stspg.example/abc123"


async def test_maintenance_counts_while_it_is_under_way() -> None:
    hour = datetime(2026, 3, 4, 8, 0, tzinfo=UTC).isoformat()
    body = summary(
        component("API", "under_maintenance"),
        maintenances=[
            incident("Database upgrade", "in_progress", component("API"), scheduled_for=hour),
            incident("Next month's", "scheduled", component("API"), scheduled_for=hour),
        ],
    )
    (fact,) = facts(await look({"acquirer": body}))
    assert (fact.title, fact.state) == ("Database upgrade", "in_progress")
    assert fact.since == datetime(2026, 3, 4, 8, 0, tzinfo=UTC)


async def test_all_well_is_ruled_out_by_name() -> None:
    answer = await look({"acquirer": summary(component("API")), "cdn": summary()})
    assert answer.evidence == ()
    assert answer.checked == "incidents and components of acquirer, cdn"


async def test_what_the_service_calls_comes_first() -> None:
    body = summary(component("API", "major_outage"))
    request = asked(service=replace(CHECKOUT, depends_on=("payments", "mail")))
    answer = await look({"cdn": body, "mail": body}, request)
    assert [fact.provider for fact in facts(answer)] == ["mail", "cdn"]


async def test_one_page_that_fails_hides_no_other() -> None:
    answer = await look({"cdn": None, "acquirer": summary(component("API", "partial_outage"))})
    assert [fact.provider for fact in facts(answer)] == ["acquirer"]
    assert "The status page of cdn cannot be reached (connection refused)" in answer.checked
    with pytest.raises(SourceError, match="STATUSPAGE_URLS"):
        await look({"cdn": None})


async def test_many_troubles_and_long_texts_are_bounded() -> None:
    hostile = "\u202e<!channel>\x1b[31m" + "x" * 5000
    parts = [component(f"{hostile}{n}", "major_outage") for n in range(40)]
    one = incident(hostile, hostile, *parts, shortlink="javascript:alert(1)")
    answer = await look({"acquirer": summary(*parts, incidents=[one] * 9)})
    assert len(answer.evidence) == 5
    for item in answer.evidence:
        assert "\u202e" not in item.text
        assert len(item.text) < 900
        assert (item.link or "").startswith("http://127.0.0.1")


async def test_a_page_that_moved_says_where_to() -> None:
    async def moved(request: Request) -> Response:
        return RedirectResponse("https://status.elsewhere.example/api/v2/summary.json?key=abc")

    async with serving(Starlette(routes=[Route("/{path:path}", moved)])) as url:
        with tools() as lent:
            source = StatuspageSource(read(StatuspageSettings, {"STATUSPAGE_URLS": f"cdn={url}"}), lent)
            with pytest.raises(SourceError, match=r"sends one on to https://status\.elsewhere\.example/") as failed:
                await source.look(REQUEST)
    assert "abc" not in failed.value.detail


@pytest.mark.parametrize(
    "urls", ["https://status.example", "=https://status.example", "cdn=ftp://x", "cdn=https://u:p@x"]
)
def test_pairs_that_are_none_are_refused(urls: str) -> None:
    with pytest.raises(SettingsError, match="STATUSPAGE_URLS"):
        read(StatuspageSettings, {"STATUSPAGE_URLS": urls})


async def test_check_asks_every_page() -> None:
    async def login(request: Request) -> Response:
        return PlainTextResponse("<html>Sign in</html>")

    assert INTEGRATION.check is not None
    async with (
        serving(serve(summary(component("API")))) as well,
        serving(Starlette(routes=[Route("/{p:path}", login)])) as ill,
    ):
        with tools() as lent:
            settings = read(StatuspageSettings, {"STATUSPAGE_URLS": f"cdn={well},mail={ill}"})
            cdn, mail = await INTEGRATION.check(settings, lent)
    assert (cdn.subject, cdn.state) == ("Status page of cdn", CheckState.OK)
    assert (mail.subject, mail.state) == ("Status page of mail", CheckState.PROBLEM)
    assert "STATUSPAGE_URLS" in mail.remedy
