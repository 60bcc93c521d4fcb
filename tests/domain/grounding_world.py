"""Evidence in the words of the sources, for checking sentences against it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.domain.compose import number
from bot.domain.evidence import (
    AlertFact,
    ChangeFact,
    ChangeKind,
    Evidence,
    Fact,
    FailureReason,
    Finding,
    ForecastFact,
    LogFact,
    LogSample,
    MetricFact,
    OnCallFact,
    OnsetFact,
    Outcome,
    PastIncidentFact,
    PodFact,
    ProbeFact,
    RecentIncidentFact,
    RunbookFact,
    ServiceFact,
    SignalKind,
    SuspectFact,
)


def at(clock: str) -> datetime:
    hour, minute, second = (int(part) for part in f"{clock}:00".split(":")[:3])
    return datetime(2026, 11, 21, hour, minute, second, tzinfo=UTC)


def metric(
    service: str,
    name: str,
    unit: str,
    before: float,
    latest: float,
    *,
    kind: SignalKind | None = None,
    moved: str = "",
    limit: float | None = None,
    trigger: bool = False,
) -> MetricFact:
    return MetricFact(
        service=service,
        metric=name,
        kind=kind,
        unit=unit,
        before=before,
        now=latest,
        latest=latest,
        spread=0.001,
        moved_at=at(moved) if moved else None,
        limit=limit,
        is_trigger=trigger,
        query="",
    )


def log(service: str, pattern: str, count: int, baseline: int, first: str, level: str = "error") -> LogFact:
    sample = LogSample(at=at(first), text=pattern.replace("<*>", "4711"))
    return LogFact(
        service=service,
        level=level,
        pattern=pattern,
        count=count,
        baseline=baseline,
        first_seen=at(first),
        sample=sample.text,
        first=sample,
    )


def finding(source: str, *said: tuple[str, Fact], checked: str = "", gaps: Sequence[str] = ()) -> Finding:
    evidence = tuple(Evidence(source=source, text=text, fact=fact) for text, fact in said)
    return Finding(
        source=source,
        outcome=Outcome.FOUND if said else Outcome.NOTHING,
        seconds=0.2,
        evidence=evidence,
        checked=checked,
        gaps=tuple(gaps),
    )


def shop() -> tuple[Finding, ...]:
    """A broken deployment of checkout. E1 is the alert's own expression."""
    return number(
        [
            finding(
                "elasticsearch",
                (  # E2
                    "new in the logs of checkout: “Unhandled exception in POST /api/checkout: KeyError: 'loyalty_tier' "
                    "customer=<*> request=<*>”, 284 times (error) since 08:25:40 UTC, not once in 30 min before",
                    log(
                        "checkout",
                        "Unhandled exception in POST /api/checkout: KeyError: 'loyalty_tier' customer=<*> request=<*>",
                        284,
                        0,
                        "08:25:40",
                    ),
                ),
                (  # E3
                    "new in the logs of storefront: “upstream checkout answered 500 for POST /api/checkout after <*> "
                    "trace=<*>”, 42 times (error) since 08:31:20 UTC, not once in 30 min before",
                    log(
                        "storefront",
                        "upstream checkout answered 500 for POST /api/checkout after <*> trace=<*>",
                        42,
                        0,
                        "08:31:20",
                    ),
                ),
                (  # E4
                    "in the logs of payments: “acquirer answered slowly: <*> reference=<*>”, 18 times (warn) "
                    "since 08:22 UTC, 9 in an equally long time before",
                    log("payments", "acquirer answered slowly: <*> reference=<*>", 18, 9, "08:22", "warn"),
                ),
                checked="errors and warnings of checkout, cart, orders, payments, customers, storefront in logs-*: "
                "406 from 08:22 to 08:35 UTC, 151 from 07:52 to 08:22 UTC",
            ),
            finding(
                "github",
                (  # E5
                    "checkout v2.31.0 was deployed to production at 08:24:40 UTC (8 min before the onset) by mei: "
                    "Loyalty discounts, one instance first; before it: v2.30.4 (commit d7e7408); 2 commits by mei, "
                    "kwame, 5 files, +99/-33 lines; touches dependencies (requirements.txt)",
                    ChangeFact(
                        service="checkout",
                        kind=ChangeKind.DEPLOYMENT,
                        at=at("08:24:40"),
                        version="v2.31.0",
                        title="Loyalty discounts, one instance first",
                        author="mei",
                        previous="v2.30.4",
                        environment="production",
                        succeeded=True,
                        files=("requirements.txt", "shop/loyalty.py"),
                        authors=("mei", "kwame"),
                        commits=2,
                        added=99,
                        removed=33,
                        flags=("dependencies",),
                        rollback="d7e7408",
                    ),
                ),
                checked="deployments of checkout, orders, payments, storefront, from 02:32 to 08:35 UTC",
                gaps=["Changes of cart, customers could not be looked at: GitHub has no repository acme/cart"],
            ),
            finding(
                "pagerduty",
                (  # E6
                    "Ana Ruiz is on call at level 1 of Payments until 26 Nov 08:32 UTC",
                    OnCallFact(person="Ana Ruiz", email="ana@shop.example", level=1, policy="Payments"),
                ),
                checked="who is on call in the escalation policy Payments at 08:35 UTC",
            ),
            finding(
                "prometheus",
                (  # E1
                    "error ratio of checkout is 16.6 % now, 0.2 % before (x81), moved at 08:26:11 UTC, "
                    "the alert's threshold is 5 %",
                    metric(
                        "checkout",
                        "error ratio",
                        "ratio",
                        0.00205,
                        0.166,
                        kind=SignalKind.ERRORS,
                        moved="08:26:11",
                        limit=0.05,
                        trigger=True,
                    ),
                ),
                (  # E7
                    "p95 latency of checkout is 490 ms now (p50 202 ms, p99 888 ms), 490 ms before, it did not move",
                    metric("checkout", "p95 latency", "s", 0.49, 0.49, kind=SignalKind.LATENCY),
                ),
                (  # E8
                    "traffic of checkout is 52.3/s now, 50.4/s before, it did not move",
                    metric("checkout", "traffic", "1/s", 50.4, 52.3, kind=SignalKind.TRAFFIC),
                ),
                (  # E9
                    "memory of checkout is 371 MiB of 768 MiB now, 365 MiB before, it did not move",
                    metric(
                        "checkout",
                        "memory",
                        "bytes",
                        365 * 2.0**20,
                        371 * 2.0**20,
                        kind=SignalKind.SATURATION,
                        limit=768 * 2.0**20,
                    ),
                ),
                (  # E10
                    "database connections in use of checkout is 17 of 60 connections now, 16 connections before, "
                    "it did not move",
                    metric(
                        "checkout",
                        "database connections in use",
                        "connections",
                        16,
                        17,
                        kind=SignalKind.SATURATION,
                        limit=60,
                    ),
                ),
                (  # E11
                    "redis memory of cart is 1.76 GiB of 3.73 GiB now, 1.77 GiB before, it did not move",
                    metric(
                        "cart",
                        "redis memory",
                        "bytes",
                        1.77 * 2.0**30,
                        1.76 * 2.0**30,
                        kind=SignalKind.SATURATION,
                        limit=3.73 * 2.0**30,
                    ),
                ),
                (  # E12
                    "p95 latency of payments is 924 ms now, 936 ms before, it did not move",
                    metric("payments", "p95 latency", "s", 0.936, 0.924, kind=SignalKind.LATENCY),
                ),
                (  # E13
                    "traffic of payments is 34.8/s now, 41.4/s before, moved at 08:29:10 UTC",
                    metric("payments", "traffic", "1/s", 41.4, 34.8, kind=SignalKind.TRAFFIC, moved="08:29:10"),
                ),
                (  # E14
                    "error ratio of storefront is 2 % now, 0.12 % before (x17), moved at 08:31:56 UTC",
                    metric(
                        "storefront", "error ratio", "ratio", 0.0012, 0.0204, kind=SignalKind.ERRORS, moved="08:31:56"
                    ),
                ),
                (  # E15
                    "CertificateExpiringSoon fires for storefront as well, since 06:59:20 UTC "
                    "(93 min before this alert)",
                    AlertFact(name="CertificateExpiringSoon", service="storefront", since=at("06:59:20")),
                ),
                checked="the alert's own expression, 39 signals of checkout, cart, orders, payments, customers, "
                "storefront, alerts firing now, what runs out, from 07:32 to 08:35 UTC",
            ),
            finding(
                "catalog",
                (  # E16
                    "checkout (tier 1) belongs to payments-team; it depends on cart, orders, payments, customers; "
                    "storefront depends on it.",
                    ServiceFact(
                        service="checkout",
                        owner="payments-team",
                        tier=1,
                        depends_on=("cart", "orders", "payments", "customers"),
                        dependants=("storefront",),
                        known=True,
                    ),
                ),
            ),
            finding(
                "runbooks",
                (  # E17
                    "Runbook Checkout fails after a deployment fits: listed for checkout in the catalog; "
                    "service checkout; word error ratio.",
                    RunbookFact(
                        runbook="checkout-rollback",
                        title="Checkout fails after a deployment",
                        why=("listed for checkout in the catalog", "service checkout"),
                        steps=(
                            "Look at the error: `kubectl logs deploy/checkout`",
                            "Go back: `kubectl rollout undo deployment/checkout`",
                        ),
                        score=0.9,
                    ),
                ),
                checked="5 runbooks",
            ),
            finding(
                "memory",
                (  # E18
                    "INC-2026-0659 was like this: Checkout fails for guests. Cause: Version v2.27.0 read the "
                    "customer's birthday, which guests do not have: a KeyError in the new code path. Fixed by: Went "
                    "back to v2.26.3 with rollout undo; fixed and deployed again the next day.",
                    PastIncidentFact(
                        incident="INC-2026-0659",
                        title="Checkout fails for guests",
                        service="checkout",
                        cause="Version v2.27.0 read the customer's birthday, which guests do not have: a KeyError",
                        cause_kind="deployment",
                        fix="Went back to v2.26.3 with rollout undo; fixed and deployed again the next day",
                        at=datetime(2026, 10, 11, 10, 2, tzinfo=UTC),
                        minutes=38,
                        score=0.8,
                        why=("checkout",),
                    ),
                ),
                checked="9 past incidents",
            ),
            finding("history", checked="incidents of checkout in the last 30 days, and notes"),
            finding(
                "ranking",
                (  # E19
                    "Trouble began at 08:26:11 UTC by the data, 6 min before the alert; first to move: "
                    "checkout error ratio",
                    OnsetFact(at=at("08:26:11"), movers=("checkout error ratio",)),
                ),
                (  # E20
                    "Most suspect of 6 services: checkout (high): 99 % of the failed requests arise here, error ratio "
                    "over 30 spreads above normal, its error lines rose",
                    SuspectFact(
                        service="checkout", place=1, score=2.0, confidence="high", grounds=(), metric="error ratio"
                    ),
                ),
                checked="41 series of 6 services against their normal",
            ),
            Finding(
                source="kubernetes",
                outcome=Outcome.FAILED,
                seconds=3.0,
                reason=FailureReason.UNREACHABLE,
                detail="the API server of cluster eu-1 did not answer",
            ),
        ]
    )


