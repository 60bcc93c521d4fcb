"""Runs and steps: each version replaced once, what is over stays, and one write is whole or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.domain.action import Ending
from bot.domain.approval import ApprovalWithdrawn, Decision, Event, Message, Request, RequestWithdrawn
from bot.domain.errors import NotStored
from bot.domain.incident import GroupingReason
from bot.domain.ports import TimelineEvent
from bot.domain.ports.acting import AuditNote, Line
from bot.domain.run import Part, RunState, StepKey, StepState
from bot.testing import make_alert
from memory.store import Store
from tests.memory.store.acting_samples import (
    ANA,
    BEN,
    INCIDENT,
    note,
    posted,
    request,
    reviewed,
    run_of,
    started,
    step_of,
)
from tests.memory.store.samples import MINUTE, NOON, run

STARTED = replace(step_of(), state=StepState.STARTED, started_at=NOON, holder="first-responder-0", request="A-1")


@pytest.fixture
async def neighbour(store: Store, database_url: str) -> AsyncIterator[Store]:
    """Another process's, on the same database."""
    opened = await Store.open(database_url)
    yield opened
    await opened.close()


async def audited(store: Store) -> list[tuple[int, str]]:
    return await store.audit.through(lambda entries: [(entry.sequence, entry.subject) for entry in entries])


async def approved(store: Store, *, needed: int = 1) -> None:
    """A run with a step that waits, and a request for it that has the approvals it needs."""
    asked = request(needed=needed)
    assert await store.runs.open(run_of())
    assert await store.runs.add_step(step_of())
    assert await store.approvals.open(asked)
    await store.approvals.record("A-1", posted(asked))
    for person in (ANA, BEN)[:needed]:
        await store.approvals.record("A-1", reviewed(asked, person))


# --- runs ------------------------------------------------------------------------------------------------------------


async def test_a_run_is_kept_whole_and_opened_once(store: Store) -> None:
    opened = replace(run_of(), reason="it is full", is_dry=True, card=Message(channel="C1", ts="1.2"), author="U7")
    assert await store.runs.open(opened, [note("first")])
    assert not await store.runs.open(replace(opened, reason="again"), [note("second")])
    assert await store.runs.get("R-1") == opened
    assert await store.runs.get("R-2") is None
    assert await audited(store) == [(1, "first")]


async def test_runs_are_given_oldest_first_and_unfinished_ones_by_themselves(store: Store) -> None:
    for name, incident in (("R-9", INCIDENT), ("R-1", INCIDENT), ("R-5", "INC-2026-0001")):
        await store.runs.open(run_of(name, incident=incident))
    done = await store.runs.put(replace(run_of("R-1"), state=RunState.SUCCEEDED, ended_at=NOON))
    assert done is not None
    assert [found.id for found in await store.runs.of_incident(INCIDENT)] == ["R-9", "R-1"]
    assert [found.id for found in await store.runs.unfinished()] == ["R-9", "R-5"]
    waiting = replace(run_of("R-9"), state=RunState.WAITING)
    assert await store.runs.put(waiting) is not None
    assert [found.id for found in await store.runs.unfinished()] == ["R-9", "R-5"]


async def test_a_version_of_a_run_is_replaced_once(store: Store) -> None:
    await store.runs.open(run_of())
    first = await store.runs.put(replace(run_of(), why="first"), [note("first")])
    assert first == replace(run_of(), why="first", version=2)
    assert await store.runs.put(replace(run_of(), why="second"), [note("second")]) is None
    assert await store.runs.get("R-1") == first
    assert await store.runs.put(replace(run_of("R-2"))) is None, "there is none to replace"
    assert await audited(store) == [(1, "first")]


async def test_a_run_that_is_over_stays_what_it_became(store: Store) -> None:
    await store.runs.open(run_of())
    over = await store.runs.put(replace(run_of(), state=RunState.STOPPED, ended_at=NOON, why="stopped"))
    assert over is not None
    for state in (RunState.RUNNING, RunState.WAITING, RunState.SUCCEEDED):
        assert await store.runs.put(replace(over, state=state), [note()]) is None
    shown = await store.runs.put(replace(over, card=Message(channel="C1", ts="1.2")))
    assert shown is not None, "where people see it may still be noted"
    assert await audited(store) == []


