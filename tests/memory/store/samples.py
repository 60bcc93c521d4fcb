"""Alerts, deliveries and facts to store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import create_engine, text

from bot.domain.alert import Alert, AlertStatus, Delivery, Link, Severity
from bot.domain.briefing import Briefing, CauseKind, Claim, Hypothesis, Reason, Step
from bot.domain.confidence import Confidence
from bot.domain.evidence import (
    Evidence,
    FailureReason,
    Finding,
    MetricFact,
    Outcome,
    Series,
    SignalKind,
    TriggerChart,
)

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def alert(
    fingerprint: str = "f1",
    *,
    service: str | None = "checkout",
    severity: Severity = Severity.SEV2,
    status: AlertStatus = AlertStatus.FIRING,
    started_at: datetime = NOON,
    title: str = "Error ratio is high",
) -> Alert:
    return Alert(
        source="alertmanager",
        fingerprint=fingerprint,
        status=status,
        severity=severity,
        title=title,
        started_at=started_at,
        service=service,
        environment="production",
        labels={"alertname": "HighErrorRatio", "job": "checkout"},
        links=(Link(title="graph", url="https://prometheus.example/graph"),),
        query="sum(rate(errors[5m]))",
        ended_at=started_at + 5 * MINUTE if status is AlertStatus.RESOLVED else None,
    )


def delivery(key: str = "k1", *alerts: Alert, received_at: datetime = NOON) -> Delivery:
    return Delivery(source="alertmanager", key=key, received_at=received_at, alerts=alerts or (alert(),))


CHART = TriggerChart(
    title="Error ratio",
    unit="ratio",
    query="sum(rate(errors[5m]))",
    series=(Series(name="checkout", points=((1772625600.0, 0.01), (1772625615.0, 0.31))),),
    onset=NOON,
    threshold=0.05,
)

METRIC = MetricFact(
    service="checkout",
    metric="error ratio",
    kind=SignalKind.ERRORS,
    unit="ratio",
    before=0.01,
    now=0.31,
    latest=0.3,
    spread=0.001,
    moved_at=NOON,
    is_trigger=True,
)

FINDINGS = (
    Finding(
        source="prometheus",
        outcome=Outcome.FOUND,
        seconds=0.25,
        evidence=(Evidence(source="prometheus", text="Errors rose to 31 %", fact=METRIC, at=NOON, id="E1"),),
        checked="signals of checkout",
        chart=CHART,
    ),
    Finding(
        source="github",
        outcome=Outcome.FAILED,
        seconds=4.0,
        reason=FailureReason.TOO_SLOW,
        detail="github did not answer within 4 s.",
    ),
)


def briefing(incident_id: str, made_at: datetime = NOON) -> Briefing:
    return Briefing(
        incident_id=incident_id,
        made_at=made_at,
        impact=(Claim(text="Errors rose from 1 % to 31 %", evidence=("E1",)),),
        hypotheses=(
            Hypothesis(
                kind=CauseKind.DEPLOYMENT,
                service="checkout",
                subject="v2",
                statement="v2 broke it",
                reasons=(Reason(text="two minutes before", evidence=("E1",), weight=1.5),),
                score=1.5,
                confidence=Confidence.MEDIUM,
            ),
        ),
        changes=(),
        past=(),
        runbooks=(),
        steps=(Step(text="Roll back", command="deployctl rollback checkout"),),
        ruled_out=(),
        not_checked=(Claim(text="github did not answer"),),
        on_call=(),
        on_call_emails=("ana@example.org",),
        findings=FINDINGS,
    )


def run(database_url: str, statement: str) -> list[tuple[object, ...]]:
    """What another program sees or does there."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        rows = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return rows
