"""Shows people how a run fares. None of it holds the run up: what Slack does not take is shown the next time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import replace

from bot.domain.approval import Request, Standing
from bot.domain.errors import ChatError
from bot.domain.run import Run, RunState, StepRun
from bot.flows.acting.outside import Outside
from bot.flows.acting.turn import Job, Turn

log = logging.getLogger(__name__)
SLACK_LIMIT = 20.0  # seconds for one word to Slack


class Telling:
    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._shown: dict[str, tuple[int, ...]] = {}  # by run: the versions that its card shows
        self._outputs: set[str] = set()
        self._closed: set[str] = set()  # requests that are over, and whose message says so
        self._behind: dict[str, str] = {}  # by request whose message shows something else: its run
        self._ends: dict[str, tuple[RunState, str]] = {}  # by run: the end that its card shows already

    async def card(self, turn: Turn) -> bool:
        """Posts or edits the run's card where it shows something else. False: it is to be tried again."""
        runs = self._outside.runs
        run, steps = await runs.get(turn.run.id), await runs.steps(turn.run.id)
        if run is not None and run.state.is_over and self._ends.pop(run.id, None) == (run.state, run.why):
            self._shown.pop(run.id, None)
            return True
        if run is None or self._shown.get(run.id) == (versions := (run.version, *(step.version for step in steps))):
            return True
        try:
            async with asyncio.timeout(SLACK_LIMIT):
                message = await self._outside.board.show_run(run, turn.runbook, steps, turn.incident)
        except (ChatError, TimeoutError) as error:
            log.warning("the card of run %s is not up to date: %s", run.id, error)
            return isinstance(error, ChatError) and error.is_final
        if run.card != message:
            kept = await runs.put(replace(run, card=message))
            versions = (kept.version, *versions[1:]) if kept else ()
        if run.state.is_over and run.card == message:
            self._shown.pop(run.id, None)
        elif versions:
            self._shown[run.id] = versions
        return True

    async def end(self, turn: Turn, run: Run) -> bool:
        """Shows how the run ends, before that is kept: a crash in between has it told again, and never left untold.
        False where people do not see it, or that one of its requests is over.
        """
        steps = await self._outside.runs.steps(run.id)
        if not await self._said(self._outside.board.show_run(run, turn.runbook, steps, turn.incident)):
            return False
        self._ends[run.id] = (run.state, run.why)
        return run.id not in self._behind.values()

    async def output(self, job: Job, done: StepRun) -> None:
        if done.output and done.key.text not in self._outputs:
            self._outputs.add(done.key.text)
            run = await self._outside.runs.get(job.turn.run.id) or job.turn.run
            await self._said(self._outside.board.show_output(run, done, job.step.title))

    async def person(self, job: Job, step: StepRun, sentence: str) -> bool:
        """Asks somebody; whether they were asked."""
        run = await self._outside.runs.get(job.turn.run.id) or job.turn.run
        return await self._said(self._outside.board.ask_person(run, step, job.title, sentence))

    async def request(self, request: Request, standing: Standing, word: str = "") -> bool:
        """False: it is to be tried again."""
        is_shown = await self._said(self._outside.board.show_request(request, standing, word), or_refused=True)
        self._behind.pop(request.id, None)
        if not is_shown:
            self._behind[request.id] = request.run
        elif not standing.state.is_open:
            self._closed.add(request.id)
        return is_shown

    def has_closed(self, request_id: str) -> bool:
        """Whether its buttons were taken away here; asked once, at the end of its run."""
        is_closed = request_id in self._closed
        self._closed.discard(request_id)
        return is_closed

    async def say(self, request: Request, sentence: str, *, key: str) -> bool:
        return await self._said(self._outside.board.say(request, sentence, key=key))

    async def _said(self, word: Awaitable[object], *, or_refused: bool = False) -> bool:
        """`or_refused`: what Slack refuses for good counts as said."""
        try:
            async with asyncio.timeout(SLACK_LIMIT):
                await word
        except (ChatError, TimeoutError) as error:
            log.warning("Slack did not take a word about a run: %s", error)
            return or_refused and isinstance(error, ChatError) and error.is_final
        return True
