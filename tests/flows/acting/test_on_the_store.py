"""The same on the real store: what is kept and read again is still what was approved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.action import Ending
from bot.domain.approval import Decision
from bot.domain.audit import verify as verify_audit
from bot.domain.kill_switch import Scope, Stopped
from bot.domain.run import RunState, StepKey, StepState
from bot.domain.runbook import Output
from memory.store import Store
from tests.flows.acting.test_crashes import Killed
from tests.flows.acting.world import ANA, BEN, MINUTE, World, result, runbook, step, undo, verify


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'kept.db'}")
    yield opened
    await opened.close()


def _world(store: Store) -> World:
    world = World(
        runbook(
            step("find", "look", output=Output(json={"name": "/name", "share": "/share"})),
            step(
                "fix",
                parameters={"name": "{{ steps.find.name }}", "share": "{{ steps.find.share }}"},
                verify=verify(),
                rollback=undo(automatic=True),
            ),
            step("look", "look"),
        ),
        store=store,
    )
    world.look.result = result(output='{"name": "checkout", "share": 0.5}')
    return world


async def _state(store: Store, run: str, id: str) -> StepState:
    found = await store.runs.step(StepKey(run=run, step=id))
    assert found is not None
    return found.state


async def test_a_run_with_approval_verification_and_restarts_on_the_store(store: Store) -> None:
    world = _world(store)
    world.metric_value = 9
    run = (await world.order()).run
    assert run is not None
    await world.go_on(run.id)
    world.crash()
    await world.say(ANA)
    world.crash()
    await world.go_on(run.id)
    assert await _state(store, run.id, "fix") is StepState.VERIFYING
    world.crash()
    world.metric_value = 0
    world.clock.go_on(MINUTE / 4)
    await world.go_on(run.id)
    kept = await store.runs.get(run.id)
    assert kept is not None
    assert kept.state is RunState.SUCCEEDED, kept
    assert len(world.restart.ran) == 1
    assert not await store.runs.unfinished()
    assert not await store.approvals.open_requests()
    assert not await store.audit.through(lambda entries: verify_audit(entries))


async def test_an_automatic_rollback_on_the_store(store: Store) -> None:
    world = _world(store)
    world.metric_value = 9
    run = (await world.order()).run
    assert run is not None
    await world.go_on(run.id)
    await world.say(ANA)
    await world.go_on(run.id)
    world.crash()
    for _ in range(5):
        world.clock.go_on(MINUTE / 4)
        await world.go_on(run.id)
    assert len(world.undo.ran) == 1
    kept = await store.runs.get(run.id)
    assert kept is not None
    assert kept.state is RunState.FAILED
    assert "It was undone." in kept.why


async def test_a_taken_up_rollback_on_the_store(store: Store) -> None:
    world = World(runbook(step("fix", rollback=undo())), store=store)
    world.restart.result = result(Ending.FAILED)
    run = (await world.order()).run
    assert run is not None
    await world.go_on(run.id)
    await world.say(ANA)
    await world.go_on(run.id)
    key = StepKey(run=run.id, step="fix")
    assert "prepared" in await world.runs.undo(key, BEN, id="x")
    await world.go_on(run.id)
    await world.say(ANA)
    await world.go_on(run.id)
    assert len(world.undo.ran) == 1
    kept = await store.runs.get(run.id)
    assert kept is not None
    assert kept.state is RunState.FAILED


@pytest.mark.parametrize("deny", [True, False])
async def test_denied_or_expired_on_the_store(store: Store, deny: bool) -> None:
    world = _world(store)
    run = (await world.order()).run
    assert run is not None
    await world.go_on(run.id)
    if deny:
        await world.say(ANA, Decision.DENY)
    else:
        world.clock.go_on(11 * MINUTE)
    await world.go_on(run.id)
    kept = await store.runs.get(run.id)
    assert kept is not None
    assert kept.state is RunState.REFUSED
    assert world.restart.ran == []
    assert not await store.approvals.open_requests()


async def test_killed_in_the_middle_of_a_change_on_the_store(store: Store) -> None:
    def die(_: object) -> None:
        raise Killed

    world = _world(store)
    run = (await world.order()).run
    assert run is not None
    await world.go_on(run.id)
    await world.say(ANA)
    world.restart.during = die
    with pytest.raises(Killed):
        await world.go_on(run.id)
    world.crash()
    await world.go_on(run.id)
    assert await _state(store, run.id, "fix") is StepState.UNKNOWN
    await world.runs.settle(StepKey(run=run.id, step="fix"), ANA, happened=True)
    await world.go_on(run.id)
    kept = await store.runs.get(run.id)
    assert kept is not None
    assert kept.state is RunState.SUCCEEDED
    assert len(world.restart.ran) == 1


async def test_two_processes_on_one_store_do_it_once(store: Store) -> None:
    world = _world(store)
    run = (await world.order()).run
    assert run is not None
    await world.go_on(run.id)
    first = world.engine
    world.executor = "two"
    world.boot()
    await world.say(ANA)
    await asyncio.gather(first.advance(run.id), world.engine.advance(run.id))
    await world.go_on(run.id)
    assert len(world.restart.ran) == 1


async def test_the_switch_on_the_store(store: Store) -> None:
    world = _world(store)
    run = (await world.order()).run
    assert run is not None
    await world.go_on(run.id)
    await world.say(ANA)
    await world.switching.stop(Stopped.ACTIONS, Scope.SERVICE, "checkout", who=BEN, why="wait")
    world.crash()
    await world.go_on(run.id)
    kept = await store.runs.get(run.id)
    assert kept is not None
    assert kept.state is RunState.STOPPED
    assert world.restart.ran == []
