"""Storms, neighbours, flapping and maintenance over the real store."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.catalog import Catalog, Service
from bot.domain.dependencies import dependencies
from bot.domain.flapping import FlapLimits
from bot.domain.grouping import BECAUSE
from bot.domain.incident import GroupingReason, Incident, IncidentStatus
from bot.domain.maintenance import MaintenanceWindow
from bot.domain.storm import StormLimits
from bot.domain.together import Learned
from bot.flows.triage import Triage
from bot.testing import FrozenClock
from memory.store import Store
from tests.memory.store.samples import MINUTE, NOON, delivery

SECOND = timedelta(seconds=1)
GRAPH = dependencies(
    Catalog(
        services={
            "shop": Service(name="shop", depends_on=("cart",)),
            "cart": Service(name="cart", depends_on=("payments",)),
            "payments": Service(name="payments", aliases=("pay",), depends_on=("ledger",)),
            "ledger": Service(name="ledger"),
            "search": Service(name="search"),
        }
    )
)
SEV1, SEV2, SEV3 = Severity.SEV1, Severity.SEV2, Severity.SEV3


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without anything in it: to copy it takes a tenth of the time of making it."""
    path = tmp_path_factory.mktemp("made_once") / "store.db"

    async def make() -> None:
        await (await Store.open(f"sqlite:///{path}")).close()

    asyncio.run(make())
    return path


@pytest.fixture
async def store(tmp_path: Path, made_once: Path) -> AsyncIterator[Store]:
    copied = shutil.copy(made_once, tmp_path / "store.db")
    opened = await Store.open(f"sqlite:///{copied}")
    yield opened
    await opened.close()


def alert(name: str, service: str | None, severity: Severity = SEV3, at: datetime = NOON) -> Alert:
    return Alert(
        source="alertmanager",
        fingerprint=f"{name}/{service}",
        status=AlertStatus.FIRING,
        severity=severity,
        title=name,
        started_at=at,
        service=service,
        environment="production",
        labels={"alertname": name},
    )


def ended(one: Alert, at: datetime) -> Alert:
    return replace(one, status=AlertStatus.RESOLVED, ended_at=at)


class SetClock(FrozenClock):
    def set(self, at: datetime) -> None:
        self.go_on(at - self.now())


@dataclass
class World:
    store: Store
    triage: Triage
    clock: SetClock
    keys: int = field(default=0)

    async def hear(self, *alerts: Alert, at: datetime | None = None) -> tuple[str, ...]:
        """One delivery, triaged at once."""
        self.keys += 1
        self.clock.set(at or self.clock.now())
        await self.store.inbox.accept(delivery(f"k{self.keys}", *alerts, received_at=self.clock.now()))
        return await self.triage.run_once()

    async def get(self, incident_id: str) -> Incident:
        found = await self.store.incidents.get(incident_id)
        assert found is not None
        return found

    async def told(self, incident_id: str) -> list[str]:
        return [event.text for event in await self.store.timeline.of(incident_id)]


def world(store: Store, clock: SetClock | None = None, **rules: object) -> World:
    clock = clock or SetClock(NOON)
    rules = {"neighbours": GRAPH, **rules}
    return World(store=store, clock=clock, triage=Triage(store.desk, clock=clock, **rules))  # type: ignore[arg-type]


# --- neighbours ------------------------------------------------------------------------------------------------------


async def test_an_alert_near_a_burning_service_joins_it_and_says_why(store: Store) -> None:
    here = world(store)
    await here.hear(alert("Down", "payments"))
    await here.hear(alert("Slow", "cart"), at=NOON + 9 * MINUTE)
    await here.hear(alert("Slow", "shop"), at=NOON + 10 * MINUTE)
    (one,) = await store.incidents.list_open()
    alerts = (await here.get(one.id)).alerts
    assert [g.reason for g in alerts] == [GroupingReason.NEW_CONDITION, *[GroupingReason.DEPENDENCY] * 2]
    assert alerts[1].alert.labels[BECAUSE] == "depends on payments, burning since 12:00 UTC in INC-2026-0001"
    assert alerts[2].alert.labels[BECAUSE] == "depends on cart, burning since 12:00 UTC in INC-2026-0001"
    assert "Slow: depends on payments, burning since 12:00 UTC in INC-2026-0001" in await here.told(one.id)


@pytest.mark.parametrize(
    ("first", "second", "because"),
    [
        ("cart", "payments", "is needed by cart"),
        ("shop", "payments", "is needed by shop through cart"),
        ("payments", "shop", "depends on payments through cart"),
        ("pay", "cart", "depends on payments"),
    ],
)
async def test_over_one_other_service_and_by_another_name(store: Store, first: str, second: str, because: str) -> None:
    here = world(store)
    await here.hear(alert("Down", first))
    await here.hear(alert("Slow", second))
    assert (await here.get("INC-2026-0001")).alerts[1].alert.labels[BECAUSE].startswith(f"{because}, burning")


