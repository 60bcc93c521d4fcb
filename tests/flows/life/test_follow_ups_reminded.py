"""People are reminded on the day a follow-up is due and each week after that, once for each time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from dataclasses import fields as fields_of
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.domain.errors import ChatError
from bot.domain.life import FollowUp, FollowUpState, Priority, presses
from bot.domain.ports.following import Follower
from bot.flows.life.reminders import Reminders
from bot.slack.blocks.follow_up_list import reminder
from bot.testing import NOON
from tests.flows.life.hour import ANA, BO, INC, Crash, FakeIncidents, FakeTelling, Sent, Steps, incident
from tests.flows.life.kept import FakeLife

DUE = datetime(2026, 11, 27, 9, tzinfo=UTC)
WEEK = timedelta(days=7)


@dataclass
class World:
    steps: Steps = field(default_factory=Steps)
    life: FakeLife = field(default_factory=FakeLife)
    has_tracker: bool = True

    def __post_init__(self) -> None:
        self.telling = FakeTelling(self.steps)
        for one in fields_of(self.life):
            getattr(self.life, one.name).around = self.steps
        self.restarted()

    def restarted(self) -> None:
        self.reminders = Reminders(
            life=self.life,
            incidents=FakeIncidents(incident()),
            telling=self.telling,
            words=reminder,
            has_tracker=self.has_tracker,
        )

    async def noted(self, **details: object) -> None:
        given: dict[str, object] = {
            "id": f"{INC}/1", "incident": INC, "text": "Let the canary watch <errors>", "priority": Priority.P1,
            "created_at": NOON, "created_by": ANA, "owner": BO, "due_on": DUE.date(), **details,
        }  # fmt: skip
        await self.life.follow_ups.add(FollowUp(**given))  # type: ignore[arg-type]

    async def at(self, *times: datetime) -> list[Sent]:
        for time in times:
            await self.reminders.tick(time)
        return self.telling.sent


def test_it_is_called_by_the_reconciler() -> None:
    _: Follower = World().reminders


async def test_the_owner_is_told_at_nine_on_the_day_it_is_due_and_not_before() -> None:
    world = World()
    await world.noted()
    assert await world.at(DUE - timedelta(seconds=1)) == []
    (sent,) = await world.at(DUE, DUE + timedelta(minutes=1))
    assert sent.to == f"@{BO}"
    assert "is due today" in sent.text
    assert "&lt;errors&gt;" in sent.text
    assert [(choice.action, choice.value) for choice in sent.choices] == [
        (presses.FOLLOW_UP_DONE, f"{INC}/1"),
        (presses.FOLLOW_UP_EDIT, f"{INC}/1"),
        (presses.FOLLOW_UP_ISSUE, f"{INC}/1"),
    ]


async def test_each_week_it_is_said_again_until_it_is_closed() -> None:
    world = World()
    await world.noted()
    sent = await world.at(DUE, DUE + WEEK - timedelta(seconds=1), DUE + WEEK, DUE + 2 * WEEK)
    assert len(sent) == 3
    assert "*overdue since 2026-11-27* (14 days)" in sent[-1].text
    one = await world.life.follow_ups.get(f"{INC}/1")
    assert one is not None
    await world.life.follow_ups.put(replace(one, state=FollowUpState.DONE))
    assert len(await world.at(DUE + 3 * WEEK)) == 3


async def test_after_weeks_of_silence_there_is_one_reminder_and_the_weekday_stays() -> None:
    world = World()
    await world.noted()
    assert len(await world.at(DUE + 3 * WEEK + timedelta(hours=5))) == 1
    one = await world.life.follow_ups.get(f"{INC}/1")
    assert one is not None
    assert one.due == DUE + 4 * WEEK


async def test_what_nobody_owns_reminds_who_noted_it_and_what_the_bot_noted_its_incident_s_place() -> None:
    world = World()
    await world.noted(owner="")
    await world.noted(id=f"{INC}/2", owner="", created_by="")
    first, second = await world.at(DUE)
    assert first.to == f"@{ANA}"
    assert second.to == "C0INC"
    assert "nobody owns it yet" in second.text


async def test_who_cannot_be_reached_is_reminded_in_the_incident_s_place() -> None:
    world = World()
    world.telling.refuse[f"@{BO}"] = ChatError("user_not_found", is_final=True)
    await world.noted()
    (sent,) = await world.at(DUE)
    assert sent.to == "C0INC"


async def test_where_slack_does_not_answer_they_are_told_once_it_does() -> None:
    world = World()
    world.telling.refuse[f"@{BO}"] = ChatError("unreachable", is_final=False)
    await world.noted()
    with pytest.raises(ChatError):
        await world.at(DUE)
    world.telling.refuse.clear()
    assert len(await world.at(DUE + timedelta(minutes=1), DUE + timedelta(minutes=2))) == 1


async def test_without_a_tracker_or_with_an_issue_no_button_offers_one() -> None:
    world = World(has_tracker=False)
    await world.noted()
    linked = World()
    await linked.noted(issue="https://github.example/issues/1")
    for one in (world, linked):
        (sent,) = await one.at(DUE)
        assert presses.FOLLOW_UP_ISSUE not in [choice.action for choice in sent.choices]


async def test_what_has_no_date_reminds_nobody() -> None:
    world = World()
    await world.noted(due_on=None)
    assert await world.at(DUE + 10 * WEEK) == []


async def test_a_crash_at_any_moment_loses_no_reminder_and_sends_none_twice() -> None:
    async def made() -> World:
        world = World()
        await world.noted()
        await world.noted(id=f"{INC}/2", owner=ANA, due_on=date(2026, 11, 20))
        return world

    calm = await made()
    began = calm.steps.taken
    await calm.at(DUE)
    for at in range(began + 1, calm.steps.taken + 1):
        world = await made()
        world.steps.crash_at = at
        with pytest.raises(Crash):
            await world.at(DUE)
        world.restarted()
        await world.at(DUE)
        assert sorted(sent.to for sent in world.telling.sent) == sorted(sent.to for sent in calm.telling.sent), at
        world.restarted()
        await world.at(DUE)
        assert len(world.telling.sent) == 2
