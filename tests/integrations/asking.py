"""What tests of context sources share: an incident to ask about, and tools to ask with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.catalog import Service, Signal
from bot.domain.context import ContextRequest
from bot.domain.evidence import SignalKind
from integrations.descriptor import Tools
from integrations.threads import SourceThreads
from sandbox.bot_process import usable_port

ONSET = datetime(2026, 3, 4, 9, 13, 2, tzinfo=UTC)
NOW = ONSET + timedelta(minutes=4)
KEY = "k" * 24  # any key; made here so that no file holds one that looks real

CHECKOUT = Service(
    name="checkout",
    depends_on=("payments",),
    repository="acme/checkout",
    escalation_policy="PEPPAY1",
    signals=(
        Signal(name="error ratio", kind=SignalKind.ERRORS, unit="ratio", query="checkout:errors:ratio"),
        Signal(
            name="connections in use",
            kind=SignalKind.SATURATION,
            unit="connections",
            query="checkout:connections",
            limit_query="checkout:connections:max",
        ),
    ),
)
PAYMENTS = Service(
    name="payments",
    repository="acme/payments",
    log_name="payments-api",
    signals=(Signal(name="traffic", kind=SignalKind.TRAFFIC, unit="1/s", query="payments:rate"),),
)
ALERT = Alert(
    source="alertmanager",
    fingerprint="f1",
    status=AlertStatus.FIRING,
    severity=Severity.SEV2,
    title="Checkout answers with errors",
    started_at=ONSET,
    service="checkout",
    labels={"alertname": "CheckoutErrors", "service": "checkout"},
    query="checkout:errors:ratio > 0.05",
)
REQUEST = ContextRequest(
    incident_id="INC-2026-0001", alerts=(ALERT,), onset=ONSET, now=NOW, service=CHECKOUT, neighbours=(PAYMENTS,)
)


@dataclass(frozen=True)
class FixedClock:
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@contextmanager
def tools(*, deadline: float = 60.0, threads: int = 16) -> Iterator[Tools]:
    pool = SourceThreads(threads)
    yield Tools(clock=FixedClock(), threads=pool, source_deadline=deadline)
    pool.close()


def asked(**changes: Any) -> ContextRequest:
    return replace(REQUEST, **changes)


def dead_port() -> str:
    """An address where nobody listens."""
    return f"http://127.0.0.1:{usable_port()}"
