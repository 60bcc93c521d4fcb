"""What the benchmark of our own time counts as Slack's, and what as ours."""

from __future__ import annotations

import pytest

from bench.own_time import own
from sandbox.slack.calls import Call

TOLD = 1000.0
SLOWEST = 0.6  # seconds


def call(begun: float, took: float, *, stage: str = "gathering", key: str = "card:INC-1", ok: bool = True) -> Call:
    """`begun`: seconds after the webhook."""
    metadata = {"event_type": "incident_card", "event_payload": {"key": key, "stage": stage}}
    return Call(
        n=1, method="chat.update", args={"metadata": metadata}, ok=ok, error=None, at=TOLD + begun, seconds=took
    )


def test_the_slowest_source_and_the_call_that_shows_the_briefing_are_not_ours() -> None:
    calls = [call(0.1, 0.05), call(0.64, 0.05, stage="briefing")]
    assert own(calls, "INC-1", TOLD, SLOWEST) == pytest.approx(0.04)


def test_an_edit_that_the_briefing_has_to_wait_for_is_slacks_time() -> None:
    calls = [call(0.58, 0.05), call(0.65, 0.05, stage="briefing")]
    assert own(calls, "INC-1", TOLD, SLOWEST) == pytest.approx(0.02)


def test_calls_at_the_same_time_are_counted_once() -> None:
    calls = [call(0.61, 0.05), call(0.61, 0.05), call(0.68, 0.05, stage="briefing")]
    assert own(calls, "INC-1", TOLD, SLOWEST) == pytest.approx(0.03)


def test_calls_about_other_incidents_are_our_own_delay() -> None:
    calls = [call(0.61, 0.5, key="card:INC-2"), call(1.2, 0.05, stage="briefing")]
    assert own(calls, "INC-1", TOLD, SLOWEST) == pytest.approx(0.6)


def test_the_first_briefing_that_slack_took_counts() -> None:
    calls = [
        call(0.64, 0.05, stage="briefing", ok=False),
        call(0.70, 0.05, stage="briefing"),
        call(2.0, 0.05, stage="briefing"),
    ]
    assert own(calls, "INC-1", TOLD, SLOWEST) == pytest.approx(0.1)
