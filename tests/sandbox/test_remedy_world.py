"""A world in which versions are brought out: what its servers show, who may approve, and that the alert is over."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from memory.policy import load_policy, warnings
from memory.runbooks import load_runbooks
from sandbox import demo
from sandbox.monitor import until_over
from sandbox.playing import Playing
from sandbox.scenario.load import load
from sandbox.scenario.model import Scenario
from sandbox.serve import serving
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace
from sandbox.until import until
from sandbox.world import World, people_on_call, world

HOLDS_FOR = 3.0  # seconds that the alert's condition goes on to hold: longer than a world takes to start


async def asked(address: str, order: Mapping[str, Any] | None = None) -> Any:
    headers = {"authorization": "Token token=any"}  # as PagerDuty wants it; the others here take any
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request("POST" if order else "GET", address, json=order) as answer,
    ):
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_the_servers_show_what_was_brought_out() -> None:
    told: list[str] = []
    async with world("bad-deployment", tell=told.append) as sandbox:
        counted = await asked(f"{sandbox.elasticsearch}/logs-app-default/_count")
        runs = f"{sandbox.github}/repos/acme/checkout/actions"
        order = {"ref": "main", "inputs": {"version": "v2.30.4"}, "return_run_details": True}
        ordered = await asked(f"{runs}/workflows/rollback.yml/dispatches", order)
        run = f"{runs}/runs/{ordered['workflow_run_id']}"
        assert (await asked(run))["conclusion"] is None, "it takes until all instances run it"
        assert await until(lambda: told, within=60)
        newest, *others = await asked(f"{sandbox.github}/repos/acme/checkout/deployments")
        assert (newest["ref"], newest["description"], newest["creator"]["login"]) == (
            "v2.30.4", "Going back to v2.30.4", "first-responder-bot",
        )  # fmt: skip
        assert newest["sha"] == next(d["sha"] for d in others if d["ref"] == "v2.30.4"), "what ran under that name"
        assert newest["id"] > max(d["id"] for d in others)
        changes = await asked(f"{sandbox.pagerduty}/change_events")
        assert changes["change_events"][0]["summary"] == "Deployed v2.30.4 to production: Going back to v2.30.4"
        assert (await asked(f"{sandbox.elasticsearch}/logs-app-default/_count"))["count"] >= counted["count"]
        later = [s for s in sandbox.scenario.series if s.labels.get("version") == "v2.30.4"]
        assert max(later[0].times) > time.time(), "it runs again"

        # A version that never was is not brought out.
        assert told == ["GitHub                   runs rollback.yml: acme/checkout goes to v2.30.4"]
        before = await asked(f"{sandbox.github}/repos/acme/checkout/deployments")
        assert not await sandbox.playing.dispatched("acme/checkout", "rollback.yml", "main", {"version": "v0.0.1"})
        assert not await sandbox.playing.dispatched("acme/none", "rollback.yml", "main", {"version": "v2.30.4"})
        assert await sandbox.playing.dispatched("acme/checkout", "ci.yml", "main", {})
        assert await asked(f"{sandbox.github}/repos/acme/checkout/deployments") == before


async def test_those_on_call_approve_by_the_shipped_policy() -> None:
    async with world("bad-deployment") as sandbox:
        settings = sandbox.environ(Path("data"), 1)
        policy = load_policy(Path(settings["POLICY_FILE"]))
        assert warnings(policy) == ()
        (group,) = sandbox.workspace.groups.values()
        assert {ids for g in policy.groups.values() for ids in g.user_groups} == {group.id}
        handles = people_on_call(sandbox.scenario)
        assert handles[:2] == ["ana", "priya"], "whom the alert reaches, and the next of that policy"
        assert len(handles) >= 3
        assert group.users == [sandbox.workspace.member(handle).id for handle in handles]
        assert len(group.users) < len(sandbox.scenario.people), "somebody may not approve"
        runbooks = {runbook.id: runbook for runbook in load_runbooks(Path(settings["RUNBOOKS_DIR"]))}
        assert runbooks["roll-back-with-a-workflow"].can_run
        assert "checkout-errors-after-deployment" in runbooks
    assert not Path(settings["RUNBOOKS_DIR"]).exists()


async def test_the_page_tells_what_one_can_try_and_as_whom() -> None:
    playing = Playing(load("bad-deployment", time.time()))
    workspace = Workspace(playing.scenario.people)
    workspace.hints = tuple(demo.hints(playing, workspace))
    hints = (await Control(workspace).state("ana"))["hints"]
    told = " ".join(hints)
    assert "As Ana Ruiz: `/inc runbook roll-back-with-a-workflow`" in told
    assert "Become Priya Raman" in told
    assert ":white_check_mark:" in told


async def test_without_a_remedy_the_page_promises_none() -> None:
    playing = Playing(load("traffic-surge", time.time()))
    told = " ".join(demo.hints(playing, Workspace(playing.scenario.people)))
    assert "/inc runbook" in told
    assert "recover" not in told


class Bot:
    """Takes webhooks, once it is back."""

    def __init__(self, away: int) -> None:
        self.away = away
        self.taken: list[tuple[dict[str, str], Any]] = []
        self.app = Starlette(routes=[Route("/webhooks/{source}", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        if self.away:
            self.away -= 1
            return Response(status_code=503)
        self.taken.append((dict(request.headers), json.loads(await request.body())))
        return Response(status_code=202)


@asynccontextmanager
async def soon_over(name: str) -> AsyncIterator[World]:
    """Its alert's condition holds for some moments more."""
    now = time.time()
    scenario: Scenario = load(name, now)
    query = f"vector(time()) < {now + HOLDS_FOR}"
    rules = [replace(r, query=query) if r.name == scenario.webhook.rule else r for r in scenario.rules]
    async with world(replace(scenario, rules=tuple(rules))) as sandbox:
        yield sandbox


@pytest.mark.parametrize("name", ["bad-deployment", "failing-dependency"])
async def test_the_monitor_says_that_it_is_over_once_its_condition_does_not_hold(name: str) -> None:
    bot = Bot(away=2)
    async with soon_over(name) as sandbox, serving(bot.app) as address:
        assert await until_over(sandbox, address, every=0.05)
        (headers, sent), *others = bot.taken
        assert not others, "once"
        fired = sandbox.scenario.webhook.payload
        if sandbox.scenario.webhook.source == "pagerduty":
            assert sent["event"]["event_type"] == "incident.resolved"
            assert sent["event"]["id"] != fired["event"]["id"], "another event"
            assert sent["event"]["data"]["id"] == fired["event"]["data"]["id"], "of the same incident"
            body = json.dumps(sent).encode()
            digest = hmac.new(sandbox.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
            assert headers["x-pagerduty-signature"] == f"v1={digest}"
            incident = await asked(f"{sandbox.pagerduty}/incidents/{fired['event']['data']['id']}")
            assert incident["incident"]["status"] == "resolved"
        else:
            assert sent["status"] == "resolved"
            assert [alert["fingerprint"] for alert in sent["alerts"]] == [a["fingerprint"] for a in fired["alerts"]]
            assert all(alert["endsAt"] > alert["startsAt"] for alert in sent["alerts"])
