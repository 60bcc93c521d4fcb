"""All sources at once, each with its own deadline."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, Evidence, FailureReason, Outcome, ServiceFact
from bot.flows.gather import Gather
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
    findings = await Gather(sources, deadline=1)(request_, nobody)
    assert [(f.source, f.outcome) for f in findings] == [
        ("a", Outcome.FOUND),
        ("b", Outcome.NOTHING),
        ("c", Outcome.SKIPPED),
    ]


async def test_a_source_that_could_not_look_says_why(request_: ContextRequest) -> None:
    refused = SourceError(FailureReason.FORBIDDEN, "the key may not read logs")
    (finding,) = await Gather([FakeSource("logs", refused)], deadline=1)(request_, nobody)
    assert (finding.outcome, finding.reason, finding.detail) == (
        Outcome.FAILED,
        FailureReason.FORBIDDEN,
        "the key may not read logs",
    )


async def test_an_unforeseen_failure_of_one_source_costs_only_that_source(request_: ContextRequest) -> None:
    broken, good = await Gather([FakeSource("a", KeyError("x")), FakeSource("b", FOUND)], deadline=1)(request_, nobody)
    assert (broken.outcome, broken.reason) == (Outcome.FAILED, FailureReason.BUG)
    assert "KeyError" in broken.detail
    assert good.outcome is Outcome.FOUND


@pytest.mark.parametrize("stubborn", [False, True])
async def test_a_hanging_source_is_left_at_the_deadline_and_named(request_: ContextRequest, stubborn: bool) -> None:
    gather = Gather([FakeSource("slow", hangs=True, stubborn=stubborn), FakeSource("b", FOUND)], deadline=0.05)
    slow, good = await asyncio.wait_for(gather(request_, nobody), timeout=5)
    assert (slow.outcome, slow.reason) == (Outcome.FAILED, FailureReason.TOO_SLOW)
    assert slow.detail == "slow did not answer within 0.05 s."
    assert good.outcome is Outcome.FOUND


async def test_all_sources_are_asked_before_any_has_answered(request_: ContextRequest) -> None:
    everybody = asyncio.Barrier(8)

    class Waiting(FakeSource):
        async def look(self, request: ContextRequest) -> Answer:
            await everybody.wait()  # passes only when all eight wait here at the same time
            return FOUND

    findings = await Gather([Waiting(str(n)) for n in range(8)], deadline=5)(request_, nobody)
    assert {finding.outcome for finding in findings} == {Outcome.FOUND}


async def test_answers_are_told_as_they_come_in(request_: ContextRequest) -> None:
    told: list[tuple[list[str], list[str]]] = []
    gather = Gather([FakeSource("quick", FOUND), FakeSource("slow", hangs=True)], deadline=0.05)
    await gather(request_, lambda done, pending: told.append(([f.source for f in done], list(pending))))
    assert told[0] == (["quick"], ["slow"])
