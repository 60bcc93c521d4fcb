"""A procedure that an operator wrote down: text for people, or steps that can be carried out once they are approved."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from bot.domain.action import Risk, Value, canonical
from bot.domain.condition import Condition
from bot.domain.runbook.output import Output
from bot.domain.runbook.parameter import Parameter

TIMEOUT = 60.0  # seconds, where a step says nothing
FORMAT = 1  # part of the digest: raised when the same words begin to mean something else


@dataclass(frozen=True, kw_only=True)
class ActionUse:
    """An action and its parameters as they are written: texts may be templates, each element of a list its own."""

    action: str
    parameters: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something that must hold. Without `use` nothing is looked at but what is known already."""

    holds: Condition  # over incident, parameters, steps, item and what `use` gave: `result`
    use: ActionUse | None = None
    output: Output | None = None
    says: str = ""  # what it means for people: "another pod is ready"


@dataclass(frozen=True, kw_only=True)
class Verify:
    check: Check
    within: float = 300.0  # seconds in which it must come to hold
    every: float = 15.0  # seconds between two looks


@dataclass(frozen=True, kw_only=True)
class Rollback:
    use: ActionUse
    is_automatic: bool = False  # done under the same approval when verify fails, rather than offered


@dataclass(frozen=True, kw_only=True)
class Foreach:
    """The step is done once for each element of a list, in its order; the element is `item`."""

    items: Condition  # gives a list
    most: int  # more elements than that: nothing is done


@dataclass(frozen=True, kw_only=True)
class RunbookStep:
    """Without `use` it is text for people, and so are all the others of its runbook."""

    title: str
    command: str = ""  # text to show: what a person would type; nothing runs it
    id: str = ""
    use: ActionUse | None = None
    only_if: Condition | None = None
    precheck: Check | None = None  # holds before it is asked for, and again right before it is done
    preview: ActionUse | None = None  # a read whose output is shown with the request, beside the action's own preview
    verify: Verify | None = None
    rollback: Rollback | None = None
    foreach: Foreach | None = None
    output: Output | None = None
    timeout: float = TIMEOUT  # seconds
    retries: int = 0  # of reads alone
    continue_on_failure: bool = False
    raise_risk: Risk | None = None  # at least this, whatever the action declares

    def risk(self, declared: Risk) -> Risk:
        """`declared`: as the action, or a plan of it, says."""
        return max(declared, self.raise_risk or declared, key=lambda risk: risk.rank)

    @property
    def uses(self) -> tuple[ActionUse, ...]:
        """All that it may do, the reads around it included."""
        checks = (self.precheck, self.verify.check if self.verify else None)
        undoing = self.rollback.use if self.rollback else None
        around = (self.preview, *(check.use for check in checks if check), undoing)
        return tuple(use for use in (self.use, *around) if use is not None)


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """When a runbook fits. Alerts, services and words raise the match, an alert name wins outright; labels, severities
    and `when` must hold, or it does not fit at all.
    """

    alerts: tuple[str, ...] = ()  # exact alert names
    services: tuple[str, ...] = ()
    words: tuple[str, ...] = ()  # words of the alert's title, description or of a likely cause
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of an alert: any of these globs
    severities: tuple[str, ...] = ()
    when: Condition | None = None  # over the incident and the evidence


@dataclass(frozen=True, kw_only=True)
class Runbook:
    id: str
    title: str
    owner: str
    trigger: Trigger
    steps: tuple[RunbookStep, ...]
    summary: str = ""
    link: str | None = None
    parameters: tuple[Parameter, ...] = ()

    @property
    def can_run(self) -> bool:
        """False: it is text for people."""
        return any(step.use for step in self.steps)

    @property
    def digest(self) -> str:
        """SHA-256 of all it says, in hexadecimal: the same however the file is laid out."""
        return hashlib.sha256(canonical([FORMAT, asdict(self)]).encode()).hexdigest()

    def step(self, id: str) -> RunbookStep:
        """Raises KeyError."""
        for step in self.steps:
            if step.id == id and id:
                return step
        raise KeyError(id)
