from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.catalog import Service
from bot.domain.causes import rank
from bot.domain.causes.resources import of_log
from bot.domain.causes.words import names_service, span
from bot.domain.confidence import Confidence
from bot.domain.evidence import AlertFact, ChangeKind, Fact, FailureReason, SignalKind
from tests.domain.cases import (
    NOW,
    ONSET,
    bad_deployment,
    before,
    change,
    exhausted_pool,
    failed,
    failing_dependency,
    gathered,
    log,
    metric,
    past,
    pool,
    request,
    skipped,
    traffic,
    traffic_surge,
)

ARCHETYPES = [
    pytest.param(bad_deployment, CauseKind.DEPLOYMENT, "checkout", "v2.31.0", id="bad deployment"),
    pytest.param(exhausted_pool, CauseKind.EXHAUSTION, "checkout", "database connections", id="exhausted pool"),
    pytest.param(failing_dependency, CauseKind.DEPENDENCY, "payments", "payments", id="failing dependency"),
    pytest.param(traffic_surge, CauseKind.TRAFFIC, "checkout", "requests", id="traffic surge"),
]


def ranked(facts: Sequence[Fact]) -> tuple[Hypothesis, ...]:
    return rank(request(), gathered(facts))


def of(hypotheses: Sequence[Hypothesis], kind: CauseKind, service: str = "checkout", subject: str = "") -> Hypothesis:
    return next(h for h in hypotheses if (h.kind, h.service) == (kind, service) and subject in h.subject)


def told(h: Hypothesis) -> str:
    return " | ".join(f"{r.weight:+} {r.text}" for r in h.reasons)


@pytest.mark.parametrize(("world", "kind", "service", "subject"), ARCHETYPES)
def test_the_true_cause_stands_first_among_distractors(
    world: object, kind: CauseKind, service: str, subject: str
) -> None:
    assert callable(world)
    found = ranked(world())
    assert (found[0].kind, found[0].service, found[0].subject) == (kind, service, subject), told(found[0])
    assert found[0].score - found[1].score >= 1, f"{told(found[0])} || {told(found[1])}"
    assert found[0].confidence is not Confidence.LOW
    assert found[-1].kind is CauseKind.UNKNOWN


@pytest.mark.parametrize(("world", "kind", "service", "subject"), ARCHETYPES)
@pytest.mark.parametrize("blind", ["metrics", "logs"])
def test_one_missing_source_leaves_the_true_cause_among_the_first_two(
    world: object, kind: CauseKind, service: str, subject: str, blind: str
) -> None:
    assert callable(world)
    findings = [f if f.source != blind else failed(blind) for f in gathered(world())]
    found = rank(request(), findings)
    if kind is CauseKind.TRAFFIC and blind == "metrics":
        return  # only metrics know of traffic
    assert (kind, service) in [(h.kind, h.service) for h in found[:2]], [told(h) for h in found]
    assert found[0].confidence is not Confidence.HIGH


def test_a_change_after_the_alert_is_not_the_cause() -> None:
    late = of(ranked([metric("checkout", moved=5, trigger=True), change("checkout", -4)]), CauseKind.DEPLOYMENT)
    assert late.score < 0
    assert "after the alert" in late.reasons[0].text


def test_a_change_between_the_first_symptom_and_the_alert_is_not_the_cause() -> None:
    late = of(ranked([metric("checkout", moved=9, trigger=True), change("checkout", 4)]), CauseKind.DEPLOYMENT)
    assert late.score < 0
    assert "after the first symptom" in late.reasons[0].text


def test_a_change_of_a_neighbour_whose_signals_stayed_normal_is_weak() -> None:
    facts: list[Fact] = [metric("checkout", moved=5, trigger=True), metric("payments"), change("payments", 6)]
    assert of(ranked(facts), CauseKind.DEPLOYMENT, "payments").score <= 0


def test_a_change_of_a_dependency_that_moved_right_after_it_explains_the_caller() -> None:
    facts: list[Fact] = [
        metric("checkout", moved=5, trigger=True),
        metric("payments", moved=7),
        change("payments", 8, "v7"),
        change("checkout", 45),
        log("payments", "TypeError: <*>", 7),
    ]
    found = ranked(facts)
    assert found[0].service == "payments"
    assert of(found, CauseKind.DEPLOYMENT, "payments").score > of(found, CauseKind.DEPLOYMENT, "checkout").score


def test_merged_is_not_deployed() -> None:
    symptom = metric("checkout", moved=5, trigger=True)
    merged = ranked([symptom, change("checkout", 7, kind=ChangeKind.MERGE)])
    deployed = ranked([symptom, change("checkout", 7)])
    assert of(merged, CauseKind.DEPLOYMENT).score < of(deployed, CauseKind.DEPLOYMENT).score - 1


def test_a_release_that_was_deployed_is_named_once() -> None:
    facts: list[Fact] = [
        metric("checkout", moved=5, trigger=True),
        change("checkout", 8, kind=ChangeKind.RELEASE),
        change("checkout", 7),
    ]
    assert [h.kind for h in ranked(facts)].count(CauseKind.DEPLOYMENT) == 1


