"""Who is on call, and calling them: asked first, done once, and said plainly where it cannot be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.action import ActionRefused, Refusal
from bot.domain.catalog import Catalog, Service
from bot.domain.duty import Turn, lines
from bot.domain.errors import FirstResponderError
from bot.domain.incident import GroupingReason, Incident
from bot.domain.life import Order
from bot.flows.life.paging import Paging
from bot.testing import NOON, FrozenClock, make_alert
from memory.store import Store

CATALOG = Catalog(
    services={
        one.name: one
        for one in (
            Service(name="checkout", owner="shop-team", tier=2, channels=("#shop",)),
            Service(name="cart", owner="shop-team", tier=1),
            Service(name="payments", owner="payments-team", aliases=("pay",)),
        )
    }
)
HOUR = timedelta(hours=1)
TURNS = (
    Turn(person="Jo Ng", level=1, policy="Shop", start=NOON - HOUR, end=NOON + HOUR),
    Turn(person="Max Lee", level=1, policy="Shop", start=NOON + HOUR, end=NOON + 25 * HOUR),
    Turn(person="Kim Ito", level=2, policy="Shop"),
)


@dataclass
class Duties:
    found: Sequence[Turn] = TURNS
    asked: list[str] = field(default_factory=list)
    error: Exception | None = None

    async def turns(self, service: str) -> Sequence[Turn]:
        self.asked.append(service)
        if self.error:
            raise self.error
        return self.found


@dataclass
class Pager:
    called: dict[str, tuple[Incident, str]] = field(default_factory=dict)
    error: Exception | None = None

    async def page(self, incident: Incident, sentence: str, *, key: str) -> str:
        if self.error:
            raise self.error
        self.called.setdefault(key, (incident, sentence))
        return "Jo Ng by incident #41 in PagerDuty"


@dataclass(kw_only=True)
class World:
    store: Store
    incident: Incident
    duties: Duties = field(default_factory=Duties)
    pager: Pager = field(default_factory=Pager)

    def desk(self, *, duties: bool = True, pager: bool = True) -> Paging:
        return Paging(
            catalog=CATALOG,
            incidents=self.store.incidents,
            timeline=self.store.timeline,
            clock=FrozenClock(),
            duties=self.duties if duties else None,
            pager=self.pager if pager else None,
        )

    def order(self, id: str = "o1") -> Order:
        return Order(id=id, incident=self.incident.id, person="U1")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    opened = await store.desk.transact(
        lambda desk: desk.open_incident(make_alert(), GroupingReason.NEW_CONDITION, NOON)
    )
    yield World(store=store, incident=opened)
    await store.close()


async def test_who_is_on_call_level_by_level_now_and_next(world: World) -> None:
    assert await world.desk().who("checkout") == (
        "On call for checkout (Shop):\nLevel 1: Jo Ng until Fri 20 Nov 13:00 UTC, then Max Lee\nLevel 2: Kim Ito"
    )


def test_a_gap_between_two_turns_is_said() -> None:
    later = replace(TURNS[1], start=NOON + 3 * HOUR)
    assert lines((TURNS[0], later), NOON) == (
        "Level 1: Jo Ng until Fri 20 Nov 13:00 UTC, then Max Lee from Fri 20 Nov 15:00 UTC",
    )
    assert lines((later,), NOON) == ("Level 1: nobody, then Max Lee from Fri 20 Nov 15:00 UTC",)


async def test_a_team_is_its_most_critical_service(world: World) -> None:
    for named in ("shop-team", "Shop", "shop team"):
        await world.desk().who(named)
    await world.desk().who("pay")
    assert world.duties.asked == ["cart", "cart", "cart", "payments"]


async def test_without_pagerduty_it_is_said_plainly_and_who_owns_it(world: World) -> None:
    assert await world.desk(duties=False).who("checkout") == (
        "PagerDuty is not set up (PAGERDUTY_API_KEY and PAGERDUTY_FROM), so I do not know who is on call for "
        "checkout. It belongs to shop-team, #shop."
    )
    with pytest.raises(FirstResponderError, match="so nobody can be paged from here"):
        await world.desk(pager=False).ask(world.incident, "")
    with pytest.raises(FirstResponderError, match="nobody can be paged"):
        await world.desk(pager=False).page(world.order(), "")


async def test_nobody_on_call_is_said(world: World) -> None:
    world.duties.found = ()
    assert await world.desk().who("checkout") == (
        "PagerDuty has nobody on call for checkout. It belongs to shop-team, #shop."
    )


async def test_the_question_names_who_would_be_called(world: World) -> None:
    asked = await world.desk().ask(world.incident, "payments")
    expected = (
        f"Page Jo Ng (level 1) for payments, about {world.incident.id} (High error ratio)? They are called at once."
    )
    assert asked == expected
    own = await world.desk().ask(world.incident, "")
    assert own.endswith("Whoever was called already is passed over for the next level.")
    world.duties.error = ActionRefused(Refusal.BAD_PARAMETER, "PagerDuty has no such service.")
    assert (await world.desk().ask(world.incident, "")).startswith("Page whoever is on call for checkout,")


async def test_a_page_is_made_once_for_an_order_and_stands_on_the_timeline(world: World) -> None:
    told = {await world.desk().page(world.order(), "") for _ in range(2)}
    assert told == {"Jo Ng by incident #41 in PagerDuty was paged for checkout."}
    ((called, sentence),) = world.pager.called.values()
    assert (called.id, len(called.alerts)) == (world.incident.id, 1)
    assert sentence == "help is asked for with SEV1 High error ratio"
    events = [event for event in await world.store.timeline.of(world.incident.id) if event.kind == "page"]
    told_of = "Paged Jo Ng by incident #41 in PagerDuty for checkout"
    assert [(event.text, event.actor) for event in events] == [(told_of, "U1")]


async def test_another_service_is_paged_for_itself(world: World) -> None:
    await world.desk().page(world.order(), "payments")
    ((called, _),) = world.pager.called.values()
    assert (called.service, called.alerts) == ("payments", ())


async def test_what_cannot_be_paged_is_refused_with_the_reason(world: World) -> None:
    with pytest.raises(FirstResponderError, match="I know no service or team “paymnts”; near it are payments"):
        await world.desk().page(world.order(), "paymnts")
    with pytest.raises(FirstResponderError, match="names no service"):
        await world.desk().ask(replace(world.incident, service=None), "")
    world.pager.error = ActionRefused(Refusal.UNREACHABLE, "PagerDuty does not answer.")
    with pytest.raises(FirstResponderError, match="PagerDuty does not answer"):
        await world.desk().page(world.order(), "")
    assert [event for event in await world.store.timeline.of(world.incident.id) if event.kind == "page"] == []
