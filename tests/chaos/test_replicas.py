"""Several processes on one PostgreSQL, killed, stopped and told to end: nothing is lost, nothing is done twice."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.domain.lease import Pace
from bot.replicas import ENDED_BY_FENCE
from tests.chaos.replica_child import TAKES
from tests.chaos.replica_farm import Child, Farm, farm
from tests.chaos.rounds import FACTOR, rounds
from tests.scene import until

KILLS = rounds(1)
STOPS = rounds(1)
INCIDENTS, EVENTS, CHANNELS = 3, 4, 2  # in each round: incidents for each process, events for each channel
LEASE = Pace().lease if FACTOR > 1 else 12.0  # busy: who is well must not be silent for so long
SHORT_LEASE = 3.0 if FACTOR > 1 else 6.0
ADOPTED_WITHIN = 15.0 if FACTOR > 1 else 90.0  # seconds until what the dead process had in hand has ended; busy: more
LEFT_WITHIN = 6.0 if FACTOR > 1 else 90.0  # seconds, less than a lease: who leaves is not waited for; busy: more


async def work(farm: Farm, one: Child, other: Child, number: str) -> tuple[list[str], list[str]]:
    """Incidents and events for both; under way when this returns."""
    incidents = [f"INC-{number}-{n}" for n in range(2 * INCIDENTS)]
    events = [f"E-{number}-{n}-C{channel}" for n in range(EVENTS) for channel in range(CHANNELS)]
    begun = one.count("begun"), other.count("begun")
    one.respond(*incidents[:INCIDENTS])
    other.respond(*incidents[INCIDENTS:])
    for event in events:
        await farm.event(event, event[-2:])
    for child, before in zip((one, other), begun, strict=True):  # until then an incident is nowhere but in its pipe
        await child.heard("begun", more_than=before + INCIDENTS - 1)
    return incidents, events


def in_order(handled: list[str], events: list[str]) -> bool:
    return all(
        [event for event in handled if event in events and event.endswith(channel)]
        == [event for event in events if event.endswith(channel)]
        for channel in (f"C{n}" for n in range(CHANNELS))
    )


@pytest.mark.slow
async def test_what_a_killed_process_had_in_hand_another_ends_once_and_within_15_seconds(
    postgresql: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = time.time_ns() % 1_000_000
    dice, took, leading = random.Random(seed), [], 0
    async with farm(postgresql, tmp_path) as replicas:
        one, other = await replicas.pair(lease=LEASE)
        for number in range(KILLS):
            if dice.random() < 0.5 and KILLS > 1:
                one, other = other, one
            leading += one.leads
            incidents, events = await work(replicas, one, other, str(number))
            await asyncio.sleep(dice.uniform(0, 5 * TAKES))
            began = time.monotonic()
            one.send(signal.SIGKILL)
            assert await one.ended() == -signal.SIGKILL
            await replicas.done(incidents, events)
            took.append(round(time.monotonic() - began, 1))
            await until(lambda: other.leads)  # noqa: B023 - awaited here
            assert in_order(replicas.order("event"), events), replicas.order("event")
            if number < KILLS - 1:
                one = await replicas.start(one.name, lease=LEASE)
                await one.heard("ready")
        effects = replicas.effects()
        report = {
            "seed": seed,
            "kills": KILLS,
            "of the leader": leading,
            "effects": sum(effects.values()),
            "doubled": {what: times for what, times in effects.items() if times > 1},
            "workflows": dict(replicas.workflows()),
            "seconds": took,
        }
    record_property("report", report)
    print(report)
    assert not report["doubled"], report
    assert max(took) < ADOPTED_WITHIN, report
    assert report["workflows"] == {"SUCCESS": 2 * INCIDENTS * KILLS}, report


@pytest.mark.slow
async def test_a_process_that_was_stopped_past_its_lease_ends_itself_and_doubles_nothing(
    postgresql: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """It is stopped between the look for an effect and the effect: the moment that doubles, were it to go on."""
    async with farm(postgresql, tmp_path) as replicas:
        one, other = await replicas.pair(lease=SHORT_LEASE)
        for number in range(STOPS):
            incidents, events = await work(replicas, one, other, str(number))
            await one.heard(f"looked INC-{number}", more_than=number % 3)
            one.send(signal.SIGSTOP)
            await replicas.done(incidents, events)
            await until(lambda: other.leads)  # noqa: B023 - awaited here
            said = len(one.lines)
            one.send(signal.SIGCONT)
            assert await one.ended() == ENDED_BY_FENCE
            assert len(one.lines) == said, f"it went on: {one.lines[said:]}"
            assert "others have taken over what it did. It ends now" in one.log()
            if number < STOPS - 1:
                one = await replicas.start(one.name, lease=SHORT_LEASE)
                await one.heard("ready")
                one, other = other, one
        effects = replicas.effects()
        workflows = replicas.workflows()
    report = {"stops": STOPS, "effects": sum(effects.values()), "workflows": dict(workflows)}
    record_property("report", report)
    print(report)
    assert {what for what, times in effects.items() if times > 1} == set(), report
    assert set(workflows) == {"SUCCESS"}, report


@pytest.mark.slow
async def test_a_second_process_of_one_name_refuses_and_one_that_is_told_to_end_is_not_waited_for(
    postgresql: str, tmp_path: Path
) -> None:
    async with farm(postgresql, tmp_path) as replicas:
        one, other = await replicas.pair(lease=LEASE)
        second = await replicas.start(one.name, lease=LEASE)
        said = await second.heard("refused")
        # Stopped for less than the lease, nobody takes anything from it.
        other.send(signal.SIGSTOP)
        await asyncio.sleep(LEASE / 4)
        other.send(signal.SIGCONT)
        assert said.startswith(
            f"refused EXECUTOR_ID: another process of this name runs already ({one.name} on host-of-"
        )
        assert "Give each process a name of its own" in said
        assert await second.ended() == 1
        incidents, events = await work(replicas, one, other, "0")
        began = time.monotonic()
        one.send(signal.SIGTERM)
        assert await one.ended() == 0
        await replicas.done(incidents, events)
        await until(lambda: other.leads)
        took = time.monotonic() - began
        assert took < LEFT_WITHIN
        assert set(replicas.effects().values()) == {1}
        assert in_order(replicas.order("event"), events)
        assert replicas.workflows() == {"SUCCESS": 2 * INCIDENTS}
        assert [row.state for row in replicas.rows("SELECT state FROM replicas ORDER BY seat")].count("live") == 1
