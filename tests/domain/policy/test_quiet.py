"""Hours without automatic changes, by the clock on the wall."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from bot.domain.action import Risk
from bot.domain.policy import Autonomy, QuietHours, RulingReason, decide
from tests.domain.policy.plans import POLICY, context, plan

VIENNA = ZoneInfo("Europe/Vienna")  # UTC+1, in summer UTC+2
NIGHT = QuietHours(start=time(22), end=time(6), zone=VIENNA, name="the night")
LUNCH = QuietHours(start=time(12), end=time(13), zone=VIENNA, days=frozenset({0, 1, 2, 3, 4}))
FRIDAY_NIGHT = replace(NIGHT, days=frozenset({4}))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "now", "expected"),
    [
        (NIGHT, "11-20T20:59", False),
        (NIGHT, "11-20T21:00", True),
        (NIGHT, "11-20T23:30", True),
        (NIGHT, "11-21T04:59", True),
        (NIGHT, "11-21T05:00", False),
        (NIGHT, "07-20T19:59", False),
        (NIGHT, "07-20T20:00", True),
        (NIGHT, "07-20T04:00", False),
        (LUNCH, "11-20T11:00", True),
        (LUNCH, "11-20T11:59", True),
        (LUNCH, "11-20T12:00", False),
        (LUNCH, "11-21T11:30", False),
        (FRIDAY_NIGHT, "11-20T22:00", True),
        (FRIDAY_NIGHT, "11-21T03:00", True),
        (FRIDAY_NIGHT, "11-21T22:00", False),
        (FRIDAY_NIGHT, "11-20T03:00", False),
        # summer time ends on 25 October at 03:00, which becomes 02:00; it begins on 29 March at 02:00
        (NIGHT, "10-25T04:30", True),
        (NIGHT, "10-25T05:00", False),
        (NIGHT, "03-29T03:59", True),
        (NIGHT, "03-29T04:00", False),
        (replace(NIGHT, start=time(8), end=time(8)), "11-20T12:00", True),
        (replace(FRIDAY_NIGHT, start=time(8), end=time(8)), "11-21T06:59", True),
        (replace(FRIDAY_NIGHT, start=time(8), end=time(8)), "11-21T07:00", False),
    ],
)
def test_when_it_is_quiet(hours: QuietHours, now: str, expected: bool) -> None:
    assert hours.holds(utc(now)) is expected


def test_what_nobody_asked_for_then_needs_a_person() -> None:
    policy, now = replace(POLICY, quiet_hours=(NIGHT,)), utc("11-20T23:00")
    staging = plan(environment="staging")
    ruling = decide(policy, staging, context(now=now, is_automatic=True))
    assert (ruling.kind, ruling.needed) == (Autonomy.APPROVAL, 1)
    assert ruling.reasons[0].kind is RulingReason.QUIET_HOURS
    assert ruling.sentence == "It is the night until 06:00 (Europe/Vienna): a person must agree."
    assert decide(policy, staging, context(now=now)).kind is Autonomy.NOTIFY
    assert decide(policy, staging, context(now=utc("11-20T12:00"), is_automatic=True)).kind is Autonomy.NOTIFY
    look = plan(Risk.READ, environment="staging")
    assert decide(policy, look, context(now=now, is_automatic=True)).kind is Autonomy.ALLOWED


def test_quiet_hours_never_make_anything_less_strict() -> None:
    loose = replace(POLICY, quiet_hours=(replace(NIGHT, autonomy=Autonomy.ALLOWED),))
    now = utc("11-20T23:00")
    assert decide(loose, plan(), context(now=now, is_automatic=True)).kind is Autonomy.APPROVAL


def test_quiet_hours_may_forbid() -> None:
    strict = replace(POLICY, quiet_hours=(NIGHT, replace(NIGHT, autonomy=Autonomy.FORBIDDEN)))
    ruling = decide(strict, plan(), context(now=utc("11-20T23:00"), is_automatic=True))
    assert ruling.kind is Autonomy.FORBIDDEN
    assert ruling.sentence.endswith("nothing is changed automatically.")
