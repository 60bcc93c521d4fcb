"""The clock jumps while people decide: nothing runs without an approval that still holds, whatever it does."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta

from bot.domain.run import StepState
from tests.chaos.rounds import rounds
from tests.flows.acting.world import ANA, MINUTE, World, runbook, step

STORIES = rounds(150)
EXPIRES_AFTER = 10 * MINUTE  # what a request lives where the policy does not say otherwise
JUMPS = (
    timedelta(hours=1),
    -10 * MINUTE,
    timedelta(days=1),
    -timedelta(hours=1),  # a zone's clock that is set back
    timedelta(seconds=30),
    timedelta(),
)


async def played(dice: random.Random) -> tuple[bool, bool]:
    """Whether it was approved while the request was alive, and whether the change ran."""
    world = World(runbook(step("fix")))
    await world.started()
    asked_at, latest = world.clock.now(), world.clock.now()
    approved_alive = False
    for _ in range(dice.randint(1, 5)):
        world.clock.go_on(dice.choice(JUMPS))
        latest = max(latest, world.clock.now())
        if dice.random() < 0.3:
            world.crash()
        if dice.random() < 0.5 and world.state("fix") is StepState.WAITING:
            verdict = await world.say(ANA)
            approved_alive |= verdict is not None and world.clock.now() - asked_at < EXPIRES_AFTER
        before = len(world.restart.ran)
        await world.go_on()
        if len(world.restart.ran) > before:
            assert world.clock.now() - asked_at < EXPIRES_AFTER, "it ran after its approval had expired"
    assert len(world.restart.ran) <= 1
    return approved_alive, bool(world.restart.ran)


async def test_whatever_the_clock_does_nothing_unapproved_or_expired_runs(
    record_property: Callable[[str, object], None],
) -> None:
    seed = time.time_ns() % 1_000_000
    dice = random.Random(seed)
    approved = ran = 0
    for _ in range(STORIES):
        was_approved, has_run = await played(dice)
        assert was_approved or not has_run, f"seed {seed}: it ran and nobody had approved it in time"
        approved += was_approved
        ran += has_run
    report = f"{STORIES} stories of jumps, {approved} approved in time, {ran} ran, 0 too late"
    record_property("report", report)
    print(report)
    assert 0 < ran <= approved