# --- steps -----------------------------------------------------------------------------------------------------------


async def test_a_step_is_kept_whole_and_once_for_each_element_and_part(store: Store) -> None:
    await store.runs.open(run_of())
    key = StepKey(run="R-1", step="restart")
    full = step_of(
        state=StepState.WAITING, request="A-1", holder="h", summary="s", output="o\x00\udcff", is_cut=True,
        values={"pods": ("a", {"b": (1, 2.0, None, True)})}, verified="v", preview="p", ending=Ending.TIMED_OUT,
        started_at=NOON, ended_at=NOON + MINUTE,
    )  # fmt: skip
    assert await store.runs.add_step(full)
    assert not await store.runs.add_step(step_of(summary="again"), [note()])
    others = [step_of(key=replace(key, part=Part.ROLLBACK)), step_of(key=replace(key, item=1)), step_of(step="after")]
    for other in others:
        assert await store.runs.add_step(other)
    assert await store.runs.step(key) == full
    assert await store.runs.steps("R-1") == (full, *others)
    assert await store.runs.step(replace(key, item=2)) is None
    assert await audited(store) == []


async def test_a_step_of_a_run_that_is_not_there_is_not_kept(store: Store) -> None:
    with pytest.raises(NotStored, match="there is no run R-1"):
        await store.runs.add_step(step_of(), [note()])
    assert await audited(store) == []


async def test_a_step_that_is_over_is_not_replaced(store: Store) -> None:
    await store.runs.open(run_of())
    for state in (state for state in StepState if state.is_over):
        await store.runs.add_step(step_of(step=state))
        over = await store.runs.put_step(step_of(step=state, state=state))
        assert over is not None
        for other in StepState:
            assert await store.runs.put_step(replace(over, state=other), [note()]) is None
        assert await store.runs.step(over.key) == over
    assert await audited(store) == []


async def test_what_was_ever_started_counts_for_repetition_whatever_became_of_it(store: Store) -> None:
    await store.runs.open(run_of("R-1"))
    await store.runs.open(run_of("R-2"))
    await store.runs.open(run_of("R-3", incident="INC-2026-0001"))
    for name in ("R-1", "R-2", "R-3"):
        await store.runs.add_step(step_of(name))
        kept = await store.runs.put_step(step_of(name, state=StepState.STARTED))
        assert kept is not None
        await store.runs.put_step(replace(kept, state=StepState.FAILED))
        await store.runs.add_step(step_of(name, "later"))
        await store.runs.add_step(step_of(name, "not", state=StepState.SKIPPED))
    found = await store.runs.begun(INCIDENT)
    assert [(step.key.run, step.key.step, step.state) for step in found] == [
        ("R-1", "restart", StepState.FAILED),
        ("R-2", "restart", StepState.FAILED),
    ]


# --- the claim -------------------------------------------------------------------------------------------------------


async def test_step_approval_and_audit_are_written_together(store: Store) -> None:
    await approved(store)
    kept = await store.runs.put_step(STARTED, [note("a"), note("b")], uses_up=("A-1", started()))
    assert kept == replace(STARTED, version=2)
    assert started() in await store.approvals.events("A-1")
    assert await store.approvals.open_requests() == ()
    assert await audited(store) == [(1, "a"), (2, "b")]


async def test_an_approval_is_good_for_one_execution(store: Store) -> None:
    await approved(store)
    assert await store.runs.add_step(step_of(step="twin"))
    assert await store.runs.put_step(STARTED, uses_up=("A-1", started("one")))
    twin = replace(STARTED, key=StepKey(run="R-1", step="twin"))
    assert await store.runs.put_step(twin, [note()], uses_up=("A-1", started("two"))) is None
    kept = await store.runs.step(twin.key)
    assert kept is not None
    assert kept.state is StepState.PLANNED
    assert not await store.approvals.record("A-1", started("three"))
    assert await audited(store) == []


