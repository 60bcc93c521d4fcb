"""What triage asks of the database in a storm, of flapping and of maintenance, on both databases."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.alert import AlertStatus
from bot.domain.incident import GroupingReason, Incident, IncidentStatus
from bot.domain.ports import Said, TriageTransaction
from bot.domain.storm import OpenStorm
from bot.flows.sorting import FLAPPING
from memory.store import Store
from tests.memory.store.samples import MINUTE, NOON, alert, delivery

NEW, STORM = GroupingReason.NEW_CONDITION, GroupingReason.STORM


async def test_what_came_in_last_is_bounded_newest_first_and_knows_the_storm_that_is_open(store: Store) -> None:
    def work(t: TriageTransaction) -> tuple[str, int, object]:
        t.open_incident(alert("f1"), NEW, NOON)
        over = t.open_incident(alert("f2", service="search"), STORM, NOON)
        t.recover(over.id, alert("f2", service="search", status=AlertStatus.RESOLVED), NOON + MINUTE)
        storm = t.open_incident(alert("f3", service="cart"), STORM, NOON + MINUTE)
        t.join(storm.id, replace(alert("f4", service="shop"), environment="staging"), STORM, NOON + 2 * MINUTE)
        t.join(storm.id, alert("f5", service="shop"), STORM, NOON + 3 * MINUTE)
        return storm.id, t.services(storm.id), t.rush(2, 2)

    storm, services, known = await store.desk.transact(work)
    assert services == 2
    rush = await store.desk.transact(lambda t: t.rush(2, 2))
    assert rush == known
    assert rush.alerts == (NOON + 3 * MINUTE, NOON + 2 * MINUTE)
    assert rush.opened == (NOON + MINUTE, NOON)
    assert rush.storm == OpenStorm(incident_id=storm, heard_at=NOON + 3 * MINUTE)
    await store.desk.transact(lambda t: t.revise(storm, lambda i: replace(i, is_private=True)))
    assert (await store.desk.transact(lambda t: t.rush(2, 2))).storm is None


async def test_a_revision_is_kept_and_told_nowhere(store: Store) -> None:
    opened = await store.desk.transact(lambda t: t.open_incident(alert(), NEW, NOON))
    told = len(await store.timeline.of(opened.id))
    await store.desk.transact(lambda t: t.revise(opened.id, lambda i: replace(i, title="Storm", service=None)))
    kept = await store.incidents.get(opened.id)
    assert kept is not None
    assert (kept.title, kept.service) == ("Storm", None)
    assert len(await store.timeline.of(opened.id)) == told


async def test_only_what_was_told_of_as_flapping_and_is_quiet_is_found(store: Store) -> None:
    def work(t: TriageTransaction) -> list[Incident]:
        made = [t.open_incident(alert(name, service=name), NEW, NOON) for name in ("flaps", "holds", "fires")]
        for one, name in zip(made[:2], ("flaps", "holds"), strict=True):
            over = alert(name, service=name, status=AlertStatus.RESOLVED)
            t.recover(one.id, over, NOON + MINUTE, leads_to=IncidentStatus.MONITORING)
        for one in (made[0], made[2]):
            t.tell(one.id, Said(key=FLAPPING, text="Flapping", at=NOON, who=""))
        return made

    flaps, *_ = await store.desk.transact(work)
    assert await store.desk.transact(lambda t: t.quiet(NOON + MINUTE)) == []
    assert await store.desk.transact(lambda t: t.quiet(NOON + 2 * MINUTE)) == [flaps.id]


async def test_what_is_held_is_out_of_the_way_until_it_is_released(store: Store) -> None:
    for key in ("k1", "k2"):
        await store.inbox.accept(delivery(key))

    def keys(t: TriageTransaction) -> list[str]:
        return [pending.delivery.key for pending in t.pending(10)]

    def hold(t: TriageTransaction) -> None:
        t.hold(next(iter(t.pending(1))).row, "maintenance of payments")

    await store.desk.transact(hold)
    assert await store.desk.transact(keys) == ["k2"]
    await store.desk.transact(lambda t: t.release())
    assert await store.desk.transact(keys) == ["k1", "k2"]


async def test_candidates_hold_those_that_burn_in_the_services_around(store: Store) -> None:
    opened = await store.desk.transact(lambda t: t.open_incident(alert("f1", service="payments"), NEW, NOON))
    other = alert("f2", service="cart")
    await store.desk.transact(lambda t: t.open_incident(alert("f3", service="search"), NEW, NOON))

    def ask(t: TriageTransaction) -> list[list[str]]:
        alone = [one.id for one in t.candidates(other, NOON)]
        near = t.candidates(other, NOON, {"payments", "stock"})
        return [alone, [one.id for one in near], [g.alert.fingerprint for one in near for g in one.alerts]]

    assert await store.desk.transact(ask) == [[], [opened.id], ["f1"]]
