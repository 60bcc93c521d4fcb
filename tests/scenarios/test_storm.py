"""Many alerts, few places: the bot as it is run, alerts in by signed webhooks, what people see and do in Slack."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.life import presses
from sandbox.transcript import lines
from sandbox.until import until
from sandbox.world import World, people_on_call, world
from tests.scenarios.conftest import Start
from tests.scenarios.hour import SOON, Hour, moves_to
from tests.scenarios.storming import CRITICAL, Monitor, Said, announced, card_of, catalog, many

GRACE = 4  # seconds
ALERTS, MOST_PLACES = 300, 6


async def shown(world: World, words: str) -> Mapping[str, Any]:
    await until(lambda: card_of(world, words), within=SOON)
    card = card_of(world, words)
    assert card is not None, f"no card says {words!r}:\n" + "\n".join(
        line for one in world.cards() for line in lines(one)
    )
    return card


async def waits_and_passes(monitor: Monitor) -> None:
    """What recovers within the grace time and what comes within a maintenance have no card; the others have."""
    passing = Said(name="Hiccup", service="mail")
    await monitor.says(passing)
    await monitor.says(Said(name=passing.name, service=passing.service, since=passing.since, is_over=True))
    await monitor.says(Said(name="DiskFull", service="printer"))
    await monitor.says(Said(name="Lasts", service="images"))
    await monitor.says(Said(name="Dead", service="search", severity=CRITICAL))
    await shown(monitor.world, "Dead")
    assert card_of(monitor.world, "Lasts") is None, "it has not lasted yet"
    await shown(monitor.world, "Lasts")
    assert card_of(monitor.world, "Hiccup") is None
    assert card_of(monitor.world, "DiskFull") is None


async def is_grouped_by_the_graph_and_taken_apart(monitor: Monitor, hour: Hour) -> None:
    sandbox = monitor.world
    await monitor.says(Said(name="Down", service="payments", severity=CRITICAL))
    await shown(sandbox, "Down of payments")
    await monitor.says(Said(name="Slow", service="cart"))
    card = await shown(sandbox, "depends on payments, burning since")
    await moves_to(hour, card)
    told = await hour.commands(hour.leads, "alerts")
    assert any("depends on payments, burning since" in line for line in told), told
    assert (await hour.presses(hour.leads, presses.NOT_RELATED, value=" cart")).ok
    own = await shown(sandbox, "SEV3 Slow of cart")
    assert own["ts"] != card["ts"]


async def rages(monitor: Monitor, hour: Hour) -> None:
    """At most six more cards; what is critical stands in its own. A service is taken out of the storm."""
    sandbox = monitor.world
    before = len(sandbox.cards())
    alerts = list(many(ALERTS))
    alerts.insert(ALERTS // 2, Said(name="DataLoss", service="images", severity=CRITICAL))
    await monitor.rages(alerts)
    assert "SEV1" in "\n".join(lines(await shown(sandbox, "DataLoss")))
    storm = await shown(sandbox, "By service")
    assert any(line.endswith("UTC") and "Storm: " in line for line in lines(storm))
    opened = len(sandbox.cards()) - before
    assert opened <= MOST_PLACES
    await moves_to(hour, storm)
    told = await hour.asks(hour.leads, "split mail")
    assert any("alerts are INC-" in line for line in told), told
    assert await until(lambda: len(sandbox.cards()) - before == opened + 1, within=SOON)


@pytest.mark.slow
async def test_few_places_for_many_alerts_and_none_for_what_passes(start_bot: Start, tmp_path: Path) -> None:
    services, now = str(catalog(tmp_path)), datetime.now(UTC)
    work = str(announced(tmp_path, "printer", now - timedelta(hours=1), now + timedelta(hours=1)))
    async with world("bad-deployment") as sandbox:
        settings = {"SERVICES_FILE": services, "MAINTENANCE_FILE": work}
        async with start_bot(sandbox, **settings, GRACE_SECONDS=str(GRACE)) as bot:
            await waits_and_passes(Monitor(world=sandbox, bot=bot))
        announced(tmp_path, "printer", now - timedelta(hours=1), datetime.now(UTC))  # it is over
        async with start_bot(sandbox, **settings) as bot:
            monitor = Monitor(world=sandbox, bot=bot)
            await shown(sandbox, "DiskFull")
            first, second = people_on_call(sandbox.scenario)[:2]
            hour = Hour(world=sandbox, bot=bot, leads=first, takes_over=second, writes=second)
            await is_grouped_by_the_graph_and_taken_apart(monitor, hour)
            await rages(monitor, hour)
