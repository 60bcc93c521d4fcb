"""Whoever has to is asked for the next update, at the pace of the severity, once each time."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta

import pytest

from bot.domain.alert import Severity
from bot.domain.errors import ChatError
from bot.domain.incident import IncidentStatus
from bot.domain.life import Audience, Role
from bot.domain.life.pace_of_updates import CLAIM, SPANS
from bot.domain.life.presses import SNOOZE, WRITE_UPDATE
from bot.testing import NOON
from tests.flows.life.hour import ANA, BO, CARD, CHANNEL, INC, THREAD, Hour, at_each_crash, incident

MINUTE = timedelta(minutes=1)


async def tick(hour: Hour, by: timedelta = timedelta()) -> None:
    hour.clock.go_on(by)
    await hour.cadences.tick(hour.clock.now())


def nudges(hour: Hour) -> list[str]:
    """To whom, in order."""
    return [sent.to for sent in hour.telling.sent if sent.key.startswith("life/nudge/")]


async def due(hour: Hour) -> datetime | None:
    plan = await hour.life.cadences.get(INC)
    return plan.due if plan else None


@pytest.mark.parametrize("severity", list(SPANS))
async def test_nobody_is_asked_before_the_time_and_the_place_is_asked_at_it(severity: Severity) -> None:
    hour = Hour()
    hour.change(severity=severity)
    await hour.cadences.follow(hour.incident)
    await tick(hour, SPANS[severity] - timedelta(seconds=1))
    assert nudges(hour) == []
    await tick(hour, timedelta(seconds=1))
    assert nudges(hour) == [CHANNEL.channel]


async def test_the_mildest_severity_asks_nobody() -> None:
    hour = Hour()
    hour.change(severity=Severity.SEV4)
    await hour.cadences.follow(hour.incident)
    await tick(hour, timedelta(days=3))
    assert nudges(hour) == []
    assert await hour.life.cadences.get(INC) is None


async def test_communications_are_asked_before_the_lead_and_the_lead_before_the_place() -> None:
    hour = Hour()
    await hour.cadences.follow(hour.incident)
    await hour.lead(ANA)
    await tick(hour, 30 * MINUTE)
    await hour.roles.assign(hour.order(id="c"), Role.COMMUNICATIONS, BO)
    await tick(hour, 30 * MINUTE)
    assert nudges(hour) == [f"@{ANA}", f"@{BO}"]


async def test_the_nudge_says_how_long_it_has_been_and_has_the_buttons() -> None:
    hour = Hour()
    await hour.cadences.follow(hour.incident)
    await tick(hour, 30 * MINUTE)
    [sent] = hour.telling.sent
    assert "none has gone out since it was opened 30 minutes ago" in sent.text
    assert [(choice.action, choice.value) for choice in sent.choices] == [
        (WRITE_UPDATE, INC),
        (SNOOZE, f"{INC} 15"),
        (SNOOZE, f"{INC} 60"),
    ]
    await hour.updates.send(hour.order("x"), Audience.INTERNAL)
    await tick(hour, 31 * MINUTE)
    assert "the last one went out 31 minutes ago" in hour.telling.sent[-1].text


async def test_whom_slack_takes_no_message_for_is_passed_over() -> None:
    hour = Hour()
    await hour.cadences.follow(hour.incident)
    await hour.lead(ANA)
    await hour.roles.assign(hour.order(id="c"), Role.COMMUNICATIONS, BO)
    hour.telling.refuse = {f"@{who}": ChatError("user_disabled", is_final=True) for who in (ANA, BO)}
    await tick(hour, 30 * MINUTE)
    assert nudges(hour) == [CHANNEL.channel]


async def test_where_nobody_can_be_asked_it_is_left_until_the_next_time() -> None:
    hour = Hour()
    await hour.cadences.follow(hour.incident)
    hour.telling.refuse[CHANNEL.channel] = ChatError("is_archived", is_final=True)
    await tick(hour, 30 * MINUTE)
    assert await due(hour) == NOON + 60 * MINUTE


async def test_an_update_counts_from_when_it_was_sent() -> None:
    hour = Hour()
    await hour.cadences.follow(hour.incident)
    hour.clock.go_on(20 * MINUTE)
    await hour.updates.send(hour.order("x"), Audience.PUBLIC)
    await tick(hour, 29 * MINUTE)
    assert nudges(hour) == []
    await tick(hour, MINUTE)
    assert len(nudges(hour)) == 1


async def test_what_was_missed_while_the_bot_was_away_is_asked_once() -> None:
    hour = Hour()
    await hour.cadences.follow(hour.incident)
    for _ in range(3):
        await tick(hour, 95 * MINUTE if not nudges(hour) else timedelta())
    assert len(nudges(hour)) == 1
    assert await due(hour) == NOON + 120 * MINUTE


async def test_a_snooze_asks_again_after_its_time() -> None:
    hour = Hour()
    await hour.cadences.follow(hour.incident)
    await tick(hour, 30 * MINUTE)
    await hour.updates.snooze(hour.order(), 15 * MINUTE)
    await hour.cadences.follow(hour.incident)
    await tick(hour, 14 * MINUTE)
    assert len(nudges(hour)) == 1
    await tick(hour, MINUTE)
    assert len(nudges(hour)) == 2
    assert await due(hour) == NOON + 75 * MINUTE


async def test_it_stops_when_it_is_over_and_begins_anew_when_it_is_opened_again() -> None:
    hour = Hour()
    await hour.cadences.follow(hour.incident)
    hour.change(status=IncidentStatus.RESOLVED, resolved_at=NOON)
    await tick(hour, 31 * MINUTE)  # even before it was followed
    await hour.cadences.follow(hour.incident)
    await tick(hour, timedelta(hours=5))
    assert nudges(hour) == []
    hour.change(status=IncidentStatus.INVESTIGATING, resolved_at=None)
    await hour.cadences.follow(hour.incident)
    await tick(hour, 29 * MINUTE)
    assert nudges(hour) == []
    await tick(hour, MINUTE)
    assert len(nudges(hour)) == 1


@pytest.mark.parametrize(
    ("severity", "expected"),
    [(Severity.SEV2, 60 * MINUTE), (Severity.SEV3, 240 * MINUTE), (Severity.SEV4, None)],
)
async def test_another_severity_is_another_pace(severity: Severity, expected: timedelta | None) -> None:
    hour = Hour()
    await hour.cadences.follow(hour.incident)
    hour.clock.go_on(10 * MINUTE)
    hour.change(severity=severity)
    await hour.cadences.follow(hour.incident)
    assert await due(hour) == (NOON + expected if expected else None)
    hour.change(severity=Severity.SEV1)
    await hour.cadences.follow(hour.incident)
    assert await due(hour) == NOON + 30 * MINUTE


async def test_following_again_changes_nothing_that_people_have_set() -> None:
    hour = Hour()
    await hour.cadences.follow(hour.incident)
    await hour.updates.send(hour.order("x"), Audience.INTERNAL, next_in=5 * MINUTE)
    hour.restarted()
    await hour.cadences.follow(hour.change(title="another"))
    assert await due(hour) == NOON + 5 * MINUTE


async def test_one_that_slack_does_not_take_keeps_no_other_waiting() -> None:
    hour = Hour()
    other = incident(id="INC-2026-0002", place=THREAD, card=CARD)
    hour.incidents.all[other.id] = other
    for one in (hour.incident, other):
        await hour.cadences.follow(one)
    hour.telling.refuse[CHANNEL.channel] = ChatError("unreachable", is_final=False)
    with pytest.raises(ChatError):
        await tick(hour, 30 * MINUTE)
    assert nudges(hour) == [f"{THREAD.channel}/thread"]
    hour.telling.refuse.clear()
    await tick(hour, CLAIM)
    assert nudges(hour) == [f"{THREAD.channel}/thread", CHANNEL.channel]


async def test_a_crash_at_any_moment_asks_once_for_each_time() -> None:
    async def act(hour: Hour) -> None:
        await hour.cadences.follow(hour.incident)
        hour.clock.go_on(NOON + 30 * MINUTE - hour.clock.now() if hour.clock.now() < NOON + 30 * MINUTE else CLAIM)
        await hour.cadences.tick(hour.clock.now())

    for hour in await at_each_crash(Hour, act):
        await tick(hour, CLAIM)
        assert len(nudges(hour)) == 1
        assert await due(hour) == NOON + 60 * MINUTE


async def test_one_that_another_process_is_sending_at_this_moment_is_left_to_it() -> None:
    hour = Hour()
    await hour.cadences.follow(hour.incident)
    hour.clock.go_on(30 * MINUTE)
    direct = hour.telling.in_place

    async def meanwhile(*args: object, **options: object) -> object:
        hour.telling.in_place = direct  # type: ignore[method-assign]
        other = Hour.__new__(Hour)
        other.__dict__ = dict(hour.__dict__)
        other.restarted()
        await other.cadences.tick(hour.clock.now())
        assert nudges(hour) == [], "the other process has sent it, too"
        return await direct(*args, **options)  # type: ignore[arg-type]

    hour.telling.in_place = meanwhile  # type: ignore[method-assign,assignment]
    await hour.cadences.tick(hour.clock.now())
    assert len(nudges(hour)) == 1


async def test_of_two_processes_one_asks() -> None:
    hour = Hour()
    await hour.cadences.follow(hour.incident)
    first = hour.cadences
    hour.restarted()
    hour.clock.go_on(30 * MINUTE)
    both, real = asyncio.Barrier(2), hour.life.cadences.due

    async def read_by_both_first(by: datetime, limit: int = 100) -> object:
        found = await real(by, limit)
        await both.wait()
        return found

    hour.life.cadences.due = read_by_both_first  # type: ignore[method-assign,assignment]
    await asyncio.gather(first.tick(hour.clock.now()), hour.cadences.tick(hour.clock.now()))
    assert len(nudges(hour)) == 1
    writes = hour.life.cadences.writes
    assert writes == 3, "planned, claimed, and planned anew"


@pytest.mark.parametrize("seed", range(40))
async def test_over_random_hours_people_are_asked_in_time_and_never_twice(seed: int) -> None:
    """Updates, snoozes, changes of severity, ends, restarts and gaps in random order."""
    luck = random.Random(seed)
    hour = Hour()
    await hour.cadences.follow(hour.incident)
    for number in range(60):
        before, plan = len(nudges(hour)), await hour.life.cadences.get(INC)
        hour.clock.go_on(timedelta(seconds=luck.choice([1, 15, 61, 300, 1800, 7200])))
        now = hour.clock.now()
        await hour.cadences.tick(now)
        asked = len(nudges(hour)) - before
        was_due = plan is not None and plan.due is not None and plan.due <= now and hour.incident.status.is_open
        assert asked == (1 if was_due else 0), f"step {number}"
        await _something_happens(hour, luck, number)
        await _planned_rightly(hour)
    keys = [sent.key for sent in hour.telling.sent if sent.key.startswith("life/nudge/")]
    assert len(keys) == len(set(keys))


async def _something_happens(hour: Hour, luck: random.Random, number: int) -> None:
    order = hour.order("x", id=f"order-{number}")
    match luck.choice(["nothing", "update", "snooze", "severity", "status", "restart"]):
        case "update":
            next_in = luck.choice([None, 10 * MINUTE])
            await hour.updates.send(order, Audience.INTERNAL, next_in=next_in)
        case "snooze":
            await hour.updates.snooze(order, luck.choice([15, 60]) * MINUTE)
        case "severity":
            hour.change(severity=luck.choice(list(Severity)))
        case "status":
            over = luck.random() < 0.4
            hour.change(status=IncidentStatus.RESOLVED if over else IncidentStatus.INVESTIGATING)
        case "restart":
            hour.restarted()
    await hour.cadences.follow(hour.incident)


async def _planned_rightly(hour: Hour) -> None:
    plan = await hour.life.cadences.get(INC)
    if not hour.incident.status.is_open:
        assert plan is None or plan.due is None, "what is over asks nobody"
        return
    span = SPANS.get(hour.incident.severity)
    if span is None:
        return
    assert plan is not None
    assert plan.due is not None, "somebody is asked while it goes on"
    latest = max(hour.clock.now(), plan.updated_at or NOON) + max(span, 60 * MINUTE)
    assert plan.due <= latest, "nobody waits longer than the pace says"
