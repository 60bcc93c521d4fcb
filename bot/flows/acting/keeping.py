"""Writes the record of runs. Where it cannot be written, actions are stopped: what is not written down is not done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from bot.domain.approval import Event, Request, Started
from bot.domain.errors import NotStored
from bot.domain.ports.acting import AuditNote, Line
from bot.domain.run import Run, StepRun
from bot.flows.acting.outside import Outside

T = TypeVar("T")
AGAIN_AFTER = (0.1, 0.4, 1.5)  # seconds: a store that is busy for a moment is no reason to stop everything


class Keeping:
    """All of it raises NotStored after it has engaged the kill switch."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def step(
        self,
        before: StepRun | None,
        after: StepRun,
        notes: Sequence[AuditNote] = (),
        lines: Sequence[Line] = (),
        *,
        uses_up: tuple[str, Started] | None = None,
    ) -> StepRun | None:
        """As it is kept now. None: somebody else was faster; nothing was written."""
        runs = self._outside.runs
        if before is None:
            new = replace(after, version=1)
            return new if await self._written(lambda: runs.add_step(new, notes, lines)) else None
        return await self._written(
            lambda: runs.put_step(replace(after, version=before.version), notes, lines, uses_up=uses_up)
        )

    async def run(self, run: Run, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()) -> Run | None:
        return await self._written(lambda: self._outside.runs.put(run, notes, lines))

    async def open(self, run: Run, notes: Sequence[AuditNote]) -> bool:
        return await self._written(lambda: self._outside.runs.open(run, notes))

    async def request(self, request: Request, notes: Sequence[AuditNote], lines: Sequence[Line] = ()) -> bool:
        return await self._written(lambda: self._outside.approvals.open(request, notes, lines))

    async def event(
        self, request: str, event: Event, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()
    ) -> bool:
        return await self._written(lambda: self._outside.approvals.record(request, event, notes, lines))

    async def _written(self, write: Callable[[], Awaitable[T]]) -> T:
        for pause in AGAIN_AFTER:
            try:
                return await write()
            except NotStored:
                await self._outside.wait(pause)
        try:
            return await write()
        except NotStored as error:
            await self._outside.switching.audit_failed(str(error))
            raise