def test_a_deployment_to_another_environment_is_weak() -> None:
    facts: list[Fact] = [metric("checkout", moved=5, trigger=True), change("checkout", 7, environment="staging")]
    staged = of(ranked(facts), CauseKind.DEPLOYMENT)
    assert any("staging" in r.text for r in staged.reasons_against)


def test_a_file_that_the_new_error_names_speaks_for_the_change_that_touched_it() -> None:
    found = of(ranked(bad_deployment()), CauseKind.DEPLOYMENT, subject="v2.31.0")
    assert any("tax_rates.py" in r.text for r in found.reasons_for)


def test_a_resource_that_was_as_full_before_is_no_suspect() -> None:
    facts: list[Fact] = [metric("checkout", moved=5, trigger=True), pool(moved=None, was=97, now=98)]
    assert of(ranked(facts), CauseKind.EXHAUSTION).score <= 0


def test_a_pool_that_filled_after_its_dependency_slowed_down_is_a_consequence() -> None:
    facts: list[Fact] = [
        metric("checkout", SignalKind.LATENCY, 5, name="p99 latency", unit="s", trigger=True),
        metric("payments", SignalKind.LATENCY, 9, name="p99 latency", unit="s"),
        pool(moved=4),
        log("checkout", "timeout calling payments after <*>", 5),
    ]
    found = ranked(facts)
    assert found[0].kind is CauseKind.DEPENDENCY, [told(h) for h in found]


def test_a_log_line_alone_names_the_exhausted_resource() -> None:
    facts: list[Fact] = [
        metric("checkout", moved=5, trigger=True),
        log("checkout", "write failed: No space left on device", 5),
    ]
    assert (found := ranked(facts))[0].subject == "disk space", told(found[0])


def test_a_callers_complaint_counts_for_the_callee_whose_metric_is_at_the_limit() -> None:
    facts: list[Fact] = [
        metric("checkout", moved=5, trigger=True),
        pool("ledger", 15),
        log("checkout", "FATAL: sorry, too many clients already", 5),
    ]
    found = of(ranked(facts), CauseKind.EXHAUSTION, "ledger")
    assert any("says so" in r.text for r in found.reasons_for)


def test_free_disk_that_falls_to_nothing_is_exhaustion() -> None:
    free = metric(
        "checkout", SignalKind.SATURATION, 25, name="disk space free", unit="bytes", was=40e9, now=1e8, limit=100e9
    )
    found = ranked([metric("checkout", moved=3, trigger=True), free])
    assert found[0].kind is CauseKind.EXHAUSTION, [told(h) for h in found]


def test_a_resource_that_will_be_full_soon_is_a_lead_with_the_time_left() -> None:
    filling = pool(moved=20, now=85)
    found = of(ranked([metric("checkout", moved=1, trigger=True), filling]), CauseKind.EXHAUSTION)
    assert any("full in 6 min" in r.text for r in found.reasons_for), told(found)


def test_the_deepest_failing_dependency_explains_the_ones_above_it() -> None:
    facts: list[Fact] = [
        metric("checkout", moved=4, trigger=True),
        metric("payments", moved=7),
        metric("ledger", moved=11),
        log("payments", "ledger unavailable: <*>", 7),
        log("checkout", "payments answered 503", 4),
    ]
    found = ranked(facts)
    assert of(found, CauseKind.DEPENDENCY, "ledger").reasons_against == ()
    assert any("ledger moved" in r.text for r in of(found, CauseKind.DEPENDENCY, "payments").reasons_against)


def test_a_caller_never_explains_its_callee() -> None:
    facts: list[Fact] = [
        metric("checkout", moved=4, trigger=True),
        metric("frontend", moved=9),
        log("frontend", "boom <*>", 9),
    ]
    assert not [h for h in ranked(facts) if h.service == "frontend" and h.kind is CauseKind.DEPENDENCY]


def test_a_dependency_unknown_to_metrics_is_found_by_the_errors_that_name_it() -> None:
    service = Service(name="checkout", depends_on=("card-network",))
    facts: list[Fact] = [
        metric("checkout", moved=4, trigger=True),
        log("checkout", "card_network: connection refused", 4),
    ]
    found = rank(request(service), gathered(facts))
    assert (found[0].kind, found[0].service) == (CauseKind.DEPENDENCY, "card-network")


def test_another_caller_that_is_hurt_too_speaks_for_the_shared_dependency() -> None:
    """`payments` calls ledger too; `frontend` hangs on checkout itself and proves nothing."""
    both = Service(name="checkout", depends_on=("ledger",))
    hurt: list[Fact] = [metric("checkout", moved=4, trigger=True), metric("ledger", moved=6)]
    alone = of(rank(request(both), gathered(hurt)), CauseKind.DEPENDENCY, "ledger")
    shared = of(rank(request(both), gathered([*hurt, metric("payments", moved=5)])), CauseKind.DEPENDENCY, "ledger")
    above = of(rank(request(both), gathered([*hurt, metric("frontend", moved=3)])), CauseKind.DEPENDENCY, "ledger")
    assert shared.score == alone.score + 1
    assert above.score == alone.score


