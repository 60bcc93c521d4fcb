"""Incidents in which the obvious suspect is wrong, or nobody can know: what must not be told with confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.causes import rank
from bot.domain.confidence import Confidence
from bot.domain.evidence import AlertFact, Fact, MetricFact, SignalKind
from tests.domain.cases import before, change, failed, gathered, log, metric, past, pool, request, traffic


def latency(service: str, moved: float | None, *, now: float = 6.0) -> MetricFact:
    value = now if moved is not None else 0.3
    return metric(service, SignalKind.LATENCY, moved, name="p95 latency", unit="s", was=0.3, now=value)


def retry_storm() -> Sequence[Fact]:
    """payments hangs, checkout asks again and again: the load on payments rises before payments shows errors."""
    return [
        metric("checkout", moved=5, limit=0.05, trigger=True),
        latency("payments", 9),
        metric("payments", moved=6),
        traffic("payments", 7, was=30, now=95),
        traffic("checkout", 3, was=60, now=130),
        change("checkout", 11),
        log("checkout", "payments: deadline exceeded after <*> ms, attempt <*>", 6),
        log("payments", "no answer from the card network within <*> ms", 9),
    ]


def deployment_two_below() -> Sequence[Fact]:
    """ledger was deployed; payments, which calls it, and checkout above it follow. checkout was deployed as well."""
    return [
        metric("checkout", moved=4, limit=0.05, trigger=True),
        metric("payments", moved=7),
        metric("ledger", moved=10),
        change("ledger", 12, "v3.0.0"),
        change("checkout", 9),
        log("checkout", "payments answered 502", 4),
        log("payments", "ledger answered 500 for booking <*>", 7),
        log("ledger", "TypeError: unsupported operand in booking.total", 10),
    ]


def new_version_sends_nonsense() -> Sequence[Fact]:
    """checkout's new version sends what payments does not understand: the errors show below, the cause is above."""
    return [
        metric("checkout", moved=5, limit=0.05, trigger=True),
        metric("payments", moved=5),
        change("checkout", 7),
        log("checkout", "payments answered 500 for POST /charge", 5),
        log("payments", "ValueError: unknown currency None", 5),
        traffic(),
    ]


def leak_of_a_new_version() -> Sequence[Fact]:
    """A version deployed half an hour ago does not give connections back."""
    return [
        latency("checkout", 3),
        metric("checkout", moved=3, limit=0.05, trigger=True),
        pool(moved=28),
        change("checkout", 30),
        log("checkout", "timed out acquiring connection from pool after <*> ms", 3),
    ]


def everything_at_once() -> Sequence[Fact]:
    """The network: everybody is hurt within the same minute, nobody changed anything."""
    names = ("checkout", "payments", "cart", "ledger", "frontend")
    return [
        metric("checkout", moved=5, limit=0.05, trigger=True),
        *(latency(name, 5) for name in names),
        *(log(name, "connection reset by peer <*>", 5) for name in names),
    ]


def many_deployments() -> Sequence[Fact]:
    """A release train: all were deployed within three minutes, and only checkout is hurt."""
    return [
        metric("checkout", moved=5, limit=0.05, trigger=True),
        metric("payments"),
        metric("cart"),
        change("payments", 6, "v8"),
        change("cart", 7, "v9"),
        change("checkout", 8, "v10"),
        log("checkout", "KeyError: '<*>'", 5),
    ]


KNOWABLE = [
    pytest.param(retry_storm, CauseKind.DEPENDENCY, "payments", id="retry storm"),
    pytest.param(deployment_two_below, CauseKind.DEPLOYMENT, "ledger", id="deployment two below"),
    pytest.param(new_version_sends_nonsense, CauseKind.DEPLOYMENT, "checkout", id="a new version sends nonsense"),
    pytest.param(leak_of_a_new_version, CauseKind.EXHAUSTION, "checkout", id="leak of a new version"),
    pytest.param(many_deployments, CauseKind.DEPLOYMENT, "checkout", id="many deployments"),
]


def ranked(facts: Sequence[Fact]) -> tuple[Hypothesis, ...]:
    return rank(request(), gathered(facts))


