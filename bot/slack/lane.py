"""Edits of one message: never overtaking each other, the newest winning."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.domain.errors import ChatError

V = TypeVar("V")

# chat.update is a tier 3 method (50 a minute): one edit a second leaves room for everything else.
SPACING = 1.0


class Lane(Generic[V]):
    """Sends versions of one message through `send`."""

    def __init__(self, send: Callable[[V], Awaitable[None]], *, spacing: float = SPACING) -> None:
        self._send = send
        self._spacing = spacing
        self._turn = asyncio.Lock()
        self._waiting: V | None = None
        self._runner: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._settled = False
        self._newest = 0

    def offer(self, version: V) -> None:
        """Send it soon, unless a newer one comes first. Ignored once a settled version was sent."""
        if self._settled:
            return
        self._waiting = version
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run())

    async def settle(self, version: V) -> None:
        """Send it now, after whatever is under way; what waits is dropped. Raises what `send` raises.

        Where a newer one is settled before its turn comes, it is left to that one: Slack may let few edits through.
        """
        self._settled = True
        self._waiting = None
        self._newest += 1
        number = self._newest
        async with self._turn:
            if number == self._newest:
                await self._send(version)

    async def idle(self) -> None:
        """Until nothing that was offered waits any more."""
        if self._runner is not None:
            await self._runner

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting is not None:
            await asyncio.sleep(max(0.0, self._not_before - loop.time()))
            async with self._turn:
                version, self._waiting = self._waiting, None
                if version is None:
                    return
                self._not_before = loop.time() + self._spacing
                try:
                    await self._send(version)
                except ChatError:
                    pass  # progress only: the settled version comes and its errors count
