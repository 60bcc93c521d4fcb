"""Ask every source at once, each with its own deadline; a dead or slow one never delays the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from bot.domain.context import ContextRequest
from bot.domain.evidence import Finding
from bot.domain.ports import ContextSource
from bot.flows.guard import Guard

OnAnswer = Callable[[Sequence[Finding], Sequence[str]], None]  # (answered so far, names still pending)


class Gather:
    """Asks all; `deadline` in seconds holds for each of `sources`. A `Guard` brings its own."""

    def __init__(self, sources: Sequence[ContextSource | Guard], *, deadline: float) -> None:
        self._guards = tuple(
            source if isinstance(source, Guard) else Guard(source, deadline=deadline) for source in sources
        )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(guard.name for guard in self._guards)

    async def __call__(self, request: ContextRequest, on_answer: OnAnswer) -> tuple[Finding, ...]:
        """One finding a source, in the order of the sources. Returns at the last deadline at the latest."""
        tasks = {asyncio.create_task(guard.ask(request)): guard.name for guard in self._guards}
        answered: dict[str, Finding] = {}
        pending = set(tasks)
        try:
            while pending:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    answered[tasks[task]] = task.result()
                on_answer(tuple(answered.values()), tuple(tasks[task] for task in tasks if task in pending))
        finally:
            for task in pending:
                task.cancel()
        return tuple(answered[name] for name in self.names)
