"""What must hold before a step, and what must come to hold after it. Nothing here changes anything."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.domain.action import ActionRefused, ActionResult, Ending, Plan, Value
from bot.domain.approval import Precheck
from bot.domain.condition import ConditionError
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from bot.domain.runbook import Check, Output, OutputError, RunValues, outcome, parse_output
from bot.flows.acting.bounded import looked, ran
from bot.flows.acting.notes import redacted_value
from bot.flows.acting.outside import Outside
from bot.flows.acting.plan import Planning
from bot.flows.acting.turn import Job

OUTPUT_LIMIT = 16_000  # characters kept of an output: what people read in a thread, and what conditions look at
SUMMARY_LIMIT = 300  # characters
PREVIEW_LIMIT = 2_500  # characters: Slack's section takes 3,000, and the request has more to say


@dataclass(frozen=True, kw_only=True)
class Seen:
    precheck: Precheck
    sentence: str


class Checks:
    def __init__(self, outside: Outside, planning: Planning) -> None:
        self._outside, self._planning = outside, planning

    async def precheck(self, job: Job) -> Seen:
        """What undoes a step has no condition of its own."""
        if job.step.precheck is None or job.is_rollback:
            return Seen(precheck=Precheck.NOT_DECLARED, sentence="")
        return await self.look(job.step.precheck, job.values, job)

    async def look(self, check: Check, values: RunValues, job: Job) -> Seen:
        says = check.says or check.holds.source
        found = values
        if check.use is not None:
            try:
                result = await self._read(check, values, job)
            except ActionRefused as refused:
                return Seen(precheck=Precheck.UNKNOWN, sentence=f"It could not be checked ({says}): {refused.detail}")
            found = replace(values, result=outcome(result, _named(check.output, result)))
        try:
            holds = await asyncio.to_thread(check.holds.holds, found.as_mapping())
        except ConditionError as error:
            return Seen(precheck=Precheck.UNKNOWN, sentence=f"It could not be checked ({says}): {error}.")
        if holds:
            return Seen(precheck=Precheck.HOLDS, sentence=f"It holds: {says}.")
        return Seen(precheck=Precheck.FAILS, sentence=f"It does not hold: {says}.{_measured(found)}")

    async def _read(self, check: Check, values: RunValues, job: Job) -> ActionResult:
        assert check.use is not None
        plan = await self._planning.read(job, check.use, values)
        key = f"{job.key.text}:check:{self._outside.new_id()}"
        return await ran(self._planning.action(check.use.action).run(plan, key=key), plan)

    async def preview(self, job: Job, plan: Plan) -> str:
        """What the target itself tells would happen, and what the step's own preview reads."""
        told = [await self._told_by_action(plan), await self._told_by_step(job)]
        return shown("\n".join(text for text in told if text), PREVIEW_LIMIT)[0]

    async def _told_by_action(self, plan: Plan) -> str:
        try:
            return await looked(self._planning.action(plan.call.action).preview(plan), "The preview")
        except ActionRefused as refused:
            return f"No preview: {refused.detail}"

    async def _told_by_step(self, job: Job) -> str:
        if job.step.preview is None or job.is_rollback:
            return ""
        try:
            plan = await self._planning.read(job, job.step.preview, job.values)
            key = f"{job.key.text}:preview:{self._outside.new_id()}"
            result = await ran(self._planning.action(plan.call.action).run(plan, key=key), plan)
        except ActionRefused as refused:
            return f"No preview: {refused.detail}"
        return result.output if result.ending is Ending.SUCCEEDED else f"No preview: {result.summary}"


def shown(text: str, limit: int) -> tuple[str, bool]:
    """Without secrets, at most `limit` characters; whether it was cut."""
    clean = redact(text)
    return (clean, False) if len(clean) <= limit else (f"{clean[: limit - 1]}…", True)


def summary(text: str) -> str:
    return plain(redact(text), SUMMARY_LIMIT)


def named(output: Output | None, result: ActionResult) -> Mapping[str, Value]:
    """What later steps can see by name, without secrets. Raises OutputError."""
    found = parse_output(output, result) if output is not None and result.ending is Ending.SUCCEEDED else {}
    return {name: redacted_value(value) for name, value in found.items()}


def _named(output: Output | None, result: ActionResult) -> Mapping[str, Value]:
    """A condition that asks for what is not there says so itself."""
    try:
        return named(output, result)
    except OutputError:
        return {}


def _measured(values: RunValues) -> str:
    """The one number that was looked at, where there is one."""
    result = values.result or {}
    for name in ("value", "count", "status"):
        if isinstance(number := result.get(name), int | float):
            return f" It is {number:g} now."
    return ""
