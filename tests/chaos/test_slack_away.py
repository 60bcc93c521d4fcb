"""Slack is away, or does not know the bot's token any more, in the middle of a SEV1: all of it is told afterwards, in
order and once.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import aiohttp
import pytest

from bench.process import TOKEN, alert_body
from sandbox.bot_process import BotProcess
from sandbox.serve import serving
from sandbox.slack.app import create_app
from sandbox.slack.control import Control
from sandbox.slack.values import JsonObject
from sandbox.slack.workspace import Workspace
from tests.chaos.rounds import FACTOR
from tests.scene import until
from tests.test_app import PEOPLE, briefings, fire, started

LONG = 180.0  # seconds
AWAY = LONG if FACTOR >= 5 else 2.0
MEANWHILE = ("second", "third", "fourth")  # services whose alerts come while Slack is away
NOTES = ("rolled back", "errors fall", "all is well")
OUTAGES: Mapping[str, Mapping[str, str]] = {
    "token_revoked": {"kind": "error", "error": "token_revoked"},
    "away": {"kind": "away"},
}


async def recover(bot: BotProcess, name: str, body: bytes) -> int:
    """The alert that `body` told of has ended."""
    group = json.loads(body)
    group["status"] = "resolved"
    group["alerts"][0] |= {"status": "resolved", "endsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{bot.address}/webhooks/alertmanager", json=group, headers=headers) as answer,
    ):
        return answer.status


def channel_of(workspace: Workspace, service: str) -> str:
    return next(c.name for c in workspace.channels.values() if c.name.startswith("inc-") and f"-{service}-" in c.name)


def key_of(card: JsonObject) -> str:
    return str(card["metadata"]["event_payload"]["key"])


def answers(workspace: Workspace, channel: str, asked: str) -> list[str]:
    """What the bot said in the thread under this message."""
    return [
        str(message["text"])
        for message in workspace.all_messages()
        if message.get("thread_ts") == asked and message["ts"] != asked and message["user"] == workspace.bot.id
    ]


@pytest.mark.slow
async def test_what_happens_while_slack_takes_nothing_is_told_afterwards_in_order_and_once(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    workspace = Workspace(PEOPLE, bot_name="first-responder")
    report = []
    async with serving(create_app(workspace)) as slack, started(tmp_path, slack, workspace) as bot:
        await bot.until_ready()
        for name, fault in OUTAGES.items():
            refused, took = await survives(bot, workspace, name.replace("_", "-"), fault)
            report.append(f"{name} for {AWAY:.0f} s: {refused} calls refused, all told {took:.0f} s afterwards")
    record_property("report", "; ".join(report))
    print(report)


async def survives(bot: BotProcess, workspace: Workspace, name: str, fault: Mapping[str, str]) -> tuple[int, float]:
    """The calls that were refused, and after how many seconds all was told."""
    control = Control(workspace)
    services = [f"{name}-{other}" for other in MEANWHILE]
    first, before = alert_body(name, service=name), len(briefings(workspace))
    assert await fire(bot, name) == 202
    await until(lambda: len(briefings(workspace)) == before + 1)
    room = channel_of(workspace, name)
    await control.join("ana", room)

    await control.fault(**fault)  # type: ignore[arg-type]
    began, calls = time.monotonic(), len(workspace.calls.calls)
    asked = []
    for service, note in zip(services, NOTES, strict=True):
        assert await fire(bot, service) == 202
        asked.append(await control.say("ana", room, f"@first-responder timeline {note}"))
    assert await recover(bot, name, first) == 202
    await asyncio.sleep(max(0.0, AWAY - (time.monotonic() - began)))
    assert len(briefings(workspace)) == before + 1, "Slack took something"
    refused = len(workspace.calls.calls) - calls
    await control.clear_faults()

    back = time.monotonic()
    await until(lambda: len(briefings(workspace)) == before + 1 + len(services))
    await until(lambda: all(answers(workspace, room, ts) for ts in asked))
    await until(lambda: "Resolved" in str(card_of(workspace, room)))
    took = time.monotonic() - back
    # Work that would post something twice gets the time to do so.
    assert (await control.quiet(idle=1.0, timeout=60.0))[0]
    assert [len(answers(workspace, room, ts)) for ts in asked] == [1, 1, 1]
    channels = Counter(c.name for c in workspace.channels.values() if c.name.startswith("inc-") and name in c.name)
    assert len(channels) == 1 + len(services), channels
    cards = Counter(key_of(card) for card in briefings(workspace))
    assert set(cards.values()) == {1}, cards
    timeline = await told(workspace, control, room)
    assert [timeline.count(note) for note in NOTES] == [1, 1, 1], timeline
    assert sorted(NOTES, key=timeline.index) == list(NOTES), timeline
    return refused, took


def card_of(workspace: Workspace, room: str) -> JsonObject:
    channel = workspace.channel(room)
    return next(card for card in briefings(workspace) if card["channel"] == channel.id)


async def told(workspace: Workspace, control: Control, room: str) -> str:
    """The timeline, as the bot tells it."""
    asked = await control.say("ana", room, "@first-responder timeline")
    await until(lambda: answers(workspace, room, asked))
    return answers(workspace, room, asked)[0]
