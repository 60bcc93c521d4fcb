from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.maintenance import MaintenanceWindow, counts_from, maintenance_text, window_over

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DISKS = MaintenanceWindow(service="payments", since=NOW, until=NOW + HOUR, why="new disks")
ALL = MaintenanceWindow(service="*", since=NOW + HOUR, until=NOW + 2 * HOUR, why="new switches")


@pytest.mark.parametrize(
    ("service", "hours", "window"),
    [
        ("payments", 0, DISKS),
        ("payments", 0.5, DISKS),
        ("payments", 1, ALL),
        ("search", 0.5, None),
        ("search", 1.5, ALL),
        (None, 1.5, ALL),
        (None, 0.5, None),
        ("payments", -0.1, None),
        ("payments", 2, None),
    ],
)
def test_the_window_over_a_service(service: str | None, hours: float, window: MaintenanceWindow | None) -> None:
    assert window_over((DISKS, ALL), service, NOW + hours * HOUR) is window


def test_of_several_windows_the_longest_counts() -> None:
    longer = MaintenanceWindow(service="*", since=NOW, until=NOW + 3 * HOUR, why="a move")
    assert window_over((DISKS, longer, ALL), "payments", NOW) is longer


def test_what_waited_counts_from_the_end_of_the_windows_that_are_over() -> None:
    windows = (DISKS, ALL)
    assert counts_from(windows, "payments", NOW, NOW + 3 * HOUR) == ALL.until
    assert counts_from(windows, "payments", NOW, NOW + HOUR) == DISKS.until
    assert counts_from(windows, "payments", NOW, NOW) == NOW
    assert counts_from(windows, "search", NOW, NOW + 3 * HOUR) == NOW


def test_people_are_told_of_what_and_how_long() -> None:
    assert maintenance_text(DISKS) == "maintenance of payments until 13:00 UTC: new disks"
    assert maintenance_text(ALL) == "maintenance of everything until 14:00 UTC: new switches"
