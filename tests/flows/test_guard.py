"""One source behind its deadline, its breaker and its rate budget; the clock stands still until it is told."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alert import Severity
from bot.domain.breaker import FIRST_PAUSE, OPENS_AFTER, BreakerState
from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, Evidence, FailureReason, Finding, Outcome, ServiceFact
from bot.flows.gather import Gather
from bot.flows.guard import Asked, Guard, Limits
from bot.testing import NOON, FakeSource, FrozenClock, make_alert

FACT = ServiceFact(service="checkout", owner="payments", tier=1, depends_on=(), dependants=(), known=True)
FOUND = Answer(evidence=(Evidence(source="logs", text="errors", fact=FACT),), checked="logs")
DEAD = SourceError(FailureReason.UNREACHABLE, "Logs cannot be reached (connection refused): check LOGS_URL.")


class ToldSource(FakeSource):
    """Answers the next thing it was told to."""

    def tell(self, answer: Answer | Exception) -> None:
        self._answer = answer


class Waits:
    """In the place of sleeping: the time goes on by itself."""

    def __init__(self, clock: FrozenClock) -> None:
        self.clock = clock
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(round(seconds, 3))
        self.clock.go_on(timedelta(seconds=seconds))


def asked(severity: Severity = Severity.SEV2) -> ContextRequest:
    alert = make_alert(severity=severity)
    return ContextRequest(incident_id="INC-2026-0001", alerts=(alert,), onset=NOON, now=NOON, service=None)


class Guarded:
    """A source, its guard, and what was noted of it."""

    def __init__(self, answer: Answer | Exception = FOUND, *, rate: float = 1e6, **options: Any) -> None:
        self.clock = FrozenClock()
        self.source = ToldSource("logs", answer, **options)
        self.noted: list[Asked] = []
        self.waits = Waits(self.clock)
        self.guard = Guard(
            self.source,
            deadline=4.0,
            limits=Limits(clock=self.clock, rate=rate),
            watch=self.noted.append,
            sleep=self.waits,
        )

    async def ask(self, times: int = 1, severity: Severity = Severity.SEV2) -> Finding:
        for _ in range(times - 1):
            await self.guard.ask(asked(severity))
        return await self.guard.ask(asked(severity))

    async def later(self, by: timedelta, severity: Severity = Severity.SEV2) -> Finding:
        self.clock.go_on(by)
        return await self.ask(severity=severity)


# --- the breaker -----------------------------------------------------------------------------------------------------


async def test_a_source_that_keeps_failing_is_not_asked_and_the_briefing_says_so_at_once() -> None:
    logs = Guarded(DEAD)
    finding = await logs.ask(OPENS_AFTER + 1)
    assert len(logs.source.asked) == OPENS_AFTER
    assert (finding.outcome, finding.reason, finding.seconds) == (Outcome.FAILED, FailureReason.UNREACHABLE, 0.0)
    assert finding.detail == (
        "logs gave no usable answer the last 3 times and is asked again from 12:00:30 UTC. The last time: "
        "Logs cannot be reached (connection refused): check LOGS_URL."
    )


async def test_after_the_pause_one_incident_asks_and_its_answer_opens_the_way_for_all() -> None:
    logs = Guarded(DEAD)
    await logs.ask(OPENS_AFTER)
    logs.source.tell(FOUND)
    assert (await logs.later(FIRST_PAUSE)).outcome is Outcome.FOUND
    assert (await logs.ask(5)).outcome is Outcome.FOUND
    assert logs.noted[-1].breaker is BreakerState.CLOSED


async def test_while_one_incident_tries_it_the_others_are_told_so_and_do_not_wait() -> None:
    logs = Guarded(DEAD)
    await logs.ask(OPENS_AFTER)
    logs.clock.go_on(FIRST_PAUSE)
    gate = asyncio.Event()

    async def look(request: ContextRequest) -> Answer:
        await gate.wait()
        return FOUND

    logs.source.look = look  # type: ignore[method-assign]
    trying = asyncio.create_task(logs.guard.ask(asked()))
    await asyncio.sleep(0)
    other = await logs.guard.ask(asked())
    assert "another incident is asking it at this moment" in other.detail
    assert logs.noted[-1].breaker is BreakerState.HALF_OPEN
    gate.set()
    assert (await trying).outcome is Outcome.FOUND


async def test_a_probe_that_is_cancelled_leaves_the_way_free_for_the_next() -> None:
    logs = Guarded(DEAD)
    await logs.ask(OPENS_AFTER)
    logs.clock.go_on(FIRST_PAUSE)
    logs.source._hangs = True
    trying = asyncio.create_task(logs.guard.ask(asked()))
    while len(logs.source.asked) == OPENS_AFTER:  # noqa: ASYNC110 - a few turns of the loop
        await asyncio.sleep(0)
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    logs.source._hangs = False
    logs.source.tell(FOUND)
    assert (await logs.ask()).outcome is Outcome.FOUND


async def test_a_sev1_asks_half_a_minute_after_the_last_failure_however_long_the_pause_is() -> None:
    logs = Guarded(DEAD)
    await logs.ask(OPENS_AFTER)
    for seconds in (30, 60, 120):
        await logs.later(timedelta(seconds=seconds))
    count = len(logs.source.asked)
    assert "is asked again from" in (await logs.later(FIRST_PAUSE)).detail
    logs.source.tell(FOUND)
    assert (await logs.ask(severity=Severity.SEV1)).outcome is Outcome.FOUND
    assert len(logs.source.asked) == count + 1


@pytest.mark.parametrize("reason", [FailureReason.UNAUTHORISED, FailureReason.FORBIDDEN, FailureReason.NOT_ON_PLAN])
async def test_a_refusal_is_asked_for_again_so_that_its_mending_is_seen_at_once(reason: FailureReason) -> None:
    logs = Guarded(SourceError(reason, "Logs does not allow this key: check LOGS_KEY."))
    finding = await logs.ask(10)
    assert (len(logs.source.asked), finding.detail) == (10, "Logs does not allow this key: check LOGS_KEY.")
    logs.source.tell(FOUND)
    assert (await logs.ask()).outcome is Outcome.FOUND


async def test_a_question_of_a_bug_of_ours_costs_the_other_incidents_nothing() -> None:
    logs = Guarded(KeyError("x"))
    assert (await logs.ask(10)).reason is FailureReason.BUG
    assert len(logs.source.asked) == 10


async def test_having_nothing_to_ask_is_no_answer_of_the_source() -> None:
    logs = Guarded(DEAD)
    await logs.ask(OPENS_AFTER)
    logs.source.tell(Answer(skipped="no index of this service"))
    assert (await logs.later(FIRST_PAUSE)).outcome is Outcome.SKIPPED
    assert logs.noted[-1].breaker is BreakerState.OPEN


async def test_a_vendor_that_asks_to_wait_is_left_alone_until_then() -> None:
    logs = Guarded(SourceError(FailureReason.RATE_LIMITED, "Logs limits.", retry_after=7))
    await logs.ask()
    held = await logs.later(timedelta(seconds=6), Severity.SEV1)
    assert held.detail == "logs asked us to wait and is asked again from 12:00:07 UTC. The last time: Logs limits."
    assert held.reason is FailureReason.RATE_LIMITED
    logs.source.tell(FOUND)
    assert (await logs.later(timedelta(seconds=1))).outcome is Outcome.FOUND


@pytest.mark.parametrize("stubborn", [False, True])
async def test_hanging_opens_it_too(stubborn: bool) -> None:
    clock = FrozenClock()
    source = FakeSource("logs", hangs=True, stubborn=stubborn)
    guard = Guard(source, deadline=0.02, limits=Limits(clock=clock, rate=1e6))
    findings = [await asyncio.wait_for(guard.ask(asked()), 60) for _ in range(OPENS_AFTER + 1)]
    assert len(source.asked) == OPENS_AFTER
    assert "The last time: logs did not answer within 0.02 s." in findings[-1].detail


# --- the rate budget -------------------------------------------------------------------------------------------------


async def test_a_storm_is_held_back_and_it_is_said_that_it_was_us() -> None:
    logs = Guarded(rate=4.0)  # a burst of one, then one every 15 s: longer than a briefing waits
    await logs.ask()
    finding = await logs.ask()
    assert len(logs.source.asked) == 1
    assert (finding.outcome, finding.reason) == (Outcome.FAILED, FailureReason.HELD_BACK)
    assert finding.detail == (
        "our own limit of 4 asks of logs a minute is used up, not one of its own; SOURCE_RATES sets it."
    )
    assert logs.noted[-1].breaker is BreakerState.CLOSED
    assert (await logs.later(timedelta(seconds=15))).outcome is Outcome.FOUND


async def test_a_short_wait_is_waited() -> None:
    logs = Guarded(rate=120.0)
    finding = await logs.ask(31)
    assert (finding.outcome, len(logs.source.asked), logs.waits.seconds) == (Outcome.FOUND, 31, [0.5])


async def test_a_storm_at_one_moment_asks_no_more_than_the_budget() -> None:
    logs = Guarded(rate=60.0)
    logs.waits.clock = FrozenClock()  # they all wait at the same time: it goes on for nobody else
    findings = await asyncio.gather(*(logs.guard.ask(asked()) for _ in range(200)))
    kept = [finding for finding in findings if finding.reason is FailureReason.HELD_BACK]
    assert len(logs.source.asked) == 200 - len(kept)
    assert 15 <= len(logs.source.asked) <= 15 + 4
    assert all(finding.outcome is Outcome.FOUND for finding in findings if finding not in kept)


async def test_being_late_after_our_own_wait_is_not_held_against_the_source() -> None:
    clock = FrozenClock()
    source = FakeSource("logs", hangs=True)
    waits = Waits(clock)
    noted: list[Asked] = []
    limits = Limits(clock=clock, rate=7_500.0)  # a burst of 1,875, then one every 8 ms
    guard = Guard(source, deadline=0.04, limits=limits, watch=noted.append, sleep=waits)
    source._hangs = False
    for _ in range(1_875):
        await guard.ask(asked())
    source._hangs = True
    for _ in range(OPENS_AFTER):
        assert (await guard.ask(asked())).reason is FailureReason.TOO_SLOW
    assert waits.seconds == [0.008] * OPENS_AFTER
    assert noted[-1].breaker is BreakerState.CLOSED


async def test_having_nothing_to_ask_costs_no_budget() -> None:
    logs = Guarded(Answer(skipped="no repository"), rate=4.0)
    findings = [await logs.ask() for _ in range(20)]
    assert {finding.outcome for finding in findings} == {Outcome.SKIPPED}


# --- sources of our own, and all together ----------------------------------------------------------------------------


async def test_a_source_of_our_own_is_always_asked() -> None:
    noted: list[Asked] = []
    source = FakeSource("catalog", DEAD)
    guard = Guard(source, deadline=60.0, watch=noted.append)
    for _ in range(50):
        await guard.ask(asked())
    assert (len(source.asked), noted[-1].was_asked, noted[-1].breaker) == (50, True, BreakerState.CLOSED)


async def test_everything_that_is_asked_or_kept_back_is_noted() -> None:
    logs = Guarded(DEAD)
    await logs.ask(OPENS_AFTER + 2)
    assert [item.was_asked for item in logs.noted] == [True] * OPENS_AFTER + [False] * 2
    assert logs.noted[-1].again_at == NOON + FIRST_PAUSE


async def test_a_source_that_cancels_itself_costs_only_itself() -> None:
    class Cancels(FakeSource):
        async def look(self, request: ContextRequest) -> Answer:
            raise asyncio.CancelledError

    broken, good = await Gather([Cancels("a"), FakeSource("b", FOUND)], deadline=60)(asked(), lambda *_: None)
    assert (broken.reason, good.outcome) == (FailureReason.BUG, Outcome.FOUND)


async def test_a_secret_that_a_source_tells_is_not_passed_on() -> None:
    secret = "hunter" * 5
    told = Evidence(source="logs", text=f"login with password={secret} failed", fact=FACT)
    guard = Guard(FakeSource("logs", Answer(evidence=(told,), checked="logs")), deadline=60.0)
    finding = await guard.ask(asked())
    assert [item.text for item in finding.evidence] == ["login with password=[hidden] failed"]
