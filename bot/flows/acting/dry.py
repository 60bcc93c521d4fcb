"""A dry run: everything is rendered, checked and judged, and nothing is done but what only looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain import condition
from bot.domain.action import ActionRefused, Plan, Value
from bot.domain.condition import ConditionError
from bot.domain.policy import Autonomy, Ruling
from bot.domain.run import RunState, StepRun, StepState
from bot.domain.runbook import ActionUse, RunbookStep, elements
from bot.domain.runbook.template import is_template
from bot.domain.runbook.template import paths as template_paths
from bot.flows.acting import notes
from bot.flows.acting.checks import Checks, summary
from bot.flows.acting.keeping import Keeping
from bot.flows.acting.outside import Outside
from bot.flows.acting.plan import Planning
from bot.flows.acting.turn import Job, Turn


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a dry run says of a step."""

    state: StepState
    sentence: str
    plan: Plan | None = None
    preview: str = ""


class DryRun:
    def __init__(self, outside: Outside, planning: Planning, checks: Checks, keeping: Keeping) -> None:
        self._outside, self._planning, self._checks, self._keeping = outside, planning, checks, keeping

    async def step(self, turn: Turn) -> bool:
        """Says something of the next step; False once all are said."""
        said = {record.key.step for record in turn.steps}
        step = next((step for step in turn.runbook.steps if step.use is not None and step.id not in said), None)
        if step is None:
            return False
        job = Job(turn=turn, step=step, key=turn.key(step), values=turn.values)
        for at, found in enumerate(await self._of(job)):
            await self._write(replace(job, key=turn.key(step, at)), found)
        return True

    async def _write(self, job: Job, found: Said) -> None:
        now = self._outside.clock.now()
        record = StepRun(
            key=job.key, state=found.state, plan=found.plan, summary=summary(found.sentence), preview=found.preview,
            ended_at=now,
        )  # fmt: skip
        rendered = (notes.rendered(job.turn.run, record, found.plan, now),) if found.plan else ()
        await self._keeping.step(None, record, rendered)

    async def _of(self, job: Job) -> Sequence[Said]:
        step = job.step
        if step.only_if and not mentioned(step.only_if):
            try:
                if not step.only_if.holds(job.values.as_mapping()):
                    return (
                        Said(state=StepState.SKIPPED, sentence=f"Not needed: {step.only_if.source} does not hold."),
                    )
            except ConditionError as error:
                return (Said(state=StepState.REFUSED, sentence=f"{error}."),)
        if step.foreach is None:
            return (await self._one(job),)
        if needed := mentioned(step.foreach.items):
            return (_depends(f"It is done for what {_steps(needed)}, {step.foreach.most} times at most."),)
        try:
            items = elements(step.foreach, job.values)
        except ActionRefused as refused:
            return (Said(state=StepState.REFUSED, sentence=refused.detail),)
        if not items:
            return (Said(state=StepState.SKIPPED, sentence="There is nothing to go through."),)
        return [await self._one(replace(job, values=replace(job.values, item=item))) for item in items]

    async def _one(self, job: Job) -> Said:
        if job.is_by_hand:
            return Said(state=StepState.PLANNED, sentence="A person does it.")
        if needed := mentioned(job.use):
            return _depends(f"What it does exactly depends on what {_steps(needed)}.")
        try:
            plan = await self._planning.of(job)
        except ActionRefused as refused:
            return Said(state=StepState.REFUSED, sentence=refused.detail)
        ruling = await self._planning.ruling(job, plan)
        if ruling.kind is Autonomy.FORBIDDEN:
            return Said(state=StepState.REFUSED, sentence=ruling.sentence, plan=plan)
        sentences = [_if(job.step), _by_policy(ruling), await self._precheck(job)]
        preview = "" if job.step.preview and mentioned(job.step.preview) else await self._checks.preview(job, plan)
        sentence = " ".join(text for text in sentences if text)
        return Said(state=StepState.PLANNED, sentence=sentence, plan=plan, preview=preview)

    async def _precheck(self, job: Job) -> str:
        check = job.step.precheck
        if check is None:
            return ""
        needed = mentioned(check.holds) + (mentioned(check.use) if check.use else ())
        if needed:
            return f"Its precheck depends on what {_steps(needed)}."
        return (await self._checks.precheck(job)).sentence


def ending(turn: Turn) -> tuple[RunState, str]:
    """How a dry run ends, and what is said of it."""
    counts = {state: sum(1 for record in turn.steps if record.state is state) for state in StepState}
    refused = next((record for record in turn.steps if record.state is StepState.REFUSED), None)
    told = f"{counts[StepState.PLANNED]} planned, {counts[StepState.SKIPPED]} not needed"
    if refused is None:
        return RunState.SUCCEEDED, f"A dry run: {told}. Nothing was done."
    why = f"{counts[StepState.REFUSED]} could not be done ({refused.key.step}: {refused.summary})"
    return RunState.REFUSED, f"A dry run: {told}; {why} Nothing was done."


def mentioned(what: ActionUse | condition.Condition) -> tuple[str, ...]:
    """The steps whose results it needs: a dry run has none."""
    found = condition.paths(what.source) if isinstance(what, condition.Condition) else _in(what.parameters)
    return tuple(dict.fromkeys(path[1] for path in found if path[0] == "steps" and len(path) > 1))


def _in(value: Value) -> Iterator[tuple[str, ...]]:
    if isinstance(value, str) and is_template(value):
        yield from template_paths(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _in(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _in(item)


def _depends(sentence: str) -> Said:
    return Said(state=StepState.PLANNED, sentence=f"{sentence} A dry run does not run that.")


def _steps(ids: Sequence[str]) -> str:
    names = ", ".join(dict.fromkeys(ids))
    return f"step {names} gives" if "," not in names else f"steps {names} give"


def _if(step: RunbookStep) -> str:
    needed = mentioned(step.only_if) if step.only_if else ()
    return f"Whether it is done depends on what {_steps(needed)}." if needed else ""


def _by_policy(ruling: Ruling) -> str:
    if ruling.may_run_at_once:
        return f"It would be done at once. {ruling.sentence}"
    people = "1 approval" if ruling.needed == 1 else f"{ruling.needed} approvals"
    return f"It would need {people} by {' or '.join(ruling.approvers)}. {ruling.sentence}"
