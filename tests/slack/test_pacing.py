"""Calls keep within Slack's limits, what is urgent goes first, and a refusal changes no order."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.pacing import Pacing, Urgency
from bot.slack.tiers import POST
from sandbox.slack.limits import Limits

EDIT = "chat.update"


class Time:
    """Goes on when everybody waits for it."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = 0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self._number += 1
        wakes: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, self._number, wakes))
        await wakes

    async def run(self, ends: Callable[[], bool]) -> None:
        while not ends():
            for _ in range(20):  # turns of the loop: whoever can do something does it
                await asyncio.sleep(0)
            if ends():
                return
            assert self._sleepers, "everybody waits for something that does not come"
            at, _, wakes = heapq.heappop(self._sleepers)
            self.now = max(self.now, at)
            wakes.set_result(None)


class Calls:
    """Made as `WebApi` makes them, against Slack's limits."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.pacing = Pacing(time, time.sleep)
        self.limits = Limits(time)
        self.limits.switch(True)
        self.made: list[tuple[str, float]] = []
        self.refused = 0
        self.tasks: list[asyncio.Task[None]] = []

    def begin(self, name: str, method: str = POST, channel: str = "C1", urgency: Urgency = Urgency.NOTE) -> None:
        self.tasks.append(asyncio.create_task(self._call(name, method, channel, urgency)))

    async def _call(self, name: str, method: str, channel: str, urgency: Urgency) -> None:
        again = False
        while True:
            await self.pacing.turn(method, channel, urgency, again=again)
            wait = self.limits.retry_after(method, channel)
            if wait is None:
                self.made.append((name, self.time.now))
                return
            self.refused += 1
            self.pacing.limited(method, channel, wait)
            again = True

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.made]

    async def all(self) -> None:
        await self.time.run(lambda: all(task.done() for task in self.tasks))


@asynccontextmanager
async def calling() -> AsyncIterator[Calls]:
    calls = Calls(Time())
    yield calls
    for task in calls.tasks:
        task.cancel()
    await asyncio.gather(*calls.tasks, return_exceptions=True)


async def test_a_hundred_messages_in_one_channel_keep_their_order_and_the_limit() -> None:
    async with calling() as calls:
        for number in range(100):
            calls.begin(str(number))
        await calls.all()
        assert calls.names == [str(number) for number in range(100)]
        assert calls.refused == 0
        assert 97 / 1.0 <= calls.time.now <= 97 / 0.9 + 1


async def test_one_channel_keeps_no_other_waiting() -> None:
    async with calling() as calls:
        for number in range(30):
            calls.begin(f"flood {number}")
        calls.begin("elsewhere", channel="C2")
        await calls.all()
        assert dict(calls.made)["elsewhere"] == 0.0


async def test_what_is_urgent_overtakes_what_waits() -> None:
    async with calling() as calls:
        for number in range(10):
            calls.begin(f"note {number}")
        await asyncio.sleep(0)
        calls.begin("status", urgency=Urgency.STATUS)
        calls.begin("approval", urgency=Urgency.APPROVAL)
        calls.begin("verdict", urgency=Urgency.VERDICT)
        await calls.all()
        assert calls.names[3:6] == ["approval", "verdict", "status"]


async def test_a_refused_call_stays_before_those_behind_it() -> None:
    async with calling() as calls:
        for _ in range(3):  # somebody else has used the channel's budget up
            assert calls.limits.retry_after(POST, "C1") is None
        for number in range(5):
            calls.begin(str(number))
        await calls.all()
        assert calls.names == ["0", "1", "2", "3", "4"]
        assert 1 <= calls.refused <= 3, "at most those that were let through together"


async def test_it_tells_how_far_behind_it_is() -> None:
    async with calling() as calls:
        assert calls.pacing.behind == 0.0
        for number in range(30):
            calls.begin(str(number))
        await calls.time.run(lambda: calls.time.now >= 10)
        assert calls.pacing.behind == pytest.approx(calls.time.now, abs=1.5)
        await calls.all()
        assert calls.pacing.behind == 0.0


async def test_who_goes_away_while_waiting_uses_no_call_up() -> None:
    async with calling() as calls:
        for number in range(6):
            calls.begin(str(number))
        await asyncio.sleep(0)
        calls.tasks[4].cancel()
        await calls.all()
        assert calls.names == ["0", "1", "2", "3", "5"]


async def test_methods_without_a_limit_are_not_kept() -> None:
    async with calling() as calls:
        for number in range(500):
            calls.begin(str(number), method="auth.test")
        await calls.all()
        assert calls.time.now == 0.0


METHODS = st.sampled_from([POST, EDIT, "conversations.setTopic", "users.info", "conversations.history"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(METHODS, st.sampled_from(["C1", "C2"]), st.sampled_from(Urgency)), max_size=150))
def test_slack_never_refuses_whatever_is_called(wanted: list[tuple[str, str, Urgency]]) -> None:
    async def run() -> None:
        async with calling() as calls:
            for number, (method, channel, urgency) in enumerate(wanted):
                calls.begin(str(number), method, channel, urgency)
            await calls.all()
            assert calls.refused == 0
            assert sorted(map(int, calls.names)) == list(range(len(wanted)))

    asyncio.run(run())