def inn() -> tuple[Finding, ...]:
    """A pool of connections that bookings has used up, pods in trouble, a disk that fills."""
    return number(
        [
            finding(
                "elasticsearch",
                (  # E2
                    "new in the logs of bookings: “timed out acquiring connection from pool bookings-db after <*> "
                    "(size=<*> in_use=<*> waiting=<*>) trace=<*>”, 236 times (error) since 08:30:58 UTC, not once in "
                    "30 min before",
                    log(
                        "bookings",
                        "timed out acquiring connection from pool bookings-db after <*> (size=<*> in_use=<*> "
                        "waiting=<*>) trace=<*>",
                        236,
                        0,
                        "08:30:58",
                    ),
                ),
                (  # E3
                    "in the logs of bookings: “transaction open for <*> without a statement, held by PartnerExport "
                    "worker <*>”, 29 times (warn) since 08:22 UTC, 16 in an equally long time before",
                    log(
                        "bookings",
                        "transaction open for <*> without a statement, held by PartnerExport worker <*>",
                        29,
                        16,
                        "08:22",
                        "warn",
                    ),
                ),
                (  # E4
                    "in the logs of gateway: “key <*> is over its limit of <*> requests a minute, answering <*>”, "
                    "1,204 times (warn) since 08:22 UTC, 1,250 in an equally long time before",
                    log("gateway", "key <*> is over its limit of <*> requests a minute", 1204, 1250, "08:22", "warn"),
                ),
                checked="errors and warnings of bookings, gateway, availability in logs-*",
            ),
            finding("github", checked="deployments of bookings, availability, gateway, from 02:33 to 08:36 UTC"),
            finding(
                "pagerduty",
                (  # E5
                    "Second incident of bookings in 30 days; the last on 28 Oct (#4999, “Bookings fail after "
                    "release”) was resolved after 21 min by Rafael Oliveira: “Went back to v7.0.9, ran the migration "
                    "first”",
                    RecentIncidentFact(
                        service="bookings",
                        reference="#4999",
                        title="Bookings fail after release",
                        at=datetime(2026, 10, 28, 9, 0, tzinfo=UTC),
                        status="resolved",
                        resolved_at=datetime(2026, 10, 28, 9, 21, tzinfo=UTC),
                        notes=("Went back to v7.0.9, ran the migration first",),
                    ),
                ),
            ),
            finding(
                "prometheus",
                (  # E1
                    "p95 latency of bookings is 9.08 s now (p50 1.31 s, p99 10 s), 213 ms before (x43), moved at "
                    "08:31:16 UTC, the alert's threshold is 2 s",
                    metric(
                        "bookings",
                        "p95 latency",
                        "s",
                        0.213,
                        9.08,
                        kind=SignalKind.LATENCY,
                        moved="08:31:16",
                        limit=2.0,
                        trigger=True,
                    ),
                ),
                (  # E6
                    "error ratio of bookings is 7.41 % now, 0.14 % before (x54), moved at 08:31:46 UTC",
                    metric(
                        "bookings", "error ratio", "ratio", 0.0014, 0.0741, kind=SignalKind.ERRORS, moved="08:31:46"
                    ),
                ),
                (  # E7
                    "database connections in use of bookings is 99 of 100 connections now, 28 connections before "
                    "(x3.5), moved at 08:11:31 UTC",
                    metric(
                        "bookings",
                        "database connections in use",
                        "connections",
                        28,
                        99,
                        kind=SignalKind.SATURATION,
                        moved="08:11:31",
                        limit=100,
                    ),
                ),
                (  # E8
                    "requests waiting for a connection of bookings is 140 requests now, 0 requests before, moved at "
                    "08:31:16 UTC",
                    metric(
                        "bookings",
                        "requests waiting for a connection",
                        "requests",
                        0,
                        140,
                        kind=SignalKind.SATURATION,
                        moved="08:31:16",
                    ),
                ),
                (  # E9
                    "traffic of gateway is 380/s now, 155/s before (x2.5), moved at 08:24:27 UTC",
                    metric("gateway", "traffic", "1/s", 155, 380, kind=SignalKind.TRAFFIC, moved="08:24:27"),
                ),
                (  # E10
                    "memory of availability is 1.5 GiB of 2 GiB now, 768 MiB before (x2), moved at 08:02:10 UTC",
                    metric(
                        "availability",
                        "memory",
                        "bytes",
                        768 * 2.0**20,
                        1.5 * 2.0**30,
                        kind=SignalKind.SATURATION,
                        moved="08:02:10",
                        limit=2.0**31,
                    ),
                ),
                (  # E11
                    "disk space of /data of bookings-db runs out in about 4 h, 12:40 UTC, if it goes on as it did "
                    "lately: 412 GiB of 466 GiB now, 13.4 GiB more each hour",
                    ForecastFact(
                        service="bookings-db",
                        subject="disk space of /data",
                        now=412 * 2.0**30,
                        limit=466 * 2.0**30,
                        unit="bytes",
                        per_hour=13.4 * 2.0**30,
                        runs_out_at=at("12:40"),
                    ),
                ),
                checked="the alert's own expression, 27 signals of bookings, availability, gateway, from 07:33",
            ),
            finding(
                "kubernetes",
                (  # E12
                    "3 of 5 pods of availability: ended by OOMKilled (exit code 137) since 08:20:05 UTC, 7 restarts "
                    "(such as availability-6f9c-x2)",
                    PodFact(
                        service="availability",
                        pod="availability-6f9c-x2",
                        count=3,
                        total=5,
                        restarts=7,
                        terminated="OOMKilled",
                        exit_code=137,
                        since=at("08:20:05"),
                    ),
                ),
                checked="pods, warnings and rollouts of bookings, availability, gateway",
            ),
            finding(
                "probe",
                (  # E13
                    "gateway at https://inn.example/health answers 503 in 0.42 s",
                    ProbeFact(service="gateway", url="https://inn.example/health", status=503, error="", seconds=0.42),
                ),
            ),
            finding(
                "runbooks",
                (  # E14
                    "Runbook Pool of connections used up fits: alert HighRequestLatency; service bookings.",
                    RunbookFact(
                        runbook="pool-exhausted",
                        title="Pool of connections used up",
                        why=("alert HighRequestLatency", "service bookings"),
                        steps=("Who holds connections: `SELECT pid, state FROM pg_stat_activity`",),
                        score=0.8,
                    ),
                ),
            ),
            finding("memory", checked="9 past incidents"),
        ]
    )
