from dataclasses import replace

import pytest

from bot.domain.confidence import Confidence
from bot.domain.ranking import Ground, ObservedSeries, Signal, Situation, Suspect, Target, rank
from tests.domain.ranking_worlds import ONSET, STEP, Change, World, slow, times


def first(suspects: tuple[Suspect, ...]) -> str:
    return suspects[0].service


def names(suspects: tuple[Suspect, ...]) -> list[str]:
    return [suspect.service for suspect in suspects]


def grounds(suspect: Suspect) -> set[Ground]:
    return {one.ground for one in suspect.speaking if one.weight > 0.05}


def test_a_service_that_burns_its_cpu_and_is_slow_leads_with_high_confidence_and_says_why() -> None:
    changes = {**slow("stock"), ("stock", "cpu_usage"): times(3.0)}
    suspects = rank(World(changes).situation())
    assert first(suspects) == "stock"
    assert suspects[0].confidence is Confidence.HIGH
    signals = {one.signal for one in suspects[0].speaking if one.weight > 0.1}
    assert signals >= {Signal.USE, Signal.LATENCY}
    cpu = next(one for one in suspects[0].speaking if one.signal is Signal.USE)
    assert cpu.metric == "cpu_usage"
    assert cpu.deviation > 10


def test_without_a_fault_nobody_is_accused_with_confidence() -> None:
    for seed in range(20):
        suspects = rank(World(seed=seed).situation())
        assert suspects[0].confidence is Confidence.LOW, f"seed {seed}: noise was taken for a cause"


def test_callers_of_a_slow_service_are_explained_by_it() -> None:
    suspects = rank(World(slow("stock", "orders", "web")).situation())
    assert first(suspects) == "stock"
    by_name = {suspect.service: suspect.score for suspect in suspects}
    assert by_name["stock"] > 2 * max(by_name["orders"], by_name["web"])


def test_without_a_call_graph_callers_are_not_excused() -> None:
    suspects = rank(World(slow("stock", "orders")).situation(calls=frozenset()))
    assert set(names(suspects)[:2]) == {"stock", "orders"}
    assert suspects[0].confidence is not Confidence.HIGH


def test_callers_that_wait_for_no_slow_callee_accuse_what_only_they_call() -> None:
    waits = {("orders", "client_latency_p90"): times(20.0)}
    suspects = rank(World(waits).situation())
    assert set(names(suspects)[:2]) == {"payments", "stock"}, "only orders calls them, and only orders waits"
    assert Ground.ACCUSED in grounds(suspects[0])


def test_a_wait_that_a_slow_callee_explains_accuses_nobody() -> None:
    changes = {**slow("stock"), ("orders", "client_latency_p90"): times(20.0)}
    suspects = rank(World(changes).situation())
    assert first(suspects) == "stock"
    payments = next(suspect for suspect in suspects if suspect.service == "payments")
    assert payments.score < 0.25 * suspects[0].score


def test_of_several_who_wait_the_callee_that_all_of_them_call_is_accused() -> None:
    calls = frozenset({("web", "stock"), ("orders", "stock"), ("orders", "payments"), ("web", "search")})
    waits = {(service, "client_latency_p90"): times(20.0) for service in ("web", "orders")}
    by_name = {suspect.service: suspect.score for suspect in rank(World(waits).situation(calls=calls))}
    assert by_name["stock"] > 1.5 * max(by_name["payments"], by_name["search"])


def test_who_waits_for_others_is_not_slow_itself() -> None:
    def own_latency(changes: dict[tuple[str, str], Change]) -> float:
        suspects = rank(World(changes).situation())
        orders = next(suspect for suspect in suspects if suspect.service == "orders")
        return sum(one.weight for one in orders.speaking if one.signal is Signal.LATENCY)

    waiting = {("orders", "client_latency_p90"): times(20.0)}
    assert own_latency({**slow("orders"), **waiting}) < 0.5 * own_latency(slow("orders"))


def test_who_still_gets_traffic_but_passes_none_on_is_cut_off() -> None:
    changes = {("stock", "requests"): times(0.05), ("payments", "requests"): times(0.05)}
    suspects = rank(World(changes).situation())
    assert first(suspects) == "orders"
    assert Ground.CUT_OFF in grounds(suspects[0])


def test_traffic_that_ends_everywhere_cuts_off_nobody() -> None:
    changes = {(service, "requests"): times(0.05) for service in ("web", "orders", "stock", "payments")}
    suspects = rank(World(changes).situation())
    orders = next(suspect for suspect in suspects if suspect.service == "orders")
    assert Ground.CUT_OFF not in grounds(orders)


def test_a_resource_that_idles_is_no_fault() -> None:
    suspects = rank(World({("search", "cpu_usage"): times(0.1)}).situation())
    assert suspects[0].confidence is Confidence.LOW


def test_what_was_already_so_before_the_onset_is_not_what_began() -> None:
    world = World({**slow("stock")})
    shifted = tuple(
        replace(one, points=tuple((at, value * 3.0 if at >= ONSET - 8 * STEP else value) for at, value in one.points))
        if (one.service, one.metric) == ("search", "memory_usage")
        else one
        for one in world.series()
    )
    suspects = rank(replace(world.situation(), series=shifted))
    assert first(suspects) == "stock"
    assert next(s for s in suspects if s.service == "search").score < 0.1


