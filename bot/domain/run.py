"""A runbook being carried out: the run, and what happened to each of its steps. Pure.

The record is what counts: after a crash a run goes on from what is written down here. A step that was begun and of
which no end is written may or may not have happened; nothing that changes something is then done again by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.action import Ending, Plan, Value
from bot.domain.approval import Message


class RunState(StrEnum):
    RUNNING = "running"
    WAITING = "waiting"  # for people: an approval, a report, a word on what happened
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUSED = "refused"  # a step was not allowed, denied, or its plan no longer held
    CANCELLED = "cancelled"
    STOPPED = "stopped"  # by the kill switch

    @property
    def is_over(self) -> bool:
        return self not in (RunState.RUNNING, RunState.WAITING)


class Part(StrEnum):
    """A step is done at most once, and undone at most once."""

    ACT = "act"
    ROLLBACK = "rollback"


class StepState(StrEnum):
    PLANNED = "planned"  # rendered and checked; in a dry run that is all
    WAITING = "waiting"  # for an approval, or for the person who does it
    STARTED = "started"  # claimed: from here on it may have happened
    VERIFYING = "verifying"  # it was done; what it should bring about is looked for
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    VERIFY_FAILED = "verify_failed"  # it was done, and did not help
    UNKNOWN = "unknown"  # it may or may not have happened: a person is asked
    SKIPPED = "skipped"  # its condition did not hold
    REFUSED = "refused"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        open_states = (StepState.PLANNED, StepState.WAITING, StepState.STARTED, StepState.VERIFYING, StepState.UNKNOWN)
        return self not in open_states


@dataclass(frozen=True, kw_only=True)
class Run:
    id: str  # "R-7K3QF2"
    incident: str
    runbook: str
    runbook_digest: str  # of the version that it was started with; another one is not carried on with
    parameters: Mapping[str, Value]  # resolved, as people saw them
    requester: str  # Slack's user id; "" where nobody asked
    author: str = ""  # of the message that led to it
    reason: str = ""
    is_dry: bool = False  # renders and checks everything, changes nothing
    state: RunState = RunState.RUNNING
    why: str = ""  # a sentence on how it ended
    cancelled_by: str = ""  # somebody asked for the end; it ends between two steps
    card: Message | None = None  # the one message that is edited in place
    created_at: datetime
    ended_at: datetime | None = None
    is_shown: bool = True  # False: it is over, and people do not see that yet
    version: int = 1  # raised at each write, for compare-and-set


@dataclass(frozen=True, kw_only=True)
class StepKey:
    run: str
    step: str
    item: int = 0  # of a step with `foreach`: which element, from 0
    part: Part = Part.ACT

    @property
    def text(self) -> str:
        """The key by which targets can tell a repetition."""
        return f"{self.run}:{self.step}:{self.item}:{self.part}"


@dataclass(frozen=True, kw_only=True)
class StepRun:
    key: StepKey
    state: StepState
    plan: Plan | None = None
    request: str = ""  # id of the approval request
    holder: str = ""  # the process that claimed it
    attempts: int = 0  # how often it was begun: reads alone may be begun again
    started_at: datetime | None = None
    ended_at: datetime | None = None
    ending: Ending | None = None
    summary: str = ""  # a sentence: what came of it, or why not
    output: str = ""  # redacted and cut
    is_cut: bool = False
    values: Mapping[str, Value] = field(default_factory=dict)  # what later steps can see of it
    verified: str = ""  # what the verification said
    preview: str = ""
    version: int = 1  # raised at each write, for compare-and-set
