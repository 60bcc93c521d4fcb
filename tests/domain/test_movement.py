import math
import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.domain.movement import Movement, Worse, measure

ONSET = 1_772_616_000.0
STEP = 15.0
TIMES = [ONSET + STEP * index for index in range(-240, 21)]  # an hour before, five minutes after

Points = list[tuple[float, float]]


def series(
    value: float, *, moves_at: float | None = None, to: float = 0.0, noise: float = 0.0, seed: int = 1
) -> Points:
    random_ = random.Random(seed)
    return [
        (at, (to if moves_at is not None and at >= moves_at else value) * (1 + noise * random_.gauss(0, 1)))
        for at in TIMES
    ]


def measured(points: Points, *, unit: str = "", worse: Worse = Worse.UP, absent_is_zero: bool = False) -> Movement:
    return measure(points, onset=ONSET, unit=unit, worse=worse, absent_is_zero=absent_is_zero)


def test_a_step_is_found_at_its_very_sample() -> None:
    moved = measured(series(0.003, moves_at=ONSET - 120, to=0.12, noise=0.1), unit="ratio")
    assert moved.moved_at == ONSET - 120
    assert moved.before == pytest.approx(0.003, rel=0.1)
    assert moved.now is not None
    assert moved.now > 0.12
    assert moved.score > 1


def test_a_slow_leak_is_found_long_before_the_alert() -> None:
    points = [(at, 30 + max(0.0, (at - (ONSET - 1500)) / 20)) for at in TIMES]
    moved = measured(points, unit="connections")
    assert moved.moved_at is not None
    assert ONSET - 1500 < moved.moved_at < ONSET - 1200
    assert moved.before == 30


def test_noise_does_not_move() -> None:
    for seed in range(20):
        moved = measured(series(0.19, noise=0.05, seed=seed), unit="s")
        assert moved.moved_at is None, f"seed {seed}: noise was taken for a movement"
        assert moved.score == 0


def test_a_change_too_small_to_matter_is_none() -> None:
    assert measured(series(100.0, moves_at=ONSET, to=115.0)).moved_at is None
    assert measured(series(100.0, moves_at=ONSET, to=125.0)).moved_at == ONSET
    assert measured(series(0.0001, moves_at=ONSET, to=0.004), unit="ratio").moved_at is None
    assert measured(series(3, moves_at=ONSET, to=5), unit="connections").moved_at is None


def test_a_blip_in_the_baseline_is_another_story() -> None:
    points = [(at, 9.0 if ONSET - 900 <= at < ONSET - 600 else 1.0) for at in TIMES]
    assert measured(points).moved_at is None


def test_single_outliers_do_not_count_as_a_departure() -> None:
    points = [(at, 9.0 if at in (ONSET, ONSET + 150) else 1.0) for at in TIMES]
    assert measured(points).moved_at is None


def test_an_incident_that_is_over_already_still_moved() -> None:
    points = [(at, 9.0 if ONSET - 60 <= at <= ONSET + 120 else 1.0) for at in TIMES]
    moved = measured(points)
    assert moved.moved_at == ONSET - 60
    assert moved.now == 9.0
    assert moved.latest == 1.0


def test_what_the_baseline_did_itself_is_no_departure() -> None:
    # A counter of rare errors: one in ten samples shows one, the rest none.
    points = [(at, 0.02 if index % 10 == 0 else 0.0) for index, at in enumerate(TIMES)]
    calm = [(at, 0.02 if at >= ONSET else value) for at, value in points]
    assert measured(calm, unit="ratio").moved_at is None


def test_each_side_is_worse_for_somebody() -> None:
    drop = series(50.0, moves_at=ONSET - 60, to=10.0)
    assert measured(drop, worse=Worse.DOWN).now == 10.0
    assert measured(drop, worse=Worse.EITHER).moved_at == ONSET - 60
    assert measured(drop, worse=Worse.UP).moved_at == ONSET - 60
    assert measured(drop, worse=Worse.UP).now == 10.0


