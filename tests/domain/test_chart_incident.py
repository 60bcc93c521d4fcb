"""The charts of an incident over its time, and of incidents by week."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.alert import Severity
from bot.domain.chart.incident import (
    MOST_FIRING,
    MOST_NOTES,
    Firing,
    Happened,
    IncidentChart,
    Standing,
    incident_alt,
    incident_svg,
)
from bot.domain.chart.paper import WIDTH
from bot.domain.chart.weeks import MOST_WEEKS, weeks_alt, weeks_svg
from bot.domain.evidence import Series, TriggerChart
from bot.domain.life.measures import Week, weeks
from tests.domain.test_measures import incident

ONSET = datetime(2026, 11, 20, 14, 8, tzinfo=UTC)
HOSTILE = '</text><script>alert(1)</script><image href="http://evil.example/x.png"/>&'


def at(minutes: float) -> datetime:
    return ONSET + timedelta(minutes=minutes)


METRIC = TriggerChart(
    title="error ratio",
    unit="ratio",
    query="q",
    series=(
        Series(name="a", points=tuple((at(n).timestamp(), 0.12 if 0 < n < 40 else 0.004) for n in range(-60, 60))),
    ),
    onset=ONSET,
    threshold=0.05,
)
CHART = IncidentChart(
    title="INC-2026-0042 High error ratio (SEV1)",
    start=at(-20),
    end=at(60),
    firing=[Firing(label="High error ratio", since=ONSET, until=at(40)), Firing(label="Slow", since=at(5), until=None)],
    standings=[
        Standing(status="triage", since=ONSET),
        Standing(status="investigating", since=at(1)),
        Standing(status="monitoring", since=at(30)),
        Standing(status="resolved", since=at(50)),
    ],
    happened=[
        Happened(at=at(-9), text="checkout v2.31.0 deployed", is_change=True),
        Happened(at=at(19), text="Rolled back"),
    ],
    metric=METRIC,
)


def drawn(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing)


def words(drawing: str) -> list[str]:
    return [e.text or "" for e in drawn(drawing).iter() if e.tag.endswith("text")]


def tags(drawing: str) -> set[str]:
    return {e.tag.rpartition("}")[2] for e in drawn(drawing).iter()}


def test_it_shows_what_fired_how_it_stood_what_was_done_and_the_metric() -> None:
    said = words(incident_svg(CHART))
    expected = {
        "INC-2026-0042 High error ratio (SEV1)", "High error ratio", "Slow", "investigating", "monitoring", "alerts",
        "status", "events", "alert at 5 %", "13:59", "checkout v2.31.0 deployed", "14:27", "Rolled back", "1", "2",
    }  # fmt: skip
    assert expected <= set(said), expected - set(said)
    assert incident_svg(CHART).count("<polyline") == 1


@pytest.mark.parametrize("metric", [None, replace(METRIC, series=()), replace(METRIC, onset=at(-9000))])
def test_without_samples_the_lanes_stand_alone(metric: TriggerChart | None) -> None:
    chart = replace(CHART, metric=metric)
    if metric is not None and metric.series:
        chart = replace(chart, start=at(5000), end=at(6000))
    assert "<polyline" not in incident_svg(chart)
    assert "alerts" in words(incident_svg(chart))


def test_of_many_alerts_and_events_it_says_how_many_more_there_are() -> None:
    chart = replace(CHART, firing=[*CHART.firing] * 5, happened=[Happened(at=at(n), text=f"e{n}") for n in range(40)])
    said = words(incident_svg(chart))
    assert f"and {10 - MOST_FIRING} more alerts" in said
    assert "e39" in said
    assert f"e{39 - MOST_NOTES}" not in said
    assert "40" in said, "events keep their numbers"


def test_over_midnight_days_are_told() -> None:
    said = words(incident_svg(replace(CHART, end=at(60 * 20))))
    assert "21 Nov" in said
    assert "20 Nov 13:59" in said


def test_foreign_text_does_not_become_markup() -> None:
    chart = replace(
        CHART,
        title=HOSTILE,
        firing=[Firing(label=HOSTILE, since=ONSET, until=None)],
        standings=[Standing(status=HOSTILE, since=ONSET)],
        happened=[Happened(at=at(1), text=HOSTILE)],
        metric=replace(METRIC, unit=HOSTILE),
    )
    assert tags(incident_svg(chart)) <= {"svg", "rect", "text", "line", "polyline", "circle"}


MOMENT = st.integers(-10_000, 10_000).map(at)


@given(
    st.lists(st.builds(Firing, label=st.text(max_size=30), since=MOMENT, until=st.none() | MOMENT), max_size=6),
    st.lists(st.builds(Happened, at=MOMENT, text=st.text(max_size=90)), max_size=14),
    MOMENT,
    MOMENT,
)
@settings(max_examples=60)
def test_whatever_happened_nothing_leaves_the_sheet(
    firing: list[Firing], happened: list[Happened], start: datetime, end: datetime
) -> None:
    chart = replace(CHART, firing=firing, happened=happened, start=min(start, end), end=max(start, end))
    root = drawn(incident_svg(chart))
    height = float(root.get("height") or 0)
    for element in root.iter():
        if element.tag.endswith("circle"):
            assert 0 <= float(element.get("cx") or 0) <= WIDTH
            assert 0 <= float(element.get("cy") or 0) <= height
        if element.tag.endswith("rect"):
            assert 0 <= float(element.get("x") or 0) <= WIDTH
    assert incident_alt(chart)


def test_who_hears_it_learns_the_same() -> None:
    assert incident_alt(CHART) == (
        "INC-2026-0042 High error ratio (SEV1): 2 alerts over 1 h 20 min. triage from 14:08 UTC, investigating from "
        "14:09 UTC, monitoring from 14:38 UTC, resolved from 14:58 UTC. deployed: checkout v2.31.0 deployed. "
        "1 other event."
    )


# --- weeks -----------------------------------------------------------------------------------------------------------


def some_weeks(count: int) -> tuple[Week, ...]:
    """Each week one SEV1 and two SEV3, mitigated within 30 minutes."""
    found = []
    for n in range(count):
        day = ONSET - timedelta(weeks=n)
        for severity in (Severity.SEV1, Severity.SEV3, Severity.SEV3):
            found.append(incident(started=day, opened=day, severity=severity, mitigated=day + timedelta(minutes=30)))
    return weeks(found, ONSET - timedelta(weeks=count - 1), ONSET + timedelta(hours=1))


def test_each_week_is_a_bar_of_its_severities_below_the_median() -> None:
    drawing = weeks_svg("Incidents", some_weeks(4))
    said = words(drawing)
    assert {"SEV1", "SEV3", "30 min", "16 Nov", "9 Nov", "3", "median time to mitigate"} <= set(said)
    assert "SEV2" not in said, "there was none"
    assert drawing.count("<circle") == 4


def test_bars_stand_on_each_other_and_on_the_axis() -> None:
    bars = [e for e in drawn(weeks_svg("Incidents", some_weeks(1))).iter() if e.tag.endswith("rect")]
    heights = sorted(float(e.get("height") or 0) for e in bars if 20 < float(e.get("width") or 0) < WIDTH)
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.2)


def test_of_very_many_weeks_the_newest_are_drawn() -> None:
    assert weeks_svg("Incidents", some_weeks(60)).count("<circle") == MOST_WEEKS


def test_without_known_times_and_without_incidents_it_says_so() -> None:
    untimed = weeks([incident(started=ONSET, opened=ONSET)], ONSET, ONSET + timedelta(hours=1))
    assert "not known" in words(weeks_svg("Incidents", untimed))
    nothing = weeks([], ONSET, ONSET + timedelta(hours=1))
    assert "No incidents in this time" in words(weeks_svg("Incidents", nothing))
    assert weeks_alt("Incidents", nothing) == "Incidents: no incidents."


def test_who_hears_it_learns_the_numbers() -> None:
    assert weeks_alt("Incidents", some_weeks(2)) == (
        "Incidents: 6 incidents in 2 weeks; the most, 3, in the week of 09 Nov; "
        "half of them were mitigated within 30 min in the week of 16 Nov."
    )
