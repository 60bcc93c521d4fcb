"""One of several processes on one PostgreSQL, made to be killed and stopped: it responds to incidents, leads when it is
its turn, handles Slack's events.

    python -m tests.chaos.replica_child NAME DATABASE_URL DATA_FOLDER LEASE

The outside is the table `world`, one row for each effect, which takes anything twice: what keeps an effect single is
that it is looked for before, as in Slack. `TAKES` seconds lie between the look and the effect. Lines on its standard
input are ids of incidents; on its output it tells what happens.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import uvloop
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from bot.domain.errors import ChatError, NotStored, SettingsError
from bot.domain.lease import Pace
from bot.domain.ports import SlackEvent
from bot.domain.ports.replicas import Process
from bot.flows.respond import Responder
from bot.replicas import Replica
from bot.sharing import Alone, membership
from bot.workflows import Workflows
from memory.store import Store

log = logging.getLogger(__name__)

TAKES = 0.25  # seconds
LOOKS = "SELECT count(*) FROM world WHERE subject = :subject AND verb = :verb"
DOES = "INSERT INTO world (subject, verb, holder) VALUES (:subject, :verb, :holder)"
VERBS = ("place", "investigate", "brief", "dress")


def say(*words: object) -> None:
    print(*words, flush=True)


class Outside:
    def __init__(self, engine: Engine, holder: str) -> None:
        self._engine, self._holder = engine, holder

    async def do(self, subject: str, verb: str) -> None:
        what = {"subject": subject, "verb": verb}
        if not await asyncio.to_thread(self._run, LOOKS, what):
            say("looked", subject, verb)
            await asyncio.sleep(TAKES)
            await asyncio.to_thread(self._run, DOES, {**what, "holder": self._holder})

    def _run(self, statement: str, values: dict[str, str]) -> int:
        """Raises ChatError, as Slack's client does where it cannot be reached."""
        try:
            with self._engine.begin() as connection:
                found = connection.execute(text(statement), values)
                return int(found.scalar_one()) if found.returns_rows else 0
        except OperationalError as error:
            raise ChatError(str(error), is_final=False) from error


class Verb:
    sources = ()

    def __init__(self, outside: Outside, name: str) -> None:
        self._outside, self._name = outside, name

    async def __call__(self, incident_id: str, *_: object) -> None:
        await self._outside.do(incident_id, self._name)


def responder(outside: Outside) -> Responder:
    place, investigate, brief, dress = (Verb(outside, name) for name in VERBS)
    verbs: Any = SimpleNamespace(open_place=place, investigate=investigate, brief=brief, dress=dress, analyse=None)
    return cast(Responder, verbs)


async def hear(workflows: Workflows) -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        for incident_id in line.split():
            await _again_until_stored(lambda: workflows.respond(incident_id))  # noqa: B023 - awaited here
            say("begun", incident_id)
    await asyncio.Event().wait()


async def _again_until_stored(work: Callable[[], Awaitable[object]]) -> None:
    """As `bot.flows.dispatch` does it."""
    while True:
        try:
            await work()
        except NotStored as error:
            log.warning("nothing begins: %s", error)
            await asyncio.sleep(TAKES)
        else:
            return


async def handle(store: Store, outside: Outside, news: asyncio.Event) -> None:
    """As `bot.slack.event_worker` does it."""
    while True:
        try:
            while batch := await store.slack_events.unhandled(5):
                for event in batch:
                    await _handle(store, outside, event)
        except (ChatError, NotStored) as error:
            log.warning("events wait: %s", error)
        news.clear()
        try:
            async with asyncio.timeout(0.5):
                await news.wait()
        except TimeoutError:
            pass


async def _handle(store: Store, outside: Outside, event: SlackEvent) -> None:
    await outside.do(event.event_id, "event")
    await store.slack_events.handled(event.row, "done")


async def lead(replica: Replica | Alone) -> None:
    leads = False
    while True:
        if replica.is_leader != leads:
            leads = replica.is_leader
            say("leads" if leads else "follows", replica.holder)
        await asyncio.sleep(0.05)


async def live(name: str, url: str, data: Path, lease: float) -> None:
    store = await Store.open(url)
    stopping, news = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    # Told to run on a machine of its own: the heartbeat alone tells the others whether it lives.
    process = Process(host=f"host-of-{name}", pid=1, space="")
    async with membership(name, url, pace=Pace(lease=lease), process=process) as replica:
        say("joined", replica.holder)
        store.slack_events.share(replica.holder)
        outside = Outside(create_engine(url), replica.holder)
        workflows = Workflows(
            responder(outside), data_dir=data, executor_id=replica.holder, store_url=url, membership=replica
        )
        workflows.launch()
        say("ready", replica.holder)
        working = [
            asyncio.create_task(work)
            for work in (
                hear(workflows),
                lead(replica),
                handle(store, outside, news),
                replica.run(workflows.adopt, on_change=news.set),
            )
        ]
        await asyncio.wait([*working, asyncio.create_task(stopping.wait())], return_when=asyncio.FIRST_COMPLETED)
        await replica.resign()
        for task in working:
            task.cancel()
        for ended in await asyncio.gather(*working, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        await store.slack_events.release()
        await workflows.close()
    await store.close()
    say("left")


def main() -> int:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    name, url, data, lease = sys.argv[1:5]
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(live(name, url, Path(data), float(lease)))
    except SettingsError as error:
        say("refused", error)
        return 1
    return 0


if __name__ == "__main__":
    ended_with = main()
    sys.stdout.flush()
    os._exit(ended_with)  # the thread that reads the standard input would be waited for
