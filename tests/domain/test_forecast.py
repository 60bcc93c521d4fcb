import math
import random

import pytest

from bot.domain.forecast import look_ahead

HOUR = 3600.0
START = 1_772_600_000.0
MEMORY = 2.0 * 2**30


def samples(value_at: object, hours: float = 1.0, step: float = 15.0) -> list[tuple[float, float]]:
    assert callable(value_at)
    return [(START + step * index, value_at(step * index / HOUR)) for index in range(int(hours * HOUR / step) + 1)]


def test_a_steady_climb_is_followed_to_the_limit() -> None:
    found = look_ahead(samples(lambda hour: 0.80 + 0.05 * hour), limit=1.0, horizon=24 * HOUR)
    assert found is not None
    assert found.per_hour == pytest.approx(0.05)
    assert found.runs_out_at == pytest.approx(START + HOUR + 3 * HOUR)


def test_what_shrinks_is_followed_downwards() -> None:
    found = look_ahead(samples(lambda hour: 100.0 - 40.0 * hour), limit=0.0, horizon=24 * HOUR, shrinks=True)
    assert found is not None
    assert found.runs_out_at == pytest.approx(START + 2.5 * HOUR)


def test_noise_and_outliers_move_the_end_by_little() -> None:
    dice = random.Random(7)

    def value(hour: float) -> float:
        outlier = 0.3 if dice.random() < 0.1 else 0.0
        return 0.5 + 0.1 * hour + dice.gauss(0.0, 0.01) + outlier

    found = look_ahead(samples(value, hours=2.0), limit=1.0, horizon=24 * HOUR)
    assert found is not None
    assert found.per_hour == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(lambda hour: 0.9, id="flat"),
        pytest.param(lambda hour: 0.9 + 0.02 * random.Random(int(hour * 10_000)).gauss(0, 1), id="noise"),
        pytest.param(lambda hour: 0.6 + 0.3 * ((hour * 12) % 1), id="saw teeth, as a heap has"),
        pytest.param(lambda hour: 0.9 - 0.1 * hour, id="away from the limit"),
        pytest.param(lambda hour: 0.3 if hour < 0.9 else 0.9, id="a jump to another level"),
        pytest.param(lambda hour: 0.3 + min(hour, 0.3), id="a climb that has ended"),
        pytest.param(lambda hour: 0.2 + 0.001 * hour, id="too slow to matter"),
        pytest.param(lambda hour: 0.5 + 0.3 * math.sin(hour * 40), id="waves"),
    ],
)
def test_what_does_not_run_out_gives_nothing(value: object) -> None:
    assert look_ahead(samples(value), limit=1.0, horizon=24 * HOUR) is None


def test_a_leak_that_began_a_moment_ago_is_seen() -> None:
    found = look_ahead(
        samples(lambda hour: MEMORY * (0.3 + max(0.0, hour - 0.8) * 1.5)), limit=MEMORY, horizon=6 * HOUR
    )
    assert found is not None
    assert found.per_hour == pytest.approx(1.5 * MEMORY, rel=0.05)
    assert found.runs_out_at == pytest.approx(START + HOUR + 0.4 / 1.5 * HOUR, rel=0.05)


def test_what_is_used_up_already_tells_since_when() -> None:
    found = look_ahead(samples(lambda hour: min(100.0, 20.0 + 160.0 * hour)), limit=100.0, horizon=HOUR)
    assert found is not None
    assert (found.now, found.per_hour) == (100.0, 0.0)
    assert found.runs_out_at == pytest.approx(START + HOUR / 2, abs=30.0)


@pytest.mark.parametrize("count", [0, 1, 9])
def test_few_samples_are_no_trend(count: int) -> None:
    assert look_ahead(samples(lambda hour: 0.5 + hour)[:count], limit=1.0, horizon=24 * HOUR) is None


def test_values_that_are_no_numbers_are_left_out() -> None:
    points = [
        (at, math.nan if index % 3 else value) for index, (at, value) in enumerate(samples(lambda h: 0.5 + h / 4))
    ]
    found = look_ahead(points, limit=1.0, horizon=24 * HOUR)
    assert found is not None
    assert found.per_hour == pytest.approx(0.25)


def test_a_week_of_samples_is_no_burden() -> None:
    found = look_ahead(samples(lambda hour: hour, hours=168.0), limit=170.0, horizon=24 * HOUR)
    assert found is not None
    assert found.runs_out_at == pytest.approx(START + 170 * HOUR)
