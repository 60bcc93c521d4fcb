"""When the bot cannot go on and people must: why, and what they need to know. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.action import Risk
from bot.domain.run import Part, Run, RunState, StepRun, StepState
from bot.domain.runbook import Runbook


class Need(StrEnum):
    """Why a person is needed."""

    UNCERTAINTY = "nobody knows whether it happened"
    PERMISSION = "nobody allowed it"
    REPEATED_FAILURE = "it was tried and did not help"
    POLICY = "it is not allowed"
    REQUEST = "somebody asked for it to end"


@dataclass(frozen=True, kw_only=True)
class HandOver:
    need: Need
    known: str
    done: str
    needed: str
    next: str

    @property
    def text(self) -> str:
        parts = (("Known", self.known), ("Done", self.done), ("Needed", self.needed), ("Next", self.next))
        return "\n".join(f"{name}: {sentence}" for name, sentence in parts)


_DONE = (StepState.SUCCEEDED, StepState.VERIFYING, StepState.VERIFY_FAILED)
_NEEDED = {
    Need.UNCERTAINTY: "somebody who looks whether it happened, and says so.",
    Need.PERMISSION: "a decision: whether it is still wanted, and by whom it is approved.",
    Need.REPEATED_FAILURE: "another idea of what is wrong; doing the same again hides it.",
    Need.POLICY: "a person who does it by hand, or who changes what is allowed.",
    Need.REQUEST: "somebody who takes over from here.",
}


def hand_over(run: Run, runbook: Runbook | None, steps: Sequence[StepRun]) -> HandOver | None:
    """None where nobody is needed: it went well, or nothing was to be done."""
    if run.is_dry or run.state is RunState.SUCCEEDED:
        return None
    need = _need(run, steps)
    done = [_title(runbook, step) for step in steps if step.state in _DONE and _changes(step)]
    undone = [_title(runbook, s) for s in steps if s.key.part is Part.ROLLBACK and s.state is StepState.SUCCEEDED]
    open_ = _open(runbook, steps)
    return HandOver(
        need=need,
        known=run.why or "it has not ended yet.",
        done=_listed(done, "nothing was changed") + (f" Undone again: {'; '.join(undone)}." if undone else ""),
        needed=_NEEDED[need],
        next=_listed(open_, "no step is left; look whether it is well again"),
    )


def _need(run: Run, steps: Sequence[StepRun]) -> Need:
    states = {step.state for step in steps if step.key.part is Part.ACT}
    if any(step.state is StepState.UNKNOWN for step in steps):
        return Need.UNCERTAINTY
    if run.state is RunState.CANCELLED:
        return Need.REQUEST
    if run.state is RunState.STOPPED:
        return Need.POLICY
    if run.state is RunState.REFUSED:
        was_asked = any(step.request and step.state is StepState.REFUSED for step in steps)
        return Need.PERMISSION if was_asked else Need.POLICY
    return Need.REPEATED_FAILURE if states & {StepState.VERIFY_FAILED, StepState.FAILED} else Need.UNCERTAINTY


def _changes(step: StepRun) -> bool:
    return step.key.part is Part.ACT and step.plan is not None and step.plan.risk is not Risk.READ


def _open(runbook: Runbook | None, steps: Sequence[StepRun]) -> list[str]:
    """What was to be done yet."""
    if runbook is None:
        return []
    ended = {s.key.step for s in steps if s.state in (*_DONE, StepState.SKIPPED) and s.key.part is Part.ACT}
    return [step.title for step in runbook.steps if step.use is not None and step.id not in ended]


def _title(runbook: Runbook | None, step: StepRun) -> str:
    found = next((one.title for one in runbook.steps if one.id == step.key.step), "") if runbook else ""
    return found or step.key.step


def _listed(titles: Sequence[str], nothing: str) -> str:
    return f"{'; '.join(dict.fromkeys(titles)) or nothing}."
