"""The kill switch: engaged by people and by itself, and kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.errors import NotStored
from bot.domain.kill_switch import Cause, FailedVerify, ResumeReason, Scope, Stopped, Switch
from bot.domain.policy import StopAfter
from bot.flows.switching import Switching
from bot.testing import NOON, FrozenClock
from bot.testing_acting import FakeSwitches, Ledger
from tests.flows.acting.world import MINUTE


def switching(ledger: Ledger, clock: FrozenClock | None = None) -> Switching:
    return Switching(kept=FakeSwitches(ledger), clock=clock or FrozenClock())


def failures(*minutes: int, incident: str = "INC-1") -> list[FailedVerify]:
    return [FailedVerify(at=NOON + at * MINUTE, incident=incident, step=f"{incident}:{at}") for at in minutes]


async def test_the_first_of_its_kind_and_place_stays() -> None:
    ledger = Ledger()
    first = await switching(ledger).stop(Stopped.ACTIONS, Scope.SERVICE, "checkout", who="U1", why="wrong")
    second = await switching(ledger).stop(Stopped.ACTIONS, Scope.SERVICE, "Checkout ", who="U2", why="me too")
    assert second == first
    assert [entry.kind for entry in ledger.audit] == ["stopped"]


async def test_it_survives_a_restart_and_is_lifted_by_name() -> None:
    ledger = Ledger()
    await switching(ledger).stop(Stopped.ALL, Scope.GLOBAL, "", who="U1", why="x")
    again = switching(ledger)
    assert len(await again.all()) == 1
    lifted = await again.resume(Stopped.AI, Scope.GLOBAL, "", who="U2")
    assert lifted.reason is ResumeReason.LIFTED
    assert [switch.stopped for switch in await again.all()] == [Stopped.ACTIONS]
    assert (await again.resume(Stopped.AI, Scope.GLOBAL, "", who="U2")).reason is ResumeReason.WAS_NOT_STOPPED
    assert [(entry.kind, entry.who) for entry in ledger.audit] == [("stopped", "U1"), ("resumed", "U2")]


async def test_somebody_faster_is_read_again() -> None:
    ledger = Ledger()
    desk = switching(ledger)
    other = Switch(stopped=Stopped.AI, scope=Scope.GLOBAL, who="U9", why="y", at=NOON)
    left = 1

    def before(_: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            ledger.switches = (other,)
            raise NotStored("never mind")

    ledger.fail = before
    with pytest.raises(NotStored):
        await desk.stop(Stopped.ACTIONS, Scope.GLOBAL, "", who="U1", why="x")
    await desk.stop(Stopped.ACTIONS, Scope.GLOBAL, "", who="U1", why="x")
    assert len(ledger.switches) == 2


async def test_where_it_cannot_be_stored_it_holds_all_the_same_until_somebody_resumes() -> None:
    ledger = Ledger()
    desk = switching(ledger)

    def full(_: str) -> None:
        raise NotStored("the disk is full")

    ledger.fail = full
    switch = await desk.audit_failed("the disk is full")
    assert switch.cause is Cause.AUDIT_FAILED
    assert ledger.switches == ()
    assert [s.key for s in await desk.all()] == [switch.key]
    ledger.fail = lambda _: None
    assert (await desk.resume(Stopped.ACTIONS, Scope.GLOBAL, "", who="U1")).reason is ResumeReason.LIFTED
    assert await desk.all() == ()


async def test_failed_verifications_stop_the_incident_then_everything() -> None:
    ledger, clock = Ledger(), FrozenClock(NOON + 30 * MINUTE)
    desk = switching(ledger, clock)
    assert await desk.verifies_failed(failures(1), StopAfter()) is None
    in_one = await desk.verifies_failed(failures(1, 2), StopAfter())
    assert in_one is not None
    assert (in_one.scope, in_one.name) == (Scope.INCIDENT, "INC-1")
    spread = [f for n in range(5) for f in failures(n, incident=f"INC-{n}")]
    everywhere = await desk.verifies_failed(spread, StopAfter())
    assert everywhere is not None
    assert everywhere.scope is Scope.GLOBAL


async def test_what_somebody_has_seen_does_not_count_again() -> None:
    ledger, clock = Ledger(), FrozenClock(NOON + 10 * MINUTE)
    desk = switching(ledger, clock)
    await desk.verifies_failed(failures(1, 2), StopAfter())
    await desk.resume(Stopped.ACTIONS, Scope.INCIDENT, "INC-1", who="U1")
    clock.go_on(MINUTE)
    assert await desk.verifies_failed(failures(1, 2, 11), StopAfter()) is None
    assert await desk.verifies_failed(failures(1, 2, 11, 11), replace(StopAfter(), in_an_incident=2)) is not None


async def test_whoever_wants_to_know_is_told_of_what_stops_by_itself() -> None:
    told: list[Switch] = []

    async def tell(switch: Switch) -> None:
        told.append(switch)

    desk = Switching(kept=FakeSwitches(Ledger()), clock=FrozenClock(), stopped=tell)
    await desk.stop(Stopped.AI, Scope.GLOBAL, "", who="U1", why="x")
    assert told == []
    await desk.audit_failed("x")
    assert len(told) == 1
