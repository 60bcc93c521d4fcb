from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus
from bot.domain.storm import OpenStorm, Rush, StormLimits, Weather, entitled, is_storm, storm_title, tally

NOW = datetime(2026, 3, 4, 14, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LIMITS = StormLimits()
W = Weather


def rush(alerts: int, opened: int, *, ago: int = 1, storm: int | None = None) -> Rush:
    """`ago`: seconds since they came; `storm`: seconds since one that is open was heard of."""
    at = NOW - ago * SECOND
    return Rush(
        alerts=(at,) * alerts,
        opened=(at,) * opened,
        storm=None if storm is None else OpenStorm(incident_id="INC-1", heard_at=NOW - storm * SECOND),
    )


@pytest.mark.parametrize(
    ("known", "weather"),
    [
        (rush(0, 0), W.CALM),
        (rush(19, 3), W.CALM),
        (rush(4, 4), W.BEGINS),
        (rush(20, 2), W.BEGINS),
        (rush(20, 1), W.CALM),
        (rush(20, 4, ago=121), W.CALM),
        (rush(20, 4, ago=120), W.BEGINS),
        (rush(20, 0, storm=5), W.GOES_ON),
        (rush(5, 4, storm=5), W.GOES_ON),
        (rush(5, 3, storm=5), W.CALM),
        (rush(20, 1, storm=121), W.CALM),
        (rush(20, 4, storm=121), W.BEGINS),
    ],
)
def test_when_a_storm_begins_and_how_long_it_goes_on(known: Rush, weather: Weather) -> None:
    assert known.weather(NOW, LIMITS) is weather


def test_what_is_counted_on_is_bounded_and_the_newest() -> None:
    known = rush(20, 4, ago=200)
    for _ in range(50):
        known = known.heard(NOW, LIMITS, opens=True)
    assert (known.alerts, known.opened) == ((NOW,) * 20, (NOW,) * 4)
    assert known.stormy("INC-2", NOW).weather(NOW, LIMITS) is W.GOES_ON


def grouped(service: str | None, seconds: int) -> GroupedAlert:
    alert = Alert(
        source="test", fingerprint=f"{service}{seconds}", status=AlertStatus.FIRING, severity=Severity.SEV3,
        title="errors", started_at=NOW, service=service,
    )  # fmt: skip
    return GroupedAlert(alert=alert, reason=GroupingReason.STORM, received_at=NOW + seconds * SECOND)


def storm(*alerts: GroupedAlert, left_out: int = 0) -> Incident:
    return Incident(
        id="INC-1", title="errors", severity=Severity.SEV3, status=IncidentStatus.INVESTIGATING, service="cart",
        started_at=NOW, opened_at=NOW, alerts=alerts, alerts_left_out=left_out,
    )  # fmt: skip


def test_it_is_counted_by_service_and_what_is_new_is_named() -> None:
    counted = tally(
        storm(*(grouped(*one) for one in (("cart", 0), (None, 1), ("shop", 190), ("cart", 200))), left_out=7)
    )
    assert counted.services == (("cart", 2), ("", 1), ("shop", 1))
    assert counted.new == ("shop",)
    assert counted.left_out == 7


def test_of_a_storm_that_has_just_begun_all_but_its_first_service_is_new() -> None:
    assert tally(storm(grouped("cart", 0), grouped("shop", 1))).new == ("shop",)
    assert tally(storm()).services == ()


def test_its_name_is_its_counts_unless_people_gave_it_one() -> None:
    first = entitled(storm(grouped("cart", 0), left_out=1_142), 37, is_new=True)
    assert (first.title, first.service) == ("Storm: 1,143 alerts of 37 services since 14:02 UTC", None)
    assert entitled(first, 38, is_new=False).title.startswith("Storm: 1,143 alerts of 38")
    named = storm(grouped("cart", 0))
    assert entitled(named, 37, is_new=False) is named
    assert storm_title(1, 1, NOW) == "Storm: 1 alert of 1 service since 14:02 UTC"
    assert is_storm(named)
    assert not is_storm(storm())
