"""Entries for the audit log about runs. Pure; what they hold is redacted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.domain.action import Plan, Value
from bot.domain.audit import AuditKind, output_hash
from bot.domain.ports.acting import AuditNote
from bot.domain.redact import redact
from bot.domain.run import Run, StepRun


def redacted_value(value: Value) -> Value:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {name: redacted_value(item) for name, item in value.items()}
    return tuple(redacted_value(item) for item in value) if isinstance(value, tuple | list) else value


def note(
    kind: AuditKind, at: datetime, *, incident: str, subject: str, who: str = "", output: str = "", **details: Value
) -> AuditNote:
    return AuditNote(
        at=at,
        who=who,
        kind=kind,
        incident=incident,
        subject=subject,
        details={name: redacted_value(value) for name, value in details.items()},
        outputs=(output_hash(output),) if output else (),
    )


def proposed(run: Run) -> AuditNote:
    return note(
        AuditKind.PROPOSED,
        run.created_at,
        incident=run.incident,
        subject=run.id,
        who=run.requester,
        runbook=run.runbook,
        runbook_digest=run.runbook_digest,
        parameters=run.parameters,
        author=run.author,
        reason=run.reason,
        is_dry=run.is_dry,
    )


def rendered(run: Run, step: StepRun, plan: Plan, at: datetime) -> AuditNote:
    return note(
        AuditKind.RENDERED,
        at,
        incident=run.incident,
        subject=step.key.text,
        action=plan.call.action,
        risk=plan.risk.value,
        target=plan.target,
        lines=plan.lines,
        plan_digest=plan.digest,
    )


def started(run: Run, step: StepRun, plan: Plan, at: datetime) -> AuditNote:
    return note(
        AuditKind.STARTED,
        at,
        incident=run.incident,
        subject=step.key.text,
        action=plan.call.action,
        plan_digest=plan.digest,
        request=step.request,
        holder=step.holder,
        attempts=step.attempts,
    )


def finished(run: Run, step: StepRun, at: datetime) -> AuditNote:
    return note(
        AuditKind.FINISHED,
        at,
        incident=run.incident,
        subject=step.key.text,
        output=step.output,
        state=step.state.value,
        ending=step.ending.value if step.ending else "",
        summary=step.summary,
    )


def verified(run: Run, step: StepRun, at: datetime) -> AuditNote:
    held = step.state.value
    return note(
        AuditKind.VERIFIED, at, incident=run.incident, subject=step.key.text, state=held, verified=step.verified
    )


def refused(run: Run, step: StepRun, at: datetime, reason: str) -> AuditNote:
    return note(
        AuditKind.REFUSED,
        at,
        incident=run.incident,
        subject=step.key.text,
        reason=reason,
        sentence=step.summary,
        request=step.request,
    )


def over(run: Run, at: datetime) -> AuditNote:
    return note(
        AuditKind.FINISHED, at, incident=run.incident, subject=run.id, who=run.cancelled_by, state=run.state.value,
        why=run.why,
    )  # fmt: skip
