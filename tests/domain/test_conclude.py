"""What all series together say: since when, and who is suspect."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.conclude import EARLIEST, MOST_SUSPECTS, conclude
from bot.domain.evidence import Fact, Finding, OnsetFact, Outcome, SignalKind, SuspectFact
from bot.domain.ranking import ObservedSeries, Signal
from tests.domain.cases import ONSET, before, finding, log, metric, request

ALERT = ONSET.timestamp()
STEP = 15.0
SERVICES = ("checkout", "payments", "cart", "ledger", "frontend")
# metric: what it is, its normal value, its noise
USUAL = {
    "error ratio": (Signal.ERRORS, 0.003, 0.3),
    "p95 latency": (Signal.LATENCY, 0.2, 0.1),
    "traffic": (Signal.TRAFFIC, 60.0, 0.05),
    "cpu": (Signal.USE, 0.4, 0.1),
}
Changes = Mapping[tuple[str, str], tuple[float, float]]  # (service, metric): (minutes before the alert, factor)
SLOW_PAYMENTS: Changes = {
    ("payments", "p95 latency"): (3.0, 4.0),
    ("checkout", "p95 latency"): (2.75, 2.5),
    ("checkout", "error ratio"): (2.5, 20.0),
}
TRIGGER = metric("checkout", moved=2, trigger=True)


def observed(
    changes: Changes, *, seed: int = 1, step: float = STEP, after: float = 300.0
) -> tuple[ObservedSeries, ...]:
    """An hour before the alert and `after` seconds since; the noise of neighbouring samples is alike."""
    return tuple(_one(service, name, changes, seed, step, after) for service in SERVICES for name in USUAL)


def _one(service: str, name: str, changes: Changes, seed: int, step: float, after: float) -> ObservedSeries:
    chosen = random.Random(f"{seed} {service} {name}")
    signal, value, noise = USUAL[name]
    minutes, factor = changes.get((service, name), (0.0, 1.0))
    state, points = 0.0, []
    for index in range(int((3600 + after) / step)):
        at = ALERT - 3600 + index * step
        state = 0.8 * state + 0.6 * chosen.gauss(0.0, 1.0)
        changed = value * (factor if at >= ALERT - 60 * minutes else 1.0)
        points.append((at, max(0.0, changed * (1.0 + noise * state))))
    return ObservedSeries(service=service, metric=name, points=tuple(points), signal=signal)


def concluded(series: tuple[ObservedSeries, ...], *facts: Fact) -> Finding:
    return conclude(request(), [replace(finding("prometheus", *facts), series=series)])


def onset_of(found: Finding) -> OnsetFact | None:
    return next((item.fact for item in found.evidence if isinstance(item.fact, OnsetFact)), None)


def suspects(found: Finding) -> list[SuspectFact]:
    return [item.fact for item in found.evidence if isinstance(item.fact, SuspectFact)]


@pytest.mark.parametrize("step", [15.0, 30.0, 60.0])
def test_the_onset_is_where_the_series_jumped_and_the_first_mover_is_named(step: float) -> None:
    for seed in range(5):
        began = onset_of(concluded(observed(SLOW_PAYMENTS, seed=seed, step=step), TRIGGER))
        assert began is not None
        assert abs(began.at - before(3)) <= timedelta(seconds=2 * step)
        assert {mover.split()[0] for mover in began.movers} <= {"payments", "checkout"}


@pytest.mark.parametrize("step", [15.0, 60.0])
def test_who_is_slow_is_suspected_before_who_fails_for_waiting(step: float) -> None:
    for seed in range(5):
        first, second, *_ = suspects(concluded(observed(SLOW_PAYMENTS, seed=seed, step=step), TRIGGER))
        assert (first.service, first.place, first.metric) == ("payments", 1, "p95 latency")
        assert second.service == "checkout"
        assert first.grounds
        assert first.confidence in ("medium", "high")
        assert second.confidence == "low"


def test_the_sentences_say_when_and_who_with_numbers() -> None:
    onset, first, *_ = concluded(observed(SLOW_PAYMENTS), TRIGGER).evidence
    assert onset.text.startswith("Trouble began at 14:05:")
    assert "UTC by the data, 3 min before the alert; first to move: " in onset.text
    assert first.text.startswith("Most suspect of 5 services: payments (")
    assert "p95 latency" in first.text
    assert "spreads above normal" in first.text


def test_where_nothing_moved_there_is_nothing_to_say() -> None:
    for seed in range(10):
        found = concluded(observed({}, seed=seed), metric("checkout", trigger=True))
        assert found.outcome is Outcome.NOTHING, [item.text for item in found.evidence]
        assert found.checked == "20 series of 5 services against their normal"


def test_without_series_it_is_skipped() -> None:
    assert concluded(()).outcome is Outcome.SKIPPED
    nothing = ObservedSeries(service="checkout", metric="cpu", points=())
    assert concluded((nothing,), TRIGGER).outcome is Outcome.SKIPPED


def test_what_jumped_after_the_alert_is_not_its_onset() -> None:
    late: Changes = {("cart", "p95 latency"): (-3.0, 9.0), ("cart", "error ratio"): (-3.0, 50.0)}
    assert onset_of(concluded(observed(late, after=900.0))) is None
    began = onset_of(concluded(observed({**late, **SLOW_PAYMENTS}, after=900.0)))
    assert began is not None, "what follows does not hide what came first"
    assert abs(began.at - before(3)) <= timedelta(seconds=2 * STEP)


def test_an_incident_looked_at_hours_later_began_before_its_alert_all_the_same() -> None:
    began = onset_of(concluded(observed(SLOW_PAYMENTS, after=4 * 3600.0, step=60.0), TRIGGER))
    assert began is not None
    assert abs(began.at - before(3)) <= timedelta(minutes=2)


def test_without_an_onset_nothing_is_more_than_a_lead() -> None:
    """A slow climb jumps nowhere; that the alert's number moved is known otherwise."""
    climbing = tuple(
        replace(one, points=tuple((at, value * (1 + (at - ALERT + 3600) / 900)) for at, value in one.points))
        if (one.service, one.metric) == ("checkout", "cpu")
        else one
        for one in observed({})
    )
    found = concluded(climbing, metric("checkout", SignalKind.SATURATION, 10, name="cpu", trigger=True))
    assert onset_of(found) is None
    assert [fact.confidence for fact in suspects(found)] == ["low"] * len(suspects(found))