@pytest.mark.parametrize(
    "second",
    [
        alert("Slow", "search"),
        alert("Slow", "ledger"),  # three away from the shop
        alert("Slow", "cart", at=NOON + 11 * MINUTE),
        replace(alert("Slow", "cart"), environment="staging"),
        replace(alert("Slow", "cart"), source="slack"),
    ],
    ids=["not near", "too far", "too late", "another environment", "declared by a person"],
)
async def test_what_is_not_near_opens_its_own(store: Store, second: Alert) -> None:
    here = world(store)
    await here.hear(alert("Down", "shop"))
    await here.hear(second, at=max(second.started_at, NOON))
    assert len(await store.incidents.list_open()) == 2


async def test_a_neighbour_that_recovered_draws_nothing_in(store: Store) -> None:
    here = world(store)
    down = alert("Down", "payments")
    await here.hear(down, alert("Disk", "ledger"))
    await here.hear(ended(down, NOON + MINUTE), at=NOON + MINUTE)
    await here.hear(alert("Slow", "shop"), at=NOON + 2 * MINUTE)
    assert len(await store.incidents.list_open()) == 2


async def test_an_unseen_critical_alert_has_its_own_incident_and_both_are_told(store: Store) -> None:
    here = world(store)
    await here.hear(alert("Down", "payments"))
    changed = await here.hear(alert("CheckoutDead", "cart", SEV1))
    assert changed == ("INC-2026-0002", "INC-2026-0001")
    own = await here.get("INC-2026-0002")
    assert (own.severity, own.alerts[0].reason) == (SEV1, GroupingReason.UNSEEN_CRITICAL)
    assert (await here.get("INC-2026-0001")).severity is SEV3
    assert any(
        "CheckoutDead has an incident of its own, INC-2026-0002" in text for text in await here.told("INC-2026-0001")
    )
    assert any("It may belong to INC-2026-0001" in text for text in await here.told("INC-2026-0002"))


async def test_a_critical_alert_of_a_service_that_only_came_along_has_its_own_incident(store: Store) -> None:
    here = world(store)
    await here.hear(alert("Down", "payments"), alert("Slow", "cart"))
    await here.hear(alert("Dead", "cart", SEV1))
    await here.hear(alert("DeadToo", "cart", SEV1))
    assert [i.alert_count for i in sorted(await store.incidents.list_open(), key=lambda i: i.id)] == [2, 2]


async def test_a_critical_alert_whose_condition_was_seen_stays_with_it(store: Store) -> None:
    here = world(store)
    slow = alert("Slow", "cart")
    await here.hear(alert("Down", "payments"), slow)
    await here.hear(ended(slow, NOON + MINUTE), at=NOON + MINUTE)
    await here.hear(alert("Slow", "cart", SEV1, NOON + 2 * MINUTE), at=NOON + 2 * MINUTE)
    assert [i.severity for i in await store.incidents.list_open()] == [SEV1]


async def test_what_fired_together_before_is_put_together(store: Store) -> None:
    known = Learned(partners={("Slow", "search"): {("Down", "payments"): "fired together with Down of payments"}})
    here = world(store, learned=lambda: known)
    await here.hear(alert("Down", "payments"))
    await here.hear(alert("Slow", "search"))
    (one,) = await store.incidents.list_open()
    second = (await here.get(one.id)).alerts[1]
    assert (second.reason, second.alert.labels[BECAUSE]) == (
        GroupingReason.TOGETHER,
        "fired together with Down of payments",
    )


# --- storms ----------------------------------------------------------------------------------------------------------

CAUSES = ("database", "network", "queue")
COUNT, SERVICES = 600, 40


