"""Going back to the version before, end to end: ordered, approved with a reaction, dispatched, verified; it is over."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.slack.acting_ids import APPROVE, UNDO
from sandbox.bot_process import BotProcess
from sandbox.monitor import until_over
from sandbox.playing import Rollback
from sandbox.scenario.load import load
from sandbox.slack.control import Control
from sandbox.transcript import lines
from sandbox.until import until
from sandbox.world import ROLL_BACK, World, people_on_call, world
from tests.scenarios.conftest import Start, hurried
from tests.scenarios.perturbing import edited, folders

SOON = 240.0  # seconds: a message, a card, a dispatch
RECOVERED = 300.0  # seconds from the approval: a workflow's start, the rollout, a window of a minute or two


@dataclass(frozen=True, kw_only=True)
class Scene:
    world: World
    bot: BotProcess
    control: Control
    channel: str
    asks: str
    approves: str

    def deployed(self, repository: str) -> str:
        """The version that was brought out last."""
        return next(d.ref for d in self.world.scenario.deployments if d.repository == repository)

    def messages(self) -> list[Mapping[str, Any]]:
        id = self.world.workspace.channel(self.channel).id
        return [message for message in self.world.workspace.all_messages() if message["channel"] == id]

    def offers(self, action: str) -> Mapping[str, Any] | None:
        """The message that has this button."""
        return next((m for m in self.messages() if f'"{action}"' in json.dumps(m.get("blocks"))), None)

    def request(self) -> Mapping[str, Any] | None:
        """While it can be decided."""
        return self.offers(APPROVE)

    def said(self) -> str:
        return "\n".join("\n".join((str(m.get("text", "")), *lines(m))) for m in self.messages()).lower()

    def charts(self) -> set[str]:
        """Pictures that are shown now."""
        blocks = [block for message in self.messages() for block in message.get("blocks") or ()]
        return {block["slack_file"]["id"] for block in blocks if block["type"] == "image" and "slack_file" in block}

    async def order(self, wanted: Rollback) -> Mapping[str, Any]:
        told = f"service={wanted.service} repository={wanted.repository} version={wanted.version}"
        words = f"runbook {ROLL_BACK.stem} {told} present_version={wanted.present_version} because errors began with it"
        await self.control.command(self.asks, self.channel, "/inc", words)
        request = await until(self.request, within=SOON)
        assert request is not None, f"{self.said()}\n{self.bot.log_tail()}"
        return request

    async def react(self, who: str, request: Mapping[str, Any], name: str = "white_check_mark") -> None:
        await self.control.react(who, self.channel, request["ts"], name)


@asynccontextmanager
async def scene(name: str, start_bot: Start, into: Path, *, short: bool = False) -> AsyncIterator[Scene]:
    """Briefed, with both people in the channel, and the monitor that looks whether the alert goes on.

    Its rules look over a minute, not two, so that less time is waited for.
    """
    played = edited(folders()[name], into / "played", lambda text: text.replace("[2m]", "[1m]"))
    async with world(load(played, time.time())) as sandbox:
        hurried(sandbox, within="20s" if short else "4m")
        async with start_bot(sandbox) as bot:
            assert await sandbox.fire(bot.address) == 202
            await until(lambda: sandbox.cards("briefing") or not bot.is_running, within=SOON)
            assert sandbox.cards("briefing"), bot.log_tail()
            control = Control(sandbox.workspace)
            channel = sandbox.workspace.channels[sandbox.cards("briefing")[0]["channel"]].name
            asks, approves = people_on_call(sandbox.scenario)[:2]
            for person in (asks, approves):
                await control.join(person, channel)
            watching = asyncio.create_task(until_over(sandbox, bot.address, every=1.0))
            try:
                yield Scene(
                    world=sandbox, bot=bot, control=control, channel=channel, asks=asks, approves=approves
                )  # fmt: skip
            finally:
                watching.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watching


@pytest.mark.slow
async def test_the_rollback_is_approved_runs_and_verifies_and_the_errors_end(start_bot: Start, tmp_path: Path) -> None:
    async with scene("bad-deployment", start_bot, tmp_path) as at:
        wanted = at.world.playing.rollback()
        assert wanted is not None
        await until(at.charts, within=SOON)
        charts = at.charts()
        request = await at.order(wanted)
        await at.react(at.asks, request)
        await at.control.quiet(idle=1.0)
        assert at.deployed(wanted.repository) == wanted.present_version, "nobody approves what they asked for"
        await at.react(at.approves, request)
        assert await until(lambda: at.deployed(wanted.repository) == wanted.version, within=SOON), at.said()
        assert await until(lambda: at.request() is None, within=SOON), "the buttons go away"
        assert await until(lambda: "went back to v2.30.4" in at.said(), within=RECOVERED), at.said()
        over = lambda: "resolved" in "\n".join(lines(at.world.cards()[0])).lower()  # noqa: E731
        assert await until(over, within=RECOVERED), "the alert is over"
        assert await until(lambda: at.charts() - charts, within=RECOVERED), "the chart was drawn again"
        versions = [d.ref for d in at.world.scenario.deployments if d.repository == wanted.repository]
        assert versions[:2] == [wanted.version, wanted.present_version], "once"


@pytest.mark.slow
async def test_going_back_where_the_deployment_was_not_the_cause_is_told_not_to_have_helped(
    start_bot: Start, tmp_path: Path
) -> None:
    wanted = Rollback(
        service="checkout", repository="harborline/checkout", version="v4.9.0", present_version="v4.9.1"
    )  # fmt: skip
    async with scene("failing-dependency", start_bot, tmp_path, short=True) as at:
        await at.react(at.approves, await at.order(wanted))
        assert await until(lambda: at.deployed(wanted.repository) == wanted.version, within=SOON), at.said()
        assert await until(lambda: at.offers(UNDO), within=RECOVERED), at.said()
        assert "did not help" in at.said()
        assert "went back to" not in at.said(), "the steps after it are not done"
        assert "resolved" not in "\n".join(lines(at.world.cards()[0])).lower()
        assert at.deployed(wanted.repository) == wanted.version, "going forward again is offered, not done"
