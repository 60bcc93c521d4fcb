"""What the end of a program means for the action that ran it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.action import (
    ActionRefused,
    ActionResult,
    Ending,
    Isolation,
    Plan,
    Refusal,
    Risk,
    Value,
)
from integrations.programs.launch import Outcome, Stop

_SIGNALLED = 128
_VALUE = 4096  # characters of output that later steps may use


def result(outcome: Outcome, risk: Risk, what: str, *, values: Mapping[str, Value] | None = None) -> ActionResult:
    """`what` names the program in the summary."""
    return ActionResult(
        ending=ending(outcome, risk),
        summary=_summary(outcome, what),
        output="\n".join(part for part in (outcome.stdout, outcome.stderr) if part),
        is_cut=outcome.is_cut,
        values={"code": outcome.code, "output": outcome.stdout[:_VALUE], **(values or {})},
        seconds=outcome.seconds,
    )


def ending(outcome: Outcome, risk: Risk) -> Ending:
    """Of what changes things, only an end of its own says whether it did; a reader that was stopped did nothing."""
    if outcome.stop is Stop.NOT_STARTED:
        return Ending.FAILED
    if outcome.stop is Stop.EXITED and outcome.code is not None and outcome.code <= _SIGNALLED and outcome.is_gone:
        return Ending.SUCCEEDED if outcome.code == 0 else Ending.FAILED
    if risk is not Risk.READ or not outcome.is_gone:
        return Ending.UNKNOWN
    return Ending.TIMED_OUT if outcome.stop is Stop.TIMED_OUT else Ending.FAILED


def _summary(outcome: Outcome, what: str) -> str:
    left = "" if outcome.is_gone else " A process that it started may still be running."
    took = f"after {outcome.seconds:.1f} s"
    match outcome.stop:
        case Stop.EXITED if outcome.code is None or outcome.code > _SIGNALLED:
            number = f" by signal {outcome.code - _SIGNALLED}" if outcome.code else ""
            return f"{what} was ended{number} {took}.{left}"
        case Stop.EXITED if outcome.code == 0:
            return f"{what} ended well {took}.{left}"
        case Stop.EXITED:
            return f"{what} failed with code {outcome.code} {took}.{left}"
        case Stop.NOT_STARTED:
            return f"{what} could not be started.{left}"
        case Stop.TIMED_OUT:
            return f"{what} took too long and was ended {took}.{left}"
        case Stop.FLOODED:
            return f"{what} wrote without end and was ended {took}.{left}"
        case Stop.CANCELLED:
            return f"{what} was stopped {took}.{left}"


def refuse_without_isolation(isolation: Isolation, risk: Risk) -> None:
    if isolation is Isolation.NONE and risk is not Risk.READ:
        detail = (
            "This machine can keep programs apart neither with bubblewrap nor with Landlock, so only what reads is "
            "run: install bubblewrap and allow user namespaces (docs/actions/exec.md)."
        )
        raise ActionRefused(Refusal.NO_ISOLATION, detail)


def refuse_other(planned: Plan, now: Plan) -> None:
    """Raises ActionRefused where a plan made now is not the one that is to be carried out.

    A runbook may have raised the risk: that alone may differ.
    """
    if planned.risk.rank >= now.risk.rank:
        now = replace(now, risk=planned.risk)
    if planned.digest == now.digest:
        return
    differing = [name for name in planned.__dataclass_fields__ if getattr(planned, name) != getattr(now, name)]
    words = ", ".join(name.replace("_", " ") for name in differing)
    raise ActionRefused(Refusal.NOT_ALLOWED, f"It is not what was planned any more ({words} changed): ask again.")
