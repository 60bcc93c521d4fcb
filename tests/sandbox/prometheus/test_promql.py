"""PromQL over a few hand-made series whose answers can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sandbox.prometheus.promql import store
from sandbox.prometheus.promql.engine import Evaluation, parse
from sandbox.prometheus.promql.errors import BadQuery, CannotExecute
from sandbox.prometheus.promql.frame import NAME, Frame, Scalar, Value
from sandbox.scenario.model import TimeSeries

TIMES = tuple(float(t) for t in range(0, 601, 15))


def _series(name: str, *values: float, **labels: str) -> TimeSeries:
    return TimeSeries(labels={NAME: name, **labels}, times=TIMES[: len(values)], values=values)


COUNTER = _series("hits_total", *[float(i * 30) for i in range(41)], service="a", code="200")  # 2 a second
RESTARTED = _series("hits_total", *[float(i * 15 if i < 20 else (i - 20) * 15) for i in range(41)], service="b")
SERIES = (
    COUNTER,
    RESTARTED,
    _series("load", *[3.0] * 41, service="a", host="x"),
    _series("load", *[5.0] * 41, service="a", host="y"),
    _series("load", *[9.0] * 41, service="b", host="z"),
    _series("limit", *[10.0] * 41, service="a"),
    _series("brief", *[1.0] * 5),
    _series("wait_bucket", *[float(i * 10) for i in range(41)], le="1"),
    _series("wait_bucket", *[float(i * 15) for i in range(41)], le="2"),
    _series("wait_bucket", *[float(i * 20) for i in range(41)], le="+Inf"),
)


def _ask(query: str, *at: float, now: float = 600.0) -> Value:
    moments = np.array(at or (600.0,))
    blocks = store.Store(SERIES).until(now)
    return Evaluation(blocks=blocks, at=moments, start=float(moments[0]), end=float(moments[-1])).evaluate(parse(query))


def _frame(query: str, *at: float, now: float = 600.0) -> Frame:
    value = _ask(query, *at, now=now)
    assert isinstance(value, Frame)
    return value


def _values(query: str, at: float = 600.0) -> list[float]:
    frame = _frame(query, at)
    return sorted(frame.values[frame.present].tolist())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('rate(hits_total{service="a"}[1m])', [2.0]),
        ('increase(hits_total{service="a"}[2m])', [240.0]),
        ('irate(hits_total{service="a"}[1m])', [2.0]),
        ("resets(hits_total[10m])", [0.0, 1.0]),
        ("sum(load)", [17.0]),
        ("avg(load)", [17 / 3]),
        ("sum by (service) (load)", [8.0, 9.0]),
        ("max without (host) (load)", [5.0, 9.0]),
        ("topk(2, load)", [5.0, 9.0]),
        ("bottomk by (service) (1, load)", [3.0, 9.0]),
        ("quantile(0.5, load)", [5.0]),
        ("count(load > 4)", [2.0]),
        ("load > bool 4", [0.0, 1.0, 1.0]),
        ("load / on(service) group_left limit", [0.3, 0.5]),
        ("load and on(service) limit", [3.0, 5.0]),
        ("load unless on(service) limit", [9.0]),
        ("limit or load", [3.0, 5.0, 9.0, 10.0]),
        ("histogram_quantile(0.5, wait_bucket)", [1.0]),
        ("histogram_quantile(0.6, rate(wait_bucket[5m]))", [1.4]),
        ("histogram_quantile(0.99, wait_bucket)", [2.0]),
        ("absent(nothing)", [1.0]),
        ("absent(load)", []),
        ("vector(7) % 4", [3.0]),
        ("max_over_time(sum(load)[2m:15s])", [17.0]),
        ("predict_linear(hits_total{code='200'}[5m], 60)", [1320.0]),
        ("clamp(load, 6, 2)", []),
    ],
)
def test_answers_worked_out_by_hand(query: str, expected: list[float]) -> None:
    assert _values(query) == pytest.approx(expected)


def test_a_restart_does_not_make_a_rate_negative() -> None:
    rates = _frame('rate(hits_total{service="b"}[1m])', *TIMES[8:]).values
    assert rates.min() > 0.5
    assert rates.max() <= 1.0 + 1e-9


def test_functions_and_arithmetic_drop_the_name_and_filters_keep_it() -> None:
    assert all(NAME not in labels for labels in _frame("load * 2").labels)
    assert all(NAME not in labels for labels in _frame("rate(hits_total[1m])").labels)
    assert all(labels[NAME] == "load" for labels in _frame("load > 4").labels)
    assert all(labels[NAME] == "load" for labels in _frame("last_over_time(load[1m])").labels)


def test_a_sample_is_stale_after_five_minutes() -> None:
    frame = _frame("brief", 60.0, 359.0, 360.0)
    assert frame.present.tolist() == [[True, True, False]]


def test_a_range_is_open_on_its_left() -> None:
    assert _values("count_over_time(limit[1m])", 300.0) == [4.0]


def test_samples_after_now_do_not_exist() -> None:
    at_end = _frame("hits_total{code='200'}", 600.0, now=300.0)
    assert at_end.values[at_end.present].tolist() == []
    assert _frame("hits_total{code='200'}", 310.0, now=300.0).values.tolist() == [[600.0]]


def test_offset_and_at_look_elsewhere() -> None:
    assert _values("hits_total{code='200'} offset 1m") == [1080.0]
    assert _values("hits_total{code='200'} @ 300") == [600.0]


def test_long_ranges_are_worked_off_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    query = "max_over_time(hits_total[5m]) - min_over_time(hits_total[5m])"
    whole = _frame(query, *TIMES[8:])
    monkeypatch.setattr(store, "WINDOW_CELLS", 100)
    parts = _frame(query, *TIMES[8:])
    assert parts.labels == whole.labels
    assert (parts.values == whole.values).all()
    assert (parts.present == whole.present).all()


def test_labels_can_be_rewritten() -> None:
    [labels] = _frame('label_replace(limit, "team", "${1}-team", "service", "(.*)")').labels
    assert labels == {NAME: "limit", "service": "a", "team": "a-team"}
    assert _frame('label_join(limit, "both", "-", "service", "service")').labels[0]["both"] == "a-a"


def test_scalars_stay_scalars() -> None:
    value = _ask("scalar(limit) / 4 + time()")
    assert isinstance(value, Scalar)
    assert value.values.tolist() == [602.5]
    unclear = _ask("scalar(load)")
    assert isinstance(unclear, Scalar)
    assert math.isnan(unclear.values[0])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("load * on(service) limit", "many-to-many matching not allowed"),
        ("limit * on(service) load", "on the right hand-side of the operation"),
        ('label_replace(load, "host", "", "host", ".*") * 1', "same labelset"),
        ("limit * on(service) group_right() load * on() group_left load", "many-to-many"),
        ('label_replace(load, "0", "x", "host", ".*")', "invalid destination label name"),
    ],
)
def test_what_the_data_do_not_allow_is_said(query: str, words: str) -> None:
    with pytest.raises(CannotExecute, match=words.replace("(", r"\(")):
        _ask(query)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sum(mystery(load))", '1:5: parse error: unknown function with name "mystery"'),
        ("1 +\n mystery(load)", '2:2: parse error: unknown function with name "mystery"'),
        ("rate(load)", "expected type range vector in call to function"),
        ("{}", "must contain at least one non-empty matcher"),
    ],
)
def test_what_cannot_be_parsed_is_said(query: str, words: str) -> None:
    with pytest.raises(BadQuery) as caught:
        parse(query)
    assert words in str(caught.value)