def test_a_handful_of_own_errors_beside_many_that_point_elsewhere_is_their_echo() -> None:
    facts = [*failing_dependency(), log("checkout", "request <*> aborted", 5, count=6)]
    found = of(ranked(facts), CauseKind.DEPLOYMENT)
    assert any("point at payments" in r.text for r in found.reasons_against), told(found)
    assert not any("new errors" in r.text for r in found.reasons_for)


def test_an_alert_on_a_dependency_speaks_for_it() -> None:
    alert = AlertFact(name="PaymentsDown", service="payments", since=before(3))
    found = of(
        ranked([metric("checkout", moved=4, trigger=True), alert, metric("payments", moved=5)]),
        CauseKind.DEPENDENCY,
        "payments",
    )
    assert any("PaymentsDown" in r.text for r in found.reasons_for)


def test_normal_traffic_is_ruled_out_and_a_surge_before_the_symptom_is_not() -> None:
    symptom = metric("checkout", moved=4, trigger=True)
    assert of(ranked([symptom, traffic()]), CauseKind.TRAFFIC).score < 0
    assert of(ranked([symptom, traffic(moved=8, now=200.0)]), CauseKind.TRAFFIC).score > 2
    assert of(ranked([symptom, traffic(moved=1, now=200.0)]), CauseKind.TRAFFIC).score < 0, "retries come after"


def test_a_similar_past_incident_adds_a_little() -> None:
    facts = list(exhausted_pool())
    without = of(ranked(facts), CauseKind.EXHAUSTION)
    with_it = of(ranked([*facts, past("exhaustion")]), CauseKind.EXHAUSTION)
    assert 0 < with_it.score - without.score < 1


def test_nothing_known_is_unknown_with_low_confidence() -> None:
    found = rank(request(None), ())
    assert [(h.kind, h.confidence) for h in found] == [(CauseKind.UNKNOWN, Confidence.LOW)]


def test_the_band_is_lower_where_sources_could_not_look() -> None:
    facts: list[Fact] = [f for f in bad_deployment() if not hasattr(f, "pattern")]
    everything = rank(request(), gathered(bad_deployment()))
    assert everything[0].confidence is Confidence.HIGH, told(everything[0])
    blind = rank(request(), gathered(facts, failed("logs", FailureReason.TOO_SLOW)))
    assert blind[0].confidence is not Confidence.HIGH
    also = rank(request(), gathered(bad_deployment(), skipped("people")))
    assert also[0].confidence is Confidence.HIGH, "a source that says nothing about causes does not count"


def test_only_the_first_may_be_high() -> None:
    assert all(h.confidence is not Confidence.HIGH for h in ranked(bad_deployment())[1:])


def test_evidence_without_an_id_is_not_used() -> None:
    from tests.domain.cases import finding

    found = rank(request(), [finding("metrics", *bad_deployment())])
    assert [h.kind for h in found] == [CauseKind.UNKNOWN]


@pytest.mark.parametrize(
    ("line", "resource"),
    [
        ("QueuePool limit of size 5 overflow 10 reached, connection timed out", "database connections"),
        ("HikariPool-1 - Connection is not available, request timed out after 30000ms", "database connections"),
        ("FATAL: remaining connection slots are reserved", "database connections"),
        ("Error 1040: Too many connections", "database connections"),
        ("OSError: [Errno 28] No space left on device", "disk space"),
        ("java.lang.OutOfMemoryError: Java heap space", "memory"),
        ("Killed process 4242 (python) Out of memory", "memory"),
        ("accept: too many open files", "file descriptors"),
        ("429 quota exceeded for project", "quota"),
        ("java.util.concurrent.RejectedExecutionException", "worker threads"),
        ("dial tcp 10.0.0.7:8080: connect: connection refused", None),
        ("no connection to payments", None),
        ("KeyError: 'vat'", None),
    ],
)
def test_log_lines_name_what_ran_out(line: str, resource: str | None) -> None:
    found = of_log(line)
    assert (found.name if found else None) == resource


@pytest.mark.parametrize(
    ("line", "service", "expected"),
    [
        ("upstream payments-api timed out", "payments-api", True),
        ("PaymentsApi call failed", "payments-api", True),
        ("payments_api: 503", "payments-api", True),
        ("calling payments failed", "payments-api", True),
        ("repayments failed", "payments-api", False),
        ("cart is empty", "cart", True),
        ("cartesian product", "cart", False),
        ("anything", "-", False),
    ],
)
def test_names_of_services_are_found_in_log_lines(line: str, service: str, expected: bool) -> None:
    assert names_service(line, service) is expected


def test_spans_are_short_and_plain() -> None:
    assert [span(x) for x in (NOW - ONSET, ONSET - before(0.75), ONSET - before(125), ONSET - before(60 * 72))] == [
        "2 min",
        "45 s",
        "2 h 05 min",
        "3 days",
    ]
