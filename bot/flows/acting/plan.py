"""From a step to exactly what would be done, and what the policy says of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.domain.action import Action, ActionRefused, Plan, Refusal, Risk
from bot.domain.policy import ActionContext, Autonomy, Ruling, decide, repetition_key
from bot.domain.runbook import ActionUse, RunValues, render
from bot.flows.acting.bounded import LOOKING, looked
from bot.flows.acting.outside import Outside
from bot.flows.acting.turn import Job

CHECK_TIMEOUT = 60.0  # seconds for one look


class Planning:
    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def action(self, name: str) -> Action:
        """Raises ActionRefused."""
        found = self._outside.actions.get(name)
        if found is None:
            known = ", ".join(sorted(self._outside.actions)) or "none"
            raise ActionRefused(Refusal.UNKNOWN_ACTION, f"There is no action {name}; there are {known}.")
        return found

    async def of(self, job: Job) -> Plan:
        """As it would be done now; the runbook may have raised the risk. Raises ActionRefused."""
        plan = await self.of_use(job.use, job.values, job.step.timeout)
        return replace(plan, risk=job.step.risk(plan.risk))

    async def of_use(self, use: ActionUse, values: RunValues, timeout: float) -> Plan:
        """Raises ActionRefused."""
        action = self.action(use.action)
        # Jinja and CEL are computed, not waited for; a first use imports them.
        call = await asyncio.to_thread(render, use, values, schema=action.parameters, timeout=timeout)
        plan = await looked(action.plan(call), f"Planning {use.action}", LOOKING)
        if plan.call != call or plan.risk.rank < action.risk.rank:
            raise ActionRefused(Refusal.NOT_ALLOWED, f"{use.action} planned something else than it was asked for.")
        return plan

    async def read(self, job: Job, use: ActionUse, values: RunValues) -> Plan:
        """Of what is looked at around a step: it may do nothing but read, and that unless the policy forbids it.

        Raises ActionRefused.
        """
        plan = await self.of_use(use, values, min(job.step.timeout, CHECK_TIMEOUT))
        if plan.risk is not Risk.READ:
            raise ActionRefused(
                Refusal.NOT_ALLOWED, f"{use.action} would change something ({plan.risk}), and here it may only look."
            )
        ruling = await self.ruling(job, plan)
        if ruling.kind is Autonomy.FORBIDDEN:
            raise ActionRefused(Refusal.NOT_ALLOWED, ruling.sentence)
        return plan

    async def ruling(self, job: Job, plan: Plan) -> Ruling:
        """What the policy says of it now."""
        outside, turn = self._outside, job.turn
        begun = await outside.runs.begun(turn.incident.id) if plan.risk is not Risk.READ else ()
        same = repetition_key(plan)
        times = sum(1 for s in begun if s.key != job.key and s.plan is not None and repetition_key(s.plan) == same)
        service = outside.catalog().find(plan.call.service)
        incident = turn.incident
        context = ActionContext(
            now=outside.clock.now(),
            severity=incident.severity if incident.status.is_open else None,
            tier=service.tier if service else None,
            is_automatic=not turn.run.requester,
            times_done=times,
        )
        return decide(outside.policy(), plan, context)
