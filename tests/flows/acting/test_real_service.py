"""A service that is really ill is really restarted: once, after an approval, and it is seen that it helped."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.domain.approval import Decision
from bot.domain.run import Run, RunState, StepState
from bot.domain.runbook import ActionUse, Check, Output, Rollback, RunbookStep, Verify
from memory.store import Store
from tests.flows.acting.world import ANA, BEN, World, holds, runbook
from tests.integrations.actions.bench import lent, offered


@dataclass(frozen=True, kw_only=True)
class Patient:
    url: str

    async def ask(self, path: str, method: str = "GET") -> object:
        async with aiohttp.ClientSession() as session, session.request(method, f"{self.url}{path}") as answer:
            return await answer.json()

    async def pids(self) -> list[int]:
        found = await self.ask("/pids")
        assert isinstance(found, list)
        return found


@pytest.fixture
async def patient() -> AsyncIterator[Patient]:
    service = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.flows.acting.patient", stdout=PIPE, cwd=Path(__file__).parents[3]
    )
    assert service.stdout is not None
    async with asyncio.timeout(60):
        port = int(await service.stdout.readline())
    try:
        yield Patient(url=f"http://127.0.0.1:{port}")
    finally:
        service.terminate()
        await service.wait()


def steps(url: str, restart: str = "/restart") -> tuple[RunbookStep, ...]:
    status = Output(values=("status",))
    health = ActionUse(action="http.get", parameters={"url": f"{url}/health"})
    restarting = ActionUse(action="http.request", parameters={"url": f"{url}{restart}", "method": "POST"})
    return (
        RunbookStep(id="look", title="How it is", use=health, continue_on_failure=True),
        RunbookStep(
            id="restart",
            title="Restart it",
            use=restarting,
            precheck=Check(use=health, output=status, holds=holds("result.status == 500"), says="It is ill"),
            verify=Verify(
                check=Check(use=health, output=status, holds=holds("result.status == 200"), says="It is well"),
                within=5,
                every=0.2,
            ),
            rollback=Rollback(use=restarting),
            timeout=10,
        ),
    )


@asynccontextmanager
async def at_work(folder: Path, patient: Patient, restart: str = "/restart") -> AsyncIterator[World]:
    store = await Store.open(f"sqlite:///{folder / 'kept.db'}")
    host = patient.url.removeprefix("http://")
    with lent() as tools:
        actions = offered("http_action", tools, HTTP_ACTION_HOSTS=f"{host}=private")
        world = World(runbook(*steps(patient.url, restart)), store=store, actions=actions)
        try:
            yield world
        finally:
            await store.close()


async def begun(world: World) -> Run:
    run = (await world.order()).run
    assert run is not None
    await world.go_on(run.id)
    return run


async def ended(world: World, run: Run) -> Run:
    """Gone on with, the clock moved on where it waits."""
    for _ in range(40):
        pause = await world.go_on(run.id)
        if pause.is_over or pause.for_people:
            break
        if pause.until is not None:
            world.clock.go_on(max(pause.until - world.clock.now(), timedelta(0)))
    kept = await world.outside.runs.get(run.id)
    assert kept is not None
    return kept


async def approved(world: World) -> None:
    """By two: what a request to somebody's service does cannot be undone by it."""
    for person in (ANA, BEN):
        verdict = await world.say(person)
        assert verdict is not None
        assert verdict.is_counted, verdict.sentence


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_it_is_restarted_once_after_the_approval_and_is_well(tmp_path: Path, patient: Patient) -> None:
    await patient.ask("/ill", "POST")
    (first,) = await patient.pids()
    async with at_work(tmp_path, patient) as world:
        run = await begun(world)
        assert await patient.pids() == [first], "nothing is done before the approval"
        world.crash()  # the approval comes to another process than the one that asked
        await approved(world)
        over = await ended(world, run)
        assert (over.state, over.why) == (RunState.SUCCEEDED, "All steps are done.")
        assert not is_alive(first)
        assert len(await patient.pids()) == 2
        assert await patient.ask("/health") == {"worker": "well"}
        await world.engine.advance(run.id)
        assert len(await patient.pids()) == 2


async def test_denied_it_stays_as_it_is(tmp_path: Path, patient: Patient) -> None:
    await patient.ask("/ill", "POST")
    async with at_work(tmp_path, patient) as world:
        run = await begun(world)
        await world.say(ANA, Decision.DENY)
        assert (await ended(world, run)).state is RunState.REFUSED
        assert len(await patient.pids()) == 1


async def test_what_recovered_by_itself_before_the_approval_is_left_alone(tmp_path: Path, patient: Patient) -> None:
    await patient.ask("/ill", "POST")
    async with at_work(tmp_path, patient) as world:
        run = await begun(world)
        await patient.ask("/restart", "POST")  # somebody was faster
        await approved(world)
        over = await ended(world, run)
        assert over.state is RunState.REFUSED
        assert "It does not hold: It is ill" in over.why
        assert len(await patient.pids()) == 2


async def test_a_restart_that_does_not_help_is_told_and_undoing_is_offered(tmp_path: Path, patient: Patient) -> None:
    await patient.ask("/ill", "POST")
    async with at_work(tmp_path, patient, restart="/ill") as world:
        run = await begun(world)
        await approved(world)
        over = await ended(world, run)
        found = [step for step in await world.outside.runs.steps(run.id) if step.key.step == "restart"]
        assert StepState.VERIFY_FAILED in [step.state for step in found]
        assert over.state is RunState.WAITING
        ((_, sentence),) = world.board.asked.items()
        assert "did not help within 5 s" in sentence
