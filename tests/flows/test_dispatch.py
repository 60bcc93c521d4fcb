"""What is stored gets done: once, in time, and again after a failure or a restart."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.errors import NotStored
from bot.flows import dispatch as module
from bot.testing import make_alert
from tests.scene import PATIENCE, Scene, until


class Starts:
    """Notes what is begun."""

    def __init__(self) -> None:
        self.responses: list[str] = []
        self.refreshes: list[tuple[str, int]] = []

    async def respond(self, incident_id: str) -> None:
        self.responses.append(incident_id)

    async def refresh(self, incident_id: str, revision: int) -> None:
        self.refreshes.append((incident_id, revision))


async def test_a_new_incident_is_responded_to_once(stage: Scene) -> None:
    starts = Starts()
    dispatch = stage.dispatch(starts)
    await stage.deliver("k1", make_alert())
    for _ in range(3):
        await dispatch.run_once()
    assert len(starts.responses) == 1
    assert starts.refreshes == []


async def test_an_incident_that_is_still_not_briefed_after_a_while_is_begun_again(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_AFTER", 0.0)
    starts = Starts()
    dispatch = stage.dispatch(starts)
    await stage.deliver("k1", make_alert())
    await dispatch.run_once()
    begun = len(starts.responses)
    await dispatch.run_once()
    assert len(starts.responses) > begun


async def test_a_changed_incident_is_refreshed_and_the_next_time_only_after_a_pause(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REFRESH_SPACING", PATIENCE)
    starts = Starts()
    dispatch = stage.dispatch(starts)
    incident_id = await stage.incident()
    await stage.briefed(incident_id)
    await stage.deliver("k2", make_alert(fingerprint="f2"))
    await dispatch.run_once()
    assert starts.refreshes == [(incident_id, 2)]
    await stage.store.agenda.shown(incident_id, 2)
    await stage.deliver("k3", make_alert(fingerprint="f3"))
    wait = await dispatch.run_once()
    assert len(starts.refreshes) == 1
    assert 0 < wait <= PATIENCE
    loop = asyncio.get_running_loop()
    now = loop.time()
    monkeypatch.setattr(loop, "time", lambda: now + PATIENCE)
    await dispatch.run_once()
    assert starts.refreshes[1:] == [(incident_id, 3)]


async def test_an_incident_without_its_first_briefing_is_not_refreshed(stage: Scene) -> None:
    starts = Starts()
    dispatch = stage.dispatch(starts)
    await stage.deliver("k1", make_alert())
    await stage.deliver("k2", make_alert(fingerprint="f2"))
    await dispatch.run_once()
    assert starts.refreshes == []


async def test_after_a_restart_work_that_was_not_finished_begins_again(stage: Scene) -> None:
    before, after = Starts(), Starts()
    await stage.deliver("k1", make_alert())
    await stage.dispatch(before).run_once()
    await stage.dispatch(after).run_once()
    assert after.responses == before.responses != []


async def test_after_a_restart_a_card_that_shows_an_old_revision_is_refreshed(stage: Scene) -> None:
    incident_id = await stage.incident()
    await stage.briefed(incident_id)
    await stage.join(incident_id, make_alert(fingerprint="f2"))
    starts = Starts()
    await stage.dispatch(starts).run_once()
    assert (starts.responses, starts.refreshes) == ([], [(incident_id, 2)])


async def test_it_wakes_for_what_is_stored_and_stops_when_cancelled(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IDLE", 10 * PATIENCE)
    starts = Starts()
    dispatch = stage.dispatch(starts)
    running = asyncio.create_task(dispatch.run())
    await stage.deliver("k1", make_alert())
    dispatch.wake()
    await until(lambda: starts.responses)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_store_that_refuses_is_asked_again(
    stage: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "AFTER_FAILURE", 0.01)
    starts = Starts()
    dispatch = stage.dispatch(starts)
    transact = stage.store.desk.transact
    left = [2]

    async def failing(work: Callable[[Any], Any]) -> Any:
        if left[0]:
            left[0] -= 1
            raise NotStored("the disk is full")
        return await transact(work)

    monkeypatch.setattr(stage.store.desk, "transact", failing)
    await stage.deliver("k1", make_alert())
    with caplog.at_level(logging.WARNING):
        running = asyncio.create_task(dispatch.run())
        await until(lambda: starts.responses)
    running.cancel()
    assert "the disk is full" in caplog.text


async def test_in_a_flood_triage_is_short_and_rests_and_every_incident_is_responded_to(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(module, "FLOOD_BATCH", 1)
    rests: list[float] = []
    sleep = asyncio.sleep

    async def resting(seconds: float) -> None:
        rests.append(seconds)
        await sleep(0)

    starts = Starts()
    dispatch = stage.dispatch(starts)
    begun_before: list[int] = []
    unbriefed = stage.store.agenda.unbriefed

    async def looking() -> Any:
        for _ in range(1_000):
            dispatch.wake()
        begun_before.append(len(starts.responses))
        return await unbriefed()

    monkeypatch.setattr(stage.store.agenda, "unbriefed", looking)
    for number in range(6):
        await stage.deliver(f"k{number}", make_alert(fingerprint=f"f{number}", service=f"service-{number}"))
    monkeypatch.setattr(asyncio, "sleep", resting)
    await dispatch.run_once()
    assert len(starts.responses) == 6
    assert begun_before[:5] == [0, 2, 3, 4, 5]  # a usual transaction, and then those of a flood
    assert rests
    assert all(0 < rest <= module.LONGEST_REST for rest in rests)


async def test_without_a_flood_it_does_not_rest(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_REST", 100.0)
    monkeypatch.setattr(module, "REST", 1e6)  # resting here would be noticed
    starts = Starts()
    for number in range(3):
        await stage.deliver(f"k{number}", make_alert(fingerprint=f"f{number}", service=f"service-{number}"))
    async with asyncio.timeout(60):
        await stage.dispatch(starts).run_once()
    assert len(starts.responses) == 3