def test_error_lines_speak_against_a_service_that_nobody_measures() -> None:
    unmeasured = tuple(one for one in observed(SLOW_PAYMENTS) if one.service != "ledger")
    found = concluded(unmeasured, TRIGGER, log("ledger", "deadlock on <*>", count=900))
    fact = next(fact for fact in suspects(found) if fact.service == "ledger")
    assert fact.grounds == ("its error lines rose",)
    assert fact.metric == ""


def test_the_order_in_which_sources_and_series_come_changes_nothing() -> None:
    series = observed(SLOW_PAYMENTS)
    halves = [replace(finding("b", TRIGGER), series=series[10:]), replace(finding("a"), series=series[:10])]
    assert conclude(request(), halves).evidence == conclude(request(), halves[::-1]).evidence
    assert conclude(request(), halves).evidence == concluded(series, TRIGGER).evidence


def test_sixty_series_of_three_hundred_samples_take_no_time() -> None:
    """50 ms of CPU are allowed, on the event loop; four times that here, for slow machines and coverage."""
    series = observed(SLOW_PAYMENTS, step=13.0)
    many = tuple(replace(one, service=f"{one.service}{n}") for n in range(3) for one in series)
    assert (len(many), len(many[0].points)) == (60, 300)
    started = time.process_time()
    concluded(many, TRIGGER)
    assert time.process_time() - started < 0.2


VALUES = st.floats(allow_nan=True, allow_infinity=True)
TIMES = st.floats(ALERT - 7200, ALERT + 7200)
POINTS = st.lists(st.tuples(TIMES, VALUES), max_size=40).map(lambda points: tuple(sorted(points, key=lambda p: p[0])))
SERIES = st.builds(
    ObservedSeries,
    service=st.sampled_from(SERVICES),
    metric=st.sampled_from(["p95 latency", "error ratio", "cpu", "?"]),
    points=POINTS,
    signal=st.none() | st.sampled_from(Signal),
)


@given(st.lists(SERIES, max_size=8).map(tuple), st.integers(0, 10_000))
@settings(max_examples=150, deadline=None)
def test_whatever_was_observed_the_answer_is_sane(series: tuple[ObservedSeries, ...], count: int) -> None:
    found = concluded(series, TRIGGER, log("cart", "<*>", count=count))
    began = onset_of(found)
    assert began is None or ONSET - EARLIEST <= began.at <= ONSET
    told = suspects(found)
    assert len(told) <= MOST_SUSPECTS
    assert [fact.place for fact in told] == sorted(fact.place for fact in told)
    assert all(fact.grounds and math.isfinite(fact.score) for fact in told)
    assert all(item.text and item.source == found.source for item in found.evidence)


def test_times_are_in_utc() -> None:
    began = onset_of(concluded(observed(SLOW_PAYMENTS), TRIGGER))
    assert began is not None
    assert began.at.tzinfo is UTC
    assert isinstance(began.at, datetime)
