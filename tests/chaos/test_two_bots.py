"""Two of the whole program on one PostgreSQL and one Slack: one is killed, the other ends what it began."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.serve import serving
from sandbox.slack.app import create_app
from sandbox.slack.workspace import Workspace
from tests.chaos.replica_farm import database
from tests.chaos.rounds import rounds
from tests.scene import until
from tests.test_app import PEOPLE, briefings, fire, started

KILLS = rounds(1)
ALERTS = 3  # for each bot in each round
ENDED_WITHIN = 120.0  # seconds from the kill to the last briefing, on a busy machine


@pytest.mark.slow
async def test_of_two_bots_one_is_killed_and_every_incident_has_one_channel_and_one_briefing(
    postgresql: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    workspace = Workspace(PEOPLE, bot_name="first-responder")
    workspace.faults.latency = 0.05
    took: list[float] = []
    names: list[str] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with database(postgresql) as url:
        async with (
            serving(create_app(workspace)) as slack,
            started(tmp_path / "two", slack, workspace, DATABASE_URL=url, EXECUTOR_ID="two") as living,
        ):
            await living.until_ready()
            for number in range(KILLS):
                async with started(tmp_path / "one", slack, workspace, DATABASE_URL=url, EXECUTOR_ID="one") as dying:
                    await dying.until_ready()
                    for alert in range(ALERTS):
                        for bot in (dying, living):
                            names.append(f"service-{number}-{alert}-{'one' if bot is dying else 'two'}")
                            assert await fire(bot, names[-1]) == 202
                    await asyncio.sleep(0.3)
                    await dying.kill()
                    began = time.monotonic()
                await until(lambda: len(briefings(workspace)) >= len(names))
                took.append(round(time.monotonic() - began, 1))
            log = living.log.read_text()
    channels = Counter(one.name for one in workspace.channels.values() if one.name.startswith("inc-"))
    report = {
        "kills": KILLS,
        "alerts": len(names),
        "briefings": len(briefings(workspace)),
        "channels": len(channels),
        "seconds": took,
    }
    record_property("report", report)
    print(report)
    assert len(briefings(workspace)) == len(names), report
    assert len(channels) == len(names), report
    assert max(took) < ENDED_WITHIN, report
    assert "its work is taken over" in log
