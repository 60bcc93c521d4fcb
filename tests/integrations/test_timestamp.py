from datetime import UTC, datetime

import pytest

from integrations.timestamp import read_timestamp, timestamp_in

AT = datetime(2026, 3, 4, 9, 12, 43, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-04T09:12:43Z",
        "2026-03-04 09:12:43 UTC",
        "2026/03/04 09:12:43 GMT",
        "2026-03-04T10:12:43+01.00",
        "2026-03-04 10:12:43 +0100",
        "2026-03-04 09:12:43 +0000 UTC",
        "Wed, 04 Mar 2026 09:12:43 GMT",
        "Wed Mar  4 09:12:43 UTC 2026",
        "Mar 4, 2026 09:12:43",
        "2026.03.04 09:12:43",
        "20260304091243",
        "1772615563",
        "1772615563000",
        1772615563,
        1772615563.0,
        1772615563000,
    ],
)
def test_however_a_monitor_writes_it(written: object) -> None:
    assert read_timestamp(written) == AT


@pytest.mark.parametrize(
    "written",
    [
        "",
        "soon",
        "2026-03-04",
        "03/04/2026 09:12:43",
        "$DATE",
        "12345678",
        "9" * 40,
        "x" * 1_000_000,
        None,
        True,
        [],
        {},
    ],
)
def test_what_is_no_moment_is_none(written: object) -> None:
    assert read_timestamp(written) is None


@pytest.mark.parametrize(
    "text",
    [
        'Rule "logs" cleared at Wed, 04 Mar 2026 09:12:43 GMT.\nCurrent value: 0',
        "status installed 2026-03-04 09:12:43 on db-3",
        "at 2026-03-04T09:12:43Z, then again 2026-03-05T00:00:00Z",
    ],
)
def test_the_first_moment_of_a_sentence(text: str) -> None:
    assert timestamp_in(text) == AT


def test_a_sentence_without_one() -> None:
    assert timestamp_in("over 90 % for 5 minutes, 10.10.1.147, v2026.3") is None
