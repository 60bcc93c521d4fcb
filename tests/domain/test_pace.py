"""The rate budget of a source: a burst, then a steady rate, and those who wait are counted."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.domain.pace import BURST_MINUTES, DEFAULT_RATE, Pace
from bot.testing import NOON


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def at_once(pace: Pace, now: datetime) -> tuple[int, Pace]:
    """How many may ask at one moment."""
    count = 0
    while pace.wait(now) == 0.0:
        pace, count = pace.taken(now), count + 1
    return count, pace


@pytest.mark.parametrize("rate", [1.0, 4.0, 60.0, DEFAULT_RATE])
def test_a_burst_is_a_quarter_of_a_minutes_worth_and_one_at_least(rate: float) -> None:
    assert at_once(Pace.full(rate, NOON), NOON)[0] == max(1, int(rate * BURST_MINUTES))


def test_after_a_burst_asks_come_at_the_rate() -> None:
    _, pace = at_once(Pace.full(60.0, NOON), NOON)
    assert pace.wait(NOON) == pytest.approx(1.0)
    assert pace.wait(after(0.75)) == pytest.approx(0.25)
    count, _ = at_once(pace, after(3.0))
    assert count == 3


def test_never_more_than_the_rate_and_one_burst_in_any_stretch_of_time() -> None:
    pace, made = Pace.full(60.0, NOON), 0
    for tenth in range(1200):
        count, pace = at_once(pace, after(tenth / 10))
        made += count
    assert made <= 120 + 60 * BURST_MINUTES


def test_those_who_wait_stand_in_line() -> None:
    _, pace = at_once(Pace.full(60.0, NOON), NOON)
    waits = []
    for _ in range(3):
        waits.append(pace.wait(NOON))
        pace = pace.taken(NOON)
    assert waits == pytest.approx([1.0, 2.0, 3.0])


def test_what_came_to_nothing_is_given_back_but_never_more_than_a_burst() -> None:
    _, pace = at_once(Pace.full(60.0, NOON), NOON)
    assert pace.returned(NOON).wait(NOON) == 0.0
    assert at_once(Pace.full(60.0, NOON).returned(NOON), NOON)[0] == 15


def test_a_clock_that_was_set_back_gives_nothing_and_takes_nothing() -> None:
    _, pace = at_once(Pace.full(60.0, NOON), NOON)
    assert pace.wait(NOON - timedelta(hours=1)) == pytest.approx(1.0)
