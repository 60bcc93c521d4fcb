"""The fakes obey the contract that the store obeys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.action import ActionCall, ActionRefused, Risk
from bot.domain.approval import Started
from bot.domain.audit import AuditKind, verify
from bot.domain.errors import ChatError, NotStored
from bot.domain.ports.acting import AuditNote
from bot.domain.run import RunState, StepState
from bot.testing_acting import (
    FakeAction,
    FakeApprovals,
    FakeAuditLog,
    FakeDirectory,
    FakeRuns,
    FakeSwitches,
    Ledger,
)
from tests.memory.store.acting_samples import ANA, BEN, posted, request, reviewed, run_of, step_of
from tests.memory.store.samples import NOON

NOTE = AuditNote(at=NOON, who="", kind=AuditKind.STARTED)


async def test_each_version_is_replaced_once_and_what_is_over_stays() -> None:
    runs = FakeRuns(Ledger())
    assert await runs.open(run_of())
    assert not await runs.open(run_of())
    kept = await runs.put(replace(run_of(), state=RunState.FAILED))
    assert kept is not None
    assert await runs.put(run_of()) is None
    assert await runs.put(replace(kept, state=RunState.RUNNING)) is None
    assert await runs.unfinished() == []
    assert await runs.add_step(step_of())
    assert not await runs.add_step(step_of())
    over = await runs.put_step(replace(step_of(), state=StepState.REFUSED))
    assert over is not None
    assert await runs.put_step(replace(over, state=StepState.STARTED)) is None
    assert await runs.begun(run_of().incident) == []


async def test_a_request_is_used_up_once_and_only_while_it_is_approved() -> None:
    ledger = Ledger()
    runs, approvals = FakeRuns(ledger), FakeApprovals(ledger)
    await runs.open(run_of())
    await runs.add_step(step_of())
    asked = request()
    assert await approvals.open(asked)
    await approvals.record("A-1", posted(asked))
    started = Started(id="s", at=NOON.replace(minute=5))
    claimed = replace(step_of(), state=StepState.STARTED, started_at=NOON)
    assert await runs.put_step(claimed, uses_up=("A-1", started)) is None
    await approvals.record("A-1", reviewed(asked, ANA))
    assert not await approvals.record("A-1", reviewed(asked, ANA))
    assert await approvals.at(posted(asked).message) == asked
    assert list(await approvals.open_requests()) == [asked]
    kept = await runs.put_step(claimed, uses_up=("A-1", started))
    assert kept is not None
    await approvals.record("A-1", reviewed(asked, BEN))
    assert await runs.put_step(kept, uses_up=("A-1", replace(started, id="t"))) is None
    assert not await approvals.open_requests()
    assert len(await runs.begun(run_of().incident)) == 1


async def test_a_write_that_fails_leaves_nothing_and_one_that_crashes_is_kept() -> None:
    ledger = Ledger()
    runs = FakeRuns(ledger)

    def fail(_: str) -> None:
        raise NotStored("full")

    ledger.fail = fail
    with pytest.raises(NotStored):
        await runs.open(run_of(), (NOTE,))
    assert not ledger.runs
    assert not ledger.audit
    ledger.fail, ledger.after = lambda _: None, fail
    with pytest.raises(NotStored):
        await runs.open(run_of(), (NOTE,))
    assert ledger.runs
    assert len(ledger.audit) == 1


async def test_notes_become_a_chain() -> None:
    ledger = Ledger()
    await FakeAuditLog(ledger).append((NOTE, NOTE))
    assert not verify(ledger.audit)
    assert [entry.sequence for entry in ledger.audit] == [1, 2]


async def test_switches_are_replaced_only_by_who_has_read_them() -> None:
    switches = FakeSwitches(Ledger())
    assert await switches.put((), (), ())
    assert not await switches.put((), ("others",), ())  # type: ignore[arg-type]


async def test_people_who_are_not_known_are_left_out() -> None:
    directory = FakeDirectory(known={ANA.id: ANA})
    assert await directory.people([ANA.id, "U-none"]) == {ANA.id: ANA}
    directory.is_down = True
    with pytest.raises(ChatError):
        await directory.people([ANA.id])


async def test_the_same_call_gives_the_same_plan_until_the_world_changes() -> None:
    action = FakeAction(name="restart", risk=Risk.CHANGE)
    call = ActionCall(action="restart", parameters={"name": "x"}, environment="production")
    before = await action.plan(call)
    assert before.digest == (await action.plan(call)).digest
    action.world = "changed"
    assert before.digest != (await action.plan(call)).digest
    action.refused = "gone"
    with pytest.raises(ActionRefused):
        await action.plan(call)
