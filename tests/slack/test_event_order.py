"""Slack delivers events twice, late and in any order, to any replica: what is kept in the end is the same."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.slack import acting_ids as ids
from tests.slack.stories import MESSAGES, OFFER, OFFERED, REQUEST, Did, Stage, Two, two

EXAMPLES = int(os.environ.get("EVENT_ORDER_EXAMPLES", "50"))  # 2000 take some minutes
LONGEST = 8  # things done in a story
WHO = st.sampled_from(["ana", "bo"])
MESSAGE = st.integers(0, MESSAGES - 1)
EMOJI = st.sampled_from(["pushpin", "memo", "ballot_box_with_check", "tada"])
NOTHING = st.just("")
DECIDING = st.sampled_from(["white_check_mark", "x"])


def did(what: str, target: st.SearchStrategy[int], word: st.SearchStrategy[str]) -> st.SearchStrategy[Did]:
    return st.builds(Did, what=st.just(what), who=WHO, target=target, word=word)


# What fits what stands in Slack now, or counts at its own time: no order of arrival may matter to it.
MARKS = st.one_of(
    did("react", MESSAGE, EMOJI),
    did("unreact", MESSAGE, EMOJI),
    did("pin", MESSAGE, NOTHING),
    did("unpin", MESSAGE, NOTHING),
    did("edit", MESSAGE, st.sampled_from(["another text", "a third text"])),
    did("delete", MESSAGE, NOTHING),
    did("mention", st.just(0), st.sampled_from(["timeline rolled back", "timeline restarted"])),
    did("react", st.just(REQUEST), DECIDING),
    did("unreact", st.just(REQUEST), DECIDING),
    did("press", st.just(REQUEST), st.sampled_from([ids.APPROVE, ids.DENY])),
    did("delete", st.just(REQUEST), NOTHING),
)
# The later word replaces the earlier one.
WORDS = (
    "sev 2",
    "sev 3 because few are hurt",
    "lead me",
    "role scribe me",
    "identified the pool",
    "resolve",
    "reopen",
    "action add an alert",
    "timeline restarted",
)
ORDERS = st.one_of(
    did("mention", st.just(0), st.sampled_from(WORDS)),
    did("press", st.just(OFFER), st.sampled_from(OFFERED)),
)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def here(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    opening = two(Path(tmp_path_factory.mktemp("order")))
    yield runner.run(opening.__aenter__())
    runner.run(opening.__aexit__(None, None, None))


async def in_order(here: Two, story: list[Did]) -> object:
    """Each event is heard at once, by one replica."""
    stage = await Stage.set_up(here)
    for one in story:
        await stage.play(one)
        for envelope in here.sent:
            await here.deliver(envelope)
        here.sent.clear()
        await here.work(0)
    return await stage.outcome()


async def any_way(here: Two, story: list[Did], data: st.DataObject, *, mixed: bool) -> object:
    """Everything has happened before the first event is heard; then they come, some again and again.

    `mixed`: in any order, too.
    """
    stage = await Stage.set_up(here)
    for one in story:
        await stage.play(one)
    sent = list(here.sent)
    here.sent.clear()
    numbers = list(range(len(sent)))
    order = data.draw(st.permutations(numbers), label="order") if mixed and sent else numbers
    again = data.draw(st.lists(st.sampled_from(numbers), max_size=3), label="again") if sent else []
    for number in [*order, *again]:
        await here.deliver(sent[number])
        match data.draw(st.sampled_from(["A", "B", "both", "later"]), label="who works now"):
            case "A":
                await here.work(0)
            case "B":
                await here.work(1)
            case "both":
                await here.work(0, 1)
    await here.work(0, 1)
    return await stage.outcome()


QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # Making a failure smaller takes minutes: only where somebody looks for one.
    phases=tuple(Phase) if "EVENT_ORDER_EXAMPLES" in os.environ else (Phase.explicit, Phase.reuse, Phase.generate),
)


@QUICK
@given(story=st.lists(MARKS, min_size=1, max_size=LONGEST), data=st.data())
def test_marks_and_approvals_come_out_the_same_in_whatever_order_and_how_often_their_events_come(
    runner: asyncio.Runner, here: Two, story: list[Did], data: st.DataObject
) -> None:
    expected = runner.run(in_order(here, story))
    assert runner.run(any_way(here, story, data, mixed=True)) == expected


@QUICK
@given(story=st.lists(st.one_of(ORDERS, MARKS), min_size=1, max_size=LONGEST), data=st.data())
def test_orders_that_come_late_and_again_to_two_replicas_are_carried_out_once(
    runner: asyncio.Runner, here: Two, story: list[Did], data: st.DataObject
) -> None:
    expected = runner.run(in_order(here, story))
    assert runner.run(any_way(here, story, data, mixed=False)) == expected
