"""Whether a runbook is for an incident."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.action import Value
from bot.domain.condition import Condition
from bot.domain.evidence import ChangeFact, ChangeKind, Evidence, LogFact, MetricFact, PodFact, ProbeFact, SignalKind
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.domain.runbook import Fit, Trigger, evidence_values, fit, incident_values
from bot.domain.runbook.fit import FACTS
from bot.domain.runbook.values import INCIDENT
from bot.testing import NOON, make_alert


def incident(*labels: Mapping[str, str], severity: str = "SEV1") -> Mapping[str, Value]:
    alerts = [replace(make_alert(), labels=dict(own)) for own in labels or ({"alertname": "High"},)]
    grouped = tuple(GroupedAlert(alert=a, reason=GroupingReason.NEW_CONDITION, received_at=NOON) for a in alerts)
    found = Incident(
        id="INC-2026-0001", title="High", severity=make_alert().severity, status=IncidentStatus.TRIAGE,
        service="checkout", started_at=NOON, opened_at=NOON, alerts=grouped,
    )  # fmt: skip
    return {**incident_values(found, "production"), "severity": severity}


METRIC = MetricFact(service="checkout", metric="memory", kind=SignalKind.SATURATION, unit="ratio", before=0.4, now=0.97,
                    latest=0.97, spread=0.01, moved_at=NOON)  # fmt: skip
LOG = LogFact(service="checkout", level="error", pattern="OutOfMemory <*>", count=40, baseline=0, first_seen=NOON)
CHANGE = ChangeFact(
    service="checkout", kind=ChangeKind.DEPLOYMENT, at=NOON - timedelta(minutes=3), version="v2", title="v2"
)
POD = PodFact(service="checkout", pod="checkout-1", count=1, total=3, terminated="OOMKilled")
PROBE = ProbeFact(service="checkout", url="https://shop.example", status=502, error="", seconds=0.1)
EVIDENCE = tuple(Evidence(source="s", text="t", fact=fact) for fact in (METRIC, LOG, CHANGE, POD, PROBE))


def when(source: str) -> Trigger:
    return Trigger(when=Condition(source=source))


@pytest.mark.parametrize(
    ("trigger", "is_fit"),
    [
        (Trigger(), Fit.FITS),
        (Trigger(severities=("SEV1", "SEV2")), Fit.FITS),
        (Trigger(severities=("SEV3",)), Fit.SEVERITY),
        (Trigger(labels={"cluster": ("prod-*",)}), Fit.FITS),
        (Trigger(labels={"cluster": ("staging", "prod-eu")}), Fit.FITS),
        (Trigger(labels={"cluster": ("staging",)}), Fit.LABELS),
        (Trigger(labels={"cluster": ("prod-*",), "team": ("a",)}), Fit.LABELS),
        (when("incident.service == 'checkout'"), Fit.FITS),
        (when("incident.service == 'cart'"), Fit.CONDITION),
        (when("metrics.exists(m, m.kind == 'saturation' && m.now > 0.9)"), Fit.FITS),
        (when("metrics.exists(m, has(m.limit) && m.now > m.limit)"), Fit.CONDITION),
        (when("metrics.exists(m, m.now > m.limit)"), Fit.UNDECIDED),
        (when("logs.exists(l, l.count > 10 && l.baseline == 0 && l.pattern.contains('OutOfMemory'))"), Fit.FITS),
        (when("changes.exists(c, c.kind == 'deployment') && incident.severity == 'SEV1'"), Fit.FITS),
        (when("pods.exists(p, p.terminated == 'OOMKilled')"), Fit.FITS),
        (when("probes.all(p, has(p.status) && p.status < 500)"), Fit.CONDITION),
    ],
)
def test_what_a_trigger_demands_is_weighed(trigger: Trigger, is_fit: Fit) -> None:
    here = incident({"alertname": "High", "cluster": "prod-eu"}, {"team": "a"})
    assert fit(trigger, here, EVIDENCE) is is_fit
    assert is_fit.is_open == (is_fit in (Fit.FITS, Fit.UNDECIDED))


def test_before_evidence_is_there_only_the_incident_can_say_no() -> None:
    assert fit(when("metrics.exists(m, m.now > 0.9)"), incident()) is Fit.UNDECIDED
    assert fit(when("incident.service == 'cart'"), incident()) is Fit.CONDITION
    assert fit(when("incident.service == 'checkout'"), incident()) is Fit.FITS


def test_what_expressions_can_see_is_what_is_promised_when_they_are_read() -> None:
    values = evidence_values((*EVIDENCE, Evidence(source="s", text="", fact=replace(METRIC, limit=1.0)),
                              Evidence(source="s", text="", fact=replace(CHANGE, previous="v1"))))  # fmt: skip
    for kind, names in FACTS.members.items():
        if names.elements is not None:
            items = values[kind]
            assert isinstance(items, tuple)
            seen = {name for item in items if isinstance(item, Mapping) for name in item}
            assert seen == names.elements.members.keys(), kind
    here = incident()
    assert here.keys() == INCIDENT.members.keys()
    alerts, promised = here["alerts"], INCIDENT.members["alerts"].elements
    assert isinstance(alerts, tuple)
    assert isinstance(alerts[0], Mapping)
    assert promised is not None
    assert alerts[0].keys() == promised.members.keys()


def test_what_was_not_measured_is_left_out() -> None:
    nothing = Evidence(source="s", text="", fact=replace(METRIC, now=None))
    assert evidence_values([nothing])["metrics"] == ()
