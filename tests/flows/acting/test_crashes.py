"""The process dies after any of its writes: no change is done twice, and nothing that was approved is forgotten."""

from __future__ import annotations

from collections import Counter

import pytest

from bot.domain.action import Ending
from bot.domain.errors import NotStored
from bot.domain.kill_switch import Cause
from bot.domain.run import RunState, StepState
from bot.domain.runbook import Output
from tests.flows.acting.world import ANA, BEN, MINUTE, World, result, runbook, step, undo, verify


class Killed(BaseException):
    """kill -9."""


def _world() -> World:
    world = World(
        runbook(
            step("find", "look", output=Output(lines="names")),
            step("fix", "restart", verify=verify(), rollback=undo(automatic=True)),
            step("look", "look"),
        )
    )
    world.look.result = result(output="p1\n")
    return world


async def _played(world: World, kill_at: int, *, helps: bool) -> int:
    """The whole story, in which the process is killed after its write number `kill_at` and begins anew."""
    world.metric_value = 0 if helps else 9
    count = 0

    def after(_: str) -> None:
        nonlocal count
        count += 1
        if count == kill_at:
            raise Killed

    world.ledger.after = after
    for _ in range(40):
        try:
            if not world.ledger.runs:
                await world.order()
            if world.board.requests and world.state("fix") is StepState.WAITING:
                await world.say(ANA, id="ana")
                await world.say(BEN, id="ben")
            if (await world.go_on()).is_over:
                return count
            unknown = [s for s in world.ledger.steps.values() if s.state is StepState.UNKNOWN]
            if unknown:
                assert (unknown[0].key.text, "unknown") in world.board.asked
                await world.runs.settle(unknown[0].key, ANA, happened=True)
            else:
                world.clock.go_on(MINUTE / 6)
        except Killed:
            world.crash()
    raise AssertionError(f"it did not end: {list(world.ledger.steps.values())}")


@pytest.mark.parametrize("helps", [True, False])
async def test_killed_after_every_single_write(helps: bool) -> None:
    writes = await _played(_world(), 0, helps=helps)
    assert writes > 15
    unknown = 0
    for at in range(1, writes + 1):
        world = _world()
        await _played(world, at, helps=helps)
        changes = Counter(key for key, _ in (*world.restart.ran, *world.undo.ran))
        assert all(times == 1 for times in changes.values()), (at, changes)
        unknown += any(entry.details.count('"state":"unknown"') for entry in world.ledger.audit)
        run = await world.run()
        assert run.state.is_over, at
        assert run.state in (RunState.SUCCEEDED, RunState.FAILED), (at, run)
        assert run.why
        assert not await world.outside.approvals.open_requests(), at
        if helps and "unknown" not in str(world.board.asked):
            assert len(world.restart.ran) == 1, f"approved and forgotten (killed after write {at})"
    assert unknown == (1 if helps else 2), "between the claim of a change and its result, nobody knows"


async def test_a_read_is_done_again_after_a_crash_and_a_change_is_not() -> None:
    def die(_: object) -> None:
        raise Killed

    world = World(runbook(step("a", "look")))
    world.look.during = die
    with pytest.raises(Killed):
        await world.started()
    world.look.during = lambda _: None
    world.crash()
    await world.go_on()
    assert len(world.look.ran) == 2
    assert (await world.run()).state is RunState.SUCCEEDED

    world = World(runbook(step("a")))
    await world.started()
    await world.say(ANA)
    world.restart.during = die
    with pytest.raises(Killed):
        await world.go_on()
    world.restart.during = lambda _: None
    world.crash()
    pause = await world.go_on()
    assert pause.for_people
    assert world.state("a") is StepState.UNKNOWN
    assert len(world.restart.ran) == 1


async def test_a_read_that_kills_the_process_each_time_is_given_up() -> None:
    def die(_: object) -> None:
        raise Killed

    world = World(runbook(step("a", "look")))
    world.look.during = die
    await world.order()
    for _ in range(5):
        try:
            await world.go_on()
        except Killed:
            world.crash()
    assert len(world.look.ran) == 2
    assert (await world.run()).state is RunState.FAILED


async def test_what_another_live_process_does_is_left_to_it_for_its_time() -> None:
    def die(_: object) -> None:
        raise Killed

    world = World(runbook(step("a")))
    await world.started()
    await world.say(ANA)
    world.restart.during = die
    with pytest.raises(Killed):
        await world.go_on()
    world.executor = "two"
    world.boot()
    pause = await world.go_on()
    assert pause.until is not None
    assert world.state("a") is StepState.STARTED
    world.clock.go_on(10 * MINUTE)
    await world.go_on()
    assert world.state("a") is StepState.UNKNOWN


async def test_a_result_that_could_not_be_stored_is_stored_later() -> None:
    world = World(runbook(step("a")))
    await world.started()
    await world.say(ANA)
    world.restart.during = lambda _: setattr(world.ledger, "fail", _broken)
    await world.go_on()
    assert world.state("a") is StepState.STARTED
    world.ledger.fail = lambda _: None
    world.restart.during = lambda _: None
    await world.go_on()
    assert world.state("a") is StepState.SUCCEEDED
    assert len(world.restart.ran) == 1


def _broken(_: str) -> None:
    raise NotStored("the disk is full")


async def test_what_cannot_be_written_down_is_not_done_and_stops_everything() -> None:
    world = World(runbook(step("a")))
    await world.started()
    await world.say(ANA)
    world.ledger.fail = _broken
    await world.go_on()
    assert world.restart.ran == []
    (switch,) = await world.switching.all()
    assert switch.cause is Cause.AUDIT_FAILED
    world.ledger.fail = lambda _: None
    await world.go_on()
    assert world.restart.ran == []
    assert (await world.run()).state is RunState.STOPPED


async def test_a_store_that_is_busy_for_a_moment_stops_nothing() -> None:
    world = World(runbook(step("a", "look")))
    left = 2

    def busy(_: str) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise NotStored("busy")

    await world.order()
    world.ledger.fail = busy
    await world.go_on()
    assert (await world.run()).state is RunState.SUCCEEDED
    assert not await world.switching.all()


async def test_an_action_that_breaks_leaves_a_change_unknown_and_fails_a_read() -> None:
    def broken(_: object) -> None:
        raise KeyError("x")

    world = World(runbook(step("a", "look")))
    world.look.during = broken
    assert (await world.started()).state is RunState.FAILED

    world = World(runbook(step("a")))
    await world.started()
    await world.say(ANA)
    world.restart.during = broken
    await world.go_on()
    assert world.state("a") is StepState.UNKNOWN
    assert world.step("a").ending is Ending.UNKNOWN


async def test_buttons_of_a_used_up_request_go_away_though_the_change_was_cut_off_before_they_could() -> None:
    """Approved and shown as such; then a kill in the midst of the change: nobody has taken the buttons away."""
    world = World(runbook(step("fix")))
    await world.started()
    await world.say(ANA, id="ana")
    world.crash()  # the approval is handled; the change is begun by the process after it

    def dies(_: object) -> None:
        raise Killed

    world.restart.during = dies
    with pytest.raises(Killed):
        await world.go_on()
    world.crash()
    await world.go_on()
    (unknown,) = [one for one in world.ledger.steps.values() if one.state is StepState.UNKNOWN]
    await world.runs.settle(unknown.key, ANA, happened=True)
    assert (await world.go_on()).is_over
    standing, _ = world.board.shown[world.request_id()][-1]
    assert not standing.state.is_open
