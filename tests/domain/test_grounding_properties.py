"""Whatever the evidence says: its own words are supported, and with one number changed they are not."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.evidence import MetricFact, SignalKind
from bot.domain.evidence_ledger import EvidenceLedger, evidence_ledger
from bot.domain.grounding import Verdict, ground
from bot.domain.quantity import quantity
from tests.domain.grounding_world import finding

SERVICES = st.sampled_from(["checkout", "orders-api", "cart", "billing_v2", "svc-eu1"])
UNITS = st.sampled_from(
    [("error ratio", "ratio"), ("p95 latency", "s"), ("memory", "bytes"), ("traffic", "1/s"), ("workers", "workers")]
)
VALUES = st.floats(min_value=0.011, max_value=0.99)


def world(service: str, metric: str, unit: str, before: float, now: float) -> EvidenceLedger:
    fact = MetricFact(
        service=service,
        metric=metric,
        kind=SignalKind.ERRORS,
        unit=unit,
        before=before,
        now=now,
        latest=now,
        spread=0.1,
        moved_at=None,
    )
    text = f"{metric} of {service} is {quantity(now, unit)} now, {quantity(before, unit)} before, it did not move"
    (only,) = (finding("prometheus", (text, fact)),)
    item = only.evidence[0]
    return evidence_ledger([type(only)(**{**vars(only), "evidence": (type(item)(**{**vars(item), "id": "E1"}),)})])


def scaled(unit: str, value: float) -> float:
    return value * {"ratio": 1.0, "s": 20.0, "bytes": 2.0**33, "1/s": 900.0, "workers": 5000.0}[unit]


@settings(max_examples=150, deadline=None)
@given(service=SERVICES, kind=UNITS, before=VALUES, now=VALUES)
def test_a_sentence_that_copies_the_evidence_is_supported(
    service: str, kind: tuple[str, str], before: float, now: float
) -> None:
    metric, unit = kind
    ledger = world(service, metric, unit, scaled(unit, before), scaled(unit, now))
    claim = ground(ledger.items[0].text, ["E1"], ledger)
    assert claim.verdict is Verdict.SUPPORTED, (claim.text, claim.faults)


@settings(max_examples=150, deadline=None)
@given(service=SERVICES, kind=UNITS, now=VALUES, off=st.sampled_from([0.1, 0.5, 0.8, 1.25, 1.7, 10.0, 1000.0]))
def test_with_its_number_changed_beyond_rounding_it_is_not(
    service: str, kind: tuple[str, str], now: float, off: float
) -> None:
    metric, unit = kind
    ledger = world(service, metric, unit, scaled(unit, now), scaled(unit, now))
    changed = f"{metric} of {service} is {quantity(scaled(unit, now) * off, unit)} now"
    assert ground(changed, ["E1"], ledger).verdict is not Verdict.SUPPORTED, changed


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=400), cites=st.lists(st.text(max_size=8), max_size=4))
def test_no_text_breaks_it_and_faults_lie_within(text: str, cites: list[str]) -> None:
    ledger = world("checkout", "error ratio", "ratio", 0.1, 0.2)
    claim = ground(text, [*cites, "E1"], ledger)
    assert all(0 <= fault.start <= fault.end <= len(claim.text) for fault in claim.faults)
