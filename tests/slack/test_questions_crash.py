"""A process that dies in the middle of an answer: after the restart there is exactly one finished one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.slack.replies import DID_NOT_HELP, HELPED, STOP_ANSWER
from bot.slack.web_api import WebApi
from sandbox.anthropic import CutAfter, Say, Turn
from tests.scene import PATIENCE, until
from tests.slack.office import Office, connected, hurried
from tests.slack.speaking import Speaking, actions, speaking, whole

RIGHT = Say("The error ratio of checkout rose from 1 % to 23 % [E1]. " * 3)
MOST_CALLS = 9  # an answer makes fewer: the last rounds die after it


class Crash(BaseException):
    """What no code of ours can catch."""


class Mortal(WebApi):
    """Dies at its n-th call from now, or of `at`: before it, or after it when the answer is on its way back."""

    def __init__(self, api: WebApi, lives: int, *, late: bool, at: str = "") -> None:
        super().__init__(api.client, pacing=hurried())
        self._lives = lives
        self._at = at
        self._late = late
        self.is_dead = False

    async def call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        counts = method == self._at if self._at else True
        if self.is_dead or (counts and self._lives == 0 and not self._late):
            self.is_dead = True
            raise Crash
        answer = await super().call(method, **arguments)
        if counts and self._lives == 0:
            self.is_dead = True
            raise Crash
        self._lives -= counts
        return answer


def office_with(here: Office, api: WebApi) -> Office:
    """Another process on the same store and workspace."""
    return Office(
        workspace=here.workspace,
        control=here.control,
        store=here.store,
        api=api,
        settings=here.settings,
        model=here.model,
    )


async def died_and_came_back(s: Speaking, incident: Any, lives: int, *, late: bool, at: str = "") -> str:
    """The id of the question."""
    mortal = Mortal(s.here.api, lives, late=late, at=at)
    dying = office_with(s.here, mortal)
    async with connected(dying):
        ts = await s.here.control.say("ana", s.name(incident), "@first-responder what happened?")

        async def over() -> bool:
            return mortal.is_dead or not await s.here.store.slack_events.unhandled(1)

        await until(lambda: not s.here.workspace.delivery.unacked)
        async with asyncio.timeout(PATIENCE):
            while not await over():
                await s.here.control.quiet(idle=0.01, timeout=0.02)
    reborn = office_with(s.here, s.here.api)
    async with connected(reborn):
        await reborn.quiet()
    return ts


@pytest.mark.parametrize("late", [False, True], ids=["before the call", "after the call"])
async def test_wherever_it_dies_one_finished_answer_is_there_afterwards(tmp_path: Path, late: bool) -> None:
    async with speaking(tmp_path, lambda _: RIGHT, connect=False) as s:
        incident = await s.incident()
        halves = 0
        for lives in range(MOST_CALLS):
            ts = await died_and_came_back(s, incident, lives, late=late)
            told = s.answers(incident, ts)
            finished = [m for m in told if "Broken off" not in whole(m)]
            halves += len(told) - len(finished)
            assert len(finished) == 1, (lives, told)
            assert finished[0]["metadata"]["event_payload"]["key"].startswith("reply:"), lives
            assert all(STOP_ANSWER not in actions(m) for m in told), (lives, told)
            assert not await s.here.store.slack_events.unhandled(1)
        assert halves, "some of it died while the answer was written"


async def test_quotes_that_follow_half_an_answer_are_posted_once_as_well(tmp_path: Path) -> None:
    def half(_: object) -> Turn:
        return CutAfter(9, RIGHT)

    async with speaking(tmp_path, half, connect=False) as s:
        incident = await s.incident()
        for lives in range(MOST_CALLS):
            told = s.answers(incident, await died_and_came_back(s, incident, lives, late=lives % 2 == 0))
            quoted = [
                m for m in told if "Quoted from" in m["text"] or "share" in m["text"] or "don't know" in m["text"]
            ]
            assert len(quoted) == 1, (lives, told)
            assert all(STOP_ANSWER not in actions(m) for m in told), (lives, told)


async def test_an_answer_that_was_kept_before_the_crash_is_not_paid_again(tmp_path: Path) -> None:
    async with speaking(tmp_path, lambda _: RIGHT, connect=False) as s:
        incident = await s.incident()
        ts = await died_and_came_back(s, incident, 0, late=False, at="chat.stopStream")
        assert len(s.api.requests) == 1
        half, finished = s.answers(incident, ts)
        assert "I was restarted in the middle" in whole(half)
        assert actions(finished) == [HELPED, DID_NOT_HELP]
