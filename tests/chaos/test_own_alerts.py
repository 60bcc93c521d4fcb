"""A monitor tells of the bot itself, again and again: that is one incident."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bot.domain.alert import Severity
from bot.flows.triage import Triage
from bot.testing import FrozenClock, make_alert
from memory.store import Store
from tests.memory.store.samples import NOON, delivery

ALERTS = 300


async def test_alerts_about_the_bot_itself_are_one_incident(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    triage = Triage(store.desk, clock=FrozenClock(NOON + timedelta(hours=1)))
    for number in range(ALERTS):
        at = NOON + timedelta(seconds=number)
        alert = make_alert(
            fingerprint=f"slow-{number}", service="first-responder", severity=Severity.SEV2, started_at=at
        )
        await store.inbox.accept(delivery(f"k{number}", alert, received_at=at))
        if number % 7 == 0:
            _ = [changed async for changed in triage.drain()]
    _ = [changed async for changed in triage.drain()]
    opened = await store.incidents.list_open()
    await store.close()
    assert [incident.service for incident in opened] == ["first-responder"]
