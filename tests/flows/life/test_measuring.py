"""Numbers, charts and the weekly digest, over the real store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.alert import AlertStatus, Severity
from bot.domain.catalog import Catalog
from bot.domain.errors import ChatError
from bot.domain.evidence import Answer, Series, TriggerChart
from bot.domain.incident import Incident
from bot.domain.life import FollowUp, Priority, Watch, WatchState
from bot.domain.lifecycle import Step, move
from bot.domain.ports import Said, TimelineEvent
from bot.domain.ports.life import StatsDesk
from bot.flows.guard import Guard
from bot.flows.life.digest import Digest, overdue_of
from bot.flows.life.incident_chart import IncidentCharts, chart_of, standings
from bot.flows.life.measuring import Measuring
from bot.testing import NOON, FakeSource, FrozenClock, make_alert
from tests.flows.life.told import PNG, FakeDrawing, FakeTelling
from tests.scene import Scene, scene

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # after the week of NOON, a Friday
CHANNEL = "incidents"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path, clock=FrozenClock()) as built:
        yield built


async def steer(stage: Scene, incident_id: str, **changes: Any) -> None:
    said = Said(key=f"steer:{stage.clock.now()}", text="Changed", at=stage.clock.now(), who="U1")
    await stage.store.desk.transact(
        lambda desk: desk.steer(incident_id, lambda one: replace(one, **changes, revision=one.revision + 1), said)
    )


async def step(stage: Scene, incident_id: str, *steps: Step, after: float = 10) -> None:
    for one in steps:
        stage.clock.go_on(timedelta(minutes=after))
        now = stage.clock.now()
        said = Said(key=f"{one}:{now}", text=one.leads_to.capitalize(), at=now, who="U1")
        await stage.store.desk.transact(lambda desk, o=one, n=now, s=said: desk.steer(  # type: ignore[misc]
            incident_id, lambda before: move(before, o, n).after, s))  # fmt: skip


async def week_of(stage: Scene, *, title: str = "High error ratio", minutes: float = 30, **details: Any) -> str:
    incident_id = await stage.incident(title=title, started_at=stage.clock.now(), fingerprint=title, **details)
    await step(stage, incident_id, Step.MITIGATE, Step.RESOLVE, after=minutes / 2)
    return incident_id


def measuring(stage: Scene, drawing: FakeDrawing, guards: Sequence[Guard] = ()) -> Measuring:
    charts = IncidentCharts(
        incidents=stage.store.incidents,
        timeline=stage.store.timeline,
        briefings=stage.store.briefings,
        guards=guards,
        catalog=Catalog(),
        clock=stage.clock,
        drawing=drawing,
    )
    return Measuring(measured=stage.store.measured, watches=stage.store.life.watches, drawing=drawing, charts=charts)


async def test_the_stats_of_a_span_leave_private_incidents_out(stage: Scene) -> None:
    await week_of(stage)
    secret = await week_of(stage, title="Breach", service="vault")
    await steer(stage, secret, is_private=True)
    drawing = FakeDrawing()
    desk: StatsDesk = measuring(stage, drawing)
    report = await desk.stats(NOON - timedelta(days=7), NOON + timedelta(days=1))
    assert report.title == "Incidents from 2026-11-13 to 2026-11-21"
    assert "1 incident: 1 SEV1." in report.lines
    assert "Time to mitigate: half within 15 min." in report.lines
    assert "vault" not in " ".join(report.lines)
    assert report.chart == PNG
    assert "1 incident in 2 weeks" in report.alt


async def test_without_incidents_there_is_no_chart(stage: Scene) -> None:
    report = await measuring(stage, FakeDrawing()).stats(NOON, NOON + timedelta(days=1))
    assert (report.lines, report.chart) == (["No incidents in this time."], None)


# --- the chart of an incident ----------------------------------------------------------------------------------------


def metric(*minutes: int) -> TriggerChart:
    points = tuple(((NOON + timedelta(minutes=n)).timestamp(), 0.1) for n in minutes)
    return TriggerChart(
        title="errors", unit="ratio", query="q", series=(Series(name="a", points=points),), onset=NOON, threshold=0.05
    )


async def lived(stage: Scene) -> Incident:
    """Open for an hour, with a deployment before it and a roll-back in it."""
    incident_id = await stage.incident()
    await step(stage, incident_id, Step.IDENTIFY, Step.MITIGATE, after=20)
    over = make_alert(status=AlertStatus.RESOLVED)
    await stage.store.desk.transact(lambda desk: desk.recover(incident_id, over, stage.clock.now()))
    stage.clock.go_on(timedelta(days=1))
    for minutes, kind, text in ((-30, "deployment", "checkout v2.31.0 deployed"), (25, "action", "Rolled back")):
        at = NOON + timedelta(minutes=minutes)
        event = TimelineEvent(incident_id=incident_id, at=at, kind=kind, text=text)
        await stage.store.timeline.add(event, key=text)
    return await stage.get(incident_id)


async def test_an_incident_is_drawn_over_its_whole_time_with_what_preceded_it(stage: Scene) -> None:
    incident = await lived(stage)
    chart = chart_of(incident, await stage.store.timeline.of(incident.id), stage.clock.now(), None)
    assert [one.text for one in chart.happened] == ["checkout v2.31.0 deployed", "Rolled back"]
    assert chart.start < NOON - timedelta(minutes=30)
    assert incident.resolved_at is not None
    assert incident.resolved_at < chart.end < incident.resolved_at + timedelta(minutes=30)
    assert [(one.status, one.since - NOON) for one in chart.standings] == [
        ("triage", timedelta()),
        ("identified", timedelta(minutes=20)),
        ("monitoring", timedelta(minutes=40)),
        ("resolved", timedelta(minutes=40)),
    ]
    assert [one.until for one in chart.firing] == [incident.resolved_at]


async def test_its_metric_is_asked_for_up_to_its_end_and_else_taken_from_the_briefing(stage: Scene) -> None:
    incident = await lived(stage)
    source = FakeSource("prometheus", Answer(chart=metric(-10, 0, 30)))
    drawing = FakeDrawing()
    report = await measuring(stage, drawing, [Guard(source, deadline=5.0)]).incident_chart(incident.id)
    assert report is not None
    assert report.chart == PNG
    assert "<polyline" in drawing.drawn[0]
    assert incident.resolved_at is not None
    assert source.asked[0].now == incident.resolved_at + timedelta(minutes=10)
    assert report.title == f"{incident.id} High error ratio (SEV1)"
    assert "1 alert over" in report.alt


async def test_notes_of_people_take_the_room_that_is_left_and_name_nobody(stage: Scene) -> None:
    incident = await lived(stage)
    for n in range(12):
        at = NOON + timedelta(minutes=n)
        event = TimelineEvent(incident_id=incident.id, at=at, kind="note", text=f"<@U0ANA> tried {n}")
        await stage.store.timeline.add(event, key=f"note{n}")
    chart = chart_of(incident, await stage.store.timeline.of(incident.id), stage.clock.now(), None)
    notes = [one.text for one in chart.happened if "tried" in one.text]
    assert notes == [f"somebody tried {n}" for n in range(4, 12)]
    assert len(chart.happened) == 10


async def test_of_no_incident_there_is_no_chart(stage: Scene) -> None:
    assert await measuring(stage, FakeDrawing()).incident_chart("INC-2026-9999") is None


async def test_how_it_stood_follows_reopening(stage: Scene) -> None:
    incident_id = await stage.incident()
    await step(stage, incident_id, Step.RESOLVE)
    stage.clock.go_on(timedelta(minutes=5))
    again = Said(key="again", text="Opened again: it is back", at=stage.clock.now(), who="U1")
    now = stage.clock.now()
    await stage.store.desk.transact(
        lambda desk: desk.steer(incident_id, lambda before: move(before, Step.REOPEN, now).after, again)
    )
    found = standings(await stage.get(incident_id), await stage.store.timeline.of(incident_id))
    assert [one.status for one in found] == ["triage", "resolved", "investigating"]


# --- the digest ------------------------------------------------------------------------------------------------------


def digest(stage: Scene, telling: FakeTelling, channel: str = CHANNEL) -> Digest:
    return Digest(
        channel=channel,
        measured=stage.store.measured,
        watches=stage.store.life.watches,
        incidents=stage.store.incidents,
        effects=stage.store.effects,
        telling=telling,  # type: ignore[arg-type]  # no other part is used
        overdue=overdue_of(stage.store.life.follow_ups),
    )


def follow_up(incident_id: str, text: str = "Raise the pool") -> FollowUp:
    return FollowUp(
        id=f"{incident_id}/1", incident=incident_id, text=text, priority=Priority.P1, created_at=NOON,
        created_by="U1", owner="UANA", due_on=date(2026, 11, 20),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "is_told"),
    [
        (MONDAY - timedelta(minutes=1), False),
        (MONDAY, True),
        (MONDAY + timedelta(hours=30), True),  # it was away on Monday
        (MONDAY + timedelta(days=2), False),
    ],
)
async def test_it_is_told_on_monday_morning(stage: Scene, now: datetime, is_told: bool) -> None:
    await week_of(stage)
    telling = FakeTelling()
    await digest(stage, telling).tick(now)
    assert bool(telling.of(CHANNEL)) is is_told


async def test_it_is_told_once_a_week_whoever_ticks(stage: Scene) -> None:
    await week_of(stage)
    telling = FakeTelling()
    first, second = digest(stage, telling), digest(stage, telling)
    for _ in range(2):
        await first.tick(MONDAY)
        await second.tick(MONDAY + timedelta(hours=1))
    assert list(telling.said) == ["digest:2026-W48"]


async def test_what_slack_did_not_take_is_told_later_and_another_process_waits_for_it(stage: Scene) -> None:
    await week_of(stage)
    telling = FakeTelling(fails=ChatError("ratelimited", is_final=False))
    dying, other = digest(stage, telling), digest(stage, telling)
    with pytest.raises(ChatError):
        await dying.tick(MONDAY)
    telling.fails = None
    await other.tick(MONDAY)
    assert telling.said == {}, "the first one may be at it"
    await other.tick(MONDAY + timedelta(minutes=3))
    assert len(telling.of(CHANNEL)) == 1


async def test_it_tells_numbers_against_the_week_before_the_longest_what_came_back_and_what_is_late(
    stage: Scene,
) -> None:
    stage.clock.go_on(-timedelta(days=7))
    await week_of(stage, minutes=100)
    stage.clock.go_on(timedelta(days=7))
    back = await week_of(stage, title="Slow & <b>", minutes=60, severity=Severity.SEV3)
    await week_of(stage, minutes=30)
    secret = await week_of(stage, title="Breach", minutes=300)
    await steer(stage, secret, is_private=True)
    for incident_id in (back, secret):
        resolved = (await stage.get(incident_id)).resolved_at
        assert resolved is not None
        watch = Watch(
            id=f"{incident_id}:1", incident=incident_id, since=resolved, until=resolved + timedelta(days=1),
            next_at=None, state=WatchState.CAME_BACK,
        )  # fmt: skip
        await stage.store.life.watches.add(watch)
    telling = FakeTelling()
    later = replace(follow_up(back, "Not yet"), id=f"{back}/2", due_on=date(2026, 11, 23))
    for one in (follow_up(back), follow_up(secret, "Rotate the keys"), follow_up("INC-2026-9999", "Lost"), later):
        await stage.store.life.follow_ups.add(one)
    await digest(stage, telling).tick(MONDAY)
    (text,) = telling.of(CHANNEL)
    assert text.split("\n") == [
        "*Incidents in week 47* (16 Nov to 22 Nov)",
        "2 incidents: 1 SEV1, 1 SEV3. The week before: 1.",
        "Time to acknowledge: half within 22 min, the week before 50 min.",
        "Time to mitigate: half within 22 min, the week before 50 min.",
        "Time to resolve: half within 45 min, the week before 1 h 40 min.",
        "Opened again: 1 of 2 (50%).",
        "Longest:",
        f"• {back} Slow &amp; &lt;b&gt; (SEV3): 1 h",
        "• INC-2026-0003 High error ratio (SEV1): 30 min",
        "Came back after it was over:",
        f"• {back} Slow &amp; &lt;b&gt; (SEV3)",
        "1 follow-up overdue:",
        f"• P1 Raise the pool (<@UANA>, due 2026-11-20, {back}/1)",
    ]


async def test_where_there_is_nothing_to_tell_or_no_channel_it_is_quiet(stage: Scene) -> None:
    telling = FakeTelling()
    await digest(stage, telling).tick(MONDAY)
    await week_of(stage)
    await digest(stage, telling, channel="").tick(MONDAY)
    assert telling.said == {}
