"""How incidents go, as metrics: filled from the store, shown at the front door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.alert import Severity
from bot.domain.incident import IncidentStatus
from bot.domain.life import Watch, WatchState
from bot.incident_metrics import IncidentMetrics, Metering
from bot.testing import NOON, FrozenClock
from tests.domain.test_measures import OPENED, incident, minutes
from tests.flows.life.test_measuring import steer, week_of
from tests.front_door import front_door
from tests.scene import Scene, scene


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path, clock=FrozenClock()) as built:
        yield built


async def page_of(metrics: IncidentMetrics) -> list[str]:
    async with front_door(registries=(metrics.registry,)) as door:
        return (await door.send("GET", "/metrics")).text.splitlines()


async def test_they_are_filled_from_the_store_and_count_each_thing_once(stage: Scene) -> None:
    done = await week_of(stage)
    await stage.incident(fingerprint="other", severity=Severity.SEV2)
    secret = await week_of(stage, title="Breach")
    await steer(stage, secret, is_private=True)
    metrics = IncidentMetrics()
    metering = Metering(metrics=metrics, measured=stage.store.measured, incidents=stage.store.incidents)
    for _ in range(2):
        stage.clock.go_on(timedelta(minutes=2))
        await metering.tick(stage.clock.now())
        await metering.follow(await stage.get(done))
    told = await page_of(metrics)
    for line in (
        'incident_duration_seconds_count{measure="mitigate",severity="SEV1"} 1.0',
        'incident_duration_seconds_sum{measure="mitigate",severity="SEV1"} 900.0',
        'incident_outcomes_total{outcome="resolved",severity="SEV1"} 1.0',
        'incidents_opened_total{severity="SEV1"} 1.0',
        'incidents_opened_total{severity="SEV2"} 1.0',
        'incidents_open{severity="SEV1"} 0.0',
        'incidents_open{severity="SEV2"} 1.0',
    ):
        assert line in told, f"{line} is missing in {told}"


async def test_endings_and_watches_are_counted_by_kind() -> None:
    metrics = IncidentMetrics()
    metrics.observe(incident(1, status=IncidentStatus.CANCELLED, acknowledged=OPENED + minutes(1)))
    metrics.observe(incident(2, status=IncidentStatus.CANCELLED, merged_into="INC-2026-0001", resolved=OPENED))
    metrics.observe(incident(3, is_private=True, resolved=OPENED))
    opened = incident(4, status=IncidentStatus.INVESTIGATING)
    metrics.observe(opened)
    metrics.observe(replace(opened, status=IncidentStatus.RESOLVED, resolved_at=OPENED + minutes(9)))
    metrics.watched(Watch(id="w", incident="", since=NOON, until=NOON, next_at=None, state=WatchState.HELD))
    told = [line for line in await page_of(metrics) if not line.startswith("#")]
    counted = {line for line in told if line.startswith(("incident_outcomes_total", "incidents_opened_total"))}
    assert counted == {
        'incident_outcomes_total{outcome="cancelled",severity="SEV2"} 1.0',
        'incident_outcomes_total{outcome="merged",severity="SEV2"} 1.0',
        'incident_outcomes_total{outcome="resolved",severity="SEV2"} 1.0',
        'incidents_opened_total{severity="SEV2"} 2.0',
    }
    assert 'incident_duration_seconds_count{measure="resolve",severity="SEV2"} 1.0' in told
    assert 'incident_recoveries_total{state="held"} 1.0' in told
