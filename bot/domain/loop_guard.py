"""Keeps a conversation with tools from going round in circles: how many turns, how often the same, how long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bot.domain.model import ToolCall


class LoopVerdict(StrEnum):
    GO_ON = "go on"
    LAST_TURN = "last turn"  # run these calls; the next turn has to be the answer
    TOO_MANY_TURNS = "too many turns"
    TOO_MANY_CALLS = "too many calls"
    GOES_IN_CIRCLES = "goes in circles"
    OUT_OF_TIME = "out of time"

    @property
    def runs_calls(self) -> bool:
        return self in (LoopVerdict.GO_ON, LoopVerdict.LAST_TURN)


@dataclass(frozen=True, kw_only=True)
class LoopLimits:
    """People wait: what eight rounds of looking did not find, a ninth seldom does."""

    turns: int = 8  # answers of the model that ask for tools
    calls: int = 24  # tools run, over all turns
    same: int = 2  # how often one call may run; results can change in a minute, but not for ever
    seconds: float = 45.0  # from the question to the last round of tools


@dataclass(frozen=True, kw_only=True)
class LoopDecision:
    """What to do with the calls of one turn. Each of them needs a result: those not in `run` are told as not run."""

    verdict: LoopVerdict
    run: tuple[ToolCall, ...] = ()
    repeated: tuple[ToolCall, ...] = ()  # asked too often: answer with a word that the result is known already


@dataclass(frozen=True, kw_only=True)
class LoopGuard:
    """One question's loop so far. Keep what `after` returns."""

    limits: LoopLimits = field(default_factory=LoopLimits)
    turns: int = 0
    ran: Mapping[str, int] = field(default_factory=dict)  # by the call's key
    circles: int = 0  # turns in a row in which every call was a repetition

    def decide(self, calls: Sequence[ToolCall], elapsed: float) -> LoopDecision:
        """`elapsed` seconds since the question."""
        if elapsed >= self.limits.seconds:
            return LoopDecision(verdict=LoopVerdict.OUT_OF_TIME)
        if self.turns >= self.limits.turns:
            return LoopDecision(verdict=LoopVerdict.TOO_MANY_TURNS)
        run, repeated = self._parted(calls)
        if not run and repeated and self.circles:
            return LoopDecision(verdict=LoopVerdict.GOES_IN_CIRCLES, repeated=repeated)
        left = self.limits.calls - sum(self.ran.values())
        if run and left < 1:
            return LoopDecision(verdict=LoopVerdict.TOO_MANY_CALLS, repeated=repeated)
        is_last = self.turns + 1 >= self.limits.turns or len(run) >= left
        verdict = LoopVerdict.LAST_TURN if is_last else LoopVerdict.GO_ON
        return LoopDecision(verdict=verdict, run=run[:left], repeated=repeated)

    def after(self, decision: LoopDecision) -> LoopGuard:
        """Once its calls have run."""
        ran = Counter(self.ran)
        ran.update(call.key for call in decision.run)
        in_circles = bool(decision.repeated) and not decision.run
        return replace(self, turns=self.turns + 1, ran=dict(ran), circles=self.circles + 1 if in_circles else 0)

    def _parted(self, calls: Sequence[ToolCall]) -> tuple[tuple[ToolCall, ...], tuple[ToolCall, ...]]:
        seen = Counter(self.ran)
        run: list[ToolCall] = []
        repeated: list[ToolCall] = []
        for call in calls:
            is_new = seen[call.key] < self.limits.same
            (run if is_new else repeated).append(call)
            seen[call.key] += 1
        return tuple(run), tuple(repeated)
