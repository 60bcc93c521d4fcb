"""A monitor tells of the bot itself, again and again: that is one incident, and it does not grow by it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.errors import NotStored
from bot.domain.ports import TriageDesk, TriageTransaction
from bot.domain.self_alert import MOST, WINDOW
from bot.flows.triage import Triage
from bot.testing import FrozenClock, make_alert
from memory.store import Store
from tests.memory.store.samples import NOON, delivery

ALERTS = 300
SECOND = timedelta(seconds=1)
T = TypeVar("T")


@dataclass
class FailsAtTheEnd:
    """Nothing of the first transaction is kept, as where the disk is full at its commit."""

    desk: TriageDesk
    left: int = 1

    async def transact(self, work: Callable[[TriageTransaction], T]) -> T:
        def failing(transaction: TriageTransaction) -> T:
            done = work(transaction)
            if self.left > 0:
                self.left -= 1
                raise NotStored("the disk is full")
            return done

        return await self.desk.transact(failing)


def own(number: int) -> Alert:
    at = NOON + number * SECOND
    return make_alert(fingerprint=f"slow-{number}", service="first-responder", severity=Severity.SEV2, started_at=at)


async def drained(triage: Triage) -> None:
    _ = [changed async for changed in triage.drain()]


async def test_alerts_about_the_bot_itself_are_one_incident(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    clock = FrozenClock(NOON)
    triage = Triage(store.desk, clock=clock)
    with caplog.at_level(logging.WARNING, "bot.flows.triage"):
        for number in range(ALERTS):
            clock.go_on(SECOND)
            await store.inbox.accept(delivery(f"k{number}", own(number), received_at=clock.now()))
            if number % 7 == 0:
                await drained(triage)
        await drained(triage)
    opened = await store.incidents.list_open()
    waiting = await store.desk.transact(lambda transaction: list(transaction.pending(10)))
    clock.go_on(WINDOW)
    await store.inbox.accept(delivery("later", own(ALERTS), received_at=clock.now()))
    await store.inbox.accept(delivery("other", make_alert(service="checkout"), received_at=clock.now()))
    await drained(triage)
    later = await store.incidents.list_open()
    await store.close()
    assert [(incident.service, incident.alert_count) for incident in opened] == [("first-responder", MOST)]
    assert waiting == [], "what is dropped is dealt with"
    assert sum("about the bot itself" in record.message for record in caplog.records) == 1
    assert {one.service: one.alert_count for one in later} == {"first-responder": MOST + 1, "checkout": 1}


async def test_what_was_heard_in_a_transaction_that_failed_does_not_count(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    triage = Triage(FailsAtTheEnd(store.desk), clock=FrozenClock(NOON))
    for number in range(MOST):
        await store.inbox.accept(delivery(f"k{number}", own(number), received_at=NOON))
    with pytest.raises(NotStored):
        await drained(triage)
    await drained(triage)
    (one,) = await store.incidents.list_open()
    await store.close()
    assert one.alert_count == MOST


async def test_a_recovery_of_what_is_about_the_bot_always_counts(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    triage = Triage(store.desk, clock=FrozenClock(NOON))
    for number in range(MOST + 5):
        await store.inbox.accept(delivery(f"k{number}", own(number), received_at=NOON))
    for number in range(MOST + 5):
        over = replace(own(number), status=AlertStatus.RESOLVED, ended_at=NOON)
        await store.inbox.accept(delivery(f"o{number}", over, received_at=NOON))
    await drained(triage)
    left = await store.incidents.list_open()
    await store.close()
    assert not left