def test_errors_that_were_never_counted_before_came_from_zero() -> None:
    points = [(at, 0.3) for at in TIMES if at >= ONSET - 30]
    assert measured(points, unit="ratio", absent_is_zero=True).moved_at == ONSET - 30
    assert measured(points, unit="ratio", absent_is_zero=True).before is None
    assert measured(points, unit="ratio").moved_at is None


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_leak_older_than_the_samples_moved_where_it_left_its_first_level(noise: float) -> None:
    chosen = random.Random(7)
    climb = [(at, 30 * (1 + (at - TIMES[0]) / 2400) * (1 + noise * chosen.gauss(0, 1))) for at in TIMES]
    moved = measured(climb, unit="connections")
    assert moved.moved_at is not None
    assert TIMES[0] + 300 < moved.moved_at < TIMES[0] + 1500
    assert moved.before == pytest.approx(33, abs=3)
    assert moved.now == pytest.approx(max(value for _, value in climb))
    assert measured([(at, -value) for at, value in climb], worse=Worse.DOWN).moved_at is not None


def test_what_drifts_with_the_hour_or_has_stopped_climbing_did_not_move() -> None:
    drift = [(at, 30 * (1 + 0.3 * (at - TIMES[0]) / 3900)) for at in TIMES]
    assert measured(drift, unit="connections").moved_at is None
    climb = [(at, 30 * (1 + (at - TIMES[0]) / 2400)) for at in TIMES]
    assert measured(climb, unit="1/s", worse=Worse.EITHER).moved_at is None, "traffic follows the day"
    assert measured(climb, unit="connections", worse=Worse.DOWN).moved_at is None, "it climbs to where it is good"
    queue = [(at, 6000 * (1 + 0.65 * (at - TIMES[0]) / 3900)) for at in TIMES]
    assert measured(queue, unit="messages").moved_at is None, "it did so long before, and has hours left"
    stopped = [(at, min(value, 60.0)) for at, value in climb]
    assert measured(stopped, unit="connections").moved_at is None


def test_processor_time_is_not_measured_in_whole_cores() -> None:
    assert measured(series(0.2, moves_at=ONSET - 60, to=0.9), unit="cores").moved_at == ONSET - 60
    assert measured(series(0.01, moves_at=ONSET - 60, to=0.04), unit="cores").moved_at is None


def test_no_samples_are_no_movement() -> None:
    nothing = measured([])
    assert (nothing.before, nothing.now, nothing.latest, nothing.moved_at) == (None, None, None, None)
    assert measured([(ONSET, math.nan), (ONSET + 15, math.inf)]).latest is None


def test_a_series_that_ended_has_no_now() -> None:
    ended = measured([(at, 1.0) for at in TIMES if at < ONSET - 600])
    assert ended.now is None
    assert ended.latest == 1.0


@given(st.floats(min_value=-1e12, max_value=1e12), st.sampled_from(Worse))
def test_what_is_constant_never_moves(value: float, worse: Worse) -> None:
    moved = measured(series(value), worse=worse)
    assert moved.moved_at is None
    assert moved.before == moved.now == moved.latest == value


@settings(max_examples=50)
@given(
    st.floats(min_value=1, max_value=1e6),
    st.floats(min_value=1.5, max_value=100),
    st.integers(min_value=-60, max_value=17),
)
def test_a_large_step_that_lasts_is_always_found_where_it_is(base: float, factor: float, index: int) -> None:
    at = ONSET + STEP * index
    moved = measured(series(base, moves_at=at, to=base * factor))
    assert moved.moved_at == at
    assert moved.before == pytest.approx(base)


@settings(max_examples=50)
@given(
    st.lists(st.floats(min_value=-1e9, max_value=1e9), min_size=len(TIMES), max_size=len(TIMES)),
    st.floats(min_value=1e-3, max_value=1e3),
    st.sampled_from(Worse),
)
def test_the_scale_of_a_unit_does_not_matter(values: list[float], scale: float, worse: Worse) -> None:
    one = measured(list(zip(TIMES, values, strict=True)), worse=worse)
    other = measured([(at, value * scale) for at, value in zip(TIMES, values, strict=True)], worse=worse)
    assume(one.score == 0 or one.score > 1.01)  # on the very threshold, rounding decides
    assert one.moved_at == other.moved_at


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(TIMES), st.floats(width=32)), max_size=60))
def test_nothing_it_may_be_given_breaks_it(points: Points) -> None:
    moved = measured(sorted(points, key=lambda point: point[0]), worse=Worse.EITHER, absent_is_zero=True)
    finite = [value for _, value in points if math.isfinite(value)]
    assert (moved.latest is None) == (not finite)
    assert moved.moved_at is None or moved.moved_at in TIMES
