"""Told to end, the whole program says so to senders, keeps what it acknowledged, and is gone within ten seconds."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from bench.process import TOKEN, alert_body
from sandbox.bot_process import BotProcess
from sandbox.serve import serving
from sandbox.slack.app import create_app
from sandbox.slack.workspace import Workspace
from tests.test_app import PEOPLE, started

SENDERS = 4
DRAINED_WITHIN = 25.0  # seconds, on a busy machine


class Sender:
    """Sends webhooks one after the other until nobody listens any more."""

    def __init__(self, bot: BotProcess, name: str) -> None:
        self._bot, self._name = bot, name
        self.answers: list[tuple[str, int, str]] = []  # the alert, the status, Retry-After

    async def run(self) -> None:
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        async with aiohttp.ClientSession() as session:
            while True:
                name = f"{self._name}-{len(self.answers)}"
                sent = session.post(
                    f"{self._bot.address}/webhooks/alertmanager", data=alert_body(name, service=name), headers=headers
                )
                try:
                    async with sent as answer:
                        self.answers.append((name, answer.status, answer.headers.get("Retry-After", "")))
                except aiohttp.ClientConnectionError:  # not answered, so that every sender tries again
                    if self._bot.process.returncode is not None:
                        return
                await asyncio.sleep(0.01)


@pytest.mark.slow
async def test_while_it_ends_senders_are_told_to_come_again_and_what_was_acknowledged_is_kept(tmp_path: Path) -> None:
    workspace = Workspace(PEOPLE, bot_name="first-responder")
    async with serving(create_app(workspace)) as slack, started(tmp_path, slack, workspace) as bot:
        await bot.until_ready()
        senders = [Sender(bot, f"sender-{number}") for number in range(SENDERS)]
        sending = [asyncio.create_task(sender.run()) for sender in senders]
        while not all(sender.answers for sender in senders):  # noqa: ASYNC110 - senders of another process tell nobody
            await asyncio.sleep(0.01)
        began = time.monotonic()
        await bot.stop()
        assert time.monotonic() - began < DRAINED_WITHIN
        await asyncio.gather(*sending)
        assert bot.process.returncode == 0, bot.log_tail()
        assert "DBOSException" not in bot.log.read_text(), "a workflow went on while the engine was put away"
    answers = [answer for sender in senders for answer in sender.answers]
    statuses = Counter(status for _, status, _ in answers)
    assert set(statuses) == {202, 503}, statuses
    assert {after for _, status, after in answers if status == 503} == {"5"}
    acknowledged = {name for name, status, _ in answers if status == 202}
    with closing(sqlite3.connect(tmp_path / "data" / "first-responder.db")) as store:
        waiting = " ".join(row[0] for row in store.execute("SELECT body FROM deliveries WHERE state = 'pending'"))
        kept = {row[0] for row in store.execute("SELECT fingerprint FROM alerts")}
    assert {name for name in acknowledged - kept if f'"{name}"' not in waiting} == set()
