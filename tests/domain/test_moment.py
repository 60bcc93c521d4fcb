from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.moment import read_moment, settle

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-04T12:00:00Z",
        "2026-03-04t12:00:00z",
        "2026-03-04T12:00:00.000000999Z",
        "2026-03-04T17:30:00+05:30",
        "2026-03-04T12:00:00",
        "2026-03-04 12:00:00 +0000 UTC",
        " 20260304T120000Z ",
        1772625600,
        1772625600.0,
        "1772625600",
        "1772625600000",
        1772625600000,
        1772625600000000,
        1772625600000000000,
    ],
)
def test_every_usual_way_to_write_a_time_is_read_as_utc(written: str | float) -> None:
    assert read_moment(written) == NOON


@pytest.mark.parametrize(
    "written",
    [None, True, "", "yesterday", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59-12:00", 1e300, -1e300, "9" * 40],
)
def test_what_is_no_time_is_none(written: str | float | None) -> None:
    assert read_moment(written) is None


@given(st.one_of(st.text(max_size=40), st.floats(), st.integers()))
def test_nothing_breaks_the_reading(written: str | float) -> None:
    moment = read_moment(written)
    assert moment is None or moment.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("stated", "is_receipt"),
    [
        (NOON - timedelta(days=3), False),
        (NOON + timedelta(minutes=10), False),
        (NOON + timedelta(minutes=11), True),
        (datetime(1999, 12, 31, tzinfo=UTC), True),
        (datetime(1, 1, 1, tzinfo=UTC), True),
        (None, True),
    ],
)
def test_a_time_that_cannot_be_true_gives_way_to_the_time_of_receipt(stated: datetime | None, is_receipt: bool) -> None:
    settled = settle(stated, NOON)
    assert settled.is_receipt is is_receipt
    assert settled.at == (NOON if is_receipt else stated)
