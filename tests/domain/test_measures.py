from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alert import Severity
from bot.domain.approval import State
from bot.domain.incident import Incident, IncidentStatus
from bot.domain.life.measures import (
    Measure,
    Share,
    by_service,
    by_severity,
    counted,
    durations,
    group,
    monday_of,
    reopened,
    spread,
    weeks,
)
from bot.domain.life.stats import Numbers, stats_lines, versus
from bot.domain.life.tallies import Decisions, FeedbackTally, Judged
from bot.domain.run import RunState

OPENED = datetime(2026, 11, 18, 14, 0, tzinfo=UTC)  # a Wednesday
KNOWN = st.datetimes(datetime(2026, 11, 1), datetime(2026, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001
MOMENTS = st.none() | KNOWN
NOTHING = Decisions(approvals={}, escalated=0, runs={}, steps={}, unasked=0)
UNJUDGED = FeedbackTally(answers=Judged(), memories=Judged())


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def incident(
    number: int = 1,
    *,
    started: datetime = OPENED - timedelta(minutes=4),
    opened: datetime = OPENED,
    severity: Severity = Severity.SEV2,
    status: IncidentStatus = IncidentStatus.RESOLVED,
    service: str | None = "checkout",
    acknowledged: datetime | None = None,
    briefed: datetime | None = None,
    identified: datetime | None = None,
    mitigated: datetime | None = None,
    resolved: datetime | None = None,
    is_private: bool = False,
    merged_into: str | None = None,
) -> Incident:
    return Incident(
        id=f"INC-2026-{number:04d}", title="High error ratio", severity=severity, status=status, service=service,
        started_at=started, opened_at=opened, acknowledged_at=acknowledged, briefed_at=briefed,
        identified_at=identified, mitigated_at=mitigated, resolved_at=resolved, is_private=is_private,
        merged_into=merged_into,
    )  # fmt: skip


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    return incident(
        draw(st.integers(1, 9999)),
        started=draw(KNOWN),
        opened=draw(KNOWN),
        severity=draw(st.sampled_from(Severity)),
        status=draw(st.sampled_from(IncidentStatus)),
        service=draw(st.none() | st.sampled_from(["checkout", "cart"])),
        acknowledged=draw(MOMENTS),
        briefed=draw(MOMENTS),
        identified=draw(MOMENTS),
        mitigated=draw(MOMENTS),
        resolved=draw(MOMENTS),
    )


def test_what_we_did_counts_from_when_the_alert_reached_us_and_what_users_felt_from_the_onset() -> None:
    one = incident(
        acknowledged=OPENED + minutes(2),
        briefed=OPENED + minutes(1),
        identified=OPENED + minutes(10),
        mitigated=OPENED + minutes(20),
        resolved=OPENED + minutes(30),
    )
    assert durations(one) == {
        Measure.ACKNOWLEDGE: minutes(2),
        Measure.BRIEFING: minutes(1),
        Measure.IDENTIFY: minutes(14),
        Measure.MITIGATE: minutes(24),
        Measure.RESOLVE: minutes(34),
    }


def test_what_is_unknown_is_left_out() -> None:
    assert durations(incident()) == {}


def test_a_false_alarm_was_never_mitigated() -> None:
    one = incident(status=IncidentStatus.CANCELLED, acknowledged=OPENED, mitigated=OPENED, resolved=OPENED)
    assert set(durations(one)) == {Measure.ACKNOWLEDGE}


@given(incidents())
def test_no_duration_is_negative(one: Incident) -> None:
    assert all(took >= timedelta() for took in durations(one).values())


@given(incidents(), st.timedeltas(timedelta(), timedelta(days=30)))
def test_what_ended_later_took_no_shorter(one: Incident, later: timedelta) -> None:
    def resolved(extra: timedelta) -> timedelta:
        at = one.opened_at + minutes(5) + extra
        return durations(
            incident(started=one.started_at, opened=one.opened_at, status=IncidentStatus.RESOLVED, resolved=at)
        )[Measure.RESOLVE]

    assert resolved(later) >= resolved(timedelta())


@given(st.lists(st.timedeltas(timedelta(), timedelta(days=9)), min_size=1, max_size=50))
def test_the_median_lies_within_and_nine_in_ten_were_no_slower_than_p90(values: list[timedelta]) -> None:
    found = spread(values)
    assert found is not None
    assert min(values) <= found.median <= max(values)
    assert found.p90 in values
    assert found.p90 + timedelta(microseconds=1) >= found.median
    assert sum(value <= found.p90 for value in values) >= 0.9 * len(values)
    assert found.count == len(values)


def test_of_nothing_there_is_no_median() -> None:
    assert spread([]) is None
    assert group([]).median(Measure.RESOLVE) is None


@given(st.lists(incidents(), max_size=20))
def test_groups_and_weeks_leave_nobody_out(some: list[Incident]) -> None:
    assert sum(one.count for one in by_severity(some).values()) == len(some)
    assert sum(one.count for one in by_service(some).values()) == len(some)
    found = weeks(some, datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC))
    assert sum(week.total for week in found) == len(some)
    assert [week.monday for week in found] == sorted({week.monday for week in found})
    assert all(week.monday.weekday() == 0 for week in found)


@pytest.mark.parametrize(
    ("since", "until", "mondays"),
    [
        (datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC), [16]),
        (datetime(2026, 11, 15, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC), [9, 16]),
        (datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, 1, tzinfo=UTC), [16, 23]),
    ],
)
def test_a_week_begins_on_monday_and_an_end_on_monday_is_not_in_it(
    since: datetime, until: datetime, mondays: list[int]
) -> None:
    assert [week.monday.day for week in weeks([], since, until)] == mondays
    assert monday_of(OPENED) == date(2026, 11, 16)


