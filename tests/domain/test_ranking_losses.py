import pytest

from bot.domain.ranking import Ground, ObservedSeries, Signal, Situation, Suspect, Target, rank

ONSET, STEP = 1_772_616_000.0, 300.0
CALLS = frozenset({("site", "search"), ("search", "table"), ("site", "rare")})


def series(service: str, metric: str, usual: float, since: float, *, unit: str = "") -> ObservedSeries:
    points = tuple(
        (ONSET + index * STEP, since if index >= 0 else usual * (1.0 + 0.01 * (index % 3))) for index in range(-40, 3)
    )
    return ObservedSeries(service=service, metric=metric, points=points, unit=unit)


def losses(suspects: tuple[Suspect, ...]) -> dict[str, float]:
    return {s.service: sum(one.weight for one in s.speaking if one.ground is Ground.LOSS) for s in suspects}


def slow_search(*, unit: str = "", scale: float = 1.0) -> tuple[ObservedSeries, ...]:
    """The site waits 25 s in all; so do the calls of search. A rare service is far slower, for 4 s in all."""
    return (
        series("site", "latency mean", 0.10 * scale, 0.15 * scale, unit=unit),
        series("site", "requests", 500, 500),
        series("search", "latency mean", 0.006 * scale, 0.036 * scale, unit=unit),
        series("search", "requests", 830, 830),
        series("table", "latency mean", 0.013 * scale, 0.013 * scale, unit=unit),
        series("table", "requests", 900, 900),
        series("rare", "latency mean", 1.0 * scale, 2.0 * scale, unit=unit),
        series("rare", "requests", 4, 4),
    )


@pytest.mark.parametrize(("unit", "scale"), [("", 1.0), ("ms", 1000.0)])
def test_the_cause_is_where_the_time_is_lost_not_where_latency_rose_most(unit: str, scale: float) -> None:
    suspects = rank(
        Situation(
            series=slow_search(unit=unit, scale=scale),
            onset=ONSET,
            step=STEP,
            calls=CALLS,
            target=Target(service="site", signal=Signal.LATENCY),
        )
    )
    lost = losses(suspects)
    assert suspects[0].service == "search"
    assert lost["search"] > 1.9, "all of the site's loss arises in search, at a weight of two"
    assert lost["rare"] < 0.5
    assert lost["site"] < 0.6, "what its callees lose is not the site's own"


def test_failed_requests_count_for_an_alert_on_availability() -> None:
    found = (
        series("site", "availability", 100, 97),
        series("site", "requests", 500, 500),
        series("search", "availability", 100, 98),
        series("search", "requests", 830, 830),
        series("rare", "availability", 100, 50),
        series("rare", "requests", 4, 4),
    )
    suspects = rank(
        Situation(
            series=found,
            onset=ONSET,
            step=STEP,
            calls=CALLS,
            target=Target(service="site", signal=Signal.AVAILABILITY),
        )
    )
    lost = losses(suspects)
    assert suspects[0].service == "search"
    assert lost["search"] > 5 * lost["rare"]


def test_errors_that_are_counted_already_are_not_multiplied_by_the_traffic() -> None:
    found = (
        series("site", "errors", 1, 61),
        series("site", "requests", 500, 500),
        series("search", "errors", 1, 61),
        series("search", "requests", 20, 20),
    )
    suspects = rank(
        Situation(
            series=found, onset=ONSET, step=STEP, calls=CALLS, target=Target(service="site", signal=Signal.ERRORS)
        )
    )
    assert losses(suspects)["search"] == pytest.approx(2.0)


def test_without_traffic_or_without_the_alert_s_own_metric_nothing_is_counted() -> None:
    target = Target(service="site", signal=Signal.LATENCY)
    no_traffic = tuple(one for one in slow_search() if one.metric != "requests")
    no_site = tuple(one for one in slow_search() if one.service != "site")
    for found in (no_traffic, no_site):
        suspects = rank(Situation(series=found, onset=ONSET, step=STEP, calls=CALLS, target=target))
        assert set(losses(suspects).values()) == {0.0}
        assert suspects[0].service in {"search", "rare"}


def test_an_alert_on_traffic_or_a_resource_has_no_loss() -> None:
    for signal in (Signal.TRAFFIC, Signal.USE):
        target = Target(service="site", signal=signal)
        suspects = rank(Situation(series=slow_search(), onset=ONSET, step=STEP, calls=CALLS, target=target))
        assert set(losses(suspects).values()) == {0.0}


def failing(*, slow: str, by: float) -> tuple[Suspect, ...]:
    """The site's requests fail and it is slow by a second; `slow` is slow `by` seconds at as many requests."""
    return rank(
        Situation(
            series=(
                series("site", "availability", 100, 90),
                series("site", "latency mean", 0.2, 1.2),
                series("site", "requests", 500, 500),
                series(slow, "latency mean", 0.1, 0.1 + by),
                series(slow, "requests", 500, 500),
            ),
            onset=ONSET,
            step=STEP,
            calls=CALLS,
            target=Target(service="site", signal=Signal.AVAILABILITY),
        )
    )


def test_requests_that_fail_for_waiting_are_lost_where_they_wait_for() -> None:
    suspects = failing(slow="search", by=1.0)
    assert suspects[0].service == "search"
    assert losses(suspects)["search"] > 3 * losses(suspects)["site"]


def test_a_callee_whose_slowness_is_no_match_for_the_wait_is_not_blamed_for_failures() -> None:
    suspects = failing(slow="search", by=0.02)
    assert suspects[0].service == "site"
    assert losses(suspects)["search"] < 0.1


def test_the_slowness_of_what_is_not_called_explains_no_failure() -> None:
    assert failing(slow="stranger", by=1.0)[0].service == "site"
