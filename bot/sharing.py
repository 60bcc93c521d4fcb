"""How this process joins those that share the store, and leaves them: the part of the composition root about replicas.

With SQLite there is one process, and it leads. With PostgreSQL there may be any number (`bot.replicas`).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bot.domain.errors import NotStored, SettingsError
from bot.domain.lease import Pace
from bot.domain.ports.replicas import Membership, Process
from bot.replicas import Adopt, Replica
from bot.settings import BotSettings
from memory.store import Store

log = logging.getLogger(__name__)

SAME_FOR_ALL = "first-responder-0"  # the name where none is set: fit for one process alone
LONGEST_NAME = 200
DIGEST = 8  # hexadecimal digits that tell data folders of one host apart


def is_shared(store_url: str) -> bool:
    return store_url.startswith("postgresql")


def process_name(executor_id: str, store_url: str, folder: Path) -> str:
    """As it was set; otherwise one that two processes do not have by accident. Raises SettingsError."""
    if len(executor_id) > LONGEST_NAME:
        raise SettingsError(f"EXECUTOR_ID takes {LONGEST_NAME} characters at most.")
    if executor_id not in ("", SAME_FOR_ALL):
        return executor_id
    if not is_shared(store_url):
        return SAME_FOR_ALL
    return f"{socket.gethostname()}-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:DIGEST]}"


def this_process() -> Process:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        space = f"{boot}:{os.readlink('/proc/self/ns/pid')}"
    except OSError:  # no Linux: then it is waited for the lease of a process that may have ended
        space = ""
    return Process(host=socket.gethostname(), pid=os.getpid(), space=space)


class Alone:
    """The only process: the `Membership` port where the store is SQLite."""

    is_leader = True
    holds = True

    def __init__(self, name: str) -> None:
        self.holder = name

    async def gone(self, holder: str) -> bool:
        return False

    async def resign(self) -> None:
        pass

    async def run(self, adopt: Adopt, *, on_change: Callable[[], None]) -> None:
        """Until cancelled: there is nobody to adopt anything of."""
        await asyncio.Event().wait()


@asynccontextmanager
async def membership(
    name: str, store_url: str, *, pace: Pace | None = None, process: Process | None = None
) -> AsyncIterator[Replica | Alone]:
    """This process joins those on the store, and leaves them at the end. Raises SettingsError, NotStored."""
    if not is_shared(store_url):
        yield Alone(name)
        return
    from memory.store.replicas import StoredReplicas

    roll = StoredReplicas(store_url)
    try:
        replica = await Replica.join(roll, name, process or this_process(), pace=pace or Pace())
        replica.start()
        try:
            yield replica
        finally:
            await replica.close()
    finally:
        roll.close()


def led(by: Membership, do: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
    """For chores and timers that only one process should do: nothing where another one leads."""

    async def lead() -> object:
        return await do() if by.is_leader else "another process does it"

    return lead


@asynccontextmanager
async def joined(bot: BotSettings, store: Store) -> AsyncIterator[Replica | Alone]:
    """From before anything is begun until all of it has ended. Raises SettingsError where another live process has the
    same name.
    """
    name = process_name(bot.executor_id, bot.store_url, bot.folder)
    async with membership(name, bot.store_url) as replica:
        if is_shared(bot.store_url):
            store.slack_events.share(replica.holder)
        yield replica


async def leave(replica: Replica | Alone, store: Store) -> None:
    """First of all at the stop, once nothing new is begun: others lead and handle what was claimed from now on."""
    await replica.resign()
    try:
        await store.slack_events.release()
    except NotStored as error:
        log.warning("Slack's events that were not handled are left to the lease: %s", error)
