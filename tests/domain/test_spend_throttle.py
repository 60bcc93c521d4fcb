"""How fast all calls together may come, and what is kept for SEV1."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.spend.throttle import BURST_MINUTES, URGENT_SHARE, Bucket
from bot.testing import NOON


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def at_once(bucket: Bucket, amount: float, now: datetime, *, is_urgent: bool) -> tuple[int, Bucket]:
    count = 0
    while bucket.wait(amount, now, is_urgent=is_urgent) == 0.0:
        bucket, count = bucket.taken(amount, now), count + 1
    return count, bucket


def test_a_storm_of_lesser_things_leaves_a_share_for_sev1() -> None:
    others, bucket = at_once(Bucket.full(120, NOON), 1, NOON, is_urgent=False)
    assert others == 120 * BURST_MINUTES * (1 - URGENT_SHARE)
    urgent, bucket = at_once(bucket, 1, NOON, is_urgent=True)
    assert urgent == 120 * BURST_MINUTES * URGENT_SHARE
    assert bucket.wait(1, NOON, is_urgent=True) == pytest.approx(0.5)
    assert bucket.wait(1, NOON, is_urgent=False) > bucket.wait(1, NOON, is_urgent=True)


def test_a_call_larger_than_the_bucket_goes_when_it_is_full_and_is_paid_for_afterwards() -> None:
    bucket = Bucket.full(400, NOON)  # holds 100
    assert bucket.wait(1000, NOON, is_urgent=True) == 0
    bucket = bucket.taken(1000, NOON)
    assert bucket.wait(100, NOON, is_urgent=True) == pytest.approx(1000 / 400 * 60)
    assert bucket.wait(100, after(150), is_urgent=True) == 0


def test_what_was_not_used_is_given_back_and_never_more_than_it_holds() -> None:
    bucket = Bucket.full(400, NOON).taken(90, NOON)
    assert bucket.returned(50, NOON).left == 60
    assert bucket.returned(5000, NOON).left == 100
    assert bucket.returned(-50, NOON).left == -40


def test_a_clock_that_is_behind_fills_nothing_twice() -> None:
    bucket = Bucket.full(60, NOON).taken(15, NOON)
    ahead = bucket.taken(0, after(10))
    behind = ahead.taken(0, after(5))
    assert behind.taken(0, after(10)).left == ahead.left


@pytest.mark.parametrize("rate", [0.5, 1.0, 3.0])
def test_a_rate_of_a_few_a_minute_still_lets_calls_through(rate: float) -> None:
    bucket = Bucket.full(rate, NOON)
    assert bucket.wait(1, NOON, is_urgent=False) == 0
    bucket = bucket.taken(1, NOON)
    assert bucket.wait(1, NOON, is_urgent=False) == pytest.approx(60 / rate)


@given(
    st.floats(1, 500),
    st.lists(st.tuples(st.floats(0, 30), st.floats(0, 80), st.booleans()), max_size=60),
)
def test_in_any_stretch_no_more_goes_than_rate_and_burst_and_one_call(
    rate: float, asks: list[tuple[float, float, bool]]
) -> None:
    bucket, seconds, gone, largest = Bucket.full(rate, NOON), 0.0, 0.0, 0.0
    for pause, amount, is_urgent in asks:
        seconds += pause
        if bucket.wait(amount, after(seconds), is_urgent=is_urgent) == 0:
            bucket = bucket.taken(amount, after(seconds))
            gone, largest = gone + amount, max(largest, amount)
        assert gone <= max(1.0, rate * BURST_MINUTES) + rate * seconds / 60 + largest + 0.01
    longest = bucket.wait(50, after(seconds), is_urgent=False)
    assert bucket.wait(50, after(seconds + longest + 0.001), is_urgent=False) == 0  # what it says is true
