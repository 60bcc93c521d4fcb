"""How often this happened lately, and what people noted about the service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.alert import Alert
from bot.domain.context import ContextRequest
from bot.domain.evidence import NoteFact, RecurrenceFact
from bot.domain.incident import GroupingReason
from bot.domain.remembered import Lesson, Note
from bot.testing import make_alert
from memory.earlier import EarlierSource
from memory.mirror import Mirror
from memory.store import Store

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    await opened.close()


def fired(days_ago: float, name: str = "HighErrorRatio", service: str = "orders") -> Alert:
    alert = make_alert(
        fingerprint=f"{name}{days_ago}", service=service, started_at=NOW - timedelta(days=days_ago), title=name
    )
    return replace(alert, labels={"alertname": name})


async def opened(store: Store, alert: Alert) -> str:
    incident = await store.desk.transact(
        lambda desk: desk.open_incident(alert, GroupingReason.NEW_CONDITION, alert.started_at)
    )
    return incident.id


async def asked(store: Store, alert: Alert) -> ContextRequest:
    name = await opened(store, alert)
    return ContextRequest(incident_id=name, alerts=(alert,), onset=alert.started_at, now=NOW, service=None)


def source(store: Store) -> EarlierSource:
    return EarlierSource(store, Mirror(store))


async def test_the_same_alert_of_the_same_service_counts_within_thirty_days(store: Store) -> None:
    await opened(store, fired(40))
    older = await opened(store, fired(20))
    newer = await opened(store, fired(3))
    await opened(store, fired(2, name="DiskFull"))
    await opened(store, fired(1, service="search"))
    answer = await source(store).look(await asked(store, fired(0)))
    (item,) = answer.evidence
    fact = item.fact
    assert isinstance(fact, RecurrenceFact)
    assert (fact.count, fact.incidents) == (3, (newer, older))
    assert (
        item.text
        == f"HighErrorRatio of orders for the third time in 30 days; the last was {newer} on 28 Mar at 12:00 UTC"
    )


async def test_the_first_time_is_no_recurrence(store: Store) -> None:
    answer = await source(store).look(await asked(store, fired(0)))
    assert answer.evidence == ()
    assert answer.checked == "incidents of orders in the last 30 days, and notes"


async def test_notes_and_accepted_lessons_of_the_service_are_told(store: Store) -> None:
    await store.notes.add(Note(id=0, service="orders", text="Never on Fridays", author="Ana", at=NOW))
    await store.notes.add(Note(id=0, service="search", text="Not this", author="Ana", at=NOW))
    await store.lessons.save([Lesson(id="L1", text="Test with four", service="orders", at=NOW, author="Bo")])
    answer = await source(store).look(await asked(store, fired(0)))
    facts = [item.fact for item in answer.evidence]
    assert all(isinstance(fact, NoteFact) for fact in facts)
    assert [item.text for item in answer.evidence] == [
        "Noted about orders: Never on Fridays",
        "Noted about orders: Test with four",
    ]


async def test_without_a_service_there_is_nothing_to_ask(store: Store) -> None:
    alert = make_alert(service=None)
    request = ContextRequest(incident_id="INC-1", alerts=(alert,), onset=NOW, now=NOW, service=None)
    assert (await source(store).look(request)).skipped == "the alert names no service"
