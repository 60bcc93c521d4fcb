"""What was decided, done and judged in a span of time, counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.action import Risk
from bot.domain.approval import State
from bot.domain.run import RunState


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """Of what was asked for and begun in it; what never occurred is left out of the counts."""

    approvals: Mapping[State, int]  # requests, as they stood at the end; CONSUMED: approved, and done
    escalated: int  # requests that went on to somebody else
    runs: Mapping[RunState, int]  # without dry ones; also those that are not over
    steps: Mapping[Risk, int]  # of those runs: what was begun, rolling back included
    unasked: int  # of those steps: done without asking anybody, as the policy allows

    @property
    def asked(self) -> int:
        return sum(self.approvals.values())

    @property
    def approved(self) -> int:
        return self.approvals.get(State.APPROVED, 0) + self.approvals.get(State.CONSUMED, 0)

    @property
    def begun(self) -> int:
        return sum(self.steps.values())


@dataclass(frozen=True, kw_only=True)
class Judged:
    helped: int = 0
    not_helped: int = 0


@dataclass(frozen=True, kw_only=True)
class FeedbackTally:
    """A person counts once for each thing, by the last word."""

    answers: Judged  # of the model
    memories: Judged  # past incidents, postmortems, pages, lessons
