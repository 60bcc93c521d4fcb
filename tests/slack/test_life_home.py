"""The home tab: what goes on, what waits for this person, what they promised; drawn again where it has changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import SystemClock
from bot.domain.action import ActionCall, BlastRadius, Plan, Reversibility, Risk
from bot.domain.approval import Request
from bot.domain.life import FollowUpState, Holding, Order, Role, presses
from bot.domain.policy import ApproverGroup
from tests.slack.life_fakes import AT
from tests.slack.life_office import Life, life


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Life]:
    async with life(tmp_path) as office:
        yield office


async def home(made: Life, who: str = "ana") -> str:
    await made.here.control.open_home(who)
    await made.here.quiet()
    return str(await made.here.control.home(who))


def request(incident: str, *, requester: str = "", groups: tuple[str, ...] = ("sre",)) -> Request:
    plan = Plan(
        call=ActionCall(action="wait", parameters={}, environment="production"),
        risk=Risk.CHANGE,
        reversibility=Reversibility.REVERSIBLE,
        radius=BlastRadius(count=1, unit="deployments"),
        target="deployment shop/checkout",
        lines=("restart it",),
    )
    now = SystemClock().now()
    return Request(
        id="A-1", incident=incident, run="R-1", step="restart", runbook="restart-checkout", runbook_digest="d",
        plan=plan, plan_digest="p", requester=requester, needed=1, groups=groups, created_at=now,
        expires_at=now + timedelta(minutes=30), nonce="n",
    )  # fmt: skip


async def test_an_empty_home_says_how_to_begin(made: Life) -> None:
    shown = await home(made)
    assert "No open incidents." in shown
    assert "webhook points here" in shown
    assert "Declare incident" in shown


async def test_incidents_show_with_my_role_mine_first(made: Life) -> None:
    other, mine = await made.incident(title="Another"), await made.incident(title="Mine")
    made.roles.held = {(mine.id, Role.LEAD): made.id("ana"), (mine.id, Role.SCRIBE): made.id("ana")}
    shown = await home(made)
    assert "You: *lead, scribe*" in shown
    assert shown.index(mine.id) < shown.index(other.id)
    assert "You:" not in await home(made, "bo")


async def test_follow_ups_are_done_from_there_and_it_is_drawn_again(made: Life) -> None:
    incident = await made.incident()
    given = Order(id="o1", incident=incident.id, person=made.id("bo"), word="add an alert")
    await made.follow_ups.add(given, owner=made.id("ana"))
    assert "add an alert" in await home(made)
    assert "add an alert" not in await home(made, "bo")
    view = await made.here.control.home("ana")
    assert view is not None
    await made.here.control.click("ana", presses.FOLLOW_UP_DONE, view_id=view["id"])
    await made.here.quiet()
    assert [one.state for one in made.follow_ups.found.values()] == [FollowUpState.DONE]
    assert "add an alert" not in str(await made.here.control.home("ana"))


async def test_approvals_show_to_those_who_can_give_them(tmp_path: Path) -> None:
    groups: dict[str, ApproverGroup] = {}
    async with life(tmp_path, groups=groups) as made:
        groups["sre"] = ApproverGroup(name="sre", users=(made.id("ana"),))
        incident = await made.incident()
        theirs = request(incident.id)
        for one, is_shown in (
            (theirs, True),
            (replace(theirs, requester=made.id("ana")), False),
            (replace(theirs, groups=("dba",)), False),
            (replace(theirs, expires_at=AT), False),
        ):
            made.requests.open[:] = [one]
            assert ("deployment shop/checkout" in await home(made)) is is_shown
            assert "deployment shop/checkout" not in await home(made, "bo")


async def test_what_is_open_is_drawn_again_where_it_has_changed_and_only_then(made: Life) -> None:
    await home(made)
    assert made.here.desk.life is not None
    tab = made.here.desk.life.home
    before = len([call for call in await made.here.control.calls() if call.method == "views.publish"])
    incident = await made.incident(title="Checkout fails")
    await tab.follow(incident)
    await tab.tick(SystemClock().now())
    assert "Checkout fails" in str(await made.here.control.home("ana"))
    assert await made.here.control.home("bo") is None
    await tab.follow(incident)
    await tab.tick(SystemClock().now())
    calls = [call for call in await made.here.control.calls() if call.method == "views.publish"]
    assert len(calls) == before + 1


async def test_many_of_everything_still_fit(made: Life) -> None:
    incidents = [await made.incident(title=f"Number {number}") for number in range(3)]
    for number in range(40):
        given = Order(id=f"o{number}", incident=incidents[0].id, person="U1", word="x" * 400)
        await made.follow_ups.add(given, owner=made.id("ana"))
    made.roles.held = {(incidents[1].id, Role.LEAD): made.id("ana")}
    shown = await home(made)
    assert "25 more, not shown here" in shown
    assert isinstance((await made.roles.of_person(made.id("ana")))[0], Holding)
