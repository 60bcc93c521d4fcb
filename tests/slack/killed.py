"""A bot that is killed at a call of Slack while it works off what was recorded, and begins anew."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bot.slack.desk import Desk
from bot.slack.event_worker import EventWorker
from bot.slack.inbound import Intent
from tests.flows.acting.test_crashes import Killed
from tests.slack.office import Office


class _Stuck(Desk):
    """Comes to the end of nothing."""

    def __init__(self, desk: Desk) -> None:
        self.reactions = desk.reactions

    async def handle(self, intent: Intent) -> str:
        await asyncio.Event().wait()
        raise AssertionError


async def recorded_only(here: Office) -> None:
    """What comes from now on is on disk, and nobody works it off but `reborn`."""
    await here.quiet()

    here.worker._desk = _Stuck(here.desk)


def reborn(here: Office) -> EventWorker:
    """What was in memory is gone."""
    here.desk.responses._responders.clear()
    if here.desk.life is not None:
        here.desk.life.decided._responders.clear()
    assert here.questions is not None
    return EventWorker(here.questions.events, here.desk)


@contextmanager
def killed_at(here: Office, monkeypatch: pytest.MonkeyPatch, method: str) -> Iterator[None]:
    """Just before the next call of this method."""
    call = here.api.call

    async def kill(called: str, **arguments: Any) -> Any:
        if called == method:
            raise Killed
        return await call(called, **arguments)

    with monkeypatch.context() as patch:
        patch.setattr(here.api, "call", kill)
        yield
