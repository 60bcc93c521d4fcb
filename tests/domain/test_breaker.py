"""The breaker of a source: opens after failures in a row, lets one through, pauses longer, and never for a refusal."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.breaker import (
    COUNTED,
    FIRST_PAUSE,
    LONGEST_HOLD,
    LONGEST_PAUSE,
    OPENS_AFTER,
    Admission,
    Breaker,
    BreakerState,
)
from bot.domain.evidence import FailureReason
from bot.testing import NOON

SAID = "Logs cannot be reached (connection refused): check LOGS_URL."
SECOND = timedelta(seconds=1)


def failing(times: int = OPENS_AFTER, reason: FailureReason = FailureReason.UNREACHABLE) -> Breaker:
    breaker = Breaker()
    for number in range(times):
        breaker = breaker.failed(reason, SAID, NOON - (times - 1 - number) * SECOND)
    return breaker


def admitted(breaker: Breaker, after: timedelta, *, is_urgent: bool = False) -> Admission:
    return breaker.admission(NOON + after, is_urgent=is_urgent)


@pytest.mark.parametrize("reason", sorted(COUNTED))
def test_it_opens_after_failures_in_a_row(reason: FailureReason) -> None:
    assert admitted(failing(OPENS_AFTER - 1, reason), SECOND) is Admission.ASK
    opened = failing(OPENS_AFTER, reason)
    assert (opened.state, opened.again_at) == (BreakerState.OPEN, NOON + FIRST_PAUSE)
    assert admitted(opened, FIRST_PAUSE - SECOND) is Admission.PAUSED
    assert admitted(opened, FIRST_PAUSE) is Admission.PROBE


def test_an_answer_in_between_starts_the_count_anew() -> None:
    breaker = failing(OPENS_AFTER - 1).answered().failed(FailureReason.TOO_SLOW, SAID, NOON)
    assert (breaker.state, breaker.failures) == (BreakerState.CLOSED, 1)


@pytest.mark.parametrize("reason", sorted(set(FailureReason) - COUNTED - {FailureReason.BUG}))
def test_a_refusal_never_opens_it_and_shows_that_the_source_is_there(reason: FailureReason) -> None:
    assert failing(10, reason) == Breaker()
    assert failing(OPENS_AFTER).failed(reason, SAID, NOON) == Breaker()


def test_our_own_bug_says_nothing_of_the_source() -> None:
    before = failing(OPENS_AFTER - 1)
    assert before.failed(FailureReason.BUG, SAID, NOON) == before
    probing = failing().probing(NOON + FIRST_PAUSE)
    after = probing.failed(FailureReason.BUG, SAID, NOON + FIRST_PAUSE, is_probe=True)
    assert admitted(after, FIRST_PAUSE) is Admission.PROBE


def test_one_incident_tries_it_and_the_others_do_not_wait_for_that() -> None:
    breaker = failing().probing(NOON + FIRST_PAUSE)
    assert breaker.state is BreakerState.HALF_OPEN
    assert admitted(breaker, FIRST_PAUSE + SECOND) is Admission.PROBED
    assert admitted(breaker, FIRST_PAUSE + SECOND, is_urgent=True) is Admission.PROBED
    assert breaker.answered() == Breaker()


def test_a_probe_that_was_lost_holds_nobody_up_for_long() -> None:
    breaker = failing().probing(NOON + FIRST_PAUSE)
    assert admitted(breaker, FIRST_PAUSE * 2) is Admission.PROBE
    assert admitted(breaker.left(), FIRST_PAUSE) is Admission.PROBE


def test_each_pause_is_twice_the_last_up_to_a_limit() -> None:
    breaker, now, pauses = failing(), NOON, []
    for _ in range(6):
        assert breaker.again_at is not None
        pauses.append(breaker.again_at - now)
        now = breaker.again_at
        breaker = breaker.probing(now).failed(FailureReason.TOO_SLOW, SAID, now, is_probe=True)
    assert [pause.total_seconds() for pause in pauses] == [30, 60, 120, 240, 300, 300]
    assert breaker.failures == OPENS_AFTER + 6
    assert LONGEST_PAUSE.total_seconds() == 300


def test_a_sev1_waits_for_the_first_pause_alone() -> None:
    breaker = failing()
    for _ in range(5):
        assert breaker.again_at is not None
        at = breaker.again_at
        breaker = breaker.probing(at).failed(FailureReason.UNREACHABLE, SAID, at, is_probe=True)
    after = at - NOON + FIRST_PAUSE
    assert admitted(breaker, after) is Admission.PAUSED
    assert admitted(breaker, after, is_urgent=True) is Admission.PROBE
    assert admitted(breaker, after - SECOND, is_urgent=True) is Admission.PAUSED


def test_late_failures_of_asks_made_before_it_opened_change_no_pause() -> None:
    breaker = failing()
    late = breaker.failed(FailureReason.TOO_SLOW, "late", NOON + 4 * SECOND)
    assert (late.again_at, late.pause, late.failures) == (breaker.again_at, breaker.pause, OPENS_AFTER + 1)


def test_a_late_answer_closes_it_and_the_failing_probe_then_is_a_first_failure() -> None:
    breaker = failing().probing(NOON + FIRST_PAUSE).answered()
    after = breaker.failed(FailureReason.UNREACHABLE, SAID, NOON + FIRST_PAUSE, is_probe=True)
    assert (after.state, after.failures) == (BreakerState.CLOSED, 1)


@pytest.mark.parametrize(("asked", "held"), [(7.0, 7), (86_400.0, LONGEST_HOLD.total_seconds()), (-5.0, 0)])
def test_a_vendor_that_asks_to_wait_is_waited_for_at_once_and_within_reason(asked: float, held: float) -> None:
    breaker = Breaker().failed(FailureReason.RATE_LIMITED, SAID, NOON, wait=asked)
    assert breaker.again_at == NOON + timedelta(seconds=held)
    if held:
        assert admitted(breaker, timedelta(seconds=held) - SECOND) is Admission.HELD
    assert admitted(breaker, timedelta(seconds=held)) is Admission.PROBE


def test_a_sev1_too_keeps_to_what_the_vendor_asked_for() -> None:
    breaker = Breaker().failed(FailureReason.RATE_LIMITED, SAID, NOON, wait=300)
    assert admitted(breaker, timedelta(seconds=299), is_urgent=True) is Admission.HELD


def test_a_shorter_wait_told_later_does_not_shorten_a_longer_one() -> None:
    breaker = Breaker().failed(FailureReason.RATE_LIMITED, SAID, NOON, wait=60)
    again = breaker.failed(FailureReason.RATE_LIMITED, SAID, NOON + SECOND, wait=5)
    assert again.again_at == NOON + timedelta(seconds=60)


def test_a_clock_that_was_set_back_does_not_lock_a_source_out() -> None:
    assert failing().admission(NOON - timedelta(hours=1), is_urgent=False) is Admission.PROBE


def test_what_is_told_names_the_source_the_time_and_the_last_reason() -> None:
    breaker = failing()
    assert breaker.sentence("logs", Admission.PAUSED) == (
        "logs gave no usable answer the last 3 times and is asked again from 12:00:30 UTC. "
        "The last time: Logs cannot be reached (connection refused): check LOGS_URL."
    )
    assert "another incident is asking it at this moment" in breaker.sentence("logs", Admission.PROBED)
    held = Breaker().failed(FailureReason.RATE_LIMITED, "Logs limits.", NOON, wait=7)
    assert held.sentence("logs", Admission.HELD) == (
        "logs asked us to wait and is asked again from 12:00:07 UTC. The last time: Logs limits."
    )