async def test_an_approval_is_not_used_up_where_somebody_else_had_the_step(store: Store) -> None:
    await approved(store)
    assert await store.runs.put_step(step_of(state=StepState.WAITING))
    assert await store.runs.put_step(STARTED, [note()], uses_up=("A-1", started())) is None
    assert started() not in await store.approvals.events("A-1")
    assert [found.id for found in await store.approvals.open_requests()] == ["A-1"]
    assert await audited(store) == []


def histories(asked: Request) -> dict[str, tuple[Event, ...]]:
    """What happened before the claim."""
    told: tuple[Event, ...] = (posted(asked), reviewed(asked, ANA), reviewed(asked, BEN))
    return {
        "nothing": told,
        "taken back": (*told, ApprovalWithdrawn(id="w", at=NOON + 1.5 * MINUTE, person="U2")),
        "denied": (*told, reviewed(asked, ANA, Decision.DENY)),
        "withdrawn": (*told, RequestWithdrawn(id="r", at=NOON + 1.5 * MINUTE, person="U9")),
        "one is missing": told[:2],
        "not posted": told[1:],
        "too late": told,
        "of another record": (posted(asked), *(reviewed(request(needed=2), person) for person in (ANA, BEN))),
    }


async def test_what_ended_the_approval_before_the_claim_counts(store: Store) -> None:
    """Also what came between the last look at it and the claim."""
    claimed = set()
    await store.runs.open(run_of())
    for how in histories(request()):
        asked = request(how, needed=2)
        await store.runs.add_step(step_of(step=how))
        await store.approvals.open(asked)
        for event in histories(asked)[how]:
            assert await store.approvals.record(how, event)
        claim = started(minutes=15 if how == "too late" else 2)
        begun = replace(STARTED, key=StepKey(run="R-1", step=how))
        if await store.runs.put_step(begun, [note(how)], uses_up=(how, claim)):
            claimed.add(how)
    assert claimed == {"nothing"}
    states = {step.key.step: step.state for step in await store.runs.steps("R-1")}
    assert {how for how, state in states.items() if state is not StepState.PLANNED} == {"nothing"}
    assert await audited(store) == [(1, "nothing")]


async def test_nothing_is_written_where_the_audit_log_cannot_be(store: Store, database_url: str) -> None:
    await approved(store)
    run(database_url, "ALTER TABLE audit_entries RENAME TO gone")
    with pytest.raises(NotStored):
        await store.runs.put_step(STARTED, [note()], uses_up=("A-1", started()))
    with pytest.raises(NotStored):
        await store.runs.open(run_of("R-2"), [note()])
    with pytest.raises(NotStored):
        await store.approvals.record("A-1", started(), [note()])
    run(database_url, "ALTER TABLE gone RENAME TO audit_entries")
    with pytest.raises(NotStored, match="an audit entry of started cannot be written"):
        await store.runs.put_step(STARTED, [note(details={"share": float("nan")})], uses_up=("A-1", started()))
    kept = await store.runs.step(STARTED.key)
    assert kept == step_of()
    assert started() not in await store.approvals.events("A-1")
    assert await store.runs.get("R-2") is None
    assert await store.runs.put_step(STARTED, [note()], uses_up=("A-1", started())), "and goes on where it can be"


# --- many at once ----------------------------------------------------------------------------------------------------


async def test_of_many_that_claim_one_approval_at_once_one_has_it(store: Store, neighbour: Store) -> None:
    await approved(store)
    tries = [
        (store, neighbour)[number % 2].runs.put_step(
            replace(STARTED, holder=f"h{number}"), [note(f"h{number}")], uses_up=("A-1", started(f"s{number}"))
        )
        for number in range(40)
    ]
    won = [kept for kept in await asyncio.gather(*tries) if kept is not None]
    assert len(won) == 1
    assert await store.runs.step(STARTED.key) == won[0]
    assert await audited(store) == [(1, won[0].holder)]
    claims = [event for event in await store.approvals.events("A-1") if event.id.startswith("s")]
    assert len(claims) == 1


async def test_two_processes_that_write_at_once_keep_one_chain(store: Store, neighbour: Store) -> None:
    await store.runs.open(run_of())

    async def write(one: Store, name: str) -> None:
        await one.runs.add_step(step_of(step=name), [note(name), note(name)])
        await one.audit.append([note(name)])

    await asyncio.gather(*(write((store, neighbour)[number % 2], f"step-{number}") for number in range(40)))
    found = await audited(store)
    assert [sequence for sequence, _ in found] == list(range(1, 121))
    assert len(await store.runs.steps("R-1")) == 40


