import json
from pathlib import Path
from typing import Any

import pytest

from bot.domain.alert import AlertStatus, Severity
from integrations.best_effort import PROBLEM
from integrations.datadog import EXAMPLES, INTEGRATION, TEMPLATE, DatadogSettings, DatadogWebhook, _Event
from tests.integrations.vendors import RECEIVED, changed, of, only, parse

TRIGGERED, WARNING, RECOVERED = EXAMPLES


def event(**changes: Any) -> Any:
    return only("datadog", changed(TRIGGERED.body, lambda payload: payload.update(changes)))


def test_a_triggered_monitor_is_read_whole() -> None:
    alert = of("datadog", TRIGGERED)
    assert (alert.status, alert.severity) == (AlertStatus.FIRING, Severity.SEV2)
    assert (alert.title, alert.service, alert.environment) == ("Error rate of checkout is high", "checkout", "prod")
    assert alert.started_at.isoformat() == "2026-03-04T09:12:43+00:00"
    assert alert.labels["team"] == "payments"
    assert [link.title for link in alert.links] == ["Datadog"]
    assert alert.query is None  # not PromQL


def test_firing_and_recovery_are_one_condition() -> None:
    fire, end = of("datadog", TRIGGERED), of("datadog", RECOVERED)
    assert fire.fingerprint == end.fingerprint == "71462113 service:checkout,env:prod"
    assert (end.status, end.ended_at) == (AlertStatus.RESOLVED, end.started_at)


def test_each_group_of_a_monitor_is_a_condition_of_its_own() -> None:
    assert event(alert_scope="service:cart").fingerprint != event().fingerprint


def test_a_mere_warning_is_never_more_than_sev3() -> None:
    assert of("datadog", WARNING).severity is Severity.SEV3
    assert event(alert_transition="Warn", alert_priority="P4").severity is Severity.SEV4


@pytest.mark.parametrize("transition", ["Triggered", "Re-Triggered", "No Data", "Renotify", "", "$ALERT_TRANSITION"])
def test_everything_but_a_recovery_burns(transition: str) -> None:
    assert event(alert_transition=transition).status is AlertStatus.FIRING


def test_variables_that_datadog_left_are_no_values() -> None:
    alert = event(alert_priority="$ALERT_PRIORITY", tags="$TAGS", hostname="db-3", date="$DATE", alert_type="warning")
    assert (alert.severity, alert.service, alert.started_at) == (Severity.SEV3, "db-3", RECEIVED)
    assert alert.started_at_is_receipt
    assert not any("$" in value for value in alert.labels.values())


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("[Re-Triggered on {host:a}] Disk", "Disk"),
        ("[No data] Disk", "Disk"),
        ("[Shop] Disk", "[Shop] Disk"),
        ("[Triggered]", "[Triggered]"),
    ],
)
def test_the_title_is_the_monitors_own(title: str, shown: str) -> None:
    assert event(event_title=title).title == shown


def test_a_repeat_is_the_same_delivery_and_a_recovery_another() -> None:
    keys = [parse("datadog", example.body).key for example in (TRIGGERED, TRIGGERED, WARNING, RECOVERED)]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


@pytest.mark.parametrize("field", ["event_title", "alert_transition"])
def test_another_template_is_read_as_well_as_it_can_be(field: str) -> None:
    alert = only("datadog", changed(TRIGGERED.body, lambda payload: payload.pop(field)))
    assert alert.labels[PROBLEM].startswith(f"{field}: is missing")
    assert (alert.service, alert.severity) == ("checkout", Severity.SEV2)


def test_the_documented_template_is_the_one_that_is_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text()
    fenced = (fence.partition("```")[0] for fence in page.split("```json\n")[1:])
    assert dict(TEMPLATE) in [json.loads(text) for text in fenced]


def test_the_template_asks_for_every_field_that_is_read() -> None:
    assert set(TEMPLATE) == set(_Event.__struct_fields__)
    assert all(variable.startswith("$") for variable in TEMPLATE.values())


def test_without_credentials_it_is_not_set_up() -> None:
    make = INTEGRATION.alert_format
    assert make is not None
    assert make(DatadogSettings()) is None
    assert isinstance(make(DatadogSettings(user="u", password="p" * 8)), DatadogWebhook)
