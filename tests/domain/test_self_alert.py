"""Alerts about the bot itself never feed it: three in ten minutes are taken, the rest is its echo."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alert import Alert, AlertStatus
from bot.domain.self_alert import MOST, WINDOW, LoopBreaker, SelfAlert, is_about_the_bot
from bot.testing import NOON, make_alert

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def own(number: int = 0) -> Alert:
    return make_alert(fingerprint=f"slow-{number}", service="first-responder", started_at=NOON + number * SECOND)


def labelled(**labels: str) -> Alert:
    return replace(make_alert(service=None), labels=labels)


@pytest.mark.parametrize(
    "alert",
    [
        own(),
        labelled(service="first-responder"),
        labelled(job="first-responder"),
        labelled(job="monitoring/first-responder"),
        labelled(app="First_Responder"),
        labelled(container="first-responder", namespace="chatops"),
    ],
)
def test_an_alert_that_names_the_bot_is_about_it(alert: Alert) -> None:
    assert is_about_the_bot(alert)


@pytest.mark.parametrize(
    "alert",
    [
        make_alert(service="checkout"),
        make_alert(service="first-responder-docs"),
        labelled(summary="first-responder"),
        labelled(job=""),
    ],
)
def test_others_are_not(alert: Alert) -> None:
    assert not is_about_the_bot(alert)
    assert LoopBreaker().judge(alert, NOON) is SelfAlert.OTHERS


def test_of_a_loop_the_first_are_taken_and_the_rest_is_dropped() -> None:
    breaker, taken = LoopBreaker(), 0
    for number in range(500):
        now = NOON + number * SECOND
        taken += not breaker.judge(own(number), now).is_dropped
        breaker = breaker.after(own(number), now)
    assert taken == MOST
    assert len(breaker.heard) == MOST


def test_after_ten_quiet_minutes_it_is_heard_again() -> None:
    breaker = LoopBreaker()
    for number in range(MOST):
        breaker = breaker.after(own(number), NOON)
    assert breaker.judge(own(MOST), NOON + WINDOW - SECOND) is SelfAlert.TOO_OFTEN
    assert breaker.judge(own(MOST), NOON + WINDOW) is SelfAlert.TAKEN


def test_what_is_known_may_repeat_and_recover() -> None:
    breaker = LoopBreaker()
    for number in range(MOST):
        breaker = breaker.after(own(number), NOON)
    assert breaker.judge(own(0), NOON + MINUTE) is SelfAlert.TAKEN
    assert breaker.after(own(0), NOON + MINUTE).heard == breaker.heard, "a repeat counts once"
    ended = replace(own(99), status=AlertStatus.RESOLVED, ended_at=NOON + MINUTE)
    assert breaker.judge(ended, NOON + MINUTE) is SelfAlert.TAKEN
    assert breaker.after(ended, NOON + MINUTE).heard == breaker.heard


def test_alerts_of_others_count_for_nothing() -> None:
    breaker = LoopBreaker()
    for number in range(100):
        breaker = breaker.after(make_alert(fingerprint=str(number)), NOON)
    assert breaker.judge(own(), NOON) is SelfAlert.TAKEN


def test_a_clock_that_was_set_back_by_a_day_does_not_make_it_deaf_for_a_day() -> None:
    breaker = LoopBreaker()
    for number in range(MOST):
        breaker = breaker.after(own(number), NOON)
    assert breaker.judge(own(MOST), NOON - timedelta(days=1)) is SelfAlert.TAKEN
