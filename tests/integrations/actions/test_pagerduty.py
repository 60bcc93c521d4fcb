"""Incidents that are changed and people who are paged, against the sandbox's PagerDuty, over the real client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse

from bot.domain.action import Action, ActionRefused, Ending, Refusal, Reversibility
from bot.domain.alert import Severity
from bot.domain.incident import GroupedAlert, Incident, IncidentStatus
from bot.domain.setting import read
from integrations.pagerduty.paging import PagerDutyPager
from integrations.pagerduty.settings import PagerDutySettings
from sandbox.pagerduty.incidents import Incidents
from sandbox.pagerduty.server import create_app
from sandbox.serve import serving
from tests.integrations.actions.bench import AT, SENDER, call, done, lent, offered, pagerduty_settings
from tests.integrations.asking import ALERT
from tests.sandbox.pagerduty.conftest import NOW, small

OWN = "QINCIDENT00001"
KEY = "R-1:note:0:act"


@dataclass
class Bench:
    incidents: Incidents
    actions: Mapping[str, Action]
    pager: PagerDutyPager
    asked: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [asked for asked in self.asked if asked[0] != "GET"]

    async def run(self, name: str, key: str = KEY, /, **given: Any) -> Any:
        return await done(self.actions[name], call(name, **given), key)


@pytest.fixture
async def duty(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as made:
        yield made


@asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[Bench]:
    app = create_app(small(folder), clock=lambda: NOW)
    made: list[Bench] = []

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and made:
            asked = scope["method"], scope["path"]
            made[0].asked.append(asked)
            if asked in made[0].answers:
                await made[0].answers[asked](scope, receive, send)
                return
        await app(scope, receive, send)

    async with serving(counting) as url:
        with lent() as tools:
            environ = pagerduty_settings(url)
            pager = PagerDutyPager(read(PagerDutySettings, environ), tools)
            made.append(
                Bench(incidents=app.state.incidents, actions=offered("pagerduty", tools, **environ), pager=pager)
            )
            yield made[0]


async def test_without_a_sender_nothing_is_offered() -> None:
    environ = pagerduty_settings("http://127.0.0.1:1")
    with lent() as tools:
        assert offered("pagerduty", tools, **{**environ, "PAGERDUTY_FROM": ""}) == {}


async def test_the_open_incident_of_the_service_is_acknowledged_once(duty: Bench) -> None:
    plan = await duty.actions["pagerduty.acknowledge"].plan(call("pagerduty.acknowledge"))
    assert plan.target == "PagerDuty incident #41 (Alert 41) of checkout"
    assert plan.lines == (f"set incident {OWN} from triggered to acknowledged", f"as {SENDER}")
    assert duty.writes == []
    told = await duty.actions["pagerduty.acknowledge"].run(plan, key=KEY)
    assert (told.ending, told.values["status"]) == (Ending.SUCCEEDED, "acknowledged")
    assert duty.incidents.found[OWN].status == "acknowledged"
    with pytest.raises(ActionRefused) as refused:
        await duty.actions["pagerduty.acknowledge"].run(plan, key=KEY)
    assert (refused.value.reason, len(duty.writes)) == (Refusal.NOT_ALLOWED, 1)


async def test_resolving_cannot_be_undone(duty: Bench) -> None:
    plan = await duty.actions["pagerduty.resolve"].plan(call("pagerduty.resolve", incident=OWN))
    assert plan.reversibility is Reversibility.IRREVERSIBLE
    assert (await duty.actions["pagerduty.resolve"].run(plan, key=KEY)).ending is Ending.SUCCEEDED
    assert duty.incidents.found[OWN].status == "resolved"


async def test_a_note_is_written_once_for_a_key(duty: Bench) -> None:
    for key in (KEY, KEY, "R-2:note:0:act"):
        assert (await duty.run("pagerduty.note", key, text="Went back to v1")).ending is Ending.SUCCEEDED
    notes = duty.incidents.found[OWN].notes
    assert [note.content.partition("\n")[0] for note in notes] == ["Went back to v1"] * 2
    assert {note.user.name for note in notes} == {"Ana Ruiz"}


async def test_it_is_escalated_to_who_comes_next(duty: Bench) -> None:
    plan = await duty.actions["pagerduty.escalate"].plan(call("pagerduty.escalate"))
    assert plan.lines[0] == f"escalate incident {OWN} from level 1 to level 2: Cleo Park"
    told = await duty.actions["pagerduty.escalate"].run(plan, key=KEY)
    assert (told.ending, told.summary) == (Ending.SUCCEEDED, "#41 is with Cleo Park now.")
    with pytest.raises(ActionRefused) as refused:  # nobody comes after her
        await duty.actions["pagerduty.escalate"].run(plan, key=KEY)
    assert (refused.value.parameter, len(duty.writes)) == ("level", 1)


async def test_people_are_paged_once_for_a_key(duty: Bench) -> None:
    before = len(duty.incidents.found)
    plan = await duty.actions["pagerduty.page"].plan(call("pagerduty.page", text="Come and look", service="cart"))
    assert plan.target == "whoever is on call for cart in PagerDuty (Ben Ode)"
    for _ in range(2):
        told = await duty.actions["pagerduty.page"].run(plan, key=KEY)
        assert (told.ending, told.summary.startswith("Ben Ode was paged")) == (Ending.SUCCEEDED, True), told
    assert len(duty.incidents.found) == before + 1
    made = duty.incidents.found[str(told.values["incident"])]
    duty.incidents.end(made.id)  # resolved: PagerDuty would take the key anew
    await duty.actions["pagerduty.page"].run(plan, key=KEY)
    assert len(duty.incidents.found) == before + 1


@pytest.mark.parametrize(("status", "ending"), [(502, Ending.UNKNOWN), (403, Ending.FAILED), (400, Ending.FAILED)])
async def test_how_a_change_ends_that_is_not_taken(duty: Bench, status: int, ending: Ending) -> None:
    duty.answers["POST", f"/incidents/{OWN}/notes"] = JSONResponse({"error": {"message": "no"}}, status)
    assert (await duty.run("pagerduty.note", text="x")).ending is ending
    assert len(duty.writes) == 1, "it is never sent again by itself"


async def test_without_a_service_or_an_incident_nobody_knows_which(duty: Bench) -> None:
    for of in (None, "outside", "cart"):
        with pytest.raises(ActionRefused) as refused:
            await duty.actions["pagerduty.note"].plan(call("pagerduty.note", of=of, text="x"))
        assert refused.value.parameter == "incident"


# --- the next person on call -----------------------------------------------------------------------------------------


def incident(source: str = "pagerduty", **labels: str) -> Incident:
    alert = replace(ALERT, source=source, labels=labels)
    return Incident(
        id="INC-2026-0001", title="Checkout fails", severity=Severity.SEV1, status=IncidentStatus.TRIAGE,
        service="checkout", started_at=AT, opened_at=AT,
        alerts=(GroupedAlert(alert=alert, reason=None, received_at=AT),),  # type: ignore[arg-type]
    )  # fmt: skip


async def test_nobody_answers_so_the_next_level_is_called_once(duty: Bench) -> None:
    ours = incident(pagerduty_incident=OWN)
    for _ in range(2):
        called = await duty.pager.page(ours, "Nobody answers the request R-1.", key="request-1:escalation")
        assert called == "Cleo Park by incident #41 in PagerDuty"
    held = duty.incidents.found[OWN]
    assert [user.name for user in held.assignees] == ["Cleo Park"]
    (note,) = held.notes
    assert "Nobody answers" in note.content


async def test_where_nobody_comes_next_an_incident_is_opened_once(duty: Bench) -> None:
    ours, before = incident(source="alertmanager"), len(duty.incidents.found)
    for _ in range(2):
        called = await duty.pager.page(ours, "Nobody answers.", key="request-1:escalation")
        assert called.startswith("Ana Ruiz by incident #")
    assert len(duty.incidents.found) == before + 1


async def test_where_nobody_can_be_called_it_says_so(duty: Bench) -> None:
    with pytest.raises(ActionRefused) as refused:
        await duty.pager.page(replace(incident("x"), service="nobody-knows"), "Nobody answers.", key="k")
    assert "nobody-knows" in refused.value.detail
    duty.answers["POST", "/incidents"] = JSONResponse({"error": {"message": "no"}}, 500)
    with pytest.raises(ActionRefused) as refused:
        await duty.pager.page(incident("x"), "Nobody answers.", key="k")
    assert refused.value.reason is Refusal.UNREACHABLE
