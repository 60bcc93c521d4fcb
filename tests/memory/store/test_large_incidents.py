"""Incidents in a storm: what is read of them stays small, what is decided about them stays the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import event

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.incident import GroupingReason, Incident, IncidentStatus
from bot.domain.ports import TriageTransaction
from bot.flows.triage import Triage
from bot.testing import FrozenClock
from memory.store import Store
from memory.store.incidents import FIRST, NEWEST
from tests.flows.test_triage import MemoryDesk
from tests.memory.store.samples import MINUTE, NOON, alert, delivery

NEW, JOINED = GroupingReason.NEW_CONDITION, GroupingReason.SAME_SERVICE
SIZE = 300


def storm(size: int = SIZE) -> Callable[[TriageTransaction], Incident]:
    def work(t: TriageTransaction) -> Incident:
        incident = t.open_incident(alert("f0"), NEW, NOON)
        for number in range(1, size):
            t.join(incident.id, alert(f"f{number}"), JOINED, NOON)
        return incident

    return work


async def get(store: Store, incident_id: str) -> Incident:
    found = await store.incidents.get(incident_id)
    assert found is not None
    return found


async def test_of_a_large_incident_the_first_and_the_newest_alerts_are_read_and_all_are_counted(store: Store) -> None:
    opened = await store.desk.transact(storm())
    over = alert("f120", status=AlertStatus.RESOLVED)
    await store.desk.transact(lambda t: t.recover(opened.id, over, NOON + MINUTE))
    incident = await get(store, opened.id)
    shown = [*range(FIRST), *range(SIZE - NEWEST, SIZE)]
    assert [g.alert.fingerprint for g in incident.alerts] == [f"f{number}" for number in shown]
    assert (incident.alert_count, incident.firing_count) == (SIZE, SIZE - 1)


async def test_an_incident_of_any_size_that_is_shown_whole_leaves_nothing_out(store: Store) -> None:
    opened = await store.desk.transact(storm(FIRST + NEWEST))
    incident = await get(store, opened.id)
    assert len(incident.alerts) == FIRST + NEWEST
    assert (incident.alerts_left_out, incident.firing_left_out) == (0, 0)


async def test_a_list_shows_the_first_alert_and_the_counts(store: Store) -> None:
    await store.desk.transact(storm())
    (incident,) = await store.incidents.list_open()
    assert [g.alert.fingerprint for g in incident.alerts] == ["f0"]
    assert (incident.alert_count, incident.firing_count) == (SIZE, SIZE)


async def test_a_large_incident_ends_with_the_last_of_its_alerts(store: Store) -> None:
    opened = await store.desk.transact(storm())

    def end(t: TriageTransaction, fingerprints: range) -> None:
        for number in fingerprints:
            t.recover(opened.id, alert(f"f{number}", status=AlertStatus.RESOLVED), NOON + MINUTE)

    await store.desk.transact(lambda t: end(t, range(SIZE - 1)))
    assert (await get(store, opened.id)).status.is_open
    await store.desk.transact(lambda t: end(t, range(SIZE - 1, SIZE)))
    assert (await get(store, opened.id)).status is IncidentStatus.RESOLVED


async def test_candidates_hold_the_condition_the_service_in_each_environment_and_the_newest_alert(store: Store) -> None:
    opened = await store.desk.transact(storm())
    for name, environment in (("staging", "staging"), ("elsewhere", None)):
        service = "search" if environment is None else "checkout"
        joining = replace(alert(name, service=service), environment=environment)
        await store.desk.transact(lambda t, a=joining: t.join(opened.id, a, JOINED, NOON))  # type: ignore[misc]
    (found,) = await store.desk.transact(lambda t: t.candidates(alert("f7"), NOON))
    assert [g.alert.fingerprint for g in found.alerts] == ["f7", "f299", "staging", "elsewhere"]
    assert found.alert_count == SIZE + 2


async def test_after_a_clock_was_set_back_what_had_just_ended_is_found_again(store: Store) -> None:
    opened = await store.desk.transact(storm(2))
    for name in ("f0", "f1"):
        over = alert(name, status=AlertStatus.RESOLVED)
        await store.desk.transact(lambda t, a=over: t.recover(opened.id, a, NOON))  # type: ignore[misc]

    def work(t: TriageTransaction) -> list[list[str]]:
        later = [i.id for i in t.candidates(alert("f0"), NOON + 60 * MINUTE)]
        other = t.open_incident(alert("f9"), NEW, NOON + 60 * MINUTE)
        return [later, [i.id for i in t.candidates(alert("f0"), NOON)], [other.id, opened.id]]

    later, back, both = await store.desk.transact(work)
    assert later == []
    assert back == both


async def test_a_batch_into_a_large_incident_reads_a_bounded_number_of_rows(store: Store) -> None:
    await store.desk.transact(storm())
    for number in range(40):
        await store.inbox.accept(delivery(f"k{number}", alert(f"new{number}")))
    statements: list[str] = []
    engine = store.desk._database.writer._engine
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    await Triage(store.desk, clock=FrozenClock(NOON)).run_once()
    assert (await store.incidents.list_open())[0].alert_count == SIZE + 40
    assert len(statements) < 20, "a statement for each alert"


def told(seed: int, count: int) -> list[Alert]:
    """Few conditions, services, environments and times: they meet in every way."""
    dice = random.Random(seed)
    notices = []
    for _ in range(count):
        fingerprint = f"f{dice.randrange(6)}"
        began = NOON - dice.randrange(5) * 10 * MINUTE
        firing = alert(
            fingerprint,
            service=dice.choice(["checkout", "search", None]),
            severity=dice.choice(list(Severity)),
            started_at=began,
        )
        firing = replace(firing, environment=dice.choice(["production", "staging", None]))
        over = replace(firing, status=AlertStatus.RESOLVED, ended_at=began + dice.randrange(20) * MINUTE)
        notices.append(dice.choice([firing, firing, over]))
    return notices


def outcome(incidents: list[Incident]) -> list[object]:
    return [
        (
            incident.id,
            incident.severity,
            incident.status.is_open,
            incident.resolved_at,
            incident.revision,
            [(g.alert.episode, g.reason, g.resolved_at) for g in incident.alerts],
        )
        for incident in incidents
    ]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("batch", [1, 7, 200])
async def test_what_is_read_in_part_is_decided_as_if_all_were_known(store: Store, seed: int, batch: int) -> None:
    whole = MemoryDesk()
    dice = random.Random(seed + 1000)
    now = NOON
    for number, notice in enumerate(told(seed, 60)):
        # Now and then so much time goes by that incidents are over, or the clock is set back.
        now += dice.choice([1, 1, 1, 1, 1, 45]) * MINUTE
        at = now - dice.choice([0, 0, 0, 2.5]) * MINUTE
        whole.put(notice, at=at)
        await store.inbox.accept(delivery(f"k{number}", notice, received_at=at))
    clock = FrozenClock(NOON)
    async for _ in Triage(whole, clock=clock).drain():
        pass
    async for _ in Triage(store.desk, clock=clock).drain(batch):
        pass
    stored = [await get(store, incident_id) for incident_id in whole.incidents]
    assert outcome(stored) == outcome(list(whole.incidents.values()))
