"""Slack says 429 and how long to wait: nothing is called meanwhile, on the wire, and the order stays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.web_api import WebApi
from sandbox.serve import serving
from sandbox.slack.app import create_app
from sandbox.slack.calls import Call
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace
from tests.chaos.rounds import FACTOR
from tests.test_app import PEOPLE

RETRY_AFTER = 10 if FACTOR >= 5 else 1  # seconds
BURST, AFTERWARDS = 3, 2  # messages in each channel; Slack lets the first ones through at once
POST = "chat.postMessage"
CLOCKS = 0.01  # seconds by which the moment of a refusal is known here: it is noted when the call came in


def inside_the_window(calls: list[Call]) -> list[Call]:
    """Calls of a method in a channel before the time had passed that an earlier one was told to wait."""
    early = []
    until: dict[str, float] = {}
    for call in sorted(calls, key=lambda call: call.at):
        key = str(call.args.get("channel"))
        if call.at < until.get(key, 0.0) - CLOCKS:
            early.append(call)
        if call.error == "ratelimited":
            until[key] = call.at + RETRY_AFTER
    return early


async def test_no_call_is_made_before_the_time_that_slack_said_and_the_order_stays(
    record_property: Callable[[str, object], None],
) -> None:
    workspace = Workspace(PEOPLE, bot_name="first-responder")
    control = Control(workspace)
    async with serving(create_app(workspace)) as address:
        api = WebApi(AsyncWebClient(token=workspace.bot_token, base_url=f"{address}/api/"))
        api.client.retry_handlers.clear()
        channels = [await control.create_channel("ana", name) for name in ("first", "second")]
        for channel in channels:
            await control.invite("ana", channel, [workspace.bot.id])
        await control.limits(on=True)

        async def post(numbers: range) -> None:
            calls = [(channel, f"message {number}") for number in numbers for channel in channels]
            await asyncio.gather(*(api.call(POST, channel=channel, text=text) for channel, text in calls))

        await post(range(BURST))
        await control.fault("ratelimited", POST, retry_after=RETRY_AFTER, times=len(channels))
        await post(range(BURST, BURST + AFTERWARDS))
    calls = [call for call in workspace.calls.calls if call.method == POST]
    refused = [call for call in calls if call.error == "ratelimited"]
    report = f"{len(refused)} times told to wait {RETRY_AFTER} s: {len(inside_the_window(calls))} calls meanwhile"
    record_property("report", report)
    print(report)
    assert len(refused) == len(channels), report
    assert inside_the_window(calls) == [], report
    for channel in channels:
        texts = [message["text"] for message in workspace.all_messages() if message["channel"] == channel]
        assert [text for text in texts if text.startswith("message")] == [
            f"message {n}" for n in range(BURST + AFTERWARDS)
        ]
