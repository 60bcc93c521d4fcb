"""What recovers by itself within the grace time is shown nowhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.incident import GroupingReason
from bot.domain.together import Occurrence
from bot.testing import FrozenClock
from memory.store import Store
from tests.memory.store.samples import MINUTE, NOON, alert

GRACE = 5 * MINUTE


async def opened(store: Store, one: Alert, reason: GroupingReason = GroupingReason.NEW_CONDITION) -> str:
    return await store.desk.transact(lambda t: t.open_incident(one, reason, NOON).id)


async def recover(store: Store, incident_id: str, one: Alert, after: timedelta) -> None:
    over = replace(one, status=AlertStatus.RESOLVED, ended_at=NOON + after)
    await store.desk.transact(lambda t: t.recover(incident_id, over, NOON + after))


async def test_only_what_is_not_grave_waits_and_only_so_long(store: Store) -> None:
    clock = FrozenClock(NOON)
    ids = [await opened(store, alert(severity.value, severity=severity)) for severity in Severity]
    declared = await opened(store, replace(alert("by hand", severity=Severity.SEV3), source="slack"))
    storm = await opened(store, alert("storm", severity=Severity.SEV4), GroupingReason.STORM)
    agenda = store.agenda.waiting(GRACE, clock)
    assert await agenda.unbriefed() == (*ids[:2], declared, storm)
    assert await store.agenda.unbriefed() == (*ids, declared, storm), "without a grace time nothing waits"
    clock.go_on(GRACE)
    assert await agenda.unbriefed() == (*ids, declared, storm)


async def test_what_recovers_in_time_is_never_due_but_counted_and_what_comes_later_is(store: Store) -> None:
    quick, slow, grave = (alert(name, severity=Severity.SEV3) for name in ("quick", "slow", "grave"))
    grave = replace(grave, severity=Severity.SEV2)
    ids = [await opened(store, one) for one in (quick, slow, grave)]
    for name, one, after in zip(ids, (quick, slow, grave), (GRACE, GRACE + MINUTE, MINUTE), strict=True):
        await recover(store, name, one, after)
    agenda = store.agenda.waiting(GRACE, FrozenClock(NOON + 60 * MINUTE))
    assert await agenda.unbriefed() == (ids[1], ids[2])
    assert await agenda.recovered_unshown() == 1
    again = replace(quick, started_at=NOON + 10 * MINUTE)
    await store.desk.transact(lambda t: t.join(ids[0], again, GroupingReason.RECURRED, NOON + 10 * MINUTE))
    assert await agenda.unbriefed() == tuple(ids), "what comes back is shown"


async def test_what_fired_in_the_last_incidents_is_read_for_learning(store: Store) -> None:
    first = await opened(store, alert("f1", service="search"))
    await store.desk.transact(lambda t: t.join(first, alert("f2"), GroupingReason.STORM, NOON))
    await opened(store, alert("f3", service=None))
    found = await store.occurrences.last()
    assert found == [
        [Occurrence(condition=("HighErrorRatio", ""), at=NOON)],
        [Occurrence(condition=("HighErrorRatio", "search"), at=NOON)],
    ]
    assert len(await store.occurrences.last(1)) == 1
