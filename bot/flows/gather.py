"""Ask every source at once, each with its own deadline; a dead or slow one never delays the rest."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from bot.domain.context import ContextRequest
from bot.domain.errors import SourceError
from bot.domain.evidence import Answer, FailureReason, Finding, Outcome
from bot.domain.ports import ContextSource

log = logging.getLogger(__name__)

OnAnswer = Callable[[Sequence[Finding], Sequence[str]], None]  # (answered so far, names still pending)


class Gather:
    """Asks `sources`; `deadline` in seconds holds for each of them from the start of the gathering."""

    def __init__(self, sources: Sequence[ContextSource], *, deadline: float) -> None:
        self._sources = tuple(sources)
        self._deadline = deadline
        self._abandoned: set[asyncio.Task[Finding]] = set()  # past their deadline; held until they end

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(source.name for source in self._sources)

    async def __call__(self, request: ContextRequest, on_answer: OnAnswer) -> tuple[Finding, ...]:
        """One finding a source, in the order of the sources. Returns at the deadline at the latest."""
        tasks = {asyncio.create_task(_ask(source, request)): source.name for source in self._sources}
        answered: dict[str, Finding] = {}
        ends = asyncio.get_running_loop().time() + self._deadline
        pending = set(tasks)
        while pending and (left := ends - asyncio.get_running_loop().time()) > 0:
            done, pending = await asyncio.wait(pending, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                answered[tasks[task]] = task.result()
            on_answer(tuple(answered.values()), tuple(tasks[task] for task in tasks if task in pending))
        for task in pending:
            self._abandon(task)
            answered[tasks[task]] = self._too_slow(tasks[task])
        return tuple(answered[name] for name in self.names)

    def _abandon(self, task: asyncio.Task[Finding]) -> None:
        # Not awaited: a client that swallows its cancellation must not hold the briefing up.
        task.cancel()
        self._abandoned.add(task)
        task.add_done_callback(self._abandoned.discard)

    def _too_slow(self, name: str) -> Finding:
        return Finding(
            source=name,
            outcome=Outcome.FAILED,
            seconds=self._deadline,
            reason=FailureReason.TOO_SLOW,
            detail=f"{name} did not answer within {self._deadline:g} s.",
        )


async def _ask(source: ContextSource, request: ContextRequest) -> Finding:
    started = time.perf_counter()
    try:
        answer = await source.look(request)
    except SourceError as error:
        return _failed(source.name, started, error.reason, error.detail)
    # The one broad except of the program: whatever goes wrong inside one source must not cost the briefing.
    except Exception as error:
        log.exception("source %s failed in an unforeseen way", source.name)
        why = f"{source.name} could not be asked: our own code failed ({type(error).__name__}); see the bot's log."
        return _failed(source.name, started, FailureReason.BUG, why)
    return _found(source.name, started, answer)


def _found(name: str, started: float, answer: Answer) -> Finding:
    seconds = time.perf_counter() - started
    if answer.skipped:
        return Finding(source=name, outcome=Outcome.SKIPPED, seconds=seconds, detail=answer.skipped)
    return Finding(
        source=name,
        outcome=Outcome.FOUND if answer.evidence else Outcome.NOTHING,
        seconds=seconds,
        evidence=answer.evidence,
        checked=answer.checked,
        chart=answer.chart,
        series=answer.series,
        gaps=answer.gaps,
    )


def _failed(name: str, started: float, reason: FailureReason, detail: str) -> Finding:
    seconds = time.perf_counter() - started
    return Finding(source=name, outcome=Outcome.FAILED, seconds=seconds, reason=reason, detail=detail)
