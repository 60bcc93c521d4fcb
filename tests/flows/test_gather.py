"""All sources at once, each with its own deadline."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, Evidence, FailureReason, Outcome, ServiceFact
from bot.flows.gather import Gather
from bot.flows.guard import Guard
from bot.testing import NOON, FakeSource, make_alert

FACT = ServiceFact(service="checkout", owner="payments", tier=1, depends_on=(), dependants=(), known=True)
FOUND = Answer(
    evidence=(Evidence(source="catalog", text="checkout belongs to payments", fact=FACT),), checked="catalog"
)


@pytest.fixture
def request_() -> ContextRequest:
    return ContextRequest(
        incident_id="INC-2026-0001", alerts=(make_alert(),), onset=NOON, now=NOON + timedelta(minutes=1), service=None
    )


def nobody(*_: object) -> None:
    """Nobody watches."""


async def test_every_source_gives_one_finding_in_the_order_of_the_sources(request_: ContextRequest) -> None:
    sources = [FakeSource("a", FOUND), FakeSource("b"), FakeSource("c", Answer(skipped="no repository"))]
    findings = await Gather(sources, deadline=60)(request_, nobody)
    assert [(f.source, f.outcome) for f in findings] == [
        ("a", Outcome.FOUND),
        ("b", Outcome.NOTHING),
        ("c", Outcome.SKIPPED),
    ]


async def test_a_source_that_could_not_look_says_why(request_: ContextRequest) -> None:
    refused = SourceError(FailureReason.FORBIDDEN, "the key may not read logs")
    (finding,) = await Gather([FakeSource("logs", refused)], deadline=60)(request_, nobody)
    assert (finding.outcome, finding.reason, finding.detail) == (
        Outcome.FAILED,
        FailureReason.FORBIDDEN,
        "the key may not read logs",
    )


async def test_an_unforeseen_failure_of_one_source_costs_only_that_source(request_: ContextRequest) -> None:
    broken, good = await Gather([FakeSource("a", KeyError("x")), FakeSource("b", FOUND)], deadline=60)(request_, nobody)
    assert (broken.outcome, broken.reason) == (Outcome.FAILED, FailureReason.BUG)
    assert "KeyError" in broken.detail
    assert good.outcome is Outcome.FOUND


@pytest.mark.parametrize("stubborn", [False, True])
async def test_a_hanging_source_is_left_at_the_deadline_and_named(request_: ContextRequest, stubborn: bool) -> None:
    gather = Gather([FakeSource("slow", hangs=True, stubborn=stubborn), FakeSource("b", FOUND)], deadline=0.05)
    slow, good = await asyncio.wait_for(gather(request_, nobody), timeout=60)
    assert (slow.outcome, slow.reason) == (Outcome.FAILED, FailureReason.TOO_SLOW)
    assert slow.detail == "slow did not answer within 0.05 s."
    assert good.outcome is Outcome.FOUND


async def test_each_source_has_its_own_deadline_and_the_longest_bounds_the_briefing(request_: ContextRequest) -> None:
    told: list[list[str]] = []
    guards = [Guard(FakeSource(str(seconds), hangs=True), deadline=seconds) for seconds in (0.75, 0.25, 0.5)]
    guards.append(Guard(FakeSource("quick", FOUND), deadline=60.0))
    began = time.perf_counter()
    findings = await Gather(guards, deadline=30.0)(
        request_, lambda done, _: told.append([finding.source for finding in done])
    )
    took = time.perf_counter() - began
    assert 0.75 <= took < 20.0, "less than the longest deadline of all"
    assert told == [["quick"], ["quick", "0.25"], ["quick", "0.25", "0.5"], ["quick", "0.25", "0.5", "0.75"]]
    assert [finding.detail for finding in findings[:3]] == [
        "0.75 did not answer within 0.75 s.",
        "0.25 did not answer within 0.25 s.",
        "0.5 did not answer within 0.5 s.",
    ]


async def test_a_source_without_a_deadline_of_its_own_has_that_of_all(request_: ContextRequest) -> None:
    mixed: list[FakeSource | Guard] = [FakeSource("slow", hangs=True), Guard(FakeSource("b", FOUND), deadline=60)]
    slow, good = await Gather(mixed, deadline=0.05)(request_, nobody)
    assert (slow.detail, good.outcome) == ("slow did not answer within 0.05 s.", Outcome.FOUND)


async def test_nothing_goes_on_once_the_gathering_is_cancelled(request_: ContextRequest) -> None:
    ended: list[str] = []

    class Watched(FakeSource):
        async def look(self, request: ContextRequest) -> Answer:
            try:
                return await super().look(request)
            finally:
                ended.append(self.name)

    sources = [Watched("a", hangs=True), Watched("b", hangs=True)]
    gathering = asyncio.create_task(Gather(sources, deadline=30)(request_, nobody))
    while not all(source.asked for source in sources):  # noqa: ASYNC110 - a few turns of the loop
        await asyncio.sleep(0)
    gathering.cancel()
    async with asyncio.timeout(60):
        await asyncio.gather(gathering, return_exceptions=True)
        while len(ended) < 2:  # noqa: ASYNC110 - a few turns of the loop
            await asyncio.sleep(0)


async def test_all_sources_are_asked_before_any_has_answered(request_: ContextRequest) -> None:
    everybody = asyncio.Barrier(8)

    class Waiting(FakeSource):
        async def look(self, request: ContextRequest) -> Answer:
            await everybody.wait()  # passes only when all eight wait here at the same time
            return FOUND

    findings = await Gather([Waiting(str(n)) for n in range(8)], deadline=60)(request_, nobody)
    assert {finding.outcome for finding in findings} == {Outcome.FOUND}


async def test_answers_are_told_as_they_come_in(request_: ContextRequest) -> None:
    told: list[tuple[list[str], list[str]]] = []
    gather = Gather([FakeSource("quick", FOUND), FakeSource("slow", hangs=True)], deadline=0.05)
    await gather(request_, lambda done, pending: told.append(([f.source for f in done], list(pending))))
    assert told[0] == (["quick"], ["slow"])
