from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.flapping import FlapLimits, flapping_text, is_flapping, quiet_text, recoveries
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMITS = FlapLimits()
ALERT = Alert(
    source="test", fingerprint="f1", status=AlertStatus.FIRING, severity=Severity.SEV3, title="errors", started_at=NOW
)


def incident(*ends: int | None, alert: Alert = ALERT) -> Incident:
    """`ends`: minutes ago that each of its alerts recovered, None for one that fires."""
    alerts = tuple(
        GroupedAlert(
            alert=alert,
            reason=GroupingReason.RECURRED,
            received_at=NOW - 60 * MINUTE,
            resolved_at=None if ago is None else NOW - ago * MINUTE,
        )
        for ago in ends
    )
    return Incident(
        id="INC-1", title="errors", severity=Severity.SEV3, status=IncidentStatus.INVESTIGATING, service=None,
        started_at=NOW, opened_at=NOW, alerts=alerts,
    )  # fmt: skip


def counted(one: Incident) -> int:
    return recoveries(ALERT, one, NOW - LIMITS.within)


def test_recoveries_of_the_condition_within_the_time_are_counted() -> None:
    assert counted(incident(31, 30, 20, 1, None)) == 3
    assert counted(incident(1, 2, 3, alert=replace(ALERT, fingerprint="f2"))) == 0
    assert counted(incident(1, 2, 3, alert=replace(ALERT, source="other"))) == 0


def test_one_notice_that_ends_several_alerts_is_one_recovery() -> None:
    assert counted(incident(5, 5, 5, 5)) == 1


def test_four_times_is_flapping() -> None:
    assert [is_flapping(times, LIMITS) for times in (3, 4, 5)] == [False, True, True]


def test_people_are_told_what_it_means() -> None:
    assert flapping_text("errors", LIMITS) == (
        "Flapping: errors fired and recovered 4 times within 30 min. "
        "The incident is not resolved before nothing fired for 10 min."
    )
    assert quiet_text(LIMITS) == "Nothing has fired for 10 min: the flapping is over."
