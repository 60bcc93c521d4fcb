"""Rate limits, and failures on demand."""

from __future__ import annotations

import time

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler

from sandbox.slack.limits import POST_BURST, TIERS, Limits
from sandbox.slack.web_api import METHODS
from tests.sandbox.slack.conftest import World, until


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_without_being_switched_on_nothing_is_limited() -> None:
    limits = Limits(Clock())
    assert [limits.retry_after("chat.postMessage", "C1") for _ in range(500)] == [None] * 500


def test_one_post_a_second_in_each_channel_after_a_short_burst() -> None:
    clock = Clock()
    limits = Limits(clock)
    limits.switch(True)
    assert [limits.retry_after("chat.postMessage", "C1") for _ in range(4)] == [None, None, None, 1]
    assert limits.retry_after("chat.postMessage", "C2") is None
    clock.now = 1.0
    assert [limits.retry_after("chat.postMessage", "C1") for _ in range(2)] == [None, 1]


@pytest.mark.parametrize(("method", "tier"), [("pins.add", 20), ("chat.update", 50), ("views.open", 100)])
def test_a_tier_is_so_many_calls_a_minute(method: str, tier: int) -> None:
    clock = Clock()
    limits = Limits(clock)
    limits.switch(True)
    assert [limits.retry_after(method, "") for _ in range(tier)] == [None] * tier
    wait = limits.retry_after(method, "")
    assert wait is not None
    clock.now += wait
    assert limits.retry_after(method, "") is None


def test_every_limited_method_is_a_method() -> None:
    assert set(TIERS) <= set(METHODS)


async def test_a_limited_call_says_when_to_come_back(world: World) -> None:
    channel = await world.new_channel()
    await world.control.limits(True)
    for _ in range(POST_BURST):
        await world.post(channel)
    with pytest.raises(SlackApiError) as caught:
        await world.post(channel)
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "1"
    assert caught.value.response["error"] == "ratelimited"


async def test_slacks_own_retry_handler_waits_and_succeeds(world: World) -> None:
    channel = await world.new_channel()
    await world.control.fault("ratelimited", "chat.postMessage", retry_after=1, times=1)
    world.client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    began = time.monotonic()
    await world.post(channel, "made it")
    assert time.monotonic() - began >= 1.0
    assert [call.error for call in await world.control.calls() if call.method == "chat.postMessage"] == [
        "ratelimited",
        None,
    ]


async def test_an_error_on_demand_has_no_effect_and_ends(world: World) -> None:
    channel = await world.new_channel()
    await world.control.fault("error", "chat.postMessage", error="internal_error", times=1)
    assert await world.refused(world.client.chat_postMessage(channel=channel, text="x")) == "internal_error"
    assert (await world.client.chat_postMessage(channel=channel, text="y"))["ok"]
    assert "x" not in [message["text"] for message in world.workspace.all_messages()]


async def test_a_call_may_take_effect_and_hang(world: World) -> None:
    channel = await world.new_channel()
    await world.control.fault("hang_after_effect", "chat.postMessage", seconds=20.0, times=1)
    world.client.timeout = 0.2  # type: ignore[assignment]
    with pytest.raises(TimeoutError):
        await world.post(channel, "done all the same")
    assert world.workspace.all_messages()[-1]["text"] == "done all the same"


async def test_slow_and_late_calls_still_answer(world: World) -> None:
    channel = await world.new_channel()
    await world.control.latency(0.1)
    await world.control.fault("slow", "chat.postMessage", seconds=0.1, times=1)
    began = time.monotonic()
    await world.post(channel)
    assert time.monotonic() - began >= 0.2
    assert (await world.control.calls())[-1].seconds >= 0.2


async def test_slack_goes_away_and_comes_back(world: World) -> None:
    app = world.app()
    async with world.connected(app):
        await world.control.fault("away")
        assert world.workspace.delivery.socket.connections == 0
        with pytest.raises(SlackApiError) as caught:
            await world.client.auth_test()
        assert caught.value.response.status_code == 503
        await world.control.clear_faults()
        assert (await world.client.auth_test())["ok"]
        await until(lambda: world.workspace.delivery.socket.connections == 1)
