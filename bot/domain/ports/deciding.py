"""What people can make happen from Slack: start and end runs, decide on requests, stop the bot and let it go on.

All of it raises NotStored and ChatError, and may come twice: an event of the same id does nothing the second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.domain.approval import Decision, Message, ReviewVerdict, TakingBack
from bot.domain.incident import Incident
from bot.domain.kill_switch import Resumption, Scope, Stopped, Switch
from bot.domain.run import Run, StepKey
from bot.domain.runbook import ParameterProblem, Runbook


@dataclass(frozen=True, kw_only=True)
class Order:
    """Somebody wants a runbook to be run. `id`: the same when it is delivered again."""

    id: str
    incident: str
    runbook: str  # its id
    parameters: Mapping[str, str] = field(default_factory=dict)  # as typed; what is not given takes its default
    requester: str  # Slack's user id
    author: str = ""  # of the message that led to it, where that is somebody else
    reason: str = ""
    is_dry: bool = False


@dataclass(frozen=True, kw_only=True)
class OrderAnswer:
    """`run` is None where it was not started: `sentence` says why, `problems` which parameters."""

    sentence: str
    run: Run | None = None
    problems: Sequence[ParameterProblem] = ()


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A runbook that could be run for an incident. `defaults`: texts of its parameters, "" where there is none."""

    runbook: Runbook
    why: str  # "fits the alert's name"
    defaults: Mapping[str, str] = field(default_factory=dict)


class RunDesk(Protocol):
    async def offers(self, incident: Incident) -> Sequence[Offer]:
        """All that can run, those that fit best first."""
        ...

    async def start(self, order: Order) -> OrderAnswer: ...

    async def cancel(self, run_id: str, person: str) -> str:
        """A sentence on what came of it."""
        ...

    async def settle(self, key: StepKey, person: str, *, happened: bool, word: str = "") -> str:
        """A person says that a step happened, or did not: one that only people do, or of which nobody knows."""
        ...

    async def undo(self, key: StepKey, person: str, *, id: str) -> str:
        """A person takes up the offered rollback of a step; it goes through approval like any other."""
        ...


class ApprovalDesk(Protocol):
    """None: the message is no request's."""

    async def decide(
        self,
        message: Message,
        person: str,
        decision: Decision,
        *,
        at: datetime,
        id: str,
        shown_digest: str | None = None,
    ) -> ReviewVerdict | None: ...

    async def take_back(self, message: Message, person: str, *, at: datetime, id: str) -> TakingBack | None: ...

    async def edited(self, message: Message, *, at: datetime, id: str) -> bool:
        """By somebody else than the bot. Whether it was a request's."""
        ...

    async def deleted(self, message: Message, *, at: datetime, id: str) -> bool: ...

    async def withdraw(self, request_id: str, person: str, *, at: datetime, id: str) -> str:
        """Whoever asked takes the request as a whole back. A sentence on what came of it."""
        ...


class SwitchDesk(Protocol):
    async def all(self) -> Sequence[Switch]: ...

    async def stop(self, kind: Stopped, scope: Scope, name: str, *, who: str, why: str) -> Switch:
        """The switch that holds there now: the first of its kind and place stays."""
        ...

    async def resume(self, kind: Stopped, scope: Scope, name: str, *, who: str) -> Resumption: ...
