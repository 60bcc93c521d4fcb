"""Hand-made incidents: a small shop whose `checkout` hurts, once for each kind of cause, each with distractors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.catalog import Service
from bot.domain.compose import number
from bot.domain.context import ContextRequest
from bot.domain.evidence import (
    AlertFact,
    ChangeFact,
    ChangeKind,
    ConditionFact,
    EventFact,
    Evidence,
    Fact,
    FailureReason,
    Finding,
    LogFact,
    MetricFact,
    OnCallFact,
    Outcome,
    PastIncidentFact,
    PodFact,
    ProbeFact,
    ProviderFact,
    RunbookFact,
    SignalKind,
)

ONSET = datetime(2026, 3, 12, 14, 8, tzinfo=UTC)
NOW = ONSET + timedelta(minutes=2)

FRONTEND = Service(name="frontend", depends_on=("checkout",), owner="web")
CHECKOUT = Service(name="checkout", depends_on=("payments", "cart"), owner="shop")
PAYMENTS = Service(name="payments", depends_on=("ledger",), owner="money")
CART = Service(name="cart", owner="shop")
LEDGER = Service(name="ledger", owner="money")


def before(minutes: float) -> datetime:
    """So many minutes before the alert; negative: after it."""
    return ONSET - timedelta(minutes=minutes)


def request(service: Service | None = CHECKOUT, **alert: Any) -> ContextRequest:
    first = Alert(
        source="alertmanager",
        fingerprint="abc",
        status=AlertStatus.FIRING,
        started_at=ONSET,
        **{
            "severity": Severity.SEV2,
            "title": "CheckoutErrorRatioHigh",
            "service": service.name if service else None,
            **alert,
        },
    )
    neighbours = (PAYMENTS, CART, LEDGER, FRONTEND) if service else ()
    return ContextRequest(
        incident_id="INC-2026-0042", alerts=(first,), onset=ONSET, now=NOW, service=service, neighbours=neighbours
    )


def metric(
    service: str,
    kind: SignalKind | None = SignalKind.ERRORS,
    moved: float | None = None,
    *,
    name: str = "error ratio",
    unit: str = "ratio",
    was: float | None = 0.003,
    now: float | None = None,
    limit: float | None = None,
    trigger: bool = False,
) -> MetricFact:
    """`moved`: minutes before the alert; None: it stayed normal."""
    value = now if now is not None else (0.124 if moved is not None else was)
    return MetricFact(
        service=service,
        metric=name,
        kind=kind,
        unit=unit,
        before=was,
        now=value,
        latest=value,
        spread=0.001,
        moved_at=None if moved is None else before(moved),
        limit=limit,
        is_trigger=trigger,
        query=f'{name.replace(" ", "_")}{{service="{service}"}}',
    )


def traffic(
    service: str = "checkout", moved: float | None = None, *, was: float = 60.0, now: float = 61.0
) -> MetricFact:
    return metric(service, SignalKind.TRAFFIC, moved, name="requests", unit="1/s", was=was, now=now)


def pool(
    service: str = "checkout", moved: float | None = 22, *, now: float = 100.0, was: float = 31.0, limit: float = 100.0
) -> MetricFact:
    return metric(
        service,
        SignalKind.SATURATION,
        moved,
        name="database connections in use",
        unit="connections",
        was=was,
        now=now,
        limit=limit,
    )


def log(service: str, pattern: str, seen: float | None = 5, *, count: int = 240, baseline: int = 0) -> LogFact:
    return LogFact(
        service=service,
        level="error",
        pattern=pattern,
        count=count,
        baseline=baseline,
        first_seen=None if seen is None else before(seen),
        sample=pattern.replace("<*>", "17"),
        query=f'service.name:"{service}" AND log.level:error',
    )


def change(
    service: str,
    minutes: float,
    version: str = "v2.31.0",
    *,
    kind: ChangeKind = ChangeKind.DEPLOYMENT,
    previous: str | None = "v2.30.1",
    succeeded: bool | None = True,
    files: tuple[str, ...] = (),
    environment: str = "production",
) -> ChangeFact:
    return ChangeFact(
        service=service,
        kind=kind,
        at=before(minutes),
        version=version,
        title=f"{service} {version}",
        author="ana",
        previous=previous,
        environment=environment,
        succeeded=succeeded,
        files=files,
    )


def pods(service: str = "checkout", *, count: int = 1, total: int = 3, since: float | None = 6, **said: Any) -> PodFact:
    """Pods in trouble; `since`: minutes before the alert."""
    return PodFact(
        service=service,
        pod=f"{service}-7c9f-1",
        count=count,
        total=total,
        since=None if since is None else before(since),
        **said,
    )


def event(
    reason: str, note: str = "", service: str = "checkout", *, last: float = -1, first: float = 6, **said: Any
) -> EventFact:
    """A warning of the platform; `last` and `first`: minutes before the alert."""
    about = {"subject": f"pod {service}-7c9f-1", "count": 8, "objects": 1, **said}
    return EventFact(
        service=service, reason=reason, note=note, first_seen=before(first), last_seen=before(last), **about
    )


def condition(
    name: str,
    service: str = "checkout",
    *,
    subject: str = "deployment checkout",
    since: float | None = 6,
    detail: str = "",
) -> ConditionFact:
    at = None if since is None else before(since)
    return ConditionFact(service=service, subject=subject, condition=name, since=at, detail=detail)


def ready(service: str = "checkout", *, since: float = 9000, detail: str = "3 of 3, no failure") -> ConditionFact:
    return condition("Ready", service, subject="pods", since=since, detail=detail)


def probed(
    service: str = "checkout", *, status: int | None = 200, error: str = "", days: int | None = None
) -> ProbeFact:
    url = f"https://{service}.example/health"
    return ProbeFact(service=service, url=url, status=status, error=error, seconds=0.1, certificate_days=days)


def provider(name: str, state: str = "major_outage", *, since: float | None = 10) -> ProviderFact:
    at = None if since is None else before(since)
    return ProviderFact(provider=name, component="API", state=state, since=at)


def past(kind: str, service: str = "checkout", *, fix: str = "raised the limit") -> PastIncidentFact:
    return PastIncidentFact(
        incident="INC-2025-0007",
        title="Checkout errors",
        service=service,
        cause="it was like this then",
        cause_kind=kind,
        fix=fix,
        at=before(60 * 24 * 90),
        minutes=34,
        score=0.8,
        why=("checkout",),
    )


def finding(source: str, *facts: Fact, checked: str = "") -> Finding:
    evidence = tuple(Evidence(source=source, text=f"fact {n} of {source}", fact=f) for n, f in enumerate(facts))
    outcome = Outcome.FOUND if facts else Outcome.NOTHING
    return Finding(source=source, outcome=outcome, seconds=0.4, evidence=evidence, checked=checked)


def failed(source: str, reason: FailureReason = FailureReason.UNREACHABLE, detail: str = "") -> Finding:
    return Finding(source=source, outcome=Outcome.FAILED, seconds=3.0, reason=reason, detail=detail)


def skipped(source: str, detail: str = "") -> Finding:
    return Finding(source=source, outcome=Outcome.SKIPPED, seconds=0.0, detail=detail)


def gathered(facts: Iterable[Fact], *others: Finding) -> tuple[Finding, ...]:
    """Facts sorted to the sources they would come from, numbered."""
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        groups.setdefault(_source(fact), []).append(fact)
    return number([*(finding(name, *group) for name, group in groups.items()), *others])


def _source(fact: Fact) -> str:
    if isinstance(fact, MetricFact | AlertFact):
        return "metrics"
    if isinstance(fact, PodFact | EventFact | ConditionFact):
        return "cluster"
    return {LogFact: "logs", ChangeFact: "changes", OnCallFact: "people", RunbookFact: "runbooks"}.get(
        type(fact), "memory"
    )


def bad_deployment() -> Sequence[Fact]:
    """checkout v2.31.0 breaks it 7 min before the alert; cart is deployed closer to it and is innocent."""
    return [
        metric("checkout", moved=6, limit=0.05, trigger=True),
        metric("checkout", SignalKind.LATENCY, 5.5, name="p99 latency", unit="s", was=0.4, now=1.9),
        metric("frontend", moved=5),
        metric("cart"),
        metric("payments"),
        traffic(),
        pool(moved=None, now=34, was=31),
        change("checkout", 7, files=("shop/tax_rates.py",)),
        change("cart", 3, "v1.9.3", previous="v1.9.2"),
        change("checkout", 300, "v2.30.1", previous="v2.30.0"),
        log("checkout", "KeyError: '<*>' in tax_rates.lookup", 6),
        log("checkout", "slow query took <*> ms", 60, count=12, baseline=11),
    ]


def exhausted_pool() -> Sequence[Fact]:
    """Connections climb for 22 min until they are gone; cart, a neighbour, was deployed 15 min before the alert."""
    return [
        metric("checkout", SignalKind.LATENCY, 5, name="p99 latency", unit="s", was=0.4, now=6.1, trigger=True),
        metric("checkout", moved=4),
        pool(),
        metric("frontend", SignalKind.LATENCY, 3, name="p99 latency", unit="s", was=0.5, now=6.4),
        metric("cart"),
        metric("payments"),
        traffic(),
        change("cart", 15, "v1.9.3", previous="v1.9.2"),
        log("checkout", "timed out acquiring connection from pool after <*> ms", 5),
        log("cart", "cache miss for <*>", 60, count=9, baseline=10),
    ]


def failing_dependency() -> Sequence[Fact]:
    """payments fails below checkout; checkout itself was deployed 40 min before and is innocent."""
    return [
        metric("checkout", moved=5, limit=0.05, trigger=True),
        metric("payments", SignalKind.LATENCY, 7, name="p99 latency", unit="s", was=0.2, now=9.8),
        metric("payments", moved=6.5),
        metric("frontend", moved=4),
        metric("cart"),
        metric("ledger"),
        traffic(),
        pool(moved=4, now=72, was=31),
        change("checkout", 40),
        log("checkout", "upstream payments timed out after <*> ms", 5),
        log("payments", "connection reset by card network <*>", 7),
    ]


def traffic_surge() -> Sequence[Fact]:
    """Three times the usual load, then latency."""
    return [
        metric("checkout", SignalKind.LATENCY, 4, name="p99 latency", unit="s", was=0.4, now=3.1, trigger=True),
        traffic(moved=8, now=190.0),
        metric("cart"),
        metric("payments"),
        metric("checkout", SignalKind.SATURATION, 7, name="cpu", was=0.4, now=0.97),
        change("cart", 90, "v1.9.3"),
        log("checkout", "request took <*> ms", 4),
    ]
