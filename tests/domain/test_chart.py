from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.chart import WIDTH, alt_text, annotated, svg
from bot.domain.chart.moments import MOST_MARKS
from bot.domain.chart.samples import MOST_SERIES
from bot.domain.evidence import ChangeKind, Mark, OnsetFact, Series, TriggerChart
from bot.domain.ticks import time_ticks, value_ticks
from tests.domain.cases import change, finding

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


def minutes_before(minutes: float) -> datetime:
    return ONSET - timedelta(minutes=minutes)


def boxes(drawing: str) -> dict[str, tuple[float, float, float]]:
    """Label -> (left, right, height) of what stands above the plot, by the width of the letters."""
    found = {}
    for element in ElementTree.fromstring(drawing).iter():
        if element.tag.endswith("text") and element.get("text-anchor") == "start" and element.get("font-size") == "13":
            left, said = float(element.get("x") or 0), element.text or ""
            found[said] = (left, left + len(said) * 13 * 0.52, float(element.get("y") or 0))
    return found


def test_the_onset_by_the_data_and_the_newest_changes_stand_beside_the_alert() -> None:
    marks = tuple(Mark(at=minutes_before(m), label=f"cart v{n}") for n, m in enumerate((50, 40, 30, 20, 10)))
    said = words(svg(replace(chart(line()), began=minutes_before(6), marks=marks)))
    assert {"began 14:02", "alert 14:08", "cart v4", "cart v3", "cart v2"} <= set(said)
    assert "cart v1" not in said


def test_an_onset_within_the_alerts_own_minute_shares_its_line() -> None:
    drawing = svg(replace(chart(line()), began=ONSET))
    assert "began, alert 14:08" in words(drawing)
    assert "began 14:08" not in words(drawing)


def test_changes_outside_of_the_chart_have_no_line() -> None:
    drawing = svg(replace(chart(line()), marks=(Mark(at=minutes_before(300), label="cart v1"),)))
    assert "cart v1" not in words(drawing)


@given(st.lists(st.floats(-9, 59), max_size=6), st.floats(0, 59), st.integers(3, 40))
@settings(max_examples=100, deadline=None)
def test_no_label_covers_another_and_no_line_crosses_one(minutes: list[float], began: float, length: int) -> None:
    marks = tuple(Mark(at=minutes_before(m), label=f"{n}{'v' * length}") for n, m in enumerate(sorted(minutes)[::-1]))
    drawing = svg(replace(chart(line(), threshold=None), began=minutes_before(began), marks=marks))
    labels = {said: box for said, box in boxes(drawing).items() if said != "UTC"}
    for one, (left, right, height) in labels.items():
        for other, (other_left, other_right, other_height) in labels.items():
            apart = right <= other_left or other_right <= left or height != other_height
            assert one == other or apart, f"{one!r} and {other!r} overlap"
    for element in ElementTree.fromstring(drawing).iter():
        if element.tag.endswith("line") and element.get("x1") == element.get("x2"):
            x, top, bottom = (float(element.get(name) or 0) for name in ("x1", "y1", "y2"))
            for said, (left, right, height) in labels.items():
                crosses = left + 4 < x < right - 4 and top < height - 4 < bottom
                assert not crosses, f"a line crosses {said!r}"
    assert len(labels) <= MOST_MARKS + 2


def test_what_falls_is_told_by_its_lowest_sample() -> None:
    points = tuple((START + n * 15, 0.9995 if n * 15 < 3500 else 0.962) for n in range(280))
    said = words(svg(chart(Series(name="a", points=points), threshold=0.99)))
    assert "min 96.2 %" in said
    assert "0 %" not in said, "a share near the whole is drawn from near its lowest sample"


def test_a_unit_that_is_a_word_is_said_once() -> None:
    said = words(svg(chart(line(peak=96.0), unit="connections", threshold=100.0)))
    assert said.count("connections") == 1
    assert {"alert at 100", "max 96"} <= set(said)


def test_the_alt_text_tells_onset_and_changes_too() -> None:
    marked = replace(chart(line()), began=minutes_before(2), marks=(Mark(at=minutes_before(7), label="checkout v2"),))
    assert alt_text(marked) == (
        "Chart of error ratio of checkout: 0.3 % before, 0.3 % to 12.4 % since the trouble began at 14:06 UTC by the "
        "data, the alert fired at 14:08 UTC; the alert fires at 5 %; changed: checkout v2 at 14:01 UTC."
    )


def test_onset_and_changes_come_from_what_all_sources_said() -> None:
    found = finding(
        "all",
        OnsetFact(at=minutes_before(6), movers=()),
        change("checkout", 7, "v2"),
        change("checkout", 7, "v2", kind=ChangeKind.RELEASE),
        change("cart", 6.9, "v9"),
        change("payments", 20, "v3", kind=ChangeKind.MERGE),
        change("ledger", 300, "v1"),
        change("frontend", 30, "v5"),
    )
    marked = annotated(chart(line()), [found])
    assert marked.began == minutes_before(6)
    assert [mark.label for mark in marked.marks] == ["frontend v5", "checkout v2 +1"]
    assert annotated(marked, []) == marked


@given(
    st.lists(
        st.lists(st.tuples(st.floats(0, 2e9), NUMBER), max_size=12).map(
            lambda points: Series(name="s", points=tuple(sorted(points, key=lambda p: p[0])))
        ),
        max_size=6,
    ),
    st.lists(st.floats(0, 2e9), max_size=4),
    st.none() | NUMBER,
    st.sampled_from(["ratio", "s", "bytes", "1/s", "connections", ""]),
    st.text(max_size=200),
)
@settings(max_examples=150, deadline=None)
def test_any_samples_draw_well_formed_svg_inside_the_picture(
    series: list[Series], changes: list[float], threshold: float | None, unit: str, title: str
) -> None:
    marks = tuple(Mark(at=datetime.fromtimestamp(at, UTC), label=title) for at in sorted(changes))
    began = marks[0].at if marks else None
    made = replace(chart(*series, title=title, unit=unit, threshold=threshold), marks=marks, began=began)
    root = ElementTree.fromstring(svg(made))
    height = float(root.get("height") or 0)
    for element in root.iter():
        for name in ("x", "y", "x1", "y1", "x2", "y2", "cx", "cy"):
            if (value := element.get(name)) is not None:
                assert -1 <= float(value) <= WIDTH + 1, f"{element.tag} {name}={value}"
        for pair in (element.get("points") or "").split():
            x, y = (float(v) for v in pair.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= height
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
