"""The engine as it runs: woken, ticking, stopping."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from bot.domain.action import ActionResult, Plan
from bot.domain.run import RunState
from bot.flows.acting import bounded
from bot.flows.acting import engine as engine_module
from bot.flows.acting.engine import Engine
from bot.testing_acting import FakeAction
from tests.flows.acting.world import ANA, MINUTE, World, runbook, step, verify


@contextlib.asynccontextmanager
async def running(engine: Engine) -> AsyncIterator[None]:
    task = asyncio.create_task(engine.run())
    try:
        yield
    finally:
        await engine.stop(60)
        await asyncio.wait_for(task, 60)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - what is waited for is in the record, which tells nobody
            await asyncio.sleep(0.005)


def over(world: World) -> bool:
    return all(run.state.is_over for run in world.ledger.runs.values())


async def test_runs_are_carried_on_as_they_are_ordered_and_approved() -> None:
    world = World(runbook(step("a", "look"), step("b")))
    async with running(world.engine):
        await world.order()
        await until(lambda: bool(world.board.requests))
        await until(lambda: next(iter(world.ledger.runs.values())).state is RunState.WAITING)
        await world.say(ANA)
        await until(lambda: over(world))
    assert len(world.restart.ran) == 1


async def test_what_was_unfinished_at_the_start_is_gone_on_with() -> None:
    world = World(runbook(step("a", "look")))
    await world.order()
    world.crash()
    async with running(world.engine):
        await until(lambda: over(world))
    assert len(world.look.ran) == 1


async def test_timers_go_off_by_themselves() -> None:
    world = World(runbook(step("a", verify=verify())))
    engine_module.TICK, was = 0.01, engine_module.TICK
    try:
        async with running(world.engine):
            await world.order()
            await until(lambda: bool(world.board.requests))
            world.clock.go_on(11 * MINUTE)
            await until(lambda: over(world))
    finally:
        engine_module.TICK = was
    assert (await world.run()).state is RunState.REFUSED


class Slow(FakeAction):
    """Runs until it is cancelled or let go, and says so."""

    async def run(self, plan: Plan, *, key: str) -> ActionResult:
        self.began.set()
        await self.go.wait()
        return await super().run(plan, key=key)

    began: asyncio.Event
    go: asyncio.Event


def slow(world: World) -> Slow:
    action = Slow(name="look")
    action.began, action.go = asyncio.Event(), asyncio.Event()
    world.actions["look"] = action
    return action


async def test_stopping_waits_for_what_runs_and_begins_nothing_more() -> None:
    world = World(runbook(step("a", "look"), step("b", "look")))
    action = slow(world)
    task = asyncio.create_task(world.engine.run())
    await world.order()
    await asyncio.wait_for(action.began.wait(), 60)
    stopping = asyncio.create_task(world.engine.stop(60))
    await asyncio.sleep(0)
    action.go.set()
    await stopping
    await asyncio.wait_for(task, 60)
    assert [key.split(":")[1] for key, _ in action.ran] == ["a"]
    world.crash()
    await world.go_on()
    assert (await world.run()).state is RunState.SUCCEEDED


async def test_different_runs_do_not_wait_for_each_other() -> None:
    world = World(runbook(step("a", "look")))
    action = slow(world)
    async with running(world.engine):
        await world.order(id="O1")
        await asyncio.wait_for(action.began.wait(), 60)
        world.actions["look"] = world.look
        await world.order(id="O2")
        await until(lambda: len(world.look.ran) == 1)
        assert not over(world)
        action.go.set()
        await until(lambda: over(world))


async def test_an_action_that_never_ends_is_given_up() -> None:
    world = World(runbook(step("a", "look", timeout=0.01)))
    slow(world)
    leeway, bounded.LEEWAY = bounded.LEEWAY, 0.01
    try:
        assert (await world.started()).state is RunState.FAILED
    finally:
        bounded.LEEWAY = leeway
    assert "did not end" in world.step("a").summary