def test_a_single_sample_is_a_blip() -> None:
    world = World()
    blip = tuple(
        replace(one, points=tuple((at, value * 50.0 if at == ONSET + STEP else value) for at, value in one.points))
        if (one.service, one.metric) == ("search", "latency_mean")
        else one
        for one in world.series()
    )
    assert rank(replace(world.situation(), series=blip))[0].confidence is Confidence.LOW


def test_bytes_that_follow_the_traffic_speak_against_nobody() -> None:
    with_traffic = {("search", "requests"): times(3.0), ("search", "network_bytes"): times(3.0)}
    alone = {("search", "network_bytes"): times(3.0)}

    def flow(changes: dict[tuple[str, str], Change]) -> float:
        suspects = rank(World(changes).situation())
        search = next(suspect for suspect in suspects if suspect.service == "search")
        return sum(one.weight for one in search.speaking if one.signal is Signal.FLOW)

    assert flow(alone) > 4 * flow(with_traffic)


def test_the_alert_s_own_kind_of_signal_weighs_more() -> None:
    changes = {**slow("stock"), ("payments", "error_ratio"): times(300.0)}
    about_latency = rank(World(changes).situation(target=Target(service="web", signal=Signal.LATENCY)))
    about_errors = rank(World(changes).situation(target=Target(service="web", signal=Signal.ERRORS)))
    assert first(about_latency) == "stock"
    assert first(about_errors) == "payments"


def test_what_the_alert_s_service_does_not_call_is_likelier_innocent() -> None:
    changes = {("stock", "cpu_usage"): times(3.0), ("search", "cpu_usage"): times(3.0)}
    suspects = rank(World(changes).situation(target=Target(service="orders", signal=Signal.LATENCY)))
    by_name = {suspect.service: suspect.score for suspect in suspects}
    assert by_name["stock"] > 2 * by_name["search"]


def test_error_logs_find_what_no_metric_shows() -> None:
    suspects = rank(World().situation(error_rises={"profile": 40.0, "search": 1.1}))
    assert first(suspects) == "profile"
    assert Ground.LOGS in grounds(suspects[0])


def test_error_logs_of_a_caller_are_explained_by_its_failing_callee() -> None:
    changes = {("payments", "error_ratio"): times(300.0), ("orders", "error_ratio"): times(250.0)}
    suspects = rank(World(changes).situation(error_rises={"orders": 40.0, "payments": 40.0}))
    assert first(suspects) == "payments"
    assert suspects[0].score > 2 * suspects[1].score


def test_equal_scores_are_ordered_by_name() -> None:
    points = tuple((ONSET + index * STEP, 1.0) for index in range(-20, 5))
    series = tuple(ObservedSeries(service=name, metric="cpu", points=points) for name in ("c", "a", "b"))
    suspects = rank(Situation(series=series, onset=ONSET, step=STEP))
    assert names(suspects) == ["a", "b", "c"]
    assert {suspect.score for suspect in suspects} == {0.0}


@pytest.mark.parametrize(
    "points",
    [
        (),
        ((ONSET, 1.0),),
        tuple((ONSET + index * STEP, float("nan")) for index in range(-20, 5)),
        tuple((ONSET + index * STEP, float("inf")) for index in range(-20, 5)),
        tuple((ONSET + index * STEP, 1.0) for index in range(-20, 0)),
        tuple((ONSET + index * STEP, 1.0) for index in range(5)),
        tuple((ONSET + index * STEP, -1.0 if index < 0 else 1e300) for index in range(-20, 5)),
    ],
    ids=["none", "one", "only NaN", "only infinite", "only before", "only after", "extreme"],
)
def test_broken_series_are_survived(points: tuple[tuple[float, float], ...]) -> None:
    series = tuple(
        ObservedSeries(service="odd", metric=metric, points=points)
        for metric in ("latency_mean", "requests", "network_bytes", "availability", "errors", "cpu", "client_latency")
    )
    for signal in (Signal.LATENCY, Signal.AVAILABILITY, Signal.ERRORS):
        suspects = rank(
            Situation(
                series=series,
                onset=ONSET,
                step=STEP,
                calls=frozenset({("odd", "odd"), ("odd", "gone"), ("gone", "odd")}),
                target=Target(service="odd", signal=signal),
                error_rises={"odd": 0.0, "gone": 3.0},
            )
        )
        assert set(names(suspects)) == {"odd", "gone"}, "error lines speak for a service without series, too"
        assert all(suspect.score == suspect.score for suspect in suspects)


def test_no_series_no_suspects() -> None:
    assert rank(Situation(series=(), onset=ONSET, step=STEP)) == ()


def test_metrics_whose_name_says_nothing_are_left_out() -> None:
    points = tuple((ONSET + index * STEP, 1.0 if index < 0 else 100.0) for index in range(-20, 5))
    suspects = rank(
        Situation(series=(ObservedSeries(service="a", metric="zorkmids", points=points),), onset=ONSET, step=STEP)
    )
    assert [(suspect.service, suspect.score) for suspect in suspects] == [("a", 0.0)]
