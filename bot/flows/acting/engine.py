"""Carries runs on. What is kept is the record and the queue: a run goes on from there after a crash, in any process."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.action import Ending as HowItEnded
from bot.domain.alert import Severity
from bot.domain.errors import ChatError, NotStored
from bot.domain.incident import Incident, IncidentStatus
from bot.domain.run import Part, Run, RunState, StepRun, StepState
from bot.domain.runbook import Runbook, RunValues, Trigger
from bot.flows.acting import notes
from bot.flows.acting.checks import summary
from bot.flows.acting.dry import DryRun
from bot.flows.acting.dry import ending as of_dry_run
from bot.flows.acting.ending import Ending
from bot.flows.acting.keeping import Keeping
from bot.flows.acting.outside import Outside
from bot.flows.acting.reading import CHANGED_RUNBOOK, Ended, Reading, Unready
from bot.flows.acting.stepping import Stepping
from bot.flows.acting.telling import Telling
from bot.flows.acting.turn import Job, Pause, Turn

log = logging.getLogger(__name__)
AGAIN_AFTER = timedelta(seconds=5)  # after the store or Slack did not answer
SHOW_AGAIN = timedelta(seconds=15)  # how a run ended, where Slack was away then
LOOK_AGAIN = timedelta(seconds=30)  # at runs that wait: another process may have heard what they wait for
TICK = 1.0  # seconds: how late a timer may be
BROKEN = timedelta(minutes=1)  # after a mistake of ours
MOST_STILL = 8  # moves in a row that change nothing in the run or its steps: more is a mistake of ours
OVER = Pause(is_over=True)


class Engine:
    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._keeping = Keeping(outside)
        self._telling = Telling(outside)
        self._reading = Reading(outside)
        self._stepping = Stepping(outside, self._keeping, self._telling)
        self._ending = Ending(outside, self._keeping, self._telling, self._stepping)
        self._dry = DryRun(outside, self._stepping.planning, self._stepping.checks, self._keeping)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._due: dict[str, datetime | None] = {}  # by run; None: at once
        self._tasks: dict[str, asyncio.Task[Pause]] = {}
        self._news = asyncio.Event()
        self._is_listed = False
        self._is_stopping = False

    # --- all runs ----------------------------------------------------------------------------------------------------

    def wake(self, run_id: str) -> None:
        """Something happened to it."""
        self._due[run_id] = None
        self._news.set()

    def look(self) -> None:
        """Another process came or went: what it was doing is looked at now."""
        self._is_listed = False
        self._news.set()

    async def run(self) -> None:
        """Without end. What was going on when the process before it ended is gone on with first."""
        listed: datetime | None = None
        while not self._is_stopping:
            now = self._outside.clock.now()
            if listed is None or not self._is_listed or now >= listed + LOOK_AGAIN:
                self._is_listed = True
                listed = now if await self._list() else None
            self._begin_due(now)
            self._news.clear()
            try:
                async with asyncio.timeout(TICK):
                    await self._news.wait()
            except TimeoutError:
                pass

    async def stop(self, within: float) -> None:
        """Begins nothing more, and gives what runs `within` seconds to end; what does not is cancelled."""
        self._is_stopping = True
        self._news.set()
        running = set(self._tasks.values())
        if running:
            _, late = await asyncio.wait(running, timeout=within)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    async def _list(self) -> bool:
        try:
            for run in await self._outside.runs.unfinished():
                self._due[run.id] = None
        except NotStored as error:
            log.warning("runs cannot be read: %s", error)
            return False
        return True

    def _begin_due(self, now: datetime) -> None:
        for run_id, at in list(self._due.items()):
            if run_id not in self._tasks and (at is None or at <= now):
                del self._due[run_id]
                self._tasks[run_id] = task = asyncio.create_task(self.advance(run_id))
                task.add_done_callback(lambda task, run_id=run_id: self._paused(run_id, task))  # type: ignore[misc]

    def _paused(self, run_id: str, task: asyncio.Task[Pause]) -> None:
        del self._tasks[run_id]
        self._news.set()
        if task.cancelled():
            return
        if error := task.exception():
            log.error("run %s cannot be gone on with", run_id, exc_info=error)
            self._due.setdefault(run_id, self._outside.clock.now() + BROKEN)
        elif not (pause := task.result()).is_over and pause.until is not None and run_id not in self._due:
            self._due[run_id] = pause.until

    # --- one run -----------------------------------------------------------------------------------------------------

    async def advance(self, run_id: str) -> Pause:
        """Goes on with it until nothing more can be done now. May be called at any time, by anybody."""
        async with self._locks[run_id]:
            try:
                pause = await self._advance(run_id)
            except (NotStored, ChatError) as error:
                log.warning("run %s waits: %s", run_id, error)
                return Pause(until=self._outside.clock.now() + AGAIN_AFTER)
        if pause.is_over:
            self._locks.pop(run_id, None)
        return pause

    async def _advance(self, run_id: str) -> Pause:
        last: tuple[int, ...] = ()
        still = 0
        while True:
            run = await self._outside.runs.get(run_id)
            if run is None or (run.state.is_over and run.is_shown):
                return OVER
            if run.state.is_over:
                return await self._show_end(run)
            read = await self._reading.turn(run)
            turn = await self._without(run) if isinstance(read, str) else read
            if isinstance(read, str):
                pause = await self._ending.wind_up(turn, RunState.REFUSED, read)
            else:
                pause = await self._move(turn)
            versions = (run.version, *(step.version for step in turn.steps))
            still = still + 1 if versions == last else 0
            last = versions
            if pause is None and still >= MOST_STILL:
                log.error("run %s does not move on", run_id)
                pause = Pause(until=self._outside.clock.now() + AGAIN_AFTER)
            if pause is not None:
                turn = await self._mark(turn, pause)
            await self._telling.card(turn)
            if pause is not None or self._is_stopping:
                return pause or Pause(until=self._outside.clock.now())

    async def _show_end(self, run: Run) -> Pause:
        read = await self._reading.turn(run)
        if not await self._ending.show(await self._without(run) if isinstance(read, str) else read):
            return Pause(until=self._outside.clock.now() + SHOW_AGAIN)
        kept = await self._outside.runs.get(run.id)
        if kept is not None:
            await self._keeping.run(replace(kept, is_shown=True))
        return OVER

    async def _move(self, turn: Turn) -> Pause | None:
        """One move. None: something was written; look again."""
        run = turn.run
        if run.cancelled_by:
            return await self._ending.wind_up(turn, RunState.CANCELLED, f"Cancelled by {run.cancelled_by}.")
        if turn.runbook.digest != run.runbook_digest:
            return await self._ending.wind_up(turn, RunState.REFUSED, CHANGED_RUNBOOK)
        if run.is_dry:
            if not await self._dry.step(turn):
                await self._ending.end(turn, *of_dry_run(turn))
            return None
        following = await self._reading.next(turn)
        match following:
            case Ended():
                return await self._ending.ended(turn, following)
            case Unready():
                await self._note(following)
                return None
            case Job() if following.is_rollback and _is_dormant(following.record):
                await self._undo_by_itself(following)
                return None
            case Job():
                return await self._stepping.go_on(following)

    async def _note(self, unready: Unready) -> None:
        """It is skipped, or cannot be done."""
        now, job = self._outside.clock.now(), unready.job
        step = StepRun(
            key=job.key,
            state=StepState.FAILED,
            ending=HowItEnded.FAILED,
            ended_at=now,
            summary=summary(unready.sentence),
        )
        if unready.is_skipped:
            ending = HowItEnded.SUCCEEDED if unready.is_empty else None
            await self._keeping.step(None, replace(step, state=StepState.SKIPPED, ending=ending))
        else:
            await self._keeping.step(None, step, (notes.refused(job.turn.run, step, now, "unready"),))

    async def _undo_by_itself(self, undo: Job) -> None:
        done = undo.turn.record(replace(undo.key, part=Part.ACT))
        assert done is not None
        if done.state is not StepState.VERIFY_FAILED:
            if undo.record is not None:
                await self._keeping.step(undo.record, replace(undo.record, state=StepState.SKIPPED))
            return
        request = await self._outside.approvals.get(done.request) if done.request else None
        await self._stepping.undoing.by_itself(undo, done, request)

    async def _mark(self, turn: Turn, pause: Pause) -> Turn:
        state = RunState.WAITING if pause.for_people else RunState.RUNNING
        run = await self._outside.runs.get(turn.run.id)
        if run is None or run.state.is_over or run.state is state:
            return turn
        kept = await self._keeping.run(replace(run, state=state))
        return replace(turn, run=kept) if kept else turn

    async def _without(self, run: Run) -> Turn:
        """Of a run whose runbook or incident is gone: enough to end it."""
        runbook = self._outside.runbooks().get(run.runbook) or Runbook(
            id=run.runbook, title=run.runbook, owner="", trigger=Trigger(), steps=()
        )
        incident = await self._outside.incidents.get(run.incident) or _forgotten(run)
        values = RunValues(incident={}, environment="")
        return Turn(
            run=run, runbook=runbook, incident=incident, steps=await self._outside.runs.steps(run.id), values=values
        )


def _is_dormant(record: StepRun | None) -> bool:
    return record is None or record.state is StepState.PLANNED


def _forgotten(run: Run) -> Incident:
    return Incident(
        id=run.incident, title=run.incident, severity=Severity.SEV4, status=IncidentStatus.RESOLVED, service=None,
        started_at=run.created_at, opened_at=run.created_at,
    )  # fmt: skip
