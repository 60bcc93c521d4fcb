"""An older store with an incident in it is upgraded and used on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from alembic import command
from sqlalchemy import create_engine, inspect

from bot.domain.alert import Severity
from bot.domain.incident import Incident, IncidentStatus
from memory.migrations.upgrading import config
from memory.store import Store
from memory.store.codec import encode
from memory.store.columns import Instant
from tests.memory.store.life_samples import kept
from tests.memory.store.samples import MINUTE, NOON, alert, run

OPEN, OVER = "INC-2026-0001", "INC-2026-0002"


def micros(minutes: int) -> int:
    at = Instant().process_bind_param(NOON + timedelta(minutes=minutes), None)  # type: ignore[arg-type]
    assert at is not None
    return at


def before_the_life(database_url: str) -> None:
    """As the version before made it: two incidents with an alert each."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.upgrade(config(connection), "0004")
    with engine.begin() as connection:
        tables = inspect(connection).get_table_names()
        assert "runs" in tables
        assert "follow_ups" not in tables
    engine.dispose()
    body = encode(alert()).replace("'", "''").replace(":", r"\:")
    for number, (name, status, resolved) in enumerate([(OPEN, "monitoring", "NULL"), (OVER, "resolved", micros(9))]):
        run(
            database_url,
            "INSERT INTO incidents (id, number, title, severity, status, service, started_at, opened_at, briefed_at, "
            "resolved_at, revision, shown_revision, alert_count, firing_count) VALUES "
            f"('{name}', {number + 1}, 'Disk is full', 'SEV2', '{status}', 'checkout', {micros(0)}, {micros(1)}, "
            f"{micros(2)}, {resolved}, 4, 4, 1, 1)",
        )
        run(
            database_url,
            "INSERT INTO alerts "
            "(incident_id, position, source, fingerprint, service, episode, reason, received_at, body) "
            f"VALUES ('{name}', 0, 'alertmanager', 'f{number}', 'checkout', 'e{number}', 'new_condition', {micros(1)}, "
            f"'{body}')",
        )


@pytest.fixture
async def upgraded(database_url: str) -> Store:
    before_the_life(database_url)
    return await Store.open(database_url)


async def get(store: Store, incident_id: str) -> Incident:
    found = await store.incidents.get(incident_id)
    assert found is not None
    return found


async def test_an_older_store_keeps_its_incidents_and_takes_their_life(upgraded: Store, database_url: str) -> None:
    still = await get(upgraded, OPEN)
    assert (still.title, still.severity, still.status, still.revision) == (
        "Disk is full",
        Severity.SEV2,
        IncidentStatus.MONITORING,
        4,
    )
    assert (still.is_private, still.merged_into, still.acknowledged_at, still.identified_at) == (
        False,
        None,
        None,
        None,
    )
    assert still.mitigated_at is None
    assert (await get(upgraded, OVER)).mitigated_at == NOON + 9 * MINUTE
    assert [one.id for one in await upgraded.incidents.list_recent(NOON)] == [OVER, OPEN]
    for place, record in kept(upgraded):
        assert await place.add(record)
        assert await place.of_incident(record.incident) == (record,)  # type: ignore[attr-defined]
    await upgraded.close()
    again = await Store.open(database_url)
    assert await get(again, OPEN) == still
    await again.close()
