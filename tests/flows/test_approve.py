"""What is recorded of what people say to a request, and what they are answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.approval import Decision, Message, ReviewReason, TakingBack
from bot.domain.errors import ChatError
from bot.domain.run import StepState
from bot.flows.approve import PATIENCE
from tests.flows.acting.test_crashes import Killed
from tests.flows.acting.world import ANA, BEN, GUEST, OUT, POLICY, REQ, World, runbook, step, stricter

ELSEWHERE = Message(channel="C-inc", ts="9.9")


async def asked(needed: int = 1) -> World:
    from bot.domain.policy import Autonomy

    policy = POLICY if needed == 1 else stricter(POLICY, Autonomy.APPROVAL, needed=needed)
    world = World(runbook(step("a")), policy=policy)
    await world.started()
    return world


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (ANA, ReviewReason.COMPLETES),
        (REQ, ReviewReason.OWN_REQUEST),
        (GUEST, ReviewReason.GUEST),
        (OUT, ReviewReason.NOT_IN_GROUP),
        ("U-nobody", ReviewReason.UNKNOWN),
    ],
)
async def test_only_what_counts_is_recorded(person: str, reason: ReviewReason) -> None:
    world = await asked()
    before = len(await world.outside.approvals.events(world.request_id()))
    verdict = await world.say(person)
    assert verdict is not None
    assert verdict.reason is reason
    after = len(await world.outside.approvals.events(world.request_id()))
    assert after == before + verdict.is_counted
    assert ("reviewed" in world.kinds) is verdict.is_counted


async def test_a_message_that_is_no_request_is_nobodys_business() -> None:
    world = await asked()
    now = world.clock.now()
    assert await world.approve.decide(ELSEWHERE, ANA, Decision.APPROVE, at=now, id="x") is None
    assert await world.approve.take_back(ELSEWHERE, ANA, at=now, id="x") is None
    assert not await world.approve.edited(ELSEWHERE, at=now, id="x")
    assert not await world.approve.deleted(ELSEWHERE, at=now, id="x")
    assert "no such" in await world.approve.withdraw("A-none", ANA, at=now, id="x")


async def test_a_button_of_another_record_decides_nothing() -> None:
    world = await asked()
    verdict = await world.approve.decide(
        world.message(), ANA, Decision.APPROVE, at=world.clock.now(), id="x", shown_digest="0" * 64
    )
    assert verdict is not None
    assert verdict.reason is ReviewReason.REQUEST_CHANGED


async def test_the_same_event_again_gives_the_same_answer_and_writes_nothing() -> None:
    world = await asked(needed=2)
    first = await world.say(ANA, id="e1")
    written = world.ledger.writes
    assert await world.say(ANA, id="e1") == first
    assert world.ledger.writes == written
    again = await world.say(ANA, id="e2")
    assert again is not None
    assert again.reason is ReviewReason.ALREADY_APPROVED


async def test_taking_back_that_arrives_before_the_approval_counts() -> None:
    """The reaction was removed a second after it was given; the events come the other way round."""
    world = await asked()
    given = world.clock.now()
    world.clock.go_on(timedelta(seconds=2))
    found = await world.approve.take_back(world.message(), ANA, at=given + timedelta(seconds=1), id="removed")
    assert found is TakingBack.NOTHING
    await world.approve.decide(world.message(), ANA, Decision.APPROVE, at=given, id="given")
    await world.go_on()
    assert world.restart.ran == []


async def test_slack_that_does_not_tell_who_somebody_is_decides_nothing() -> None:
    world = await asked()
    world.directory.is_down = True
    with pytest.raises(ChatError):
        await world.say(ANA)
    assert "reviewed" not in world.kinds


async def test_a_decision_is_kept_also_where_slack_does_not_show_it() -> None:
    world = await asked()

    def fail(_: str) -> None:
        raise ChatError("ratelimited", is_final=False)

    world.board.fail = fail
    verdict = await world.say(ANA)
    assert verdict is not None
    assert verdict.is_counted
    await world.go_on()
    assert len(world.restart.ran) == 1


async def test_each_decision_is_shown_and_wakes_the_run() -> None:
    world = await asked(needed=2)
    woken: list[str] = []
    world.approve._wake = woken.append
    await world.say(ANA)
    await world.say(BEN)
    run = await world.run()
    assert woken == [run.id, run.id]
    shown = [len(standing.approvals) for standing, _ in world.board.shown[world.request_id()]]
    assert shown == [1, 2]


async def unnoted() -> tuple[World, Message]:
    """The request stands in Slack, and the bot ended before it wrote that down."""
    world = World(runbook(step("a")))

    def crash(name: str) -> None:
        if name == "approvals.record":
            raise Killed

    world.ledger.fail = crash
    with pytest.raises(Killed):
        await world.started()
    world.ledger.fail = lambda _: None
    world.crash()
    return world, Message(channel="C-inc", ts=str(world.clock.now().timestamp()))


async def test_an_approval_that_comes_before_its_request_is_noted_waits_for_it() -> None:
    world, message = await unnoted()
    with pytest.raises(ChatError, match="being posted"):
        await world.say(ANA, id="e1", message=message)
    await world.go_on()
    assert await world.say(ANA, id="e1", message=world.message())
    await world.go_on()
    assert world.state("a") is StepState.SUCCEEDED


async def test_it_does_not_wait_for_ever_nor_for_what_is_older_than_the_request() -> None:
    world, message = await unnoted()
    assert await world.say(ANA, id="old", message=ELSEWHERE) is None
    with pytest.raises(ChatError):
        await world.say(ANA, id="e1", message=message)
    world.clock.go_on(PATIENCE + timedelta(seconds=1))
    assert await world.say(ANA, id="e1", message=message) is None
