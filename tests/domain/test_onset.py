from dataclasses import replace

from bot.domain import onset
from bot.domain.ranking import ObservedSeries
from tests.domain.ranking_worlds import ONSET, STEP, USUAL, World, slow, times


def changed(world: World, service: str, metric: str, *, begin: float, end: float) -> tuple[ObservedSeries, ...]:
    """That series is twentyfold from `begin` until before `end`."""
    return tuple(
        replace(one, points=tuple((at, value * 20.0 if begin <= at < end else value) for at, value in one.points))
        if (one.service, one.metric) == (service, metric)
        else one
        for one in world.series()
    )


def shifted_blip(calm: ObservedSeries, loud: ObservedSeries) -> tuple[tuple[float, float], ...]:
    """`calm`, with two samples of `loud` ten samples before the onset."""
    peak = max(value for _, value in loud.points)
    return tuple((at, peak if ONSET - 10 * STEP <= at < ONSET - 8 * STEP else value) for at, value in calm.points)


def test_the_sample_at_which_series_jumped_and_stayed_is_the_onset() -> None:
    found = onset.find(World({**slow("stock", "orders"), ("stock", "cpu_usage"): times(3.0)}).series())
    assert found is not None
    assert found.at == ONSET
    assert {mover.service for mover in found.movers[:3]} == {"stock", "orders"}


def test_an_onset_is_found_within_two_samples_whatever_the_noise() -> None:
    near = 0
    for seed in range(20):
        found = onset.find(World(slow("stock"), seed=seed, noise=0.1).series())
        near += found is not None and abs(found.at - ONSET) <= 2 * STEP
    assert near >= 18


def test_a_blip_that_passed_is_not_the_onset_however_loud_it_was() -> None:
    loud = {("search", metric): times(20.0) for metric in USUAL}
    blip = {(one.service, one.metric): one for one in World(loud, noise=0.0).series() if one.service == "search"}
    passed = [
        replace(one, points=shifted_blip(one, blip[one.service, one.metric])) if one.service == "search" else one
        for one in World(slow("stock"), noise=0.0).series()
    ]
    found = onset.find(passed)
    assert found is not None
    assert found.at == ONSET


def test_a_single_odd_sample_is_no_onset() -> None:
    quiet = World(noise=0.0)
    found = onset.find(changed(quiet, "search", "latency_mean", begin=ONSET, end=ONSET + STEP))
    assert found is None


def test_an_episode_with_a_gap_began_before_the_gap() -> None:
    began, gap = ONSET - 6 * STEP, ONSET - 3 * STEP
    lasting = changed(World(noise=0.0), "search", "latency_mean", begin=began, end=float("inf"))
    gapped = tuple(
        replace(one, points=tuple((at, 0.08 if at == gap else value) for at, value in one.points))
        if (one.service, one.metric) == ("search", "latency_mean")
        else one
        for one in lasting
    )
    found = onset.find(gapped)
    assert found is not None
    assert found.at == began


def test_the_first_of_an_episode_is_its_onset() -> None:
    world = World(noise=0.0)
    lasting = changed(world, "search", "latency_mean", begin=ONSET - 6 * STEP, end=float("inf"))
    found = onset.find(lasting)
    assert found is not None
    assert found.at == ONSET - 6 * STEP


def test_where_nothing_moved_there_is_no_onset() -> None:
    assert onset.find(World(noise=0.0).series()) is None


def test_series_too_short_to_know_normal_say_nothing() -> None:
    points = ((ONSET, 1.0), (ONSET + STEP, 9.0), (ONSET + 2 * STEP, 9.0))
    assert onset.find((ObservedSeries(service="a", metric="latency", points=points),)) is None
    assert onset.find(()) is None


def test_series_of_different_steps_are_read_together() -> None:
    world = World(slow("stock"))
    sparse = tuple(
        replace(one, points=one.points[::5]) if one.metric == "memory_usage" else one for one in world.series()
    )
    found = onset.find(sparse)
    assert found is not None
    assert found.at == ONSET
