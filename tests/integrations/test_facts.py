"""Reading alerts of unknown shape. The shapes are made up: what must carry over is the way they are built."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.alert import Severity
from integrations.facts import Facts, Status, condition_of, read_facts, severity_in
from integrations.outline import ENTRIES_LIMIT, outline, snake


def facts(**payload: Any) -> Facts:
    return read_facts(payload)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("AlarmName", "alarm_name"),
        ("service.name", "service_name"),
        ("@timestamp", "timestamp"),
        ("monitorID", "monitor_id"),
        ("HTTPCode", "http_code"),
        ("alert-rule name", "alert_rule_name"),
        ("é", ""),
    ],
)
def test_names_are_compared_in_snake_case(name: str, shown: str) -> None:
    assert snake(name) == shown


TAGS = [
    {"tags": "env:prod, service:checkout"},
    {"tags": ["env:prod", "service:checkout"]},
    {"tags": ["env=prod", "service=checkout"]},
    {"tags": [["env", "prod"], ["service", "checkout"]]},
    {"tags": [{"key": "env", "value": "prod"}, {"key": "service", "value": "checkout"}]},
    {"dims": [{"name": "env", "value": "prod"}, {"name": "service", "value": {"stringValue": "checkout"}}]},
    {"labels": {"env": "prod", "service": "checkout"}},
    {"deep": {"down": {"labels": {"env": "prod", "service.name": "checkout"}}}},
    {"Message": '{"env": "prod", "detail": {"service": "checkout"}}'},
    {"env": "prod", "service": {"id": 7, "name": "checkout"}},
    {"env": {"value": "prod", "label": "Production"}, "service": {"value": "checkout"}},
]


@pytest.mark.parametrize("payload", TAGS, ids=str)
def test_however_names_and_values_are_paired(payload: dict[str, Any]) -> None:
    found = read_facts({"title": "Slow", **payload})
    assert (found.environment, found.service, found.service_from) == ("prod", "checkout", None)


TITLES: list[tuple[dict[str, Any], str]] = [
    ({"title": "Slow", "message": "p95 is 2 s"}, "Slow"),
    ({"message": "p95 is 2 s", "name": "x"}, "p95 is 2 s"),
    ({"incident": {"summary": "Slow"}, "version": "1.0"}, "Slow"),
    ({"action": "created", "event": "created", "data": {"name": "Slow"}}, "Slow"),
    ({"rule": {"name": "Slow"}, "host": {"name": "web-1"}}, "Slow"),
    ({"host": {"name": "web-1"}, "check_output": "CRITICAL - load"}, "CRITICAL - load"),
    ({"alerts": [{"rule_name": "Slow"}, {"rule_name": "Other"}]}, "Slow"),
    ({"title": "$ALERT_TITLE", "message": "p95 is 2 s"}, "p95 is 2 s"),
    ({"title": " ", "reason": "p95 is 2 s"}, "p95 is 2 s"),
    ({"user": {"title": "Doctor"}, "text": "p95 is 2 s"}, "p95 is 2 s"),
    ({"a": {"b": {"c": {"d": "deep"}}}}, "deep"),
    ({"event": "failed"}, "failed"),
    ({"n": 3}, ""),
]


@pytest.mark.parametrize(("payload", "title"), TITLES, ids=str)
def test_titles(payload: dict[str, Any], title: str) -> None:
    assert read_facts(payload).title == title


SEVERITIES: list[tuple[dict[str, Any], Severity | None]] = [
    ({"severity": "critical"}, Severity.SEV1),
    ({"priority": "P2"}, Severity.SEV2),
    ({"priority": 4}, Severity.SEV4),
    ({"severity": {"name": "High"}}, Severity.SEV2),
    ({"metadata": {"system_labels": {"severity": "warning"}}}, Severity.SEV3),
    ({"state": "CRITICAL"}, Severity.SEV1),
    ({"ProblemSeverity": "ERROR"}, Severity.SEV2),
    ({"severity": "banana", "alert_priority": "P1"}, Severity.SEV1),
    ({"severity": None, "log": "x\nSeverity: critical\ny"}, Severity.SEV1),
    ({"title": "[P2] Disk is full"}, Severity.SEV2),
    ({"severity": "ok"}, Severity.SEV4),
    ({"status": "resolved"}, Severity.SEV4),
    ({"title": "Error rate of checkout"}, None),
    ({"status": "alert", "level": True, "priority": 0.5}, None),
]


@pytest.mark.parametrize(("payload", "severity"), SEVERITIES, ids=str)
def test_severities(payload: dict[str, Any], severity: Severity | None) -> None:
    assert read_facts(payload).severity is severity


STATUSES: list[tuple[dict[str, Any], Status | None]] = [
    ({"status": "resolved"}, Status.OVER),
    ({"alert_type": "ALERT_RECOVERY"}, Status.OVER),
    ({"type": "alert.resolved"}, Status.OVER),
    ({"event": "DOWN -> UP"}, Status.OVER),
    ({"event": "UP -> DOWN"}, Status.FIRING),
    ({"state": "not resolved"}, Status.FIRING),
    ({"state": "unresolved"}, Status.FIRING),
    ({"severity": "OK"}, Status.OVER),
    ({"severity": "OK", "status": "firing"}, Status.FIRING),
    ({"resolved": True}, Status.OVER),
    ({"is_active": False}, Status.OVER),
    ({"firing": True}, Status.FIRING),
    ({"title": "[RESOLVED] Disk is full"}, Status.OVER),
    ({"title": "Resolved: Disk is full"}, Status.OVER),
    ({"title": "Errors recovered from too slowly"}, None),
    ({"title": "Not resolved for 3 days"}, None),
    ({"status": "the incident was closed by nobody yet"}, None),
    ({"action": "completed", "conclusion": "failure"}, None),
    ({"status": 200}, None),
]


@pytest.mark.parametrize(("payload", "status"), STATUSES, ids=str)
def test_a_recovery_has_to_be_said(payload: dict[str, Any], status: Status | None) -> None:
    assert read_facts(payload).status is status


def test_a_guessed_service_says_what_it_was_guessed_from() -> None:
    guess = facts(title="x", team="payments", resource={"host": "db-3"})
    assert (guess.service, guess.service_from) == ("db-3", "resource.host")
    assert facts(title="x", team="payments").service_from == "team"
    assert facts(title="x", host="10", app="https://x.example").service is None


FINGERPRINTS: list[tuple[dict[str, Any], str | None]] = [
    ({"dedup_key": "d", "id": 1}, "d"),
    ({"alertId": "a", "id": 1}, "a"),
    ({"id": 38}, "38"),
    ({"event": {"id": "per-event"}, "event_id": "per-event"}, None),
    ({"user": {"id": "ana"}, "request_id": "r"}, None),
    ({"monitor_id": "m", "host": "db-3"}, "m db-3"),
]


@pytest.mark.parametrize(("payload", "fingerprint"), FINGERPRINTS, ids=str)
def test_an_id_of_the_condition_is_its_fingerprint_and_none_of_the_delivery(
    payload: dict[str, Any], fingerprint: str | None
) -> None:
    assert read_facts(payload).fingerprint == fingerprint


def test_the_onset_counts_before_other_times() -> None:
    at = datetime(2026, 3, 4, 9, 12, 43, tzinfo=UTC)
    assert facts(timestamp="2026-03-04T10:00:00Z", started_at="2026-03-04T09:12:43Z").started_at == at
    assert facts(event={"timestamp": 1772615563}, text="at 2020-01-01T00:00:00Z").started_at == at
    assert facts(started_at=0, ended_at=0).started_at is None
    assert facts(text="It began at 2026-03-04T09:12:43Z.").started_at == at


def test_links_are_pages_and_no_pictures() -> None:
    found = facts(
        icon_url="https://x.example/i.png", alert_url="https://x.example/a", runbook_url="https://x.example/r"
    )
    assert (found.url, found.runbook) == ("https://x.example/a", "https://x.example/r")
    assert facts(url="/relative", link="javascript:alert(1)").url is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Triggered: Disk is full", "Resolved: Disk is full"),
        ("Checkout is down", "Checkout has recovered"),
        ("[FIRING] cpu > 90%", "[OK] cpu > 90%"),
    ],
)
def test_a_condition_is_the_same_when_it_begins_and_ends(one: str, other: str) -> None:
    assert condition_of(one) == condition_of(other)
    assert condition_of("queue over 33%") != condition_of("queue over 90%")
    assert condition_of("Resolved") == "resolved"


def test_severities_in_names() -> None:
    assert severity_in("orders P1 latency") is Severity.SEV1
    assert severity_in("sev-2: orders") is Severity.SEV2
    assert severity_in("p95 of orders, ep1sode, p10") is None


def test_the_work_is_bounded_whatever_the_payload() -> None:
    assert len(outline({f"k{i}": {"a": "b"} for i in range(20_000)})) <= ENTRIES_LIMIT * 2
    assert outline({"a": [[[[[["x"]]]]]]})[0].value == "x"
    deep: Any = "x"
    for _ in range(200):
        deep = {"a": deep}
    assert outline(deep) == ()
