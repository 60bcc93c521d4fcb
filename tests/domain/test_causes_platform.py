"""What the platform, providers, forecasts and the ranking of series add to the causes; each rule and its opposite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from bot.domain.alert import Severity
from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.causes import rank
from bot.domain.causes.complaints import complaint
from bot.domain.compose import number
from bot.domain.conclusion import SOURCE
from bot.domain.confidence import Confidence
from bot.domain.evidence import ChangeKind, Fact, ForecastFact, OnsetFact, SignalKind, SuspectFact
from tests.domain.cases import (
    NOW,
    before,
    change,
    condition,
    event,
    failed,
    finding,
    gathered,
    log,
    metric,
    pods,
    probed,
    provider,
    ready,
    request,
    skipped,
    traffic,
)

K = CauseKind


def ranked(*facts: Fact, **alert: Any) -> tuple[Hypothesis, ...]:
    return rank(request(**alert), gathered(facts))


def told(found: Sequence[Hypothesis]) -> str:
    return "\n".join(f"{h.score:+.2f} {h.kind} {h.statement}: {[r.text for r in h.reasons]}" for h in found)


def of(found: Sequence[Hypothesis], kind: CauseKind, service: str = "checkout") -> Hypothesis | None:
    return next((h for h in found if (h.kind, h.service) == (kind, service)), None)


def score(found: Sequence[Hypothesis], kind: CauseKind, service: str = "checkout") -> float:
    h = of(found, kind, service)
    return h.score if h else 0.0


def moved_to(service: str, fact: Fact) -> Fact:
    moved: Fact = replace(cast(Any, fact), service=service)
    return moved


BLOCKED = "0/5 nodes are available: 3 Insufficient cpu, 2 Insufficient memory."
REFUSED = (
    'Error creating: pods "checkout-7c9f-9" is forbidden: exceeded quota: compute, requested: limits.cpu=2, used: 8'
)
NO_MANIFEST = 'Back-off pulling image "shop/checkout:v9": manifest unknown'
LIVENESS = "Liveness probe failed: HTTP probe failed with statuscode: 500"


@pytest.mark.parametrize(
    ("facts", "kind", "subject"),
    [
        pytest.param([pods(terminated="OOMKilled", exit_code=137, restarts=8)], K.EXHAUSTION, "memory", id="OOM"),
        pytest.param([pods(pending=True, waiting="Unschedulable", note=BLOCKED)], K.EXHAUSTION, "CPU", id="no room"),
        pytest.param([event("FailedCreate", REFUSED, subject="replicaset x")], K.EXHAUSTION, "quota", id="quota"),
        pytest.param([condition("ReplicaFailure", detail=REFUSED)], K.EXHAUSTION, "quota", id="quota by condition"),
        pytest.param(
            [pods(terminated="Evicted", note="The node was low on resource: ephemeral-storage.")],
            K.EXHAUSTION,
            "ephemeral-storage of the nodes",
            id="evicted",
        ),
        pytest.param([pods(waiting="ImagePullBackOff", note=NO_MANIFEST)], K.CONFIGURATION, "checkout:v9", id="image"),
        pytest.param(
            [pods(waiting="CreateContainerConfigError", note="no secret")], K.CONFIGURATION, "settings", id="secret"
        ),
        pytest.param([event("Unhealthy", LIVENESS)], K.CONFIGURATION, "liveness probe", id="probe"),
        pytest.param([event("FailedMount", 'secret "tls" not found')], K.CONFIGURATION, "volume", id="mount"),
        pytest.param(
            [pods(pending=True, note="5 node(s) had untolerated taint")], K.CONFIGURATION, "scheduling", id="taint"
        ),
        pytest.param([condition("ProgressDeadlineExceeded")], K.CONFIGURATION, "rollout", id="stuck rollout"),
        pytest.param(
            [probed(status=None, error="certificate has expired")], K.CONFIGURATION, "certificate", id="expired"
        ),
        pytest.param([condition("NotReady", subject="node n1")], K.INFRASTRUCTURE, "node n1", id="node"),
        pytest.param([condition("DiskPressure", subject="node n1")], K.INFRASTRUCTURE, "node n1", id="pressure"),
        pytest.param(
            [pods(waiting="ErrImagePull", note='image "a/b:1": dial tcp: i/o timeout')],
            K.INFRASTRUCTURE,
            "image registry",
            id="registry out of reach",
        ),
        pytest.param(
            [condition("AtMaximum", subject="autoscaler checkout")], K.EXHAUSTION, "replicas", id="autoscaler"
        ),
    ],
)
def test_what_the_platform_says_names_the_cause(facts: list[Fact], kind: CauseKind, subject: str) -> None:
    found = ranked(*facts)
    assert (found[0].kind, found[0].service) == (kind, "checkout"), told(found)
    assert subject in found[0].subject
    assert K.HEALTHY not in [h.kind for h in found]
    elsewhere = ranked(*(moved_to("billing", fact) for fact in facts))
    assert score(elsewhere, kind, "billing") < found[0].score, told(elsewhere)


@pytest.mark.parametrize(
    ("fact", "kind"),
    [
        (event("FailedCreate", REFUSED), K.EXHAUSTION),
        (event("Unhealthy", LIVENESS), K.CONFIGURATION),
        (condition("NotReady", subject="node n1"), K.INFRASTRUCTURE),
    ],
)
def test_what_has_been_so_for_a_day_did_not_begin_the_trouble(fact: Fact, kind: CauseKind) -> None:
    name = "first_seen" if hasattr(fact, "first_seen") else "since"
    old: Fact = replace(cast(Any, fact), **{name: before(24 * 60)})
    assert score(ranked(old), kind) < score(ranked(fact), kind)


# --- a probe, or the application -------------------------------------------------------------------------------------


def test_a_probe_that_kills_what_ends_cleanly_is_to_blame() -> None:
    kills = event("Killing", "Container app failed liveness probe, will be restarted")
    (first, *_) = ranked(event("Unhealthy", LIVENESS), kills, pods(terminated="Completed", exit_code=0, restarts=6))
    assert (first.kind, first.subject) == (K.CONFIGURATION, "liveness probe")
    assert any("ended cleanly" in r.text for r in first.reasons_for)


@pytest.mark.parametrize(
    "failing",
    [
        [log("checkout", "NullPointerException in Cart", count=300)],
        [metric("checkout", SignalKind.ERRORS, 6)],
        [pods(terminated="Error", exit_code=1, restarts=4)],
        [pods(terminated="OOMKilled", exit_code=137, restarts=4)],
    ],
)
def test_a_probe_that_tells_of_an_application_that_fails_is_not(failing: list[Fact]) -> None:
    alone, with_it = ranked(event("Unhealthy", LIVENESS)), ranked(event("Unhealthy", LIVENESS), *failing)
    assert score(with_it, K.CONFIGURATION) <= score(alone, K.CONFIGURATION) - 1.0, told(with_it)


def test_memory_is_told_before_the_probe_that_noticed() -> None:
    found = ranked(event("Unhealthy", LIVENESS), pods(terminated="OOMKilled", exit_code=137, restarts=4))
    assert (found[0].kind, found[0].subject) == (K.EXHAUSTION, "memory"), told(found)


# --- logs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "kind", "name"),
    [
        ("Error: getaddrinfo ENOTFOUND db.prod.svc.cluster.local", K.CONFIGURATION, "db.prod.svc.cluster.local"),
        ("dial tcp: lookup ledger.internal on 10.0.0.10:53: no such host", K.CONFIGURATION, "ledger.internal"),
        ('psycopg2: could not translate host name "db-1.local" to address', K.CONFIGURATION, "db-1.local"),
        ("getaddrinfo EAI_AGAIN db.prod.svc.cluster.local", K.INFRASTRUCTURE, None),
        ("lookup ledger on 10.0.0.10:53: read udp: i/o timeout", K.INFRASTRUCTURE, None),
        ("FATAL: required env var DB_DSN is not set", K.CONFIGURATION, "DB_DSN"),
        ("failed to load config: yaml: line 3", K.CONFIGURATION, None),
        ("open /etc/app/config.yaml: no such file or directory", None, None),
        ("AccessDenied: User arn:aws:iam::1:role/x is not authorized to perform s3:GetObject", K.CONFIGURATION, None),
        ("x509: certificate signed by unknown authority", K.CONFIGURATION, None),
        ("upstream payments timed out after 3000 ms", None, None),
        ("KeyError: 'DE' in tax_rates.lookup", None, None),
        ("connection reset by peer", None, None),
    ],
)
def test_log_lines_say_what_is_set_wrongly(line: str, kind: CauseKind | None, name: str | None) -> None:
    found = complaint(line)
    assert (found.kind if found else None) == kind, line
    if found and name:
        assert found.name == name


def test_a_name_that_cannot_be_resolved_is_told_before_the_service_that_it_names() -> None:
    line = "getaddrinfo ENOTFOUND payments.prod.svc.cluster.local"
    found = ranked(metric("checkout", moved=5, trigger=True), log("checkout", line, 5, count=60))
    assert (found[0].kind, found[0].subject) == (K.CONFIGURATION, "name"), told(found)
    hurt = ranked(
        metric("checkout", moved=5, trigger=True), log("checkout", line, 5, count=60), metric("payments", moved=7)
    )
    assert score(hurt, K.CONFIGURATION) < score(found, K.CONFIGURATION)


def test_a_setting_that_is_missing_explains_the_rollout_that_hangs() -> None:
    facts: list[Fact] = [
        pods(waiting="CrashLoopBackOff", count=2, restarts=6),
        event("ProgressDeadlineExceeded", "exceeded its progress deadline", subject="deployment checkout"),
        log("checkout", "FATAL required env var DB_DSN is not set", 6, count=1),
    ]
    found = ranked(*facts)
    assert (found[0].kind, found[0].subject) == (K.CONFIGURATION, "settings"), told(found)
    assert any("stuck" in r.text for r in found[0].reasons_for)


def test_a_known_deployment_takes_the_crashes_and_the_stuck_rollout() -> None:
    facts: list[Fact] = [
        change("checkout", 8),
        pods(waiting="CrashLoopBackOff", exit_code=1, count=2, restarts=6),
        event("ProgressDeadlineExceeded", subject="deployment checkout"),
    ]
    found = ranked(*facts)
    assert found[0].kind is K.DEPLOYMENT, told(found)
    assert {"crash", "stuck"} <= {word for r in found[0].reasons_for for word in r.text.split()}
    earlier = ranked(change("checkout", 8), pods(waiting="CrashLoopBackOff", since=200))
    assert score(earlier, K.DEPLOYMENT) < score(found, K.DEPLOYMENT)


# --- providers, probes, forecasts ------------------------------------------------------------------------------------


def test_a_provider_that_it_depends_on_and_that_reports_an_outage_is_the_dependency() -> None:
    felt = metric("checkout", moved=5, trigger=True)
    found = ranked(felt, provider("payments"))
    assert (found[0].kind, found[0].service) == (K.DEPENDENCY, "payments"), told(found)
    assert score(ranked(felt, provider("payments", "under_maintenance")), K.DEPENDENCY, "payments") < found[0].score
    assert score(ranked(felt, provider("payments", since=60 * 24)), K.DEPENDENCY, "payments") < found[0].score


def test_an_outage_of_a_provider_that_nothing_depends_on_is_a_weak_lead_unless_errors_name_it() -> None:
    felt = metric("checkout", moved=5, trigger=True)
    alone = of(ranked(felt, provider("mailer")), K.INFRASTRUCTURE)
    assert alone
    assert alone.confidence is Confidence.LOW
    named = of(ranked(felt, provider("mailer"), log("checkout", "mailer answered <*>")), K.INFRASTRUCTURE)
    assert named
    assert named.score > alone.score


def test_a_dependency_that_does_not_answer_a_probe_is_more_suspect() -> None:
    facts: list[Fact] = [metric("checkout", moved=5, trigger=True), metric("payments", moved=6)]
    silent = ranked(*facts, probed("payments", status=None, error="connection refused"))
    assert score(silent, K.DEPENDENCY, "payments") > score(ranked(*facts), K.DEPENDENCY, "payments")
    well = ranked(*facts, probed("payments"))
    assert score(well, K.DEPENDENCY, "payments") == score(ranked(*facts), K.DEPENDENCY, "payments")


@pytest.mark.parametrize(("hours", "least"), [(-0.1, 2.5), (0.5, 0.5), (4, 0.25), (20, 0.1)])
def test_what_runs_out_soon_is_suspect_the_sooner_the_more(hours: float, least: float) -> None:
    (first, *_) = ranked(forecast(hours))
    assert (first.kind, first.subject) == (K.EXHAUSTION, "disk space")
    assert first.score >= least
    assert ("ran out of" in first.statement) == (hours < 0)


def test_what_fills_up_because_something_else_is_slow_does_not_outdo_it() -> None:
    slow = metric("payments", SignalKind.LATENCY, 7, name="p99 latency", unit="s", was=0.2, now=9.8)
    facts: list[Fact] = [metric("checkout", moved=5, trigger=True), slow, replace(forecast(0.3), service="payments")]
    found = ranked(*facts, log("checkout", "upstream payments timed out after <*> ms"))
    assert (found[0].kind, found[0].service) == (K.DEPENDENCY, "payments"), told(found)


def test_what_lasts_for_days_is_no_part_of_this() -> None:
    assert of(ranked(forecast(72)), K.EXHAUSTION) is None


def test_a_certificate_that_expired_is_a_setting_and_one_that_lasts_is_nothing() -> None:
    gone = ranked(forecast(-1, subject="certificate of shop.example"))
    assert (gone[0].kind, gone[0].subject) == (K.CONFIGURATION, "certificate")
    assert of(ranked(forecast(24 * 40, subject="certificate of shop.example")), K.CONFIGURATION) is None
    assert of(ranked(probed(days=30)), K.CONFIGURATION) is None


def forecast(hours: float, subject: str = "disk space of /data") -> ForecastFact:
    return ForecastFact(
        service="checkout",
        subject=subject,
        now=4e9,
        limit=0.0,
        unit="bytes",
        per_hour=-1e9,
        runs_out_at=NOW + timedelta(hours=hours),
    )


# --- the ranking of series -------------------------------------------------------------------------------------------


def suspected(service: str, band: Confidence, place: int = 1) -> SuspectFact:
    return SuspectFact(
        service=service, place=place, score=3.0, confidence=band, grounds=("p99 40 spreads above normal",)
    )


def test_the_suspected_service_gains_by_its_band_and_others_lose_little() -> None:
    facts: list[Fact] = [metric("checkout", moved=5, trigger=True), metric("payments", moved=7), change("checkout", 6)]
    plain = ranked(*facts)
    gains = []
    for band in (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH):
        found = ranked(*facts, suspected("payments", band))
        gains.append(score(found, K.DEPENDENCY, "payments") - score(plain, K.DEPENDENCY, "payments"))
        lost = score(plain, K.DEPLOYMENT) - score(found, K.DEPLOYMENT)
        assert 0 <= lost <= 0.5
    assert 0 < gains[0] < gains[1] < gains[2]


def test_a_suspect_alone_makes_no_cause() -> None:
    found = ranked(suspected("payments", Confidence.HIGH))
    assert [h.kind for h in found if h.score > 0] == []


def test_the_onset_by_the_data_counts_where_no_signal_of_the_service_tells() -> None:
    onset = OnsetFact(at=before(12), movers=("node cpu",))
    late = ranked(change("checkout", 8), onset)
    assert score(late, K.DEPLOYMENT) < score(ranked(change("checkout", 8)), K.DEPLOYMENT)
    felt = metric("checkout", moved=6, trigger=True)
    assert score(ranked(felt, change("checkout", 8), onset), K.DEPLOYMENT) == score(
        ranked(felt, change("checkout", 8)), K.DEPLOYMENT
    )


# --- changes ---------------------------------------------------------------------------------------------------------


def test_a_deployment_that_four_tools_tell_of_is_one_cause_that_cites_them_all() -> None:
    same = [change("checkout", 8), replace(change("checkout", 7), version="2.31.0", files=("shop/cart.py",))]
    told_of = [finding(name, fact) for name, fact in zip(("github", "kubernetes"), same, strict=True)]
    found = rank(request(), number([finding("metrics", metric("checkout", moved=5, trigger=True)), *told_of]))
    deployments = [h for h in found if h.kind is K.DEPLOYMENT]
    assert len(deployments) == 1, told(found)
    assert len({i for r in deployments[0].reasons for i in r.evidence if "a change of" in r.text}) == 2


def test_a_migration_weighs_more_than_plain_code() -> None:
    plain = change("checkout", 8)
    flagged = ranked(replace(plain, flags=("database migration", "dependencies")))
    assert 0 < score(flagged, K.DEPLOYMENT) - score(ranked(plain), K.DEPLOYMENT) <= 0.5
    assert any("database migration" in r.text for h in flagged for r in h.reasons_for)


@pytest.mark.parametrize("kind", [ChangeKind.WORKFLOW, ChangeKind.EVENT, ChangeKind.MERGE])
def test_what_is_known_to_be_no_deployment_weighs_less(kind: ChangeKind) -> None:
    other = ranked(change("checkout", 8, kind=kind))
    assert score(other, K.DEPLOYMENT) < score(ranked(change("checkout", 8)), K.DEPLOYMENT)


# --- nothing is wrong, or no longer ----------------------------------------------------------------------------------


def watched(*facts: Fact) -> tuple[Hypothesis, ...]:
    """After an alert of somebody who watches pods."""
    return ranked(*facts, title="PodRestarted")


RESTARTED = event("BackOff", "Back-off restarting failed container", last=40, first=41)


def test_what_the_platform_complained_of_and_does_not_any_more_is_over() -> None:
    (first, *_) = watched(ready(detail="3 of 3, 1 restart in all, the last at 13:27 UTC"), RESTARTED)
    assert first.kind is K.HEALTHY
    assert "over" in first.statement
    assert {"1 restart", "BackOff"} <= {
        word for r in first.reasons_for for word in ("1 restart", "BackOff") if word in r.text
    }


def test_a_notice_without_any_sign_of_trouble_is_a_false_alarm() -> None:
    found = ranked(ready(), title="Check", severity=Severity.SEV4)
    assert found[0].kind is K.HEALTHY, told(found)
    loud = ranked(ready(), title="Check", severity=Severity.SEV1)
    assert [h.kind for h in loud] == [K.UNKNOWN], "ready pods alone explain no alert"


def test_pods_that_are_ready_do_not_clear_an_alert_on_errors() -> None:
    found = ranked(ready(), RESTARTED)
    assert K.HEALTHY not in [h.kind for h in found], told(found)
    normal = replace(metric("checkout", moved=9, trigger=True), latest=0.003)
    assert ranked(ready(), RESTARTED, normal)[0].kind is K.HEALTHY


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(event("BackOff", "again", last=1), id="it comes still"),
        pytest.param(pods(waiting="CrashLoopBackOff"), id="a pod crashes"),
        pytest.param(pods(pending=True, note=BLOCKED), id="a pod is pending"),
        pytest.param(pods(terminated="OOMKilled", since=30), id="it was killed for memory"),
        pytest.param(condition("NotReady", subject="node n1"), id="a node is gone"),
        pytest.param(condition("TooFewReady", detail="2 of 3"), id="pods are missing"),
        pytest.param(condition("Degraded", subject="application checkout"), id="degraded"),
        pytest.param(log("checkout", "could not charge <*>"), id="it logs new errors"),
        pytest.param(metric("checkout", moved=5), id="its errors are up"),
        pytest.param(
            metric("checkout", SignalKind.LATENCY, 5, name="p99", unit="s", was=0.2, now=4.0), id="it is slow"
        ),
        pytest.param(probed(status=503), id="it does not answer"),
        pytest.param(provider("payments"), id="what it depends on reports an outage"),
        pytest.param(forecast(0.5), id="its disk will be full"),
    ],
)
def test_a_true_fault_is_never_called_healthy(wrong: Fact) -> None:
    found = watched(ready(), RESTARTED, wrong)
    assert K.HEALTHY not in [h.kind for h in found], told(found)
    assert watched(ready(), RESTARTED)[0].kind is K.HEALTHY


def test_where_a_source_could_not_look_nothing_is_called_healthy_but_by_the_signals() -> None:
    asked = request(title="PodRestarted")
    assert K.HEALTHY not in [h.kind for h in rank(asked, gathered([ready(), RESTARTED], failed("logs")))]
    normal = replace(metric("checkout", moved=9, trigger=True), latest=0.003)
    assert rank(asked, gathered([ready(), normal], failed("logs")))[0].kind is K.HEALTHY


@pytest.mark.parametrize(("limit", "is_healthy"), [(0.002, False), (0.05, True), (None, True)])
def test_what_has_been_beyond_its_threshold_all_along_is_not_healthy(limit: float | None, is_healthy: bool) -> None:
    steady = metric("checkout", was=0.003, now=0.003, limit=limit, trigger=True)
    assert (K.HEALTHY in [h.kind for h in ranked(steady)]) is is_healthy


def test_what_will_run_out_is_not_healthy_though_nobody_feels_it_yet() -> None:
    steady = metric("checkout", was=0.003, now=0.003, trigger=True)
    assert K.HEALTHY not in [h.kind for h in ranked(steady, forecast(3))]


def test_without_word_that_all_pods_are_ready_nothing_is_over() -> None:
    assert K.HEALTHY not in [h.kind for h in watched(RESTARTED)]


def test_what_is_told_of_another_service_clears_nothing() -> None:
    assert K.HEALTHY not in [h.kind for h in watched(ready("cart"), replace(RESTARTED, service="cart"))]


def test_an_event_from_before_the_pods_became_ready_is_over_however_young() -> None:
    young = event("FailedScheduling", BLOCKED, last=2, first=3)
    assert watched(ready(since=1), young)[0].kind is K.HEALTHY
    assert K.HEALTHY not in [h.kind for h in watched(ready(since=4), young)]


def test_load_and_changes_do_not_spoil_that_it_is_over() -> None:
    found = watched(ready(), RESTARTED, traffic(), change("cart", 200))
    assert found[0].kind is K.HEALTHY, told(found)


def test_what_is_concluded_from_others_is_no_place_that_could_not_be_looked_at() -> None:
    facts: list[Fact] = [pods(terminated="OOMKilled", exit_code=137, restarts=8)]
    alone = rank(request(), gathered(facts))
    assert rank(request(), gathered(facts, skipped(SOURCE)))[0].confidence is alone[0].confidence is Confidence.MEDIUM
    assert rank(request(), gathered(facts, skipped("metrics")))[0].confidence is Confidence.LOW
