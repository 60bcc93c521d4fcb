import pytest

from bot.domain.evidence import SignalKind
from bot.domain.movement import Worse
from integrations.prometheus.expression import Expression, read_expression


@pytest.mark.parametrize(
    ("text", "measured", "threshold", "worse"),
    [
        ("errors > 0.05", "errors", 0.05, Worse.UP),
        ("(errors >= 0.05)", "errors", 0.05, Worse.UP),
        ("0.05 < errors", "errors", 0.05, Worse.UP),
        ("free_bytes < 5 * 1024", "free_bytes", 5120, Worse.DOWN),
        ("errors > 0.05 and traffic > 1", "errors", 0.05, Worse.UP),
        ("(errors > 0.05) unless on() maintenance", "errors", 0.05, Worse.UP),
        ("errors > bool 0.05", "errors", 0.05, Worse.UP),
        ("up == 0", "up", 0, Worse.DOWN),
        ("delta > -1", "delta", -1, Worse.UP),
        ("replicas != 3", "replicas", 3, Worse.EITHER),
        ("absent(up)", "count(up) or vector(0)", 0, Worse.DOWN),
        ('absent(up{job="x"}) == 1', 'count(up{job="x"}) or vector(0)', 0, Worse.DOWN),
        ("absent_over_time(up[5m])", "count(present_over_time(up[5m])) or vector(0)", 0, Worse.DOWN),
        ("absent(up) or up == 0", "count(up) or vector(0)", 0, Worse.DOWN),
        ("traffic > 1 and http_errors > 0.05", "http_errors", 0.05, Worse.UP),
        ("hour() > 8 and on() queue > 5", "queue", 5, Worse.UP),
        ("(hour() > 8) and on() (queue > 5 unless maintenance)", "queue", 5, Worse.UP),
        ("0.5 < errors < 0.9", "errors", 0.5, Worse.UP),
        ("errors > 0.5 <= 0.9", "errors", 0.5, Worse.UP),
        ("free < 20 > 10", "free", 20, Worse.DOWN),
        ("(errors > bool 0.05) == 1", "errors", 0.05, Worse.UP),
        ("(errors > bool 0.05) > 0", "errors", 0.05, Worse.UP),
        ("sum(errors > bool 0.05) > 2", "sum(errors > bool 0.05)", 2, Worse.UP),
        ("count(up == 0) > 2", "count(up == 0)", 2, Worse.UP),
        ("errors > vector(0.05)", "errors", 0.05, Worse.UP),
        ("up != 1", "up", 1, Worse.DOWN),
        ("job:http_errors:ratio5m > 0.05", "job:http_errors:ratio5m", 0.05, Worse.UP),
        ("time() - backup_timestamp_seconds > 86400", "time() - backup_timestamp_seconds", 86400, Worse.UP),
    ],
)
def test_a_comparison_is_split_into_what_is_measured_and_its_threshold(
    text: str, measured: str, threshold: float | None, worse: Worse
) -> None:
    found = read_expression(text)
    assert found is not None
    assert (found.measured.replace("{}", ""), found.threshold, found.worse) == (measured, threshold, worse)


def test_of_an_or_every_side_is_kept() -> None:
    found = read_expression("lag > 60 or (depth > 500 and on() hour() > 8) or free < 5 or never > 9")
    assert found is not None
    sides = [(side.measured, side.threshold, side.worse) for side in (found, *found.others)]
    assert sides == [("lag", 60, Worse.UP), ("depth", 500, Worse.UP), ("free", 5, Worse.DOWN)]


@pytest.mark.parametrize(
    ("text", "measured", "threshold", "worse"),
    [
        ("0.9 * pool_max < pool_in_use", "pool_in_use", "0.9 * pool_max", Worse.UP),
        ("pool_in_use > 0.9 * pool_max", "pool_in_use", "0.9 * pool_max", Worse.UP),
        ("rate(x[5m]) < 0.5 * rate(x[5m] offset 1w)", "rate(x[5m])", "0.5 * rate(x[5m] offset 1w)", Worse.DOWN),
        ("used > on (instance) group_left () quota", "used", "quota", Worse.UP),
    ],
)
def test_a_capacity_is_the_threshold_on_whichever_side_it_stands(
    text: str, measured: str, threshold: str, worse: Worse
) -> None:
    found = read_expression(text)
    assert found is not None
    assert (found.measured, found.threshold_query, found.worse) == (measured, threshold, worse)


def test_a_threshold_that_is_a_metric_is_asked_for() -> None:
    found = read_expression("pool_in_use > 0.9 * pool_max")
    assert found is not None
    assert found.threshold is None
    assert found.threshold_query.replace("{}", "") == "0.9 * pool_max"


@pytest.mark.parametrize("text", ["avg:system.cpu{*} by {host} > 90", "SELECT 1", "errors >", "", "sum(", "> 5"])
def test_what_is_not_promql_is_none(text: str) -> None:
    assert read_expression(text) is None


@pytest.mark.parametrize(
    ("text", "unit", "kind"),
    [
        ('sum(rate(r{code=~"5.."}[2m])) / sum(rate(r[2m])) > 0.05', "ratio", SignalKind.ERRORS),
        ("histogram_quantile(0.95, rate(http_seconds_bucket[2m])) > 1", "s", SignalKind.LATENCY),
        ("rate(x_seconds_sum[5m]) / rate(x_seconds_count[5m]) > 1", "s", None),
        ("100 * (a / b) > 90", "%", None),
        ("node_filesystem_free_bytes < 1e9", "bytes", None),
        ("1 - (a_bytes / b_bytes) > 0.9", "ratio", None),
        ("rate(jobs_failed_total[5m]) > 1", "1/s", SignalKind.ERRORS),
        ("up == 0", "", SignalKind.AVAILABILITY),
        ("queue_messages_ready > 100", "", None),
        ("job:http_errors:ratio5m > 0.05", "ratio", SignalKind.ERRORS),
        ("instance:node_cpu:rate1m > 1", "1/s", None),
        ("node:disk_used:percent > 90", "%", None),
        ("job:latency_seconds:p95 > 1", "s", SignalKind.LATENCY),
        ('1 - avg(rate(node_cpu_seconds_total{mode="idle"}[5m])) > 0.9', "ratio", None),
        ("sum(rate(container_cpu_usage_seconds_total[5m])) > 2", "cores", None),
        ("histogram_quantile(0.95, rate(x_milliseconds_bucket[5m])) / 1000 > 1", "s", SignalKind.LATENCY),
        ("time() - backup_timestamp_seconds > 86400", "s", None),
        ("sum(rate(http_requests_total[5m])) < 1", "1/s", SignalKind.TRAFFIC),
        ("absent(up)", "", SignalKind.AVAILABILITY),
    ],
)
def test_unit_and_kind_are_told_by_names_as_far_as_they_go(text: str, unit: str, kind: SignalKind | None) -> None:
    found = read_expression(text)
    assert found is not None
    assert (found.unit, found.kind) == (unit, kind)


def test_a_long_expression_stays_on_one_line_and_means_the_same() -> None:
    long = " + ".join(f'sum(rate(http_requests_total{{service="service-{n}  x"}}[5m]))' for n in range(6))
    found = read_expression(f"{long} > 5")
    assert found is not None
    assert "\n" not in found.measured
    assert 'service="service-3  x"' in found.measured
    again = read_expression(f"{found.measured} > 5")
    assert isinstance(again, Expression)
    assert again.measured == found.measured
