"""How a run ends: what is still open is closed, and people are told what they need to know."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.action import Risk
from bot.domain.approval import ExecutionReason, State
from bot.domain.escalation import hand_over
from bot.domain.run import Part, RunState, StepRun, StepState
from bot.domain.runbook import ActionUse, RunbookStep
from bot.flows.acting import notes
from bot.flows.acting.checks import summary
from bot.flows.acting.keeping import Keeping
from bot.flows.acting.lines import line
from bot.flows.acting.outside import Outside
from bot.flows.acting.reading import Ended
from bot.flows.acting.stepping import Stepping
from bot.flows.acting.telling import Telling
from bot.flows.acting.turn import CAN_BE_UNDONE, MANUAL, Job, Pause, Turn

OFFERED_FOR = timedelta(hours=1)  # a rollback; after that the world has moved on, and a new run sees it as it is


def offers_undo(job: Job) -> bool:
    """Its step was done, did not help, and can be undone."""
    record, undo = job.record, job.rollback.record
    return (
        job.step.rollback is not None
        and not job.is_rollback
        and record is not None
        and record.started_at is not None
        and record.state in CAN_BE_UNDONE
        and record.plan is not None
        and record.plan.risk is not Risk.READ
        and (undo is None or undo.state is StepState.PLANNED)
    )


class Ending:
    def __init__(self, outside: Outside, keeping: Keeping, telling: Telling, stepping: Stepping) -> None:
        self._outside, self._keeping, self._telling, self._stepping = outside, keeping, telling, stepping

    async def ended(self, turn: Turn, found: Ended) -> Pause | None:
        """The last step is over, or one after which nothing more is done: what can be undone is offered first."""
        job, record = found.job, found.record
        if pause := await self._offered(turn):
            return pause
        if job is None or record is None:
            await self.end(turn, RunState.SUCCEEDED, "All steps are done.")
            return None
        state = RunState.FAILED
        if record.state in (StepState.REFUSED, StepState.CANCELLED):
            state = RunState.CANCELLED if record.state is StepState.CANCELLED else RunState.REFUSED
            if await self._stepping.executing.stopped(job, record.plan):
                state = RunState.STOPPED
        await self.end(turn, state, f"{job.title}: {_came_to(record)}{_undone(job)}")
        return None

    async def _offered(self, turn: Turn) -> Pause | None:
        """Asks whether what did not help is to be undone, for a while."""
        now = self._outside.clock.now()
        jobs = [_declared(turn, record) for record in turn.steps]
        until = [
            (job, record, end)
            for job in jobs
            if offers_undo(job) and (record := job.record) and now < (end := (record.ended_at or now) + OFFERED_FOR)
        ]
        for job, record, _ in until:
            word = undo.summary if (undo := job.rollback.record) else ""
            sentence = f"{record.summary} {record.verified} {word} It can be undone: that is asked for like any step."
            await self._telling.person(job, record, " ".join(sentence.split()))
        return Pause(until=min(end for _, _, end in until), for_people=True) if until else None

    async def wind_up(self, turn: Turn, state: RunState, sentence: str) -> Pause | None:
        """Nothing more is begun: what is open is closed first, one thing at a time."""
        for record in turn.steps:
            job = _remnant(turn, record)
            match record.state:
                case StepState.STARTED | StepState.UNKNOWN:
                    return await self._stepping.go_on(job)
                case StepState.VERIFYING:
                    await self._stepping.verifying.cancelled(job, sentence)
                    return None
                case StepState.WAITING:
                    await self.close(job, sentence, StepState.CANCELLED)
                    return None
                case _:
                    pass
        await self.end(turn, state, sentence)
        return None

    async def close(self, job: Job, sentence: str, state: StepState) -> None:
        """It was not begun, and will not be."""
        record = job.record
        await self._stepping.refusing.refuse(job, sentence, ExecutionReason.WITHDRAWN, state=state)
        request = await self._outside.approvals.get(record.request) if record and record.request else None
        if request is not None:
            events = tuple(await self._outside.approvals.events(request.id))
            standing = await self._stepping.asking.standing(request, events)
            await self._stepping.asking.ended(job, request, standing, sentence)

    async def end(self, turn: Turn, state: RunState, why: str) -> None:
        await self._close_requests(turn)
        now = self._outside.clock.now()
        run = replace(turn.run, state=state, why=summary(why), ended_at=now)
        found = hand_over(run, turn.runbook, turn.steps)
        if found is not None:
            run = replace(run, why=f"{run.why} Needed: {found.needed}")
        run = replace(run, is_shown=await self._telling.end(turn, run))
        text = f"{turn.runbook.title} ({run.id}) {run.state}: {found.text if found else run.why}"
        told = line(turn.incident.id, now, text, key=f"run:{run.id}:over", actor=run.cancelled_by)
        if await self._keeping.run(run, (notes.over(run, now),), (told,)) is None:
            return
        if not run.is_dry:
            self._outside.on_end(turn.incident.id)

    async def show(self, turn: Turn) -> bool:
        """All that people see of a run that is over, once more: Slack was away when it ended. Whether they see it."""
        for record in turn.steps:
            request = await self._outside.approvals.get(record.request) if record.request else None
            if request is None:
                continue
            events = tuple(await self._outside.approvals.events(request.id))
            standing = await self._stepping.asking.standing(request, events)
            word = "" if standing.state is State.CONSUMED else record.summary
            if not await self._telling.request(request, standing, word):
                return False
        return await self._telling.card(turn)

    async def _close_requests(self, turn: Turn) -> None:
        """Those of steps that are over: after a crash one may have been left open, or its buttons be there yet."""
        for record in turn.steps:
            request = await self._outside.approvals.get(record.request) if record.request else None
            if request is None:
                continue
            events = tuple(await self._outside.approvals.events(request.id))
            standing = await self._stepping.asking.standing(request, events)
            if standing.state.is_open:
                await self._stepping.asking.ended(_remnant(turn, record), request, standing, record.summary)
            elif not self._telling.has_closed(request.id):  # whoever began it may have died before it could
                word = "" if standing.state is State.CONSUMED else record.summary
                await self._telling.request(request, standing, word)


def _came_to(record: StepRun) -> str:
    return f"{record.summary} {record.verified}".strip()


def _undone(job: Job) -> str:
    undo = job.rollback.record
    match undo.state if undo else None:
        case StepState.SUCCEEDED:
            return " It was undone."
        case None:
            return ""
        case StepState.PLANNED:
            return f" {undo.summary}" if undo else ""
        case _:
            return f" Undoing it: {undo.summary if undo else ''}"


def _remnant(turn: Turn, record: StepRun) -> Job:
    """The step as it was begun, whatever its runbook says by now: what is looked at is its record alone."""
    plan = record.plan
    action = plan.call.action if plan else MANUAL
    title = next((step.title for step in turn.runbook.steps if step.id == record.key.step), record.key.step)
    step = RunbookStep(
        title=title, id=record.key.step, use=ActionUse(action=action), timeout=plan.call.timeout if plan else 0.0
    )
    return Job(turn=turn, step=step, key=record.key, values=turn.values)


def _declared(turn: Turn, record: StepRun) -> Job:
    job = _remnant(turn, record)
    step = next((step for step in turn.runbook.steps if step.id == record.key.step), None)
    return replace(job, step=step) if step and record.key.part is Part.ACT else job
