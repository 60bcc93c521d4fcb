"""Slack stays away while a run ends: what people see is made good once Slack is back, also after a kill."""

from __future__ import annotations

import pytest

from bot.domain.approval import Decision, State
from bot.domain.errors import ChatError
from bot.domain.run import RunState
from tests.flows.acting.world import ANA, MINUTE, World, runbook, step


def away(_: str) -> None:
    raise ChatError("service_unavailable", is_final=False)


def back(_: str) -> None:
    pass


def shown(world: World) -> RunState:
    """By the card."""
    (versions,) = world.board.cards.values()
    return versions[-1][0].state


def asked_last(world: World) -> State:
    """By the request's message."""
    (versions,) = world.board.shown.values()
    return versions[-1][0].state


async def ended(world: World, *, away_for: tuple[str, ...] = ("show_run", "show_request")) -> None:
    """Denied while Slack takes none of these."""
    await world.started()
    await world.say(ANA, Decision.DENY)

    def fail(name: str) -> None:
        if name in away_for:
            away(name)

    world.board.fail = fail
    pause = await world.go_on()
    assert (await world.run()).state is RunState.REFUSED
    assert not pause.is_over
    assert shown(world) is RunState.WAITING


@pytest.mark.parametrize("is_killed", [False, True])
async def test_the_card_shows_the_end_once_slack_is_back(is_killed: bool) -> None:
    world = World(runbook(step("a")))
    await ended(world)
    lines = len(world.ledger.lines)
    if is_killed:
        world.crash()
    assert [run.id for run in await world.outside.runs.unfinished()] == [(await world.run()).id]
    assert not (await world.later(MINUTE)).is_over
    world.board.fail = back
    assert (await world.later(MINUTE)).is_over
    assert shown(world) is RunState.REFUSED
    assert asked_last(world) is State.DENIED
    assert await world.outside.runs.unfinished() == []
    assert len(world.ledger.lines) == lines
    cards = len(world.board.cards[(await world.run()).id])
    assert (await world.later(MINUTE)).is_over
    assert len(world.board.cards[(await world.run()).id]) == cards, "it is shown once"


@pytest.mark.parametrize("is_killed", [False, True])
async def test_a_request_whose_message_was_not_brought_up_to_date_loses_its_buttons_later(is_killed: bool) -> None:
    world = World(runbook(step("a")))
    await world.started()

    def fail(name: str) -> None:
        if name == "show_request":
            away(name)

    world.board.fail = fail
    await world.say(ANA, Decision.DENY)
    await world.go_on()
    assert (await world.run()).state is RunState.REFUSED
    assert not world.board.shown
    if is_killed:
        world.crash()
    world.board.fail = back
    assert (await world.later(MINUTE)).is_over
    assert asked_last(world) is State.DENIED


async def test_what_slack_refuses_for_good_is_not_tried_without_end() -> None:
    world = World(runbook(step("a")))
    await world.started()

    def archived(name: str) -> None:
        raise ChatError("is_archived", is_final=True)

    world.board.fail = archived
    await world.say(ANA, Decision.DENY)
    await world.go_on()
    assert (await world.run()).state is RunState.REFUSED
    assert (await world.later(MINUTE)).is_over
    assert await world.outside.runs.unfinished() == []


async def test_who_ended_it_cannot_be_outdone_while_it_is_shown() -> None:
    """What is over stays, also where people do not see it yet."""
    world = World(runbook(step("a")))
    await ended(world)
    assert "over already" in await world.runs.cancel((await world.run()).id, ANA)
