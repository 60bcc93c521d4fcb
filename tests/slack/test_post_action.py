"""The action `slack.post`: only where it may, exactly what was planned, once, and harmless."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bot.app import SystemClock
from bot.domain.action import ActionCall, ActionRefused, Ending, Plan, Refusal, Reversibility, Risk
from bot.domain.errors import ChatError
from bot.domain.incident import Card, GroupingReason, Place, PlaceKind
from bot.slack.post_action import TEXT_LIMIT, PostAction
from bot.slack.web_api import WebApi
from bot.testing import make_alert
from memory.store import Store
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace


@dataclass
class Desk:
    workspace: Workspace
    api: WebApi
    store: Store
    incident: str
    channel: str

    @property
    def action(self) -> PostAction:
        allowed = ("#deployments", "general", "outside", "gone", "")
        return PostAction(self.api, self.store.effects, self.store.incidents, SystemClock(), channels=allowed)

    def said(self) -> list[Mapping[str, Any]]:
        own = self.workspace.bot.id
        return [m for m in self.workspace.all_messages() if m.get("user") == own and not m.get("subtype")]


@pytest.fixture
async def desk(workspace: Workspace, api: WebApi, tmp_path: Path) -> AsyncIterator[Desk]:
    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    now = SystemClock().now()
    opened = await store.desk.transact(
        lambda desk: desk.open_incident(make_alert(), GroupingReason.NEW_CONDITION, now).id
    )
    channel = str((await api.call("conversations.create", name="inc-checkout"))["channel"]["id"])
    await api.call("conversations.create", name="deployments")
    await store.places.save_place(opened, Place(kind=PlaceKind.CHANNEL, channel=channel, name="inc-checkout"))
    await store.places.save_card(opened, Card(channel=channel, ts="1.000001"))
    yield Desk(workspace, api, store, opened, channel)
    await store.close()


def call(**parameters: Any) -> ActionCall:
    return ActionCall(action="slack.post", parameters=parameters, environment="production", timeout=5.0)


async def refused(action: PostAction, reason: Refusal, **parameters: Any) -> str:
    with pytest.raises(ActionRefused) as caught:
        await action.plan(call(**parameters))
    assert caught.value.reason is reason, caught.value.detail
    return caught.value.detail


async def test_it_posts_in_the_incidents_own_place(desk: Desk) -> None:
    plan = await desk.action.plan(call(text="Rolled back.\nErrors fall.", incident=desk.incident))
    target = f"#inc-checkout ({desk.channel})"
    assert (plan.risk, plan.reversibility, plan.target) == (Risk.CHANGE, Reversibility.REVERSIBLE, target)
    assert plan.lines == (f"Post in {target}:", "Rolled back.", "Errors fall.")
    assert desk.said() == [], "a plan changes nothing"
    result = await desk.action.run(plan, key="R-1:tell:0:act")
    (message,) = desk.said()
    assert (result.ending, result.values["ts"]) == (Ending.SUCCEEDED, message["ts"])
    assert (message["channel"], message["text"]) == (desk.channel, "Rolled back.\nErrors fall.")


async def test_of_a_small_incident_it_posts_under_the_card(desk: Desk) -> None:
    card = await desk.api.call("chat.postMessage", channel=desk.channel, text="card")
    place = Place(kind=PlaceKind.THREAD, channel=desk.channel, name="inc-checkout")
    await desk.store.places.save_place(desk.incident, place)
    await desk.store.places.save_card(desk.incident, Card(channel=desk.channel, ts=card["ts"]))
    plan = await desk.action.plan(call(text="Done.", incident=desk.incident))
    await desk.action.run(plan, key="R-1:tell:0:act")
    assert desk.said()[-1]["thread_ts"] == card["ts"]


@pytest.mark.parametrize("name", ["deployments", "#deployments"])
async def test_it_posts_in_channels_that_operators_named(desk: Desk, name: str) -> None:
    plan = await desk.action.plan(call(text="Done.", channel=name))
    await desk.action.run(plan, key="R-1:tell:0:act")
    assert desk.said()[-1]["channel"] == desk.workspace.channel("deployments").id


@pytest.mark.parametrize("name", ["incidents", "inc-checkout", "C0123456789", "@ana", "#", " deployments", "../x"])
async def test_anywhere_else_it_is_refused(desk: Desk, name: str) -> None:
    assert "SLACK_POST_CHANNELS" in await refused(desk.action, Refusal.NOT_ALLOWED, text="x", channel=name)


async def test_where_the_bot_is_not_or_others_read_along_it_is_refused(desk: Desk) -> None:
    await refused(desk.action, Refusal.NOT_SET_UP, text="x", channel="gone")
    assert "invite the bot" in await refused(desk.action, Refusal.NOT_SET_UP, text="x", channel="general")
    made = (await desk.api.call("conversations.create", name="outside"))["channel"]["id"]
    desk.workspace.channels[made].is_ext_shared = True
    assert "other organisations" in await refused(desk.action, Refusal.NOT_ALLOWED, text="x", channel="outside")


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"text": ""},
        {"text": " \n "},
        {"text": 3, "channel": "deployments"},
        {"text": "x"},
        {"text": "x", "channel": "deployments", "incident": "INC-1"},
        {"text": "x", "incident": "INC-1999-0001"},
        {"text": "x", "channel": "deployments", "thread_ts": "1.0"},
        {"text": "x" * (TEXT_LIMIT + 1), "channel": "deployments"},
        {"text": "&" * 2000, "channel": "deployments"},
        {"text": "a\u202eb", "channel": "deployments"},
        {"text": "a\u200bb", "channel": "deployments"},
        {"text": "a\x1b[31mb", "channel": "deployments"},
    ],
)
async def test_bad_parameters_are_refused(desk: Desk, parameters: Mapping[str, Any]) -> None:
    assert await refused(desk.action, Refusal.BAD_PARAMETER, **parameters)


async def test_nothing_in_the_text_pings_or_formats(desk: Desk) -> None:
    ana = desk.workspace.member("ana").id
    text = f"<!channel> <!here> @here <@{ana}> <!subteam^S1> *bold* `code` <https://evil.example|ok> &lt;!here&gt;"
    before = len(desk.workspace.pings)
    await desk.action.run(await desk.action.plan(call(text=text, channel="deployments")), key="k")
    assert desk.workspace.pings[before:] == []
    assert "<" not in desk.said()[-1]["text"]


async def test_the_same_execution_posts_once_and_another_one_again(desk: Desk) -> None:
    plan = await desk.action.plan(call(text="Done.", channel="deployments"))
    for key in ("one", "one", "two"):
        assert (await desk.action.run(plan, key=key)).ending is Ending.SUCCEEDED
    assert len(desk.said()) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"target": "#elsewhere (C0)"},
        {"lines": ("Post in #deployments: nothing",)},
        {"risk": Risk.READ},
        {"call": call(text="Something else.", channel="deployments")},
    ],
)
async def test_a_plan_that_was_changed_is_not_carried_out(desk: Desk, changes: Mapping[str, Any]) -> None:
    plan: Plan = replace(await desk.action.plan(call(text="Done.", channel="deployments")), **changes)
    with pytest.raises(ActionRefused):
        await desk.action.run(plan, key="k")
    assert desk.said() == []


async def test_a_runbook_may_raise_its_risk(desk: Desk) -> None:
    plan = replace(await desk.action.plan(call(text="Done.", channel="deployments")), risk=Risk.DESTROY)
    assert (await desk.action.run(plan, key="k")).ending is Ending.SUCCEEDED


async def test_the_same_call_gives_the_same_plan(desk: Desk) -> None:
    asked = call(text="Done.", incident=desk.incident)
    first = await desk.action.plan(asked)
    await Control(desk.workspace).join("bo", desk.channel)
    assert (await desk.action.plan(asked)).digest == first.digest


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        ("is_archived", Ending.FAILED),
        ("internal_error", Ending.UNKNOWN),
        ("service_unavailable", Ending.UNKNOWN),
    ],
)
async def test_only_what_slack_refused_counts_as_failed(desk: Desk, error: str, ending: Ending) -> None:
    plan = await desk.action.plan(call(text="Done.", channel="deployments"))
    await Control(desk.workspace).fault(kind="error", method="chat.postMessage", error=error)
    result = await desk.action.run(plan, key="k")
    assert result.ending is ending
    assert error in result.summary


async def test_when_it_is_broken_off_nobody_knows(desk: Desk) -> None:
    plan = await desk.action.plan(call(text="Done.", channel="deployments"))
    posting = asyncio.Event()
    ask = desk.api.call

    async def hanging(method: str, **arguments: Any) -> Mapping[str, Any]:
        answer = await ask(method, **arguments)
        if method == "chat.postMessage":
            posting.set()
            await asyncio.Event().wait()
        return answer

    desk.api.call = hanging  # type: ignore[method-assign]
    running = asyncio.create_task(desk.action.run(plan, key="k"))
    await posting.wait()
    running.cancel()
    assert (await running).ending is Ending.UNKNOWN
    brief = replace(plan, call=replace(plan.call, timeout=1.0))
    brief = await desk.action.plan(brief.call)
    assert (await desk.action.run(brief, key="k2")).ending is Ending.UNKNOWN


async def test_without_slack_nothing_is_planned(desk: Desk) -> None:
    async def away(method: str, **arguments: Any) -> Mapping[str, Any]:
        raise ChatError("unreachable", method, is_final=False)

    desk.api.call = away  # type: ignore[method-assign]
    await refused(desk.action, Refusal.UNREACHABLE, text="x", channel="deployments")
