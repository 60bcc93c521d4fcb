from __future__ import annotations

import math
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.chart import MOST_SERIES, alt_text, svg
from bot.domain.evidence import Series, TriggerChart
from bot.domain.ticks import time_ticks, value_ticks

ONSET = datetime(2026, 3, 12, 14, 8, tzinfo=UTC)
START = ONSET.timestamp() - 3600
NUMBER = st.floats(allow_nan=True, allow_infinity=True)


def chart(
    *series: Series, title: str = "error ratio of checkout", unit: str = "ratio", threshold: float | None = 0.05
) -> TriggerChart:
    return TriggerChart(title=title, unit=unit, query="q", series=series, onset=ONSET, threshold=threshold)


def line(name: str = "checkout", *, step: float = 15, peak: float = 0.124) -> Series:
    points = tuple((START + n * step, 0.003 if n * step < 3500 else peak) for n in range(280))
    return Series(name=name, points=points)


def words(drawing: str) -> list[str]:
    return [e.text or "" for e in ElementTree.fromstring(drawing).iter() if e.tag.endswith("text")]


def test_it_says_title_threshold_onset_maximum_and_times() -> None:
    said = words(svg(chart(line())))
    for word in ("error ratio of checkout", "alert at 5 %", "alert 14:08", "max 12.4 %", "13:30", "10 %", "UTC"):
        assert word in said, f"{word!r} is missing in {said}"


def test_a_legend_stands_only_beside_several_series() -> None:
    assert "checkout" not in words(svg(chart(line("checkout"))))
    said = words(svg(chart(line("pod=a"), line("pod=b"))))
    assert "a" in said, "what all names begin with is left out"


def test_at_most_five_series_are_drawn_the_highest_ones() -> None:
    series = [line(f"s{n}", peak=0.01 * (n + 1)) for n in range(9)]
    said = words(svg(chart(*series)))
    assert svg(chart(*series)).count("<polyline") == MOST_SERIES
    assert "s8" in said
    assert "s0" not in said


def test_a_spike_of_one_sample_survives_thinning() -> None:
    points = tuple((START + n, 9.0 if n == 4321 else 1.0) for n in range(20_000))
    drawing = svg(chart(Series(name="a", points=points), unit="", threshold=None))
    assert "max 9" in words(drawing)
    assert len(drawing) < 30_000


def test_foreign_text_does_not_become_markup() -> None:
    hostile = '</text><script>alert(1)</script><image href="http://evil.example/x.png"/>&'
    drawing = svg(chart(line(hostile), line(f"b{hostile}"), title=hostile, unit=hostile))
    tags = {e.tag.rpartition("}")[2] for e in ElementTree.fromstring(drawing).iter()}
    assert tags <= {"svg", "rect", "text", "line", "polyline", "circle"}


@pytest.mark.parametrize(
    "series",
    [
        (),
        (Series(name="a", points=()),),
        (Series(name="a", points=((START, math.nan), (START + 1, math.inf))),),
    ],
    ids=["none", "empty", "no numbers"],
)
def test_without_samples_it_says_so(series: tuple[Series, ...]) -> None:
    assert "No samples in this window" in words(svg(chart(*series)))
    assert alt_text(chart(*series)) == "Chart of error ratio of checkout: no samples around 14:08 UTC."


def test_the_alt_text_is_a_sentence_with_numbers() -> None:
    assert alt_text(chart(line())) == (
        "Chart of error ratio of checkout: 0.3 % to 12.4 % before, 12.4 % since the alert at 14:08 UTC; "
        "the alert fires at 5 %."
    )


@given(
    st.lists(
        st.lists(st.tuples(st.floats(0, 2e9), NUMBER), max_size=12).map(
            lambda points: Series(name="s", points=tuple(sorted(points, key=lambda p: p[0])))
        ),
        max_size=6,
    ),
    st.none() | NUMBER,
    st.sampled_from(["ratio", "s", "bytes", "1/s", "connections", ""]),
    st.text(max_size=200),
)
@settings(max_examples=150, deadline=None)
def test_any_samples_draw_well_formed_svg_inside_the_picture(
    series: list[Series], threshold: float | None, unit: str, title: str
) -> None:
    made = chart(*series, title=title, unit=unit, threshold=threshold)
    root = ElementTree.fromstring(svg(made))
    for element in root.iter():
        for name in ("x", "y", "x1", "y1", "x2", "y2", "cx", "cy"):
            if (value := element.get(name)) is not None:
                assert -1 <= float(value) <= 801, f"{element.tag} {name}={value}"
        for pair in (element.get("points") or "").split():
            x, y = (float(v) for v in pair.split(","))
            assert 0 <= x <= 800
            assert 0 <= y <= 300
    assert alt_text(made)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (0, 0.14, [0, 0.05, 0.1]), (-4, 4, [-4, -2, 0, 2, 4])],
)
def test_value_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert value_ticks(low, high) == pytest.approx(expected)


def test_byte_ticks_are_powers_of_two() -> None:
    assert value_ticks(0, 4 * 2**30, is_binary=True) == [n * 2.0**30 for n in range(5)]


@given(st.floats(-1e290, 1e290), st.floats(1e-12, 1e290))
@settings(max_examples=100, deadline=None)
def test_there_are_never_many_ticks(low: float, width: float) -> None:
    assert len(value_ticks(low, low + width)) <= 8


@given(st.floats(0, 4e9), st.floats(60, 4e9))
@settings(max_examples=100, deadline=None)
def test_there_are_never_many_times(start: float, width: float) -> None:
    ticks = time_ticks(start, start + width)
    assert len(ticks) <= 10
    assert all(start <= t <= start + width for t in ticks)
