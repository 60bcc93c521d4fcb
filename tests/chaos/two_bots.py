"""Two of the whole program on one PostgreSQL and one Slack, under load: who is killed begins again."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import NullPool, create_engine, text

from bench.process import TOKEN, alert_body
from sandbox.bot_process import BotProcess
from sandbox.slack.workspace import Workspace
from tests.test_app import briefings, started

NAMES = ("one", "two")
TAKEN_OVER = "its work is taken over"
AT_ONCE = 6  # services that fail at the very beginning
NEW_EVERY = 10.0  # seconds until one more fails: 30 incidents in five minutes
AGAIN_EVERY = 0.2  # seconds between alerts of services that fail already
COMES_AGAIN = 0.1  # seconds after which a monitor sends again what was not accepted
OWN = "inc-"  # how the channels of incidents begin


class Bots:
    """By name, those that live."""

    def __init__(self, stack: AsyncExitStack, folder: Path, slack: str, workspace: Workspace, url: str) -> None:
        self._stack, self._folder, self._slack, self._workspace, self._url = stack, folder, slack, workspace, url
        self.living: dict[str, BotProcess] = {}

    async def begin(self, name: str) -> None:
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        bot = started(folder, self._slack, self._workspace, DATABASE_URL=self._url, EXECUTOR_ID=name)
        made = await self._stack.enter_async_context(bot)
        await made.until_ready()
        self.living[name] = made

    async def kill(self, name: str) -> None:
        await self.living.pop(name).kill()

    def taken_over(self, name: str) -> int:
        """How often it has said that another is gone."""
        return self.living[name].log.read_text().count(TAKEN_OVER)


@asynccontextmanager
async def two_bots(folder: Path, slack: str, workspace: Workspace, url: str) -> AsyncIterator[Bots]:
    async with AsyncExitStack() as stack:
        bots = Bots(stack, folder, slack, workspace, url)
        for name in reversed(NAMES):
            await bots.begin(name)
        yield bots


@dataclass(kw_only=True)
class Load:
    """Monitors before a balancer: an alert goes to one of the two, and to another one where it was not accepted."""

    bots: Bots
    dice: random.Random
    services: list[str] = field(default_factory=list)  # with an accepted alert
    accepted: list[str] = field(default_factory=list)  # fingerprints
    sent_again: int = 0

    async def begin(self) -> None:
        await asyncio.gather(*(self.fail() for _ in range(AT_ONCE)))

    async def go_on(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self.fail())
                for _ in range(round(NEW_EVERY / AGAIN_EVERY)):
                    await asyncio.sleep(AGAIN_EVERY)
                    group.create_task(self.fire(self.dice.choice(self.services)))

    async def fail(self) -> None:
        service = f"service-{self.dice.getrandbits(32):08x}"
        await self.fire(service)
        self.services.append(service)

    async def fire(self, service: str) -> None:
        name = f"{service}-{self.dice.getrandbits(32):08x}"
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        body = alert_body(name, service=service)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while True:
                bot = self.dice.choice(list(self.bots.living.values()))
                with suppress(aiohttp.ClientError, OSError, TimeoutError):
                    async with session.post(
                        f"{bot.address}/webhooks/alertmanager", data=body, headers=headers
                    ) as answer:
                        if answer.status == 202:
                            self.accepted.append(name)
                            return
                self.sent_again += 1
                await asyncio.sleep(COMES_AGAIN)


class Kept:
    """What the database says, whoever writes it."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, poolclass=NullPool)

    def rows(self, query: str) -> Sequence[Any]:
        with self._engine.connect() as connection:
            return connection.execute(text(query)).all()

    def are_briefed(self, fingerprints: Sequence[str]) -> bool:
        done = self.rows(
            "SELECT fingerprint FROM alerts JOIN incidents ON incidents.id = incident_id WHERE briefed_at IS NOT NULL"
        )
        return set(fingerprints) <= {str(row[0]) for row in done}

    def is_quiet(self) -> bool:
        """Nothing waits to be triaged and no workflow is under way."""
        waiting = self.rows("SELECT 1 FROM deliveries WHERE state <> 'done' LIMIT 1")
        return not waiting and set(self.workflows()) <= {"SUCCESS"}

    def workflows(self) -> Counter[str]:
        return Counter(str(row[0]) for row in self.rows("SELECT status FROM workflows.workflow_status"))


def violations(workspace: Workspace, load: Load, kept: Kept) -> list[str]:
    """A sentence for each thing that was lost or doubled, once all is quiet."""
    stored = Counter(str(row[0]) for row in kept.rows("SELECT fingerprint FROM alerts"))
    incidents = Counter(str(row[0]) for row in kept.rows("SELECT service FROM incidents"))
    homes = {str(row[0]) for row in kept.rows("SELECT service FROM alerts")}
    channels = [one for one in workspace.channels.values() if one.name.startswith(OWN)]
    keys = Counter(
        (channel.name, key)
        for channel in workspace.channels.values()
        for message in channel.messages.values()
        if (key := str(((message.metadata or {}).get("event_payload") or {}).get("key", "")))
    )
    cards = Counter(str(card["channel"]) for card in briefings(workspace))
    found = [f"lost: the alert {name} is stored {stored[name]} times" for name in load.accepted if stored[name] != 1]
    found += [f"lost: the service {service}" for service in load.services if service not in homes]
    found += [f"doubled: {times} incidents of {service}" for service, times in incidents.items() if times != 1]
    found += [f"doubled: {times} messages of {key}" for key, times in keys.items() if times > 1]
    found += [f"doubled: {cards[one.id]} briefings in {one.name}" for one in channels if cards[one.id] != 1]
    if len(channels) != incidents.total():
        found.append(f"doubled: {len(channels)} channels for {incidents.total()} incidents")
    if not kept.is_quiet():
        found.append(f"lost: something waits; workflows are {dict(kept.workflows())}")
    return found
