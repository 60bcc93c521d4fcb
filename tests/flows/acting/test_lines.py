"""What a run says on the timeline is kept with what it tells of: no kill and no full disk comes between the two."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.alert import Alert
from bot.domain.approval import Decision
from bot.domain.errors import NotStored
from bot.domain.incident import GroupingReason
from bot.domain.run import Run, RunState, StepState
from bot.testing import NOON, make_alert
from memory.store import Store
from tests.flows.acting.test_crashes import _played, _world
from tests.flows.acting.world import ANA, INCIDENT, World, runbook, step


@pytest.mark.parametrize("helps", [True, False])
async def test_a_kill_after_any_write_costs_no_line_and_doubles_none(helps: bool) -> None:
    golden = _world()
    writes = await _played(golden, 0, helps=helps)
    told = {key: event.text for key, event in golden.ledger.lines.items()}
    assert len(told) >= 5
    for at in range(1, writes + 1):
        world = _world()
        await _played(world, at, helps=helps)
        found = {key: event.text for key, event in world.ledger.lines.items()}
        if any(key.endswith(f":{StepState.UNKNOWN}") for key in found):  # a person was asked: it went on otherwise
            assert any(text.startswith("Began: ") for text in found.values()), at
        else:
            assert found == told, f"killed after write {at}"


async def test_what_could_not_be_kept_is_not_told_and_both_come_later() -> None:
    world = World(runbook(step("a")))

    def full(name: str) -> None:
        if name == "approvals.open":
            raise NotStored("the disk is full")

    world.ledger.fail = full
    await world.started()
    assert not world.ledger.lines
    assert not world.ledger.requests
    world.ledger.fail = lambda _: None
    world.ledger.switches = ()
    await world.go_on()
    assert [event.text for event in world.ledger.lines.values()] == ["Asked for approval: Step a"]


async def test_what_was_refused_is_told_with_its_reason_and_where_nobody_decided_a_look_is_not() -> None:
    world = World(runbook(step("look", "look"), step("a")))
    await world.started()
    await world.say(ANA, Decision.DENY)
    await world.go_on()
    asked, refused, over = [event.text for event in world.ledger.lines.values()]
    assert asked == "Asked for approval: Step a"
    assert refused.startswith("Not done: Step a. ")
    assert over.startswith("Fix it (R-")


# --- on the real store -----------------------------------------------------------------------------------------------


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'kept.db'}")
    yield opened
    await opened.close()


async def _incident(store: Store, alert: Alert) -> str:
    opened = await store.desk.transact(
        lambda transaction: transaction.open_incident(alert, GroupingReason.NEW_CONDITION, NOON)
    )
    return opened.id


async def test_the_store_keeps_them_together_once_and_none_of_what_is_forgotten(store: Store) -> None:
    world = World(runbook(step("a")), store=store)
    here = await _incident(store, make_alert())
    for incident in (here, "INC-2026-9999"):
        world.incidents.known[incident] = replace(INCIDENT, id=incident)
        run = Run(
            id=f"R-{incident}", incident=incident, runbook="fix", runbook_digest=world.runbook.digest, parameters={},
            requester="U-req", created_at=NOON,
        )  # fmt: skip
        assert await store.runs.open(run)
        await world.go_on(run.id)
        await world.say(ANA, Decision.DENY)
        await world.go_on(run.id)
        kept = await store.runs.get(run.id)
        assert kept is not None
        assert kept.state is RunState.REFUSED
    lines = [event.text for event in await store.timeline.of(here) if event.kind == "action"]
    assert [text.split(":")[0] for text in lines] == ["Asked for approval", "Not done", f"Fix it (R-{here}) refused"]
    assert not await store.timeline.of("INC-2026-9999")
