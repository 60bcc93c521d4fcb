"""What another process had begun when it died: not done again, and asked about without waiting for its time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.domain.run import StepState
from bot.flows.acting.engine import LOOK_AGAIN, Engine
from tests.flows.acting.world import ANA, World, runbook, step
from tests.scene import until


class Killed(BaseException):
    """Not one that anything of ours catches."""


async def interrupted() -> World:
    """A change that process `one` began, and no end of it."""

    def die(_: object) -> None:
        raise Killed

    world = World(runbook(step("a")))
    await world.started()
    await world.say(ANA)
    world.restart.during = die
    with pytest.raises(Killed):
        await world.go_on()
    world.restart.during = lambda _: None
    world.executor = "two"
    world.boot()
    return world


async def test_once_its_process_is_known_to_be_gone_a_person_is_asked_at_once() -> None:
    world = await interrupted()
    asked: list[str] = []

    async def gone(holder: str) -> bool:
        asked.append(holder)
        return True

    run = await world.run()
    await Engine(replace(world.outside, gone=gone)).advance(run.id)
    assert asked == ["one/boot1"]
    assert world.state("a") is StepState.UNKNOWN
    assert len(world.restart.ran) == 1, "it may have happened: it is not done again"


async def test_it_is_left_alone_while_its_process_may_be_at_it() -> None:
    world = await interrupted()
    pause = await world.go_on()
    assert pause.until is not None
    assert world.state("a") is StepState.STARTED


async def test_news_of_other_processes_make_the_engine_look_before_its_time() -> None:
    world = await interrupted()
    dead = [False]

    async def gone(_: str) -> bool:
        return dead[0]

    engine = Engine(replace(world.outside, gone=gone))

    running = asyncio.create_task(engine.run())
    await until(lambda: engine._due)
    dead[0] = True
    engine.look()
    await until(lambda: world.state("a") is StepState.UNKNOWN)
    assert LOOK_AGAIN.total_seconds() > 1, "the clock of this test stands still: it was the news"
    await engine.stop(0.0)
    await running
