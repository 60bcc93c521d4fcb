"""What ails the platform stands among what is seen, the nearest to what users feel first."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.compose import number
from bot.domain.evidence import ConditionFact, EventFact, Evidence, Fact, PodFact, ProbeFact, ProviderFact
from bot.domain.impact import MOST_TROUBLES, impact
from tests.domain.cases import NOW, before, finding, request

NODE = ConditionFact(service="checkout", subject="node worker-1", condition="NotReady")
PODS = PodFact(service="checkout", pod="checkout-1", count=1, total=3)
PROBE = ProbeFact(service="checkout", url="https://shop.example/", status=503, error="", seconds=0.1)
PROVIDER = ProviderFact(provider="acquirer", component="API", state="major_outage")
EVENT = EventFact(
    service="checkout", reason="Unhealthy", subject="pod checkout-1", count=3, objects=1, first_seen=None, last_seen=NOW
)


def told(*facts: Fact) -> list[tuple[str, tuple[str, ...]]]:
    (found,) = number([finding("platform", *facts)])
    evidence: list[Evidence] = list(found.evidence)
    return [(claim.text, claim.evidence) for claim in impact(request(), evidence, NOW)][1:]


def test_each_is_told_in_its_own_words_and_cited() -> None:
    assert told(EVENT, NODE, PODS, PROBE) == [
        ("fact 3 of platform", ("E4",)),
        ("fact 2 of platform", ("E3",)),
        ("fact 1 of platform", ("E2",)),
        ("fact 0 of platform", ("E1",)),
    ]


def test_the_burning_services_own_come_before_those_of_others() -> None:
    others = replace(PROBE, service="mail"), PROVIDER
    assert [ids for _, ids in told(*others, EVENT)] == [("E3",), ("E1",), ("E2",)]


def test_there_are_no_more_than_can_be_read() -> None:
    many = [replace(PODS, pod=f"checkout-{n}", since=before(n)) for n in range(20)]
    assert len(told(*many)) == MOST_TROUBLES
