"""What the words of an incident know about themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.incident import GroupedAlert, GroupingReason, IncidentStatus
from bot.testing import NOON, make_alert
from tests.domain.test_naming import ALERT, INCIDENT

LATER = NOON + timedelta(minutes=5)


def test_lower_ranks_are_worse() -> None:
    assert sorted(Severity, key=lambda severity: severity.rank) == list(Severity)
    assert Severity.SEV1.is_worse_than(Severity.SEV2)
    assert not Severity.SEV2.is_worse_than(Severity.SEV2)


def test_a_firing_notice_and_its_recovery_are_one_episode_and_two_statements() -> None:
    firing, resolved = make_alert(), make_alert(status=AlertStatus.RESOLVED)
    assert firing.episode == resolved.episode
    assert firing.dedup_key != resolved.dedup_key


@pytest.mark.parametrize(
    "other", [make_alert(started_at=LATER), make_alert(fingerprint="f2"), make_alert(source="pagerduty")]
)
def test_another_condition_source_or_time_is_another_episode(other: Alert) -> None:
    assert other.episode != make_alert().episode


def test_a_repeat_with_other_words_is_the_same_statement() -> None:
    assert make_alert(title="Still high").dedup_key == make_alert().dedup_key


def test_only_a_resolved_or_cancelled_incident_is_not_open() -> None:
    over = [IncidentStatus.RESOLVED, IncidentStatus.CANCELLED]
    assert [status for status in IncidentStatus if not status.is_open] == over


def test_an_alert_fires_until_it_is_resolved() -> None:
    assert ALERT.is_firing
    assert not replace(ALERT, resolved_at=LATER).is_firing


def test_an_incident_counts_the_alerts_that_it_does_not_carry_too() -> None:
    second = GroupedAlert(alert=make_alert(fingerprint="f2"), reason=GroupingReason.SAME_SERVICE, received_at=LATER)
    incident = replace(INCIDENT, alerts=(ALERT, replace(second, resolved_at=LATER)))
    assert incident.first_alert is ALERT.alert
    assert (incident.alert_count, incident.firing_count) == (2, 1)
    stormy = replace(incident, alerts_left_out=1000, firing_left_out=999)
    assert (stormy.alert_count, stormy.firing_count) == (1002, 1000)
