"""Runs programs at the strongest level that this machine can hold."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable
from functools import partial
from typing import Protocol

from bot.domain.action import ActionRefused, Isolation, Refusal
from integrations.programs import bubblewrap, confined
from integrations.programs.launch import Launch, Limits, Outcome, Stop
from integrations.programs.program import locate
from integrations.programs.running import run
from integrations.programs.seccomp import is_known
from integrations.programs.started import Started

BUBBLEWRAP = "bwrap"
_ORDER = (Isolation.BUBBLEWRAP, Isolation.LANDLOCK, Isolation.NONE)
_PROBE = "isolated"


class ProgramRunner(Protocol):
    """What actions need of this machine."""

    async def isolation(self) -> Isolation:
        """The level that programs run at; found once, by running one."""
        ...

    async def run(self, launch: Launch, isolation: Isolation) -> Outcome:
        """Raises ActionRefused where that level is not to be had."""
        ...


class Programs:
    """The `ProgramRunner` port. `strongest` leaves out the levels above it."""

    def __init__(self, *, strongest: Isolation = Isolation.BUBBLEWRAP) -> None:
        self._allowed = _ORDER[_ORDER.index(strongest) :]
        self._bubblewrap = ""
        self._level: Isolation | None = None
        self._probing = asyncio.Lock()

    async def isolation(self) -> Isolation:
        if self._level is None:
            async with self._probing:
                self._level = self._level or await self._probe()
        return self._level

    async def run(self, launch: Launch, isolation: Isolation) -> Outcome:
        """Ends in an outcome also when it is cancelled."""
        if isolation != await self.isolation():
            detail = f"Programs run at the level {self._level} here now, and not at {isolation}: ask again."
            raise ActionRefused(Refusal.NO_ISOLATION, detail)
        return await run(self._start(launch, isolation), launch)

    async def _probe(self) -> Isolation:
        for level in self._allowed[:-1]:
            if await self._holds(level):
                return level
        return Isolation.NONE

    async def _holds(self, level: Isolation) -> bool:
        if platform.system() != "Linux" or not is_known():
            return False
        try:
            if level is Isolation.BUBBLEWRAP:
                self._bubblewrap = locate(BUBBLEWRAP)
            launch = Launch(argv=(locate("echo"), _PROBE), limits=Limits(seconds=10.0))
        except ActionRefused:
            return False
        outcome = await run(self._start(launch, level), launch)
        return outcome.stop is Stop.EXITED and outcome.code == 0 and outcome.stdout == _PROBE

    def _start(self, launch: Launch, level: Isolation) -> Callable[[], Started]:
        if platform.system() != "Linux":
            raise ActionRefused(Refusal.NOT_SET_UP, "Programs are run on Linux alone.")
        if level is Isolation.BUBBLEWRAP:
            return partial(bubblewrap.start, self._bubblewrap, launch)
        return partial(confined.start, launch, landlock=level is Isolation.LANDLOCK)
