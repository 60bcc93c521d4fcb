from typing import Any

import pytest

from bot.domain.alert import AlertStatus, Severity
from integrations.best_effort import PROBLEM
from integrations.newrelic import EXAMPLES, INTEGRATION, NewRelicSettings
from tests.integrations.vendors import RECEIVED, changed, of, only, parse

ACTIVATED, ACKNOWLEDGED, CLOSED = EXAMPLES


def issue(**changes: Any) -> Any:
    return only("newrelic", changed(ACTIVATED.body, lambda payload: payload.update(changes)))


def test_an_issue_is_read_whole() -> None:
    alert = of("newrelic", ACTIVATED)
    assert (alert.status, alert.severity, alert.service) == (AlertStatus.FIRING, Severity.SEV1, "checkout")
    assert alert.started_at.isoformat() == "2026-03-04T09:12:43+00:00"
    assert alert.description == "Conditions: Error percentage. Impacted: checkout, cart."
    assert alert.labels["policy"] == "Golden signals"
    assert [link.title for link in alert.links] == ["New Relic"]


def test_closing_it_ends_the_same_episode() -> None:
    fire, end = of("newrelic", ACTIVATED), of("newrelic", CLOSED)
    assert fire.episode == end.episode
    assert end.ended_at is not None
    assert end.ended_at.isoformat() == "2026-03-04T09:31:40+00:00"


def test_acknowledging_says_nothing_about_the_condition() -> None:
    assert parse("newrelic", ACKNOWLEDGED.body).alerts == ()


@pytest.mark.parametrize(
    ("priority", "severity"),
    [("CRITICAL", Severity.SEV1), ("HIGH", Severity.SEV2), ("MEDIUM", Severity.SEV3), ("LOW", Severity.SEV4)],
)
def test_priorities(priority: str, severity: Severity) -> None:
    assert issue(priority=priority).severity is severity


def test_a_time_that_cannot_be_used_is_the_time_of_receipt() -> None:
    alert = issue(createdAt=None)
    assert (alert.started_at, alert.started_at_is_receipt) == (RECEIVED, True)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"state": "MELTING"}, "state: expected CREATED, ACTIVATED or CLOSED, got 'MELTING'"),
        ({"id": " "}, "id: is empty"),
        ({"impactedEntities": "checkout"}, "impactedEntities: expected `array`, got `str`"),
    ],
)
def test_another_template_is_read_as_well_as_it_can_be(change: dict[str, Any], problem: str) -> None:
    alert = issue(**change)
    assert alert.labels[PROBLEM] == problem
    assert (alert.status, alert.severity) == (AlertStatus.FIRING, Severity.SEV1)
    assert alert.title.startswith("checkout query result")


def test_each_state_is_a_delivery_of_its_own() -> None:
    assert len({parse("newrelic", example.body).key for example in EXAMPLES}) == 3


def test_without_credentials_it_is_not_set_up() -> None:
    make = INTEGRATION.alert_format
    assert make is not None
    assert make(NewRelicSettings()) is None
