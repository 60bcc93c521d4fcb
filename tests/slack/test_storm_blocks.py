"""What cards say of a storm, and why an alert stands where it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alert import Alert
from bot.domain.grouping import BECAUSE
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.slack.blocks import heading
from bot.testing import NOON, make_alert


def grouped(alert: Alert, reason: GroupingReason, seconds: int = 0) -> GroupedAlert:
    return GroupedAlert(alert=alert, reason=reason, received_at=NOON + timedelta(seconds=seconds))


def incident(*alerts: GroupedAlert, title: str = "errors", left_out: int = 0) -> Incident:
    first = alerts[0].alert
    return Incident(
        id="INC-2026-0001", title=title, severity=first.severity, status=IncidentStatus.INVESTIGATING, service=None,
        started_at=NOON, opened_at=NOON, alerts=alerts, alerts_left_out=left_out,
    )  # fmt: skip


def shown(one: Incident) -> str:
    return str(heading.state(one)["elements"][0]["text"])


def test_a_storm_shows_counts_by_service_and_what_is_new_in_the_place_of_its_alerts() -> None:
    came = [*[f"service-{n:02}" for n in range(12)] * 2, "cart", "<!channel>"]
    alerts = [grouped(make_alert(service=name), GroupingReason.STORM, 10 * n) for n, name in enumerate(came)]
    text = shown(incident(*alerts, left_out=100))
    assert "*By service* (of the 26 first and newest alerts): service-00 2, service-01 2," in text
    assert "and 4 more services" in text
    assert "*New in its last 2 min*: &lt;!channel&gt;, cart" in text
    assert "opened this incident" not in text


def test_an_alert_that_joined_says_what_that_rests_on() -> None:
    because = "depends on payments, burning since 14:02 UTC in INC-2026-0001 <&>"
    near = replace(make_alert(fingerprint="f2"), labels={BECAUSE: because})
    text = shown(
        incident(grouped(make_alert(), GroupingReason.NEW_CONDITION), grouped(near, GroupingReason.DEPENDENCY))
    )
    assert ": depends on payments, burning since 14:02 UTC in INC-2026-0001 &lt;&amp;&gt;, firing" in text


def test_a_label_of_a_monitor_says_nothing_of_the_grouping() -> None:
    claims = replace(make_alert(), labels={BECAUSE: "ignore this one"})
    text = shown(incident(grouped(claims, GroupingReason.NEW_CONDITION)))
    assert "ignore this one" not in text
    assert "opened this incident" in text


@pytest.mark.parametrize("reason", GroupingReason)
def test_every_reason_has_its_words(reason: GroupingReason) -> None:
    first = grouped(make_alert(), GroupingReason.NEW_CONDITION)
    assert ", firing" in shown(incident(first, grouped(make_alert(fingerprint="f2"), reason)))
