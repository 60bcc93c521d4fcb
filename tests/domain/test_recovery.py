"""What one source's word now means for an incident that is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.evidence import (
    Evidence,
    Fact,
    FailureReason,
    Finding,
    LogFact,
    MetricFact,
    Outcome,
    ProbeFact,
    Series,
    TriggerChart,
)
from bot.domain.life.recovery import Look, blind, link_of, look_at, next_look, saw_it, seen, told
from bot.testing import NOON

HOUR = timedelta(hours=1)
NOW = NOON + 5 * HOUR


def finding(*facts: Fact, source: str = "prometheus", newest: float | None = None, **details: Any) -> Finding:
    evidence = tuple(Evidence(source=source, text="", fact=fact) for fact in facts)
    chart = None
    if newest is not None:
        points = ((NOW.timestamp() - newest, 1.0),)
        chart = TriggerChart(title="", unit="", query="", series=(Series(name="", points=points),), onset=NOON)
    outcome = details.pop("outcome", Outcome.FOUND if facts else Outcome.NOTHING)
    return Finding(source=source, outcome=outcome, seconds=0.1, evidence=evidence, chart=chart, **details)


def metric(latest: float | None, *, limit: float | None = 5.0, before: float | None = 1.0, now: float = 9.0) -> Fact:
    return MetricFact(
        service="checkout", metric="errors", kind=None, unit="", before=before, now=now, latest=latest, spread=0.1,
        moved_at=None, limit=limit, is_trigger=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "holds"),
    [
        (metric(6.0), True),
        (metric(4.0), False),
        (metric(5.0), False),
        (metric(2.0, before=10.0, now=1.0), True),  # below hurts: requests that went away
        (metric(8.0, before=10.0, now=1.0), False),
        (metric(0.0, limit=0.0, before=1.0, now=0.0), True),  # up == 0
        (metric(1.0, limit=0.0, before=1.0, now=0.0), False),
        (metric(6.0, before=7.0), None),  # above all the time: neither side is known
        (metric(6.0, limit=None), None),
        (metric(None), None),
    ],
)
def test_the_trigger_is_held_against_its_threshold_on_the_side_where_it_fired(fact: Fact, holds: bool | None) -> None:
    look = look_at((), finding(fact), NOW)
    assert (look.holds if look else None) is holds


def test_the_side_is_the_one_of_the_incident_itself() -> None:
    """What went from too high to too low is another trouble."""
    look = look_at((finding(metric(9.0)),), finding(metric(1.0, before=9.0, now=1.0)), NOW)
    assert look is not None
    assert look.holds is False


@pytest.mark.parametrize(("age", "is_told"), [(60.0, True), (3600.0, False)])
def test_old_samples_tell_nothing(age: float, is_told: bool) -> None:
    assert (look_at((), finding(metric(6.0), newest=age), NOW) is not None) is is_told


@pytest.mark.parametrize(("outcome", "reason"), [(Outcome.FAILED, FailureReason.UNREACHABLE), (Outcome.SKIPPED, None)])
def test_a_source_that_could_not_look_tells_nothing(outcome: Outcome, reason: FailureReason | None) -> None:
    failed = finding(metric(6.0), outcome=outcome, reason=reason, detail="It is away.")
    assert look_at((), failed, NOW) is None
    assert blind([failed]).holds is None


def probe(status: int | None, error: str = "", url: str = "https://shop.example/health") -> Fact:
    return ProbeFact(service="checkout", url=url, status=status, error=error, seconds=0.2)


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        ([probe(503)], True),
        ([probe(None, "no answer")], True),
        ([], False),
        ([probe(503, url="https://other.example/")], False),
    ],
)
def test_an_address_that_was_down_is_asked_again(now: list[Fact], holds: bool) -> None:
    then = finding(probe(500), source="http_probe")
    look = look_at((then,), finding(*now, source="http_probe"), NOW)
    assert look is not None
    assert look.holds is holds


def test_an_address_that_answered_all_the_time_tells_nothing() -> None:
    assert look_at((), finding(source="http_probe"), NOW) is None


def lines(count: int, *, baseline: int = 0, minutes: float = 10, pattern: str = "timeout of <*>") -> Fact:
    slices = 10
    return LogFact(
        service="checkout", level="error", pattern=pattern, count=count, baseline=baseline, first_seen=None,
        over_time=(count // slices,) * slices, slice_seconds=minutes * 60 / slices,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        ([lines(200, minutes=15)], True),
        ([lines(20, minutes=15)], False),  # a tenth of what it was
        ([lines(3, minutes=15)], False),
        ([lines(200, minutes=15, pattern="another")], False),
        ([], False),
    ],
)
def test_the_lines_of_the_incident_are_looked_for(now: list[Fact], holds: bool) -> None:
    look = look_at((finding(lines(100), source="elasticsearch"),), finding(*now, source="elasticsearch"), NOW)
    assert look is not None
    assert look.holds is holds


def test_lines_that_were_there_before_the_incident_tell_nothing() -> None:
    usual = finding(lines(100, baseline=90), source="elasticsearch")
    assert look_at((usual,), finding(source="elasticsearch"), NOW) is None


@given(st.timedeltas(timedelta(), timedelta(hours=23, minutes=59)))
def test_the_next_look_is_later_never_past_the_end_and_never_more_than_an_hour_away(passed: timedelta) -> None:
    found = next_look(NOON, NOON + 24 * HOUR, NOON + passed)
    assert NOON + passed < found <= NOON + 24 * HOUR
    assert found - (NOON + passed) <= HOUR


@pytest.mark.parametrize("holds", [True, False])
def test_what_is_kept_of_a_look_tells_whether_it_saw_the_condition(holds: bool) -> None:
    kept = told(Look(holds=holds, sentence="errors are 9.", link="https://prometheus.example/"))
    assert (saw_it(kept), seen(kept), link_of(kept)) == (holds, "errors are 9.", "https://prometheus.example/")