async def test_a_run_counted_up_by_two_processes_loses_no_count(store: Store, neighbour: Store) -> None:
    await store.runs.open(replace(run_of(), parameters={"count": 0}))

    async def count(one: Store) -> None:
        while True:
            found = await one.runs.get("R-1")
            assert found is not None
            counted = found.parameters["count"]
            assert isinstance(counted, int)
            if await one.runs.put(replace(found, parameters={"count": counted + 1})):
                return

    await asyncio.gather(*(count((store, neighbour)[number % 2]) for number in range(20)))
    found = await store.runs.get("R-1")
    assert found is not None
    assert (found.parameters, found.version) == ({"count": 20}, 21)


# --- forgetting ------------------------------------------------------------------------------------------------------


async def test_forgetting_an_incident_leaves_its_entries_alone(store: Store, database_url: str) -> None:
    notes: list[AuditNote] = [note("kept")]
    await approved(store)
    await store.runs.put_step(replace(STARTED, output="s3 output"), notes, uses_up=("A-1", started()))
    await store.runs.open(run_of("R-2", incident="INC-2026-0001"))
    await store.runs.add_step(step_of("R-2"))
    await store.approvals.open(request("A-2", incident="INC-2026-0001"))
    forgotten = await store.forget(INCIDENT)
    assert forgotten.history == 6, "a run, a step, a request and three events"
    assert await store.runs.of_incident(INCIDENT) == ()
    assert await store.runs.steps("R-1") == ()
    assert await store.approvals.get("A-1") is None
    assert await store.approvals.events("A-1") == ()
    assert len(await store.runs.steps("R-2")) == 1
    assert await store.approvals.get("A-2") is not None
    assert await audited(store) == [(1, "kept")]
    for table in ("runs", "run_steps", "approval_requests", "approval_events"):
        assert "s3 output" not in str(run(database_url, f"SELECT * FROM {table}"))


# --- the timeline, and what people see -------------------------------------------------------------------------------


def line(key: str, incident: str) -> Line:
    return Line(key=key, event=TimelineEvent(incident_id=incident, at=NOON, kind="action", text=key))


async def test_lines_are_kept_with_what_they_tell_of_or_not_at_all(store: Store) -> None:
    opened = await store.desk.transact(
        lambda transaction: transaction.open_incident(make_alert(), GroupingReason.NEW_CONDITION, NOON)
    )
    here = opened.id
    assert await store.runs.open(run_of())
    assert await store.runs.add_step(step_of(), (), [line("added", here), line("of nobody", "INC-2026-9999")])
    assert not await store.runs.add_step(step_of(), (), [line("added again", here)])
    refused = replace(step_of(), state=StepState.REFUSED)
    assert await store.runs.put_step(replace(refused, version=9), (), [line("overtaken", here)]) is None
    assert await store.runs.put_step(refused, (), [line("refused", here), line("added", here)]) is not None
    asked = request()
    assert await store.approvals.open(asked, (), [line("asked", here)])
    assert await store.approvals.record("A-1", posted(asked), (), [line("posted", here)])
    assert not await store.approvals.record("A-1", posted(asked), (), [line("posted twice", here)])
    assert await store.runs.put(replace(run_of(), state=RunState.FAILED), (), [line("over", here)]) is not None
    told = [event.text for event in await store.timeline.of(here) if event.kind == "action"]
    assert told == ["added", "refused", "asked", "posted", "over"]


async def test_a_run_that_is_over_and_does_not_show_it_is_looked_at_again_and_stays_over(store: Store) -> None:
    await store.runs.open(run_of())
    behind = await store.runs.put(replace(run_of(), state=RunState.FAILED, is_shown=False))
    assert behind is not None
    assert await store.runs.unfinished() == (behind,)
    assert await store.runs.put(replace(behind, state=RunState.RUNNING)) is None
    assert await store.runs.put(replace(behind, is_shown=True)) is not None
    assert not await store.runs.unfinished()
