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
        ("absent(up)", "absent(up)", None, Worse.UP),
    ],
)
def test_a_comparison_is_split_into_what_is_measured_and_its_threshold(
    text: str, measured: str, threshold: float | None, worse: Worse
) -> None:
    found = read_expression(text)
    assert found is not None
    assert (found.measured.replace("{}", ""), found.threshold, found.worse) == (measured, threshold, worse)


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