def test_private_and_merged_incidents_are_not_counted() -> None:
    some = [incident(1), incident(2, is_private=True), incident(3, merged_into="INC-2026-0001")]
    assert [one.id for one in counted(some)] == ["INC-2026-0001"]


def test_the_rate_of_what_was_opened_again_counts_what_had_ended() -> None:
    some = [incident(1), incident(2, status=IncidentStatus.INVESTIGATING), incident(3, status=IncidentStatus.TRIAGE)]
    assert reopened(some, frozenset({"INC-2026-0002"})) == Share(part=1, whole=2)
    assert Share(part=0, whole=0).rate is None


def test_the_numbers_in_words() -> None:
    some = [
        incident(n, severity=Severity.SEV1 if n == 1 else Severity.SEV3, acknowledged=OPENED + minutes(n),
                 mitigated=OPENED + minutes(6 * n), resolved=OPENED + minutes(10 * n))
        for n in range(1, 11)
    ]  # fmt: skip
    some.append(incident(11, status=IncidentStatus.INVESTIGATING, service="cart"))
    decisions = Decisions(
        approvals={State.CONSUMED: 3, State.DENIED: 1}, escalated=1, runs={RunState.SUCCEEDED: 2}, steps={}, unasked=0
    )
    feedback = FeedbackTally(answers=Judged(helped=3, not_helped=1), memories=Judged())
    lines = stats_lines(Numbers(incidents=some, decisions=decisions, feedback=feedback, again=frozenset({some[0].id})))
    assert lines == [
        "11 incidents: 1 SEV1, 1 SEV2, 9 SEV3; 1 still open.",
        "Time to acknowledge: half within 6 min, nine in ten within 9 min (known of 10 of 11).",
        "Time to mitigate: half within 37 min, nine in ten within 58 min (known of 10 of 11).",
        "Time to resolve: half within 59 min, nine in ten within 1 h 34 min (known of 10 of 11).",
        "SEV1 (1): half of them within: acknowledge 60 s, mitigate 10 min, resolve 14 min.",
        "SEV2 (1): no times are known.",
        "SEV3 (9): half of them within: acknowledge 6 min, mitigate 40 min, resolve 1 h 04 min.",
        "Most hit: checkout 10, mitigated within 37 min; cart 1.",
        "Opened again: 1 of 10 (10%).",
        "Approvals: 4 asked for, 3 approved (75%), 1 denied; 1 escalated (25%).",
        "Called helpful: answers 3 of 4.",
    ]


def test_without_any_incident_it_says_so() -> None:
    numbers = Numbers(incidents=[], decisions=NOTHING, feedback=UNJUDGED, again=frozenset())
    assert stats_lines(numbers) == ["No incidents in this time."]


def test_against_the_week_before() -> None:
    assert versus(minutes(34), minutes(51)) == "34 min, the week before 51 min"
    assert versus(minutes(34), None) == "34 min"
    assert versus(None, minutes(51)) == ""