def told(found: Sequence[Hypothesis]) -> str:
    return "\n".join(
        f"{h.score:+.2f} {h.confidence} {h.statement}: {[(r.weight, r.text) for r in h.reasons]}" for h in found[:3]
    )


@pytest.mark.parametrize(("world", "kind", "service"), KNOWABLE)
def test_the_true_cause_is_among_the_first_two_and_no_other_is_told_with_confidence(
    world: object, kind: CauseKind, service: str
) -> None:
    assert callable(world)
    found = ranked(world())
    assert (kind, service) in [(h.kind, h.service) for h in found[:2]], told(found)
    is_first = (found[0].kind, found[0].service) == (kind, service)
    assert is_first or found[0].confidence is not Confidence.HIGH, told(found)


def of(found: Sequence[Hypothesis], kind: CauseKind, service: str) -> Hypothesis:
    return next(h for h in found if (h.kind, h.service) == (kind, service))


def test_where_all_are_hurt_at_once_nobody_is_blamed() -> None:
    found = ranked(everything_at_once())
    assert found[0].confidence is Confidence.LOW, told(found)


@pytest.mark.parametrize("kind", [k for k in CauseKind if k is not CauseKind.UNKNOWN])
def test_history_alone_is_no_lead(kind: CauseKind) -> None:
    """A past incident of that kind, and nothing that was observed now: it is told among past incidents only."""
    symptom = metric("checkout", moved=5, limit=0.05, trigger=True)
    neighbours: list[Fact] = [metric("payments"), metric("cart"), traffic()]
    remembered: list[Fact] = [past(kind, "checkout"), past(kind, "payments")]
    for facts in ([symptom, *remembered], [symptom, *neighbours, *remembered], remembered):
        found = ranked(facts)
        assert not [h for h in found if h.score > 0], told(found)


def test_history_does_not_lift_what_the_facts_speak_against() -> None:
    facts: list[Fact] = [
        metric("checkout", moved=5, trigger=True),
        metric("payments"),
        log("checkout", "payments 1", 5),
    ]
    before = of(ranked(facts), CauseKind.DEPENDENCY, "payments")
    after = of(ranked([*facts, past("dependency", "payments")]), CauseKind.DEPENDENCY, "payments")
    assert before.score < 0
    assert after.score == before.score


def test_an_incident_that_another_dependency_caused_says_nothing_about_this_one() -> None:
    facts: list[Fact] = [metric("checkout", moved=5, trigger=True), metric("payments", moved=7)]
    alone = of(ranked(facts), CauseKind.DEPENDENCY, "payments")
    other = of(ranked([*facts, past("dependency", "checkout")]), CauseKind.DEPENDENCY, "payments")
    its_own = of(ranked([*facts, past("dependency", "payments")]), CauseKind.DEPENDENCY, "payments")
    assert other.score == alone.score
    assert its_own.score > alone.score


def test_a_deployment_of_a_dependency_is_told_rather_than_that_it_is_failing() -> None:
    """And what the caller says about the dependency speaks for its deployment."""
    facts: list[Fact] = [
        metric("checkout", moved=4, trigger=True),
        metric("payments", moved=7),
        change("payments", 8, "v7"),
        log("checkout", "payments answered 500", 4),
        log("payments", "TypeError: <*>", 7),
    ]
    found = ranked(facts)
    assert (found[0].kind, found[0].service) == (CauseKind.DEPLOYMENT, "payments"), told(found)
    assert any("name payments" in r.text for r in found[0].reasons_for)
    assert any("there is a reason" in r.text for r in of(found, CauseKind.DEPENDENCY, "payments").reasons_against)


def test_an_old_deployment_of_a_dependency_that_fails_now_is_not_the_reason() -> None:
    facts: list[Fact] = [
        metric("checkout", moved=4, trigger=True),
        metric("payments", moved=7),
        change("payments", 180, "v7"),
        log("checkout", "payments answered 504", 4),
    ]
    found = ranked(facts)
    assert found[0].kind is CauseKind.DEPENDENCY, told(found)
    assert any("nothing of payments moved" in r.text for h in found for r in h.reasons_against)


