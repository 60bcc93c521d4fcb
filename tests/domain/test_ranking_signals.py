import pytest

from bot.domain.ranking import Signal
from bot.domain.ranking.deviation import normal_range, strength
from bot.domain.ranking.observed import ObservedSeries
from bot.domain.ranking.signals import guess
from bot.domain.ranking.tuning import Tuning


@pytest.mark.parametrize(
    ("metric", "signal"),
    [
        ("CpuUsageRate(%)", Signal.USE),
        ("MemoryUsageRate(%)", Signal.USE),
        ("container_cpu_usage_seconds_total", Signal.USE),
        ("node_load1", Signal.USE),
        ("hikaricp_connections_pending", Signal.USE),
        ("kafka_consumer_lag", Signal.USE),
        ("SyscallRead", Signal.FLOW),
        ("NetworkReceiveBytes", Signal.FLOW),
        ("http_response_size_bytes", Signal.FLOW),
        ("PodClientLatencyP90(s)", Signal.WAITING),
        ("http_client_request_duration_seconds", Signal.WAITING),
        ("PodServerLatencyP99(s)", Signal.LATENCY),
        ("http_server_request_duration_seconds p95", Signal.LATENCY),
        ("latency:Average", Signal.LATENCY),
        ("p99", Signal.LATENCY),
        ("PodWorkload(Ops)", Signal.TRAFFIC),
        ("requests:Sum", Signal.TRAFFIC),
        ("http_requests_total", Signal.TRAFFIC),
        ("availability:Average", Signal.AVAILABILITY),
        ("PodSuccessRate(%)", Signal.AVAILABILITY),
        ("error ratio", Signal.ERRORS),
        ("http_5xx_responses", Signal.ERRORS),
        ("zorkmids", None),
    ],
)
def test_a_metric_s_name_tells_its_signal(metric: str, signal: Signal | None) -> None:
    assert guess(metric) is signal


def test_strength_is_bounded_and_rises() -> None:
    strengths = [strength(value, 30.0) for value in (0, 1, 3, 10, 30, 1e9)]
    assert strengths == sorted(strengths)
    assert strengths[0] == 0.0
    assert strengths[-2:] == [1.0, 1.0]


def test_the_scale_of_a_normal_distribution_is_its_standard_deviation() -> None:
    from statistics import NormalDist

    samples = [NormalDist(10.0, 0.01).inv_cdf((index + 0.5) / 2001) for index in range(2001)]
    series = ObservedSeries(service="a", metric="availability", points=())
    normal = normal_range(series, Signal.AVAILABILITY, samples, Tuning(ratio_floor=0.0))
    assert normal is not None
    assert normal.scales[-1] * 100.0 == pytest.approx(0.01, rel=0.02)


def test_a_constant_series_does_not_divide_by_zero() -> None:
    series = ObservedSeries(service="a", metric="latency", points=())
    normal = normal_range(series, Signal.LATENCY, [0.0046] * 50, Tuning())
    assert normal is not None
    assert normal.beyond(0.0046, 1) == 0.0
    assert 0 < normal.beyond(0.0050, 1) < 3, "less than half a millisecond is nothing"


def test_too_few_samples_have_no_normal_range() -> None:
    series = ObservedSeries(service="a", metric="latency", points=())
    assert normal_range(series, Signal.LATENCY, [1.0, 2.0, 3.0], Tuning()) is None