def shaken(seed: int) -> tuple[Mapping[str, Service], list[tuple[datetime, Alert]]]:
    """Within a minute, from 40 services of which each needs one of three that are broken, directly or over another."""
    dice = random.Random(seed)
    services = {name: Service(name=name) for name in CAUSES}
    for number in range(SERVICES - len(CAUSES)):
        cause = CAUSES[number % len(CAUSES)]
        near = [cause, *(name for name in services if name.startswith(f"{cause}-") and name.count("-") == 1)]
        through = dice.choice(near)
        name = f"{through}-{number}"
        services[name] = Service(name=name, depends_on=(through,))
    told = []
    for number in range(COUNT):
        at = NOON + number * 60 * SECOND / COUNT
        severity = dice.choice((SEV2, SEV3, Severity.SEV4))
        told.append((at, alert(f"Condition{number}", dice.choice(list(services)), severity, at)))
    middle = told[COUNT // 2][0]
    told[COUNT // 2] = (middle, alert("DataLoss", dice.choice(list(services)), SEV1, middle))
    return services, told


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_storm_of_three_causes_opens_six_places_at_most_and_never_hides_what_is_critical(
    store: Store, seed: int
) -> None:
    services, told = shaken(seed)
    graph = dependencies(Catalog(services=services))
    here = world(store, neighbours=graph, storm=StormLimits(), flapping=FlapLimits())
    for start in range(0, COUNT, 20):
        batch = told[start : start + 20]
        said = [delivery(f"s{start + each}", one, received_at=at) for each, (at, one) in enumerate(batch)]
        await asyncio.gather(*map(store.inbox.accept, said))
        here.clock.set(batch[-1][0])
        await here.triage.run_once()
    incidents = await store.incidents.list_open()
    assert 3 <= len(incidents) <= 6, [i.title for i in incidents]
    assert sum(i.alert_count for i in incidents) == COUNT, "an alert was lost or stands twice"
    (critical,) = (i for i in incidents if i.first_alert.title == "DataLoss")
    assert critical.severity is SEV1
    assert critical.opened_at == told[COUNT // 2][0]
    assert sum(i.severity is SEV1 for i in incidents) == 1
    await _is_kept(store, [one for _, one in told])


async def _is_kept(store: Store, said: Sequence[Alert]) -> None:
    """Each is known as an episode of an incident."""
    homes = await store.desk.transact(lambda t: [t.episode(one.episode) for one in said])
    assert all(home is not None and home.incident_id is not None for home in homes)


def noise(count: int, start: datetime = NOON, severity: Severity = SEV3) -> Sequence[Alert]:
    return [alert(f"Noise{number}", f"service-{number}", severity, start) for number in range(count)]


async def test_more_incidents_than_people_can_read_become_one_with_its_counts(store: Store) -> None:
    here = world(store, storm=StormLimits())
    for number, one in enumerate(noise(30)):
        await here.hear(one, at=NOON + number * SECOND)
    incidents = sorted(await store.incidents.list_open(), key=lambda i: i.id)
    assert [i.alert_count for i in incidents] == [1, 1, 1, 1, 26]
    storm = await here.get(incidents[4].id)
    assert (storm.title, storm.service) == ("Storm: 26 alerts of 26 services since 12:00 UTC", None)
    assert {g.reason for g in storm.alerts} == {GroupingReason.STORM}


async def test_a_storm_in_one_batch_ends_the_same(store: Store) -> None:
    here = world(store, storm=StormLimits())
    await here.hear(*noise(30))
    assert sorted(i.alert_count for i in await store.incidents.list_open()) == [1, 1, 1, 1, 26]


async def test_in_a_storm_each_unseen_critical_alert_has_its_own_place_and_the_storm_is_told(store: Store) -> None:
    here = world(store, storm=StormLimits())
    await here.hear(*noise(10))
    await here.hear(alert("Dead", "service-7", SEV1), at=NOON + SECOND)
    own = max(await store.incidents.list_open(), key=lambda i: i.id)
    assert (own.severity, own.first_alert.title, own.alert_count) == (SEV1, "Dead", 1)
    assert any("Dead has an incident of its own" in text for text in await here.told("INC-2026-0005"))


async def test_a_critical_alert_is_not_buried_among_the_many_of_its_service(store: Store) -> None:
    here = world(store, storm=StormLimits())
    await here.hear(*(alert(f"Condition{number}", "payments") for number in range(20)))
    await here.hear(alert("Dead", "payments", SEV1), at=NOON + SECOND)
    await here.hear(alert("DeadToo", "payments", SEV1), at=NOON + 2 * SECOND)
    incidents = sorted(await store.incidents.list_open(), key=lambda i: i.id)
    assert [(i.severity, i.alert_count) for i in incidents] == [(SEV3, 20), (SEV1, 2)]


async def test_many_alerts_of_one_fault_are_no_storm(store: Store) -> None:
    here = world(store, storm=StormLimits())
    await here.hear(*(alert(f"Condition{number}", "payments") for number in range(50)))
    await here.hear(alert("Slow", "search"))
    assert Counter(i.title for i in await store.incidents.list_open()) == {"Condition0": 1, "Slow": 1}


async def test_after_the_storm_incidents_have_their_own_places_again(store: Store) -> None:
    here = world(store, storm=StormLimits())
    await here.hear(*noise(10))
    await here.hear(alert("Later", "elsewhere"), at=NOON + 3 * MINUTE)
    assert [i.title for i in await store.incidents.list_open()][-1] == "Later"


async def test_a_storm_that_people_named_keeps_its_name(store: Store) -> None:
    here = world(store, storm=StormLimits())
    await here.hear(*noise(10))
    await store.desk.transact(lambda t: t.revise("INC-2026-0005", lambda i: replace(i, title="Power is out")))
    await here.hear(alert("More", "elsewhere"), at=NOON + SECOND)
    assert ((storm := await here.get("INC-2026-0005")).title, storm.alert_count) == ("Power is out", 7)


# --- flapping --------------------------------------------------------------------------------------------------------


async def flap(here: World, times: int, *, every: timedelta = 2 * MINUTE) -> list[IncidentStatus]:
    """The status after each recovery."""
    seen = []
    for _ in range(times):
        one = alert("Flaps", "payments", at=here.clock.now())
        await here.hear(one)
        here.clock.go_on(every / 2)
        await here.hear(ended(one, here.clock.now()))
        seen.append((await here.get("INC-2026-0001")).status)
        here.clock.go_on(every / 2)
    return seen


async def test_what_comes_and_goes_does_not_open_and_close_its_incident_and_is_over_once_quiet(store: Store) -> None:
    here = world(store, flapping=FlapLimits())
    resolved, watched = IncidentStatus.RESOLVED, IncidentStatus.MONITORING
    assert await flap(here, 7) == [resolved] * 3 + [watched] * 4
    told = await here.told("INC-2026-0001")
    assert sum("Flapping:" in text for text in told) == 1, "it is told once"
    assert sum("Open again" in text for text in told) == 3
    assert (await here.get("INC-2026-0001")).alerts[-1].reason is GroupingReason.FLAPPING
    last = here.clock.now() - MINUTE
    here.clock.set(last + 10 * MINUTE)
    assert await here.triage.run_once() == ()
    here.clock.set(last + 10 * MINUTE + SECOND)
    assert await here.triage.run_once() == ("INC-2026-0001",)
    over = await here.get("INC-2026-0001")
    assert over.status is resolved
    assert await here.triage.run_once() == (), "it is resolved once"


async def test_what_recovers_now_and_then_does_not_flap(store: Store) -> None:
    here = world(store, flapping=FlapLimits())
    assert set(await flap(here, 6, every=11 * MINUTE)) == {IncidentStatus.RESOLVED}


async def test_where_people_have_the_last_word_quiet_resolves_nothing(store: Store) -> None:
    here = world(store, flapping=FlapLimits(), on_recovery=IncidentStatus.MONITORING)
    await flap(here, 5)
    here.clock.go_on(20 * MINUTE)
    assert await here.triage.run_once() == ()


# --- maintenance -----------------------------------------------------------------------------------------------------

WORK = MaintenanceWindow(service="payments", since=NOON - MINUTE, until=NOON + 60 * MINUTE, why="new disks")


async def test_alerts_of_a_maintenance_wait_and_what_still_fires_at_its_end_is_placed_then(store: Store) -> None:
    here = world(store, maintenance=(WORK,))
    passing, lasting = alert("Slow", "payments"), alert("Down", "payments")
    assert await here.hear(passing, lasting, alert("Full", "search")) == ("INC-2026-0001",)
    await here.hear(ended(passing, NOON + MINUTE), at=NOON + MINUTE)
    assert [i.service for i in await store.incidents.list_open()] == ["search"]
    here.clock.set(WORK.until)
    assert await here.triage.run_once() == ("INC-2026-0002",)
    placed = await here.get("INC-2026-0002")
    assert [(g.alert.title, g.received_at) for g in placed.alerts] == [("Down", WORK.until)]
    assert (await here.get("INC-2026-0001")).alert_count == 1


async def test_what_waited_is_found_again_after_a_restart(store: Store) -> None:
    await world(store, maintenance=(WORK,)).hear(alert("Down", "payments"))
    assert await world(store, SetClock(NOON + MINUTE), maintenance=(WORK,)).triage.run_once() == ()
    late = world(store, SetClock(NOON + 90 * MINUTE))
    assert await late.triage.run_once() == ("INC-2026-0001",)


async def test_what_is_critical_does_not_wait_and_says_in_what_it_came(store: Store) -> None:
    here = world(store, maintenance=(replace(WORK, service="*"),))
    await here.hear(alert("Dead", "payments", SEV1))
    await here.hear(alert("Slow", "payments"))  # belongs to what is open
    own = await here.get("INC-2026-0001")
    assert [g.reason for g in own.alerts] == [GroupingReason.IN_MAINTENANCE, GroupingReason.SAME_SERVICE]
    note = "Dead: within the maintenance of everything until 13:00 UTC: new disks"
    assert note in await here.told("INC-2026-0001")
