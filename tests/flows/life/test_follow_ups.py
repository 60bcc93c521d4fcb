"""Follow-ups: noted once, numbered without gaps, owned by members, closed with a word, made issues of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import SourceError
from bot.domain.evidence import FailureReason
from bot.domain.incident import Incident
from bot.domain.life import FollowUp, FollowUpState, Priority
from bot.domain.ports.life import FollowUpDesk
from bot.flows.life.follow_ups import FollowUps
from bot.testing import NOON, FrozenClock
from memory.store import Store
from tests.flows.life.hour import ANA, BO, GUEST, INC, FakeIncidents, FakeTimeline, Steps, incident
from tests.flows.life.kept import FakeKept, FakeLife
from tests.flows.life.postmortem_world import Directory, order

TEXT = "Let the canary watch errors"


@dataclass
class Tracker:
    opened: list[str] = field(default_factory=list)
    error: SourceError | None = None

    async def open_issue(self, follow_up: FollowUp, incident: Incident) -> str:
        if self.error:
            raise self.error
        self.opened.append(follow_up.id)
        return f"https://github.example/issues/{len(self.opened)}"


@dataclass
class World:
    life: Any = field(default_factory=FakeLife)
    tracker: Tracker | None = None
    incidents: FakeIncidents = field(default_factory=lambda: FakeIncidents(incident()))
    timeline: FakeTimeline = field(default_factory=lambda: FakeTimeline(Steps()))
    clock: FrozenClock = field(default_factory=FrozenClock)
    changes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = FollowUps(
            life=self.life,
            incidents=self.incidents,
            timeline=self.timeline,
            directory=Directory(),
            tracker=self.tracker,
            clock=self.clock,
            on_change=self.changes.append,
        )

    async def one(self, number: int = 1) -> FollowUp:
        found = await self.life.follow_ups.get(f"{INC}/{number}")
        assert found is not None
        return found  # type: ignore[no-any-return]

    def noted(self) -> list[str]:
        return [one.text for one in self.timeline.events.values() if one.kind == "follow-up"]


def test_it_is_the_desk_that_slack_calls() -> None:
    _: FollowUpDesk = World().desk


async def test_it_is_noted_with_its_number_a_date_by_priority_and_on_the_timeline() -> None:
    world = World()
    said = await world.desk.add(order(TEXT), owner=BO, priority=Priority.P0, link="https://chat.example/p1")
    one = await world.one()
    assert (one.text, one.owner, one.created_by) == (TEXT, BO, ANA)
    assert one.due_on == date(2026, 11, 27)
    assert said == f"{INC}/1 (P0, due 2026-11-27, owner: <@{BO}>): {TEXT}"
    assert world.noted() == [TEXT]
    assert world.changes == [INC]


@pytest.mark.parametrize(("priority", "days"), [(Priority.P0, 7), (Priority.P1, 30), (Priority.P2, 90)])
async def test_without_a_date_the_priority_says_when(priority: Priority, days: int) -> None:
    world = World()
    await world.desk.add(order(TEXT), priority=priority)
    assert (await world.one()).due_on == NOON.date() + timedelta(days=days)


async def test_a_given_date_counts() -> None:
    world = World()
    await world.desk.add(order(TEXT), due_on=date(2027, 1, 2))
    assert (await world.one()).due_on == date(2027, 1, 2)


async def test_the_same_order_twice_is_noted_once() -> None:
    world = World()
    await world.desk.add(order(TEXT))
    assert "noted already" in await world.desk.add(order(TEXT))
    assert len(await world.desk.of_incident(INC)) == 1
    assert world.noted() == [TEXT]


@pytest.mark.parametrize(
    ("word", "owner", "said"),
    [
        (" ", "", "Say what is to be done."),
        (TEXT, GUEST, f"<@{GUEST}> is no full member here, and cannot own a follow-up."),
        (TEXT, "UNOBODY", "<@UNOBODY> is no full member here, and cannot own a follow-up."),
    ],
)
async def test_what_cannot_be_noted_is_refused_with_the_reason(word: str, owner: str, said: str) -> None:
    world = World()
    assert await world.desk.add(order(word), owner=owner) == said
    assert not await world.desk.of_incident(INC)


async def test_of_an_incident_that_is_not_there_none_is_noted() -> None:
    said = await World().desk.add(replace(order(TEXT), incident="INC-2026-0404"))
    assert said == "There is no incident INC-2026-0404."


async def test_secrets_are_not_kept() -> None:
    world = World()
    await world.desk.add(order(f"rotate password={'s' * 20}"))
    assert "s" * 20 not in (await world.one()).text


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    await opened.close()


async def test_many_at_once_get_numbers_of_their_own_and_the_same_key_one(store: Store) -> None:
    world = World(life=store.life)
    orders = [order(f"{TEXT} {n}", id=f"o{n}") for n in range(8)] + [order("Twice", id="twice")] * 4
    await asyncio.gather(*(world.desk.add(one) for one in orders))
    found = await world.desk.of_incident(INC)
    assert sorted(one.id for one in found) == sorted(f"{INC}/{n}" for n in range(1, 10))
    assert [one.text for one in found].count("Twice") == 1


# --- reactions -------------------------------------------------------------------------------------------------------


async def test_a_reaction_that_is_taken_away_takes_back_what_nobody_has_touched() -> None:
    world = World()
    await world.desk.add(order(TEXT, id="reaction"))
    await world.desk.remove("reaction")
    assert (await world.one()).state is FollowUpState.DROPPED
    assert world.noted() == []
    await world.desk.add(order(TEXT, id="reaction"))
    assert (await world.one()).state is FollowUpState.OPEN
    assert world.noted() == [TEXT]


async def test_what_somebody_has_worked_on_stays_when_the_reaction_goes() -> None:
    world = World()
    await world.desk.add(order(TEXT, id="reaction"))
    one = await world.one()
    await world.desk.change(order(id="2"), one.id, owner=BO, due_on=one.due_on, priority=one.priority, text=one.text)
    await world.desk.remove("reaction")
    await world.desk.remove("nothing")
    assert (await world.one()).state is FollowUpState.OPEN


# --- changing and closing --------------------------------------------------------------------------------------------


async def test_all_of_it_can_be_changed_and_a_new_date_asks_anew() -> None:
    world = World()
    await world.desk.add(order(TEXT))
    before = await world.one()
    await world.life.follow_ups.put(replace(before, remind_at=NOON, reminded_at=NOON))
    said = await world.desk.change(
        order(id="2"), before.id, owner=BO, due_on=date(2027, 1, 2), priority=Priority.P2, text="Other"
    )
    one = await world.one()
    assert (one.owner, one.due_on, one.priority, one.text) == (BO, date(2027, 1, 2), Priority.P2, "Other")
    assert (one.remind_at, one.reminded_at) == (None, None)
    assert "Other" in said
    assert world.noted() == ["Other"]


async def test_nobody_but_a_member_becomes_its_owner() -> None:
    world = World()
    await world.desk.add(order(TEXT))
    one = await world.one()
    said = await world.desk.change(
        order(id="2"), one.id, owner=GUEST, due_on=None, priority=one.priority, text=one.text
    )
    assert "no full member" in said
    assert await world.one() == one


async def test_it_is_closed_once_with_its_word_on_the_timeline() -> None:
    world = World()
    await world.desk.add(order(TEXT))
    assert await world.desk.close(order("merged", id="2"), f"{INC}/1", FollowUpState.DONE) == f"{INC}/1 is done."
    one = await world.one()
    assert (one.state, one.closed_by, one.word, one.closed_at) == (FollowUpState.DONE, ANA, "merged", NOON)
    assert await world.desk.close(order(id="3"), one.id, FollowUpState.DONE) == f"{INC}/1 is done already."
    closed = [event.text for event in world.timeline.events.values() if event.kind == "follow-up closed"]
    assert closed == [f"{INC}/1 is done: {TEXT} (merged)"]
    assert world.noted() == [TEXT]


async def test_dropping_it_wants_a_reason_and_it_can_be_opened_again() -> None:
    world = World()
    await world.desk.add(order(TEXT))
    assert await world.desk.close(order(id="2"), f"{INC}/1", FollowUpState.DROPPED) == "Say why it will not be done."
    await world.desk.close(order("not worth it", id="2"), f"{INC}/1", FollowUpState.DROPPED)
    assert (await world.one()).word == "not worth it"
    assert await world.desk.close(order(id="3"), f"{INC}/1", FollowUpState.OPEN) == f"{INC}/1 is open."
    assert (await world.one()).closed_at is None


async def test_what_is_not_there_is_said_not_to_be() -> None:
    world = World()
    told = f"There is no follow-up {INC}/7."
    assert await world.desk.close(order(), f"{INC}/7", FollowUpState.DONE) == told
    assert await world.desk.to_issue(order(), f"{INC}/7") == told
    assert await world.desk.change(order(), f"{INC}/7", owner="", due_on=None, priority=Priority.P1, text="x") == told


class Slower(FakeKept[FollowUp]):
    """Somebody else writes between our reading and our writing, once."""

    async def put(self, one: FollowUp) -> FollowUp | None:
        if self.writes == 1:
            there = await self.get(one.id)
            assert there is not None
            await super().put(replace(there, owner=BO))
        return await super().put(one)


async def test_where_somebody_was_faster_both_changes_hold() -> None:
    world = World(life=FakeLife(follow_ups=Slower()))
    await world.desk.add(order(TEXT))
    await world.desk.close(order(id="2"), f"{INC}/1", FollowUpState.DONE)
    one = await world.one()
    assert (one.owner, one.state) == (BO, FollowUpState.DONE)


# --- lists -----------------------------------------------------------------------------------------------------------


async def test_mine_are_the_open_ones_the_soonest_due_first() -> None:
    world = World()
    for number, (owner, due) in enumerate([(BO, 20), (ANA, 9), (BO, 3), (BO, 5)], 1):
        await world.desk.add(order(f"{number}", id=f"o{number}"), owner=owner, due_on=date(2026, 12, due))
    await world.desk.close(order(id="x"), f"{INC}/4", FollowUpState.DONE)
    assert [one.text for one in await world.desk.of_person(BO)] == ["3", "1"]


async def test_overdue_ones_are_listed_for_all_but_those_of_private_incidents() -> None:
    world = World()
    private = incident(id="INC-2026-0002", is_private=True)
    world.incidents.all[private.id] = private
    await world.desk.add(order("late", id="1"), due_on=date(2026, 11, 18))
    await world.desk.add(order("later", id="2"), due_on=date(2026, 11, 10))
    await world.desk.add(order("today", id="3"), due_on=date(2026, 11, 20))
    await world.desk.add(replace(order("secret", id="4"), incident=private.id), due_on=date(2026, 11, 1))
    assert [one.text for one in await world.desk.overdue(NOON)] == ["later", "late"]


# --- issues ----------------------------------------------------------------------------------------------------------


async def test_it_becomes_an_issue_once() -> None:
    world = World(tracker=Tracker())
    await world.desk.add(order(TEXT))
    address = "https://github.example/issues/1"
    assert await world.desk.to_issue(order(id="2"), f"{INC}/1") == f"{INC}/1 is an issue now: {address}"
    assert await world.desk.to_issue(order(id="3"), f"{INC}/1") == f"{INC}/1 has an issue already: {address}"
    assert (await world.one()).issue == address


async def test_without_a_tracker_or_where_it_fails_it_is_said() -> None:
    world = World()
    await world.desk.add(order(TEXT))
    assert "FOLLOW_UP_REPOSITORY" in await world.desk.to_issue(order(id="2"), f"{INC}/1")
    failing = World(tracker=Tracker(error=SourceError(FailureReason.FORBIDDEN, "the key may not write")))
    await failing.desk.add(order(TEXT))
    said = await failing.desk.to_issue(order(id="2"), f"{INC}/1")
    assert said == "No issue was opened: the key may not write"


async def test_those_of_private_incidents_are_told_to_no_other_tool() -> None:
    world = World(tracker=Tracker(), incidents=FakeIncidents(incident(is_private=True)))
    await world.desk.add(order(TEXT))
    assert "is private" in await world.desk.to_issue(order(id="2"), f"{INC}/1")
    assert world.tracker is not None
    assert not world.tracker.opened
