"""Named points: every await on Slack, the store and an action, numbered as the bot comes by; a kill at one of them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from bot.slack.web_api import WebApi
from memory.store.database import Database
from memory.store.writer import Writer
from tests.chaos.acting_child import Touch

T = TypeVar("T")

# Methods of Slack that change nothing there: whether they were answered is all the same to it.
ASKS_ONLY = (
    "auth.test", "apps.connections.open", "users.info", "users.lookupByEmail", "conversations.list",
    "conversations.history", "conversations.replies", "conversations.info", "conversations.members", "bookmarks.list",
    "chat.getPermalink", "usergroups.list", "usergroups.users.list", "files.list", "files.info",
)  # fmt: skip

SLACK, WRITE, INTAKE, READ, ACTION = "slack", "store write", "store intake", "store read", "action"
BEFORE, WITHIN, AFTER = "before", "within", "after"


@dataclass(frozen=True, kw_only=True)
class Kill:
    name: str  # of the point, as `Points` tells it
    when: str  # BEFORE, WITHIN or AFTER the await

    @property
    def kind(self) -> str:
        return next(kind for kind in (SLACK, WRITE, INTAKE, READ, ACTION) if self.name.startswith(kind))

    @property
    def can_be_cut(self) -> bool:
        """Whether there is a moment within: Slack's effect without its answer, a transaction without its commit, a
        change that has begun.
        """
        asks = any(self.name.startswith(f"{SLACK} {method} #") for method in ASKS_ONLY)
        return self.kind in (SLACK, WRITE, ACTION) and not asks


class Points:
    """Wraps what the bot awaits outside itself. The n-th await of one name is the point "name #n"."""

    def __init__(self, file: Path, kill: Kill | None = None) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._kill = kill
        self._seen: Counter[str] = Counter()

    def install(self) -> None:
        """For the whole process, which has not begun to work."""
        through, within = self.through, self.within
        once, write, take_in = WebApi._once, Writer.write, Writer.take_in
        read, run = Database.read, Touch.run

        async def call(self: WebApi, method: str, arguments: dict[str, Any]) -> Mapping[str, Any]:
            return await through(f"{SLACK} {method}", lambda _: once(self, method, arguments))

        async def written(self: Writer, work: Callable[[Connection], T]) -> T:
            return await through(f"{WRITE} {_name(work)}", lambda point: write(self, within(point, work)))

        async def taken_in(self: Writer, intake: Any, values: Mapping[str, Any]) -> bool:
            return await through(f"{INTAKE} {intake.table.name}", lambda _: take_in(self, intake, values))

        async def looked_up(self: Database, work: Callable[[Connection], T]) -> T:
            return await through(f"{READ} {_name(work)}", lambda _: read(self, work))

        async def acted(self: Touch, plan: Any, *, key: str) -> Any:
            return await through(f"{ACTION} {self.name}", lambda point: within_run(self, plan, key, point))

        async def within_run(touch: Touch, plan: Any, key: str, point: str) -> Any:
            doing = asyncio.ensure_future(run(touch, plan, key=key))
            await asyncio.sleep(0)  # it has begun
            self._at(point, WITHIN)
            return await doing

        WebApi._once = call  # type: ignore[method-assign]
        Writer.write = written  # type: ignore[method-assign]
        Writer.take_in = taken_in  # type: ignore[method-assign]
        Database.read = looked_up  # type: ignore[method-assign]
        Touch.run = acted  # type: ignore[method-assign]

    async def through(self, name: str, work: Callable[[str], Awaitable[T]]) -> T:
        self._seen[name] += 1
        point = f"{name} #{self._seen[name]}"
        self._at(point, BEFORE)
        result = await work(point)
        self._at(point, AFTER)
        return result

    def within(self, point: str, work: Callable[[Connection], T]) -> Callable[[Connection], T]:
        """The same work, on the writing thread; its rows are written then and nothing is committed."""

        def do(connection: Connection) -> T:
            result = work(connection)
            self._at(point, WITHIN)
            return result

        return do

    def _at(self, point: str, when: str) -> None:
        if self._kill is None:
            os.write(self._file, f"{when} {point}\n".encode())
        elif (self._kill.name, self._kill.when) == (point, when):
            os.kill(os.getpid(), signal.SIGKILL)


def _name(work: Any) -> str:
    """Of the function that does it in the store, with its class."""
    inner = getattr(work, "func", work)
    if inner.__qualname__ == "alone.<locals>.<lambda>":  # what it does is what it was given
        given = dict(zip(inner.__code__.co_freevars, inner.__closure__, strict=True))
        return f"{_name(given['work'].cell_contents)} alone"
    module = inner.__module__.rpartition(".")[2]
    return f"{module}.{inner.__qualname__}".replace(".<locals>", "").replace(".<lambda>", "")