def test_a_dependency_that_nobody_measures_is_judged_by_its_errors() -> None:
    logs: list[Fact] = [
        change("payments", 8, "v7"),
        log("checkout", "payments answered 500", 4),
        log("payments", "TypeError: <*>", 7),
    ]
    found = rank(request(), gathered(logs, failed("metrics")))
    assert (found[0].kind, found[0].service) == (CauseKind.DEPLOYMENT, "payments"), told(found)


def test_a_slow_climb_to_the_limit_counts_though_it_never_left_its_normal() -> None:
    """A leak climbs through the hour that is taken for normal; a gauge that wanders near its limit does not climb."""
    symptom = metric("checkout", moved=5, trigger=True)
    leak = of(ranked([symptom, pool(moved=None, was=92, now=100)]), CauseKind.EXHAUSTION, "checkout")
    wanders = of(ranked([symptom, pool(moved=None, was=97, now=99)]), CauseKind.EXHAUSTION, "checkout")
    assert leak.score > 2.5, told([leak])
    assert wanders.score <= 0, told([wanders])


def test_a_caller_that_complains_of_its_callees_disk_does_not_own_it() -> None:
    facts: list[Fact] = [
        metric("checkout", moved=4, trigger=True),
        log("checkout", "insert failed on ledger: No space left on device", 4),
        log("ledger", "could not extend file <*>: No space left on device", 4),
    ]
    found = ranked(facts)
    assert (found[0].kind, found[0].service) == (CauseKind.EXHAUSTION, "ledger"), told(found)
    assert len([h for h in found if h.kind is CauseKind.EXHAUSTION]) == 1


def test_a_surge_before_an_innocent_deployment_takes_the_blame_from_it() -> None:
    facts: list[Fact] = [
        latency("checkout", 4),
        traffic(moved=9, was=60, now=150),
        change("checkout", 5),
        log("checkout", "request <*> waited <*> ms and was given up", 3),
    ]
    found = ranked(facts)
    assert CauseKind.TRAFFIC in [h.kind for h in found[:2]]
    assert found[0].confidence is not Confidence.HIGH, told(found)
    deployed = of(found, CauseKind.DEPLOYMENT, "checkout")
    assert any("times the usual before it" in r.text for r in deployed.reasons_against)


def test_what_is_normal_again_by_itself_was_no_bad_version() -> None:
    blip = metric("checkout", moved=3, was=0.003, now=0.02, trigger=True)
    facts: list[Fact] = [replace(blip, latest=0.0031), change("checkout", 20)]
    found = ranked(facts)
    assert of(found, CauseKind.DEPLOYMENT, "checkout").score <= 0
    assert found[0].kind is CauseKind.HEALTHY, told(found)
    assert "looks healthy now" in found[0].statement
    still = ranked([blip, change("checkout", 20)])
    assert CauseKind.HEALTHY not in [h.kind for h in still]


def test_a_rollback_that_helped_does_not_clear_the_version_before_it() -> None:
    blip = replace(metric("checkout", moved=20, trigger=True), latest=0.0031)
    facts: list[Fact] = [blip, change("checkout", 22, "v2"), change("checkout", -1, "v1")]
    found = ranked(facts)
    assert (found[0].service, found[0].subject) == ("checkout", "v2"), told(found)


def test_a_handful_of_lines_weighs_less_than_hundreds() -> None:
    facts: list[Fact] = [metric("checkout", moved=5, trigger=True), change("checkout", 7)]
    few = of(ranked([*facts, log("checkout", "oops <*>", 5, count=8)]), CauseKind.DEPLOYMENT, "checkout")
    many = of(ranked([*facts, log("checkout", "oops <*>", 5, count=80)]), CauseKind.DEPLOYMENT, "checkout")
    assert many.score > few.score


def test_an_alert_that_has_been_firing_for_hours_says_nothing_about_now() -> None:
    facts: list[Fact] = [metric("checkout", moved=5, trigger=True), metric("payments", moved=6)]
    alerts = [
        AlertFact(name="Old", service="payments", since=before(120)),
        AlertFact(name="New", service="payments", since=before(6)),
    ]
    scores = [
        of(ranked([*facts, *extra]), CauseKind.DEPENDENCY, "payments").score for extra in ([], alerts[:1], alerts[1:])
    ]
    assert scores[0] == scores[1] < scores[2]
