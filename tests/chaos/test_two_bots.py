"""Two of the whole program on one PostgreSQL and one Slack: one is killed, the other ends what it began."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox.serve import serving
from sandbox.slack.app import create_app
from sandbox.slack.control import Control
from sandbox.slack.workspace import Workspace
from tests.chaos.replica_farm import database
from tests.chaos.rounds import FACTOR, rounds
from tests.chaos.two_bots import NAMES, Bots, Kept, Load, two_bots, violations
from tests.scene import PATIENCE
from tests.test_app import PEOPLE

KILLS = rounds(1)  # CHAOS=15: five minutes
EVERY = 20.0  # seconds from one kill to the next
ADOPTED_WITHIN = 15.0 if FACTOR > 1 else 90.0  # seconds until the other knows and goes on with it; busy: more
BRIEFED_WITHIN = 240.0  # seconds from the kill to the last briefing, which the next kills interrupt; and busy: more
LOOK = 0.1  # seconds
STILL = 1.0  # seconds without a call: work that would post something twice gets the time to do so


@dataclass
class Took:
    """Seconds from each kill."""

    adopted: list[float] = field(default_factory=list)
    briefed: list[float] = field(default_factory=list)  # what was accepted before
    between: list[float] = field(default_factory=list)  # from one kill to the next


async def seen(condition: Callable[[], bool], within: float) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - other processes bring it about
            await asyncio.sleep(LOOK)


async def kills(bots: Bots, load: Load, kept: Kept, dice: random.Random) -> Took:
    took = Took()
    async with asyncio.TaskGroup() as looking:
        for number in range(KILLS):
            dying, living = dice.sample(NAMES, 2) if KILLS > 1 else NAMES
            known, before = list(load.accepted), bots.taken_over(living)
            began = time.monotonic()
            await bots.kill(dying)
            looking.create_task(_briefed(kept, known, began, took))
            await seen(lambda: bots.taken_over(living) > before, ADOPTED_WITHIN)  # noqa: B023 - awaited here
            took.adopted.append(round(time.monotonic() - began, 1))
            if number < KILLS - 1:
                await bots.begin(dying)
                await asyncio.sleep(max(0.0, began + EVERY - time.monotonic()))
                took.between.append(round(time.monotonic() - began, 1))
                print(
                    f"{number + 1} kills, {len(load.services)} services, {len(load.accepted)} alerts, {took}",
                    flush=True,
                )
    return took


async def _briefed(kept: Kept, known: list[str], began: float, took: Took) -> None:
    """May be after the next kill."""
    await seen(lambda: kept.are_briefed(known), BRIEFED_WITHIN)
    took.briefed.append(round(time.monotonic() - began, 1))


@pytest.mark.slow
async def test_of_two_bots_one_is_killed_and_every_incident_has_one_channel_and_one_briefing(
    postgresql: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    workspace = Workspace(PEOPLE, bot_name="first-responder")
    workspace.faults.latency = 0.05
    seed = time.time_ns() % 1_000_000
    dice = random.Random(seed)
    with database(postgresql) as url:
        async with serving(create_app(workspace)) as slack, two_bots(tmp_path, slack, workspace, url) as bots:
            kept, load, began = Kept(url), Load(bots=bots, dice=dice), time.monotonic()
            await load.begin()
            async with asyncio.TaskGroup() as group:
                going_on = group.create_task(load.go_on())
                await asyncio.sleep(0.3)
                took = await kills(bots, load, kept, dice)
                going_on.cancel()
            await seen(lambda: kept.are_briefed(load.accepted) and kept.is_quiet(), BRIEFED_WITHIN)
            assert (await Control(workspace).quiet(idle=STILL, timeout=PATIENCE))[0]
            found = violations(workspace, load, kept)
            incidents = len(kept.rows("SELECT 1 FROM incidents"))
    report = {
        "seed": seed,
        "kills": KILLS,
        "seconds of load": round(time.monotonic() - began),
        "alerts": len(load.accepted),
        "sent again": load.sent_again,
        "incidents": incidents,
        "seconds from one kill to the next": took.between,
        "adopted after": took.adopted,
        "briefed after": took.briefed,
        "lost": sum(one.startswith("lost") for one in found),
        "doubled": sum(one.startswith("doubled") for one in found),
    }
    record_property("report", report)
    print(report)
    assert found == [], f"{report}\n" + "\n".join(found)
