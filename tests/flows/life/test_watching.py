"""After an incident is over its trigger is looked at: by a frozen clock, over the real store.

A day's looks are kept in memory, where nothing else is tested: each write to the disk takes its time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.alert import AlertStatus
from bot.domain.catalog import Catalog
from bot.domain.context import ContextRequest
from bot.domain.errors import ChatError, SourceError
from bot.domain.evidence import Answer, Evidence, FailureReason, MetricFact
from bot.domain.incident import GroupingReason, Incident, IncidentStatus
from bot.domain.life import Order, Watch, WatchState
from bot.domain.life.watched import outcome
from bot.domain.lifecycle import Step, move
from bot.domain.ports import Said, TimelineEvent
from bot.domain.ports.kept import Kept
from bot.domain.remembered import Held
from bot.flows.guard import Guard
from bot.flows.life.settling import WatchRecord
from bot.flows.life.watching import Watching
from bot.testing import NOON, FrozenClock, make_alert
from tests.flows.life.kept import FakeKept
from tests.flows.life.told import FakeTelling
from tests.scene import Scene, scene

LIMIT = 0.05
LINK = "https://prometheus.example/graph?g0.expr=errors"


def metric(latest: float | None, *, now: float = 0.23) -> Answer:
    fact = MetricFact(
        service="checkout", metric="error ratio", kind=None, unit="ratio", before=0.01, now=now, latest=latest,
        spread=0.001, moved_at=NOON, limit=LIMIT, is_trigger=True,
    )  # fmt: skip
    return Answer(evidence=(Evidence(source="prometheus", text="error ratio", fact=fact, link=LINK),))


AWAY = SourceError(FailureReason.UNREACHABLE, "Prometheus is away.")
CALM, BAD = metric(0.01), metric(0.12)


class Source:
    """Says what it was told for each look in turn; the last one again and again."""

    name = "prometheus"

    def __init__(self, answers: Sequence[Answer | Exception]) -> None:
        self.answers = list(answers)
        self.asked: list[ContextRequest] = []

    async def look(self, request: ContextRequest) -> Answer:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass(kw_only=True)
class World:
    stage: Scene
    source: Source
    watches: Kept[Watch]
    telling: FakeTelling = field(default_factory=FakeTelling)
    reopened: list[str] = field(default_factory=list)
    concluded: list[tuple[str, Held]] = field(default_factory=list)
    watching: Watching = field(init=False)

    def __post_init__(self) -> None:
        self.watching = self.replica()

    @property
    def clock(self) -> FrozenClock:
        return self.stage.clock

    def replica(self) -> Watching:
        store = self.stage.store
        return Watching(
            record=WatchRecord(
                watches=self.watches,
                incidents=store.incidents,
                briefings=store.briefings,
                timeline=store.timeline,
                effects=store.effects,
            ),
            guards=[Guard(self.source, deadline=5.0)],
            telling=self.telling,  # type: ignore[arg-type]  # no other part is used
            reopen=self._reopen,
            conclude=self._conclude,
            catalog=Catalog(),
            clock=self.clock,
        )

    async def _reopen(self, order: Order) -> None:
        self.reopened.append(order.id)
        await self.step(order.incident, Step.REOPEN, key=order.id)

    async def _conclude(self, incident: str, outcome: Held) -> None:
        self.concluded.append((incident, outcome))

    async def step(self, incident_id: str, step: Step, *, key: str = "") -> Incident:
        now = self.clock.now()
        said = Said(key=key or f"{step}:{now}", text=step.value, at=now, who="U1")
        return await self.stage.store.desk.transact(
            lambda desk: desk.steer(incident_id, lambda before: move(before, step, now).after, said)
        )

    async def resolved(self) -> Incident:
        """An incident that was looked into, worked on for 40 minutes and resolved now."""
        incident_id = await self.stage.incident()
        await self.stage.store.briefings.save_findings(incident_id, ())
        self.clock.go_on(timedelta(minutes=40))
        await self.stage.store.timeline.add(
            TimelineEvent(incident_id=incident_id, at=self.clock.now(), kind="action", text="Rolled back to v2.30.9"),
            key="acted",
        )
        await self.step(incident_id, Step.RESOLVE)
        incident = await self.stage.get(incident_id)
        await self.watching.follow(incident)
        return incident

    async def watch(self, incident: Incident) -> Watch:
        return (await self.watches.of_incident(incident.id))[-1]

    async def go_on(self, minutes: float) -> None:
        self.clock.go_on(timedelta(minutes=minutes))
        await self.watching.tick(self.clock.now())

    async def until_over(self, incident: Incident) -> list[datetime]:
        """Goes on from look to look; when they were."""
        times = []
        while (due := (await self.watch(incident)).due) is not None:
            await self.go_on((due - self.clock.now()).total_seconds() / 60)
            times.append(self.clock.now())
        return times


@pytest.fixture
async def build(tmp_path: Path) -> AsyncIterator[Any]:
    async with scene(tmp_path) as stage:

        def world(*answers: Answer | Exception, is_stored: bool = True) -> World:
            watches: Kept[Watch] = stage.store.life.watches if is_stored else FakeKept()
            return World(stage=stage, source=Source(answers or [CALM]), watches=watches)

        yield world


async def test_the_looks_thin_out_and_a_day_without_it_means_that_it_held(build: Any) -> None:
    world = build(CALM, is_stored=False)
    incident = await world.resolved()
    times = await world.until_over(incident)
    minutes = [round((at - incident.resolved_at).total_seconds() / 60) for at in times]
    assert minutes == [5, 15, 30, *range(60, 24 * 60 + 1, 60)]
    assert (await world.watch(incident)).state is WatchState.HELD
    assert world.concluded == [(incident.id, Held.HELD)]
    assert world.reopened == []
    (told,) = world.telling.of(incident.id)
    assert "held for 24 h: 27 looks" in told


@pytest.mark.parametrize(
    ("answers", "state", "looks", "blind"),
    [
        ([BAD, BAD], WatchState.CAME_BACK, 2, 0),
        ([BAD, CALM, BAD, CALM], WatchState.HELD, 29, 0),  # each once: noise; looked at again after 5 minutes
        ([CALM, BAD, AWAY, BAD], WatchState.CAME_BACK, 4, 1),  # what could not be seen does not clear it
        ([AWAY], WatchState.ENDED, 27, 27),
        ([AWAY, AWAY, CALM], WatchState.HELD, 27, 2),
        ([metric(None)], WatchState.ENDED, 27, 27),  # no sample: unknown, not calm
        ([metric(LIMIT)], WatchState.HELD, 27, 0),  # an alert on "> 5 %" does not fire at 5 %
    ],
)
async def test_what_the_looks_see_decides(
    build: Any, answers: Sequence[Any], state: WatchState, looks: int, blind: int
) -> None:
    world = build(*answers, is_stored=False)
    incident = await world.resolved()
    await world.until_over(incident)
    watch = await world.watch(incident)
    assert (watch.state, watch.looks, watch.blind) == (state, looks, blind)
    expected = {WatchState.CAME_BACK: [Held.CAME_BACK], WatchState.HELD: [Held.HELD], WatchState.ENDED: []}[state]
    assert [outcome for _, outcome in world.concluded] == expected


async def test_what_came_back_is_open_again_and_people_read_what_was_done_and_what_is_seen(build: Any) -> None:
    world = build(BAD)
    incident = await world.resolved()
    await world.until_over(incident)
    assert (await world.stage.get(incident.id)).status is IncidentStatus.INVESTIGATING
    (told,) = world.telling.of(incident.id)
    for words in ("It came back", "Rolled back to v2.30.9", "12 %", "threshold is 5 %", LINK, "open again"):
        assert words in told, f"{words!r} is missing in {told}"
    kinds = [event.kind for event in await world.stage.store.timeline.of(incident.id)]
    assert kinds.count("watch") == 1
    assert outcome(await world.watches.of_incident(incident.id)) is Held.CAME_BACK


async def test_nothing_that_could_be_seen_is_said_and_settles_nothing(build: Any) -> None:
    world = build(AWAY, is_stored=False)
    incident = await world.resolved()
    await world.until_over(incident)
    (told,) = world.telling.of(incident.id)
    assert "not known: 27 looks, 27 of them blind" in told
    assert outcome(await world.watches.of_incident(incident.id)) is Held.UNKNOWN


async def test_two_replicas_look_once(build: Any) -> None:
    world = build(CALM)
    incident = await world.resolved()
    other = world.replica()
    await other.follow(incident)
    world.clock.go_on(timedelta(minutes=5))
    due = await world.watches.due(world.clock.now())
    for replica in (world.watching, other):
        await replica._attend(due[0], world.clock.now())  # both have read the same version
    assert len(world.source.asked) == 1
    assert (await world.watch(incident)).looks == 1


async def test_a_look_that_a_crash_cut_short_is_made_again(build: Any) -> None:
    world = build(CALM)
    incident = await world.resolved()
    world.clock.go_on(timedelta(minutes=5))
    watch = await world.watch(incident)
    claimed = replace(watch, next_at=world.clock.now() + timedelta(minutes=2))
    assert await world.watches.put(claimed) is not None  # and then it died
    await world.replica().tick(world.clock.now())
    assert world.source.asked == [], "it is another's look, still"
    await world.go_on(2)
    assert (await world.watch(incident)).looks == 1


async def test_after_a_crash_what_follows_is_done_once_more_and_each_part_once(build: Any) -> None:
    world = build(BAD)
    incident = await world.resolved()
    world.telling.fails = ChatError("ratelimited", is_final=False)
    await world.go_on(5)
    with pytest.raises(ChatError):
        await world.go_on(5)
    assert (await world.watch(incident)).state is WatchState.CAME_BACK
    world.telling.fails = None
    reborn = world.replica()
    await reborn.follow(await world.stage.get(incident.id))
    assert world.telling.of(incident.id) == [], "another process may be at it"
    world.clock.go_on(timedelta(minutes=2))
    for _ in range(2):
        await reborn.follow(await world.stage.get(incident.id))
        await reborn.tick(world.clock.now())
    assert len(world.telling.of(incident.id)) == 1
    assert len(set(world.reopened)) == 1
    events = await world.stage.store.timeline.of(incident.id)
    assert len([event for event in events if event.kind == "watch"]) == 1
    assert len([event for event in events if event.text == "reopen"]) == 1


async def test_an_archived_channel_does_not_keep_it_from_ending(build: Any) -> None:
    world = build(CALM, is_stored=False)
    incident = await world.resolved()
    world.telling.fails = ChatError("is_archived", is_final=True)
    await world.until_over(incident)
    assert world.concluded == [(incident.id, Held.HELD)]


async def test_its_own_alert_coming_back_ends_the_watch_at_once(build: Any) -> None:
    world = build(CALM)
    incident = await world.resolved()
    world.clock.go_on(timedelta(minutes=3))
    again = make_alert(started_at=world.clock.now())
    await world.stage.store.desk.transact(
        lambda desk: desk.join(incident.id, again, GroupingReason.RECURRED, world.clock.now())
    )
    await world.watching.follow(await world.stage.get(incident.id))
    assert (await world.watch(incident)).state is WatchState.CAME_BACK
    assert world.concluded == [(incident.id, Held.CAME_BACK)]
    assert world.reopened == [], "the alert has opened it already"
    assert "Its alert fires again: High error ratio" in world.telling.of(incident.id)[0]


@pytest.mark.parametrize("when", ["followed", "looked at"])
async def test_a_new_incident_of_the_same_condition_goes_on_with_what_is_known(build: Any, when: str) -> None:
    world = build(CALM)
    incident = await world.resolved()
    world.clock.go_on(timedelta(hours=3))
    other = await world.stage.incident(fingerprint="another")
    newer = await world.stage.incident(started_at=world.clock.now())
    if when == "followed":
        await world.watching.follow(await world.stage.get(other))
        await world.watching.follow(await world.stage.get(newer))
    else:
        await world.watching.tick(world.clock.now())
    assert (await world.watch(incident)).state is WatchState.CAME_BACK
    assert world.reopened == [], "one condition has one open incident"
    assert world.concluded == [(incident.id, Held.CAME_BACK)]
    assert newer in world.telling.of(incident.id)[0]
    assert "Rolled back to v2.30.9" in world.telling.of(newer)[0]
    assert world.telling.of(other) == []


@pytest.mark.parametrize(("step", "sentence"), [(Step.REOPEN, "opened again"), (Step.CANCEL, "cancelled")])
async def test_people_end_a_watch_without_a_word(build: Any, step: Step, sentence: str) -> None:
    world = build(BAD)
    incident = await world.resolved()
    if step is Step.CANCEL:
        await world.step(incident.id, Step.REOPEN)
    await world.step(incident.id, step)
    await world.watching.follow(await world.stage.get(incident.id))
    watch = await world.watch(incident)
    assert watch.state is WatchState.ENDED
    assert sentence in watch.sentence
    assert world.telling.said == {}
    assert world.concluded == []
    assert world.source.asked == []


async def test_each_time_it_is_resolved_it_is_watched_anew_and_a_change_of_severity_begins_nothing(build: Any) -> None:
    world = build(CALM)
    incident = await world.resolved()
    await world.watching.follow(replace(incident, revision=incident.revision + 3))
    assert len(await world.watches.of_incident(incident.id)) == 1
    await world.step(incident.id, Step.REOPEN)
    await world.watching.follow(await world.stage.get(incident.id))
    world.clock.go_on(timedelta(minutes=10))
    await world.step(incident.id, Step.RESOLVE)
    await world.watching.follow(await world.stage.get(incident.id))
    states = [one.state for one in await world.watches.of_incident(incident.id)]
    assert states == [WatchState.ENDED, WatchState.WATCHING]


async def test_what_was_over_long_ago_is_not_watched(build: Any) -> None:
    world = build(CALM)
    incident_id = await world.stage.incident()
    await world.step(incident_id, Step.RESOLVE)
    world.clock.go_on(timedelta(hours=25))
    await world.watching.follow(await world.stage.get(incident_id))
    assert not await world.watches.of_incident(incident_id)


async def test_a_recovery_by_the_alert_is_watched_as_one_by_people_is(build: Any) -> None:
    world = build(CALM)
    incident_id = await world.stage.incident()
    over = make_alert(status=AlertStatus.RESOLVED)
    await world.stage.store.desk.transact(lambda desk: desk.recover(incident_id, over, world.clock.now()))
    await world.watching.follow(await world.stage.get(incident_id))
    assert (await world.watch(await world.stage.get(incident_id))).state is WatchState.WATCHING
