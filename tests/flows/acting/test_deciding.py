"""Approvals through the engine: what is checked between the request and the first moment of the execution."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.approval import Decision, Person, PersonKind, TakingBack
from bot.domain.errors import ChatError
from bot.domain.kill_switch import Scope, Stopped, Switch
from bot.domain.policy import Autonomy
from bot.domain.run import RunState, StepState
from tests.flows.acting.world import (
    ANA,
    BEN,
    GUEST,
    INCIDENT,
    MINUTE,
    OUT,
    POLICY,
    REQ,
    World,
    check,
    runbook,
    step,
    stricter,
)

DESTROYING = replace(POLICY, approving=replace(POLICY.approving, needed=dict.fromkeys(POLICY.approving.needed, 2)))


async def asked(policy: object = None, **fields: object) -> World:
    world = World(runbook(step("a", **fields)), policy=policy or POLICY)  # type: ignore[arg-type]
    await world.started()
    return world


# --- who -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", [REQ, GUEST, OUT, "U-nobody"])
async def test_whoever_may_not_approve_starts_nothing(person: str) -> None:
    world = await asked()
    verdict = await world.say(person)
    assert verdict is not None
    assert not verdict.is_counted
    await world.go_on()
    assert world.restart.ran == []
    assert world.state("a") is StepState.WAITING


async def test_two_people_are_two_people() -> None:
    world = await asked(DESTROYING)
    await world.say(ANA)
    await world.say(ANA)
    await world.go_on()
    assert world.restart.ran == []
    await world.say(BEN)
    await world.go_on()
    assert len(world.restart.ran) == 1


async def test_a_denial_wins_whoever_approved() -> None:
    world = await asked(DESTROYING)
    await world.say(ANA)
    await world.say(BEN, Decision.DENY)
    await world.go_on()
    run = await world.run()
    assert run.state is RunState.REFUSED
    assert f"Denied by {BEN}" in run.why
    assert "Needed" in run.why
    assert world.restart.ran == []


async def test_whoever_asked_may_deny() -> None:
    world = await asked()
    await world.say(REQ, Decision.DENY)
    await world.go_on()
    assert (await world.run()).state is RunState.REFUSED


# --- what came between -----------------------------------------------------------------------------------------------


def _plan_changed(world: World) -> None:
    world.restart.world = "another version"


def _policy_forbids(world: World) -> None:
    world.policy = stricter(world.policy)


def _policy_asks_for_more(world: World) -> None:
    world.policy = stricter(world.policy, Autonomy.APPROVAL, needed=2)


def _runbook_changed(world: World) -> None:
    world.runbook = replace(world.runbook, summary="another text")


def _precheck_fails(world: World) -> None:
    world.metric_value = 9


def _precheck_unknown(world: World) -> None:
    world.metric.refused = "Prometheus does not answer."


def _gone(world: World) -> None:
    world.restart.refused = "There is no such deployment."


def _radius_grew(world: World) -> None:
    world.restart.radius = 40


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (_plan_changed, "target"),
        (_policy_forbids, "forbids"),
        (_policy_asks_for_more, "asks for more"),
        (_runbook_changed, "runbook has changed"),
        (_precheck_fails, "does not hold"),
        (_precheck_unknown, "could not be checked"),
        (_gone, "no such deployment"),
        (_radius_grew, "radius"),
    ],
)
async def test_what_changed_after_it_was_asked_for_is_refused(change: Callable[[World], None], word: str) -> None:
    world = await asked(precheck=check())
    await world.say(ANA)
    change(world)
    await world.go_on()
    run = await world.run()
    assert run.state is RunState.REFUSED, run
    assert word in run.why, run.why
    assert world.restart.ran == []
    assert not await world.outside.approvals.open_requests()
    assert "refused" in world.kinds


async def test_an_approver_who_left_the_group_does_not_count_any_more() -> None:
    world = await asked()
    await world.say(ANA)
    world.directory.known[ANA] = Person(id=ANA, kind=PersonKind.MEMBER)
    await world.go_on()
    assert world.restart.ran == []
    await world.say(BEN)
    await world.go_on()
    assert len(world.restart.ran) == 1


async def test_while_slack_does_not_tell_who_people_are_nothing_begins() -> None:
    world = await asked()
    await world.say(ANA)
    world.directory.is_down = True
    pause = await world.go_on()
    assert pause.until is not None
    assert world.restart.ran == []
    world.directory.is_down = False
    await world.go_on()
    assert len(world.restart.ran) == 1


async def test_it_expires_even_while_slack_is_away() -> None:
    world = await asked()
    world.directory.is_down = True
    await world.later(11 * MINUTE)
    assert (await world.run()).state is RunState.REFUSED
    assert "Nobody decided in time" in (await world.run()).why


# --- times -----------------------------------------------------------------------------------------------------------


async def test_what_nobody_decides_expires_and_is_written_down() -> None:
    world = await asked()
    pause = await world.go_on()
    assert pause.until is not None
    await world.later(10 * MINUTE)
    run = await world.run()
    assert run.state is RunState.REFUSED
    assert "expired" in world.kinds
    verdict = await world.say(ANA)
    assert verdict is not None
    assert "Too late" in verdict.sentence
    await world.go_on()
    assert world.restart.ran == []


async def test_an_approval_that_came_in_time_is_of_no_use_after_the_expiry() -> None:
    world = await asked()
    await world.say(ANA)
    await world.later(10 * MINUTE)
    assert world.restart.ran == []


async def test_reminders_and_the_call_come_once() -> None:
    world = await asked()
    for _ in range(9):
        await world.later(MINUTE)
        await world.go_on()
    reminders = [key for key in world.board.said if "reminded" in key]
    assert len(reminders) == 2, world.board.said
    assert len(world.pager.paged) == 1
    assert any("Dana" in sentence for sentence in world.board.said.values())
    assert "escalated" in world.kinds


async def test_nobody_to_page_is_said() -> None:
    world = await asked()
    world.pager.cannot = "PagerDuty is not set up."
    await world.later(3 * MINUTE)
    assert any("PagerDuty is not set up" in sentence for sentence in world.board.said.values())


# --- the message -----------------------------------------------------------------------------------------------------


async def test_removing_the_approval_before_it_begins_takes_it_back() -> None:
    world = await asked()
    await world.say(ANA)
    found = await world.approve.take_back(world.message(), ANA, at=world.clock.now(), id="x")
    assert found is TakingBack.TAKEN_BACK
    await world.go_on()
    assert world.restart.ran == []
    world.clock.go_on(timedelta(seconds=1))
    await world.say(ANA)
    await world.go_on()
    assert len(world.restart.ran) == 1


async def test_removing_it_afterwards_is_too_late() -> None:
    world = await asked()
    await world.say(ANA)
    await world.go_on()
    found = await world.approve.take_back(world.message(), ANA, at=world.clock.now(), id="x")
    assert found is TakingBack.TOO_LATE
    assert (await world.run()).state is RunState.SUCCEEDED


@pytest.mark.parametrize("what", ["edited", "deleted"])
async def test_a_message_that_somebody_touches_is_over(what: str) -> None:
    world = await asked()
    await world.say(ANA)
    touch: Callable[..., Awaitable[bool]] = getattr(world.approve, what)
    assert await touch(world.message(), at=world.clock.now(), id="x")
    await world.go_on()
    run = await world.run()
    assert run.state is RunState.REFUSED
    assert what in run.why
    assert world.restart.ran == []


async def test_taking_the_request_back() -> None:
    world = await asked()
    assert "Only whoever" in await world.approve.withdraw(world.request_id(), OUT, at=world.clock.now(), id="x")
    assert "taken back" in await world.approve.withdraw(world.request_id(), REQ, at=world.clock.now(), id="y")
    await world.go_on()
    assert (await world.run()).state is RunState.REFUSED


async def test_the_same_event_twice_counts_once() -> None:
    world = await asked(DESTROYING)
    await world.say(ANA, id="same")
    entries = len(world.ledger.audit)
    await world.say(ANA, id="same")
    assert len(world.ledger.audit) == entries
    await world.go_on()
    assert world.restart.ran == []


async def test_slack_that_does_not_take_the_request_is_asked_again() -> None:
    world = World(runbook(step("a")))

    def fail(name: str) -> None:
        if name == "ask":
            raise ChatError("ratelimited", is_final=False)

    world.board.fail = fail
    await world.started()
    assert not world.board.requests
    world.board.fail = lambda _: None
    await world.later(timedelta(seconds=5))
    assert len(world.board.requests) == 1
    await world.say(ANA)
    await world.go_on()
    assert len(world.restart.ran) == 1


async def test_a_slack_that_takes_nothing_does_not_hold_up_what_needs_nobody() -> None:
    world = World(runbook(step("a", "look")))

    def fail(_: str) -> None:
        raise ChatError("unreachable", is_final=False)

    world.board.fail = fail
    assert (await world.started()).state is RunState.SUCCEEDED


# --- the kill switch -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "name"), [(Scope.GLOBAL, ""), (Scope.SERVICE, "checkout"), (Scope.INCIDENT, INCIDENT.id)]
)
async def test_the_kill_switch_stops_what_was_approved(scope: Scope, name: str) -> None:
    world = await asked()
    await world.say(ANA)
    await world.switching.stop(Stopped.ACTIONS, scope, name, who=BEN, why="it is wrong")
    await world.go_on()
    run = await world.run()
    assert run.state is RunState.STOPPED
    assert "it is wrong" in run.why
    assert BEN in run.why
    assert world.restart.ran == []


async def test_the_kill_switch_takes_effect_in_the_middle_of_a_run() -> None:
    world = World(runbook(step("a", "look"), step("b", "look")))

    def stop(_: object) -> None:
        world.ledger.switches = (
            Switch(stopped=Stopped.ALL, scope=Scope.GLOBAL, who=ANA, why="stop", at=world.clock.now()),
        )

    world.look.during = stop
    assert (await world.started()).state is RunState.STOPPED
    assert len(world.look.ran) == 1


async def test_a_switch_between_the_claim_and_the_effect_is_heeded() -> None:
    world = await asked()
    await world.say(ANA)

    def stop(name: str) -> None:
        if name == "runs.put_step" and world.state("a") is StepState.STARTED:
            world.ledger.switches = (
                Switch(stopped=Stopped.ACTIONS, scope=Scope.GLOBAL, who=ANA, why="now", at=world.clock.now()),
            )

    world.ledger.after = stop
    await world.go_on()
    assert world.restart.ran == []
    assert world.state("a") is StepState.REFUSED
    assert (await world.run()).state is RunState.STOPPED


async def test_while_it_is_stopped_nothing_new_is_started() -> None:
    world = World(runbook(step("a", "look")))
    await world.switching.stop(Stopped.ALL, Scope.GLOBAL, "", who=ANA, why="x")
    answer = await world.order()
    assert answer.run is None
    assert ANA in answer.sentence
    await world.switching.resume(Stopped.ALL, Scope.GLOBAL, "", who=ANA)
    assert (await world.order()).run is not None


async def test_a_denial_at_the_moment_of_the_claim_is_heeded() -> None:
    """Another process records it between what this one has read and its claim."""
    world = await asked()
    await world.say(ANA)
    real, request = world.outside.runs.put_step, world.request_id()

    async def slow(after: object, *rest: object, **named: object) -> object:
        if named.get("uses_up"):
            await world.say(BEN, Decision.DENY)
        return await real(after, *rest, **named)  # type: ignore[arg-type]

    world.outside.runs.put_step = slow  # type: ignore[method-assign, assignment]
    await world.go_on()
    assert world.restart.ran == []
    assert (await world.run()).state is RunState.REFUSED
    assert "Denied" in (await world.run()).why
    assert request


async def test_two_engines_at_once_do_it_once() -> None:
    world = await asked()
    first, claimed = world.engine, len(world.restart.ran)
    world.boot()
    await world.say(ANA)
    run = await world.run()
    await asyncio.gather(first.advance(run.id), world.engine.advance(run.id))
    await world.go_on()
    assert len(world.restart.ran) == claimed + 1
