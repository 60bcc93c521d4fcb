"""What the flows that do things in production need: their record, and the people around them.

Everything of the record raises NotStored where it could not be written; nothing is then done. Writes are whole: the
step, the approval that it uses up, the audit entries and the lines of the timeline are kept together or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.domain.action import Value
from bot.domain.approval import Event, Message, Person, Request, Standing, Started
from bot.domain.audit import AuditKind
from bot.domain.incident import Incident
from bot.domain.kill_switch import Switch
from bot.domain.ports.record import TimelineEvent
from bot.domain.run import Run, StepKey, StepRun
from bot.domain.runbook import Runbook


@dataclass(frozen=True, kw_only=True)
class AuditNote:
    """An entry to be written at the end of the audit log. `details` are redacted; `outputs` are hashes."""

    at: datetime
    who: str  # Slack's user id; "" for the bot itself
    kind: AuditKind
    incident: str = ""
    subject: str = ""
    details: Mapping[str, Value] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Line:
    """For the timeline, kept with what it tells of; of one key there is one. Left out where its incident is gone."""

    key: str
    event: TimelineEvent


class Runs(Protocol):
    async def open(self, run: Run, notes: Sequence[AuditNote] = ()) -> bool:
        """False where there is a run of that id: nothing was written."""
        ...

    async def get(self, run_id: str) -> Run | None: ...

    async def of_incident(self, incident_id: str) -> Sequence[Run]:
        """The oldest first."""
        ...

    async def unfinished(self) -> Sequence[Run]:
        """The oldest first; also those that are over and do not show it yet."""
        ...

    async def put(self, run: Run, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()) -> Run | None:
        """Replaces the version that `run` was read as; as it is now kept. None: somebody else was faster."""
        ...

    async def steps(self, run_id: str) -> Sequence[StepRun]:
        """In the order in which they were first written."""
        ...

    async def step(self, key: StepKey) -> StepRun | None: ...

    async def add_step(self, step: StepRun, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()) -> bool:
        """False where one of that key is there: nothing was written."""
        ...

    async def put_step(
        self,
        step: StepRun,
        notes: Sequence[AuditNote] = (),
        lines: Sequence[Line] = (),
        *,
        uses_up: tuple[str, Started] | None = None,
    ) -> StepRun | None:
        """Replaces the version that `step` was read as; as it is now kept. `uses_up`: a request's id and the event
        that claims it, written in the same transaction. None: somebody else was faster, or the request was claimed
        before; nothing was written.
        """
        ...

    async def begun(self, incident_id: str) -> Sequence[StepRun]:
        """All steps of the incident's runs that were ever started: for the repetition guard."""
        ...


class Approvals(Protocol):
    async def open(self, request: Request, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()) -> bool:
        """False where there is one of that id."""
        ...

    async def get(self, request_id: str) -> Request | None: ...

    async def events(self, request_id: str) -> Sequence[Event]: ...

    async def record(
        self, request_id: str, event: Event, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()
    ) -> bool:
        """False where an event of that id is known; nothing was written, nor the notes and lines."""
        ...

    async def at(self, message: Message) -> Request | None:
        """The request that was posted as this message."""
        ...

    async def open_requests(self) -> Sequence[Request]:
        """Those that were neither begun nor ended by an event that is kept, the oldest first."""
        ...


class Switches(Protocol):
    async def all(self) -> Sequence[Switch]: ...

    async def put(self, switches: Sequence[Switch], before: Sequence[Switch], notes: Sequence[AuditNote]) -> bool:
        """Replaces all of them. False where they are not `before` any more: read again."""
        ...


class Directory(Protocol):
    """Who people are at this moment, and in which of the policy's approver groups."""

    async def people(self, ids: Iterable[str], *, afresh: bool = False) -> Mapping[str, Person]:
        """Whom Slack does not know is left out. `afresh`: nothing that was asked earlier counts. Raises ChatError."""
        ...


class RunBoard(Protocol):
    """Where people see runs and are asked. All of it raises ChatError, and may be called again after a crash."""

    async def show_run(self, run: Run, runbook: Runbook, steps: Sequence[StepRun], incident: Incident) -> Message:
        """Posts the run's card or edits it; the message that it is."""
        ...

    async def show_output(self, run: Run, step: StepRun, title: str) -> None:
        """In the thread of the run's card; once for each step."""
        ...

    async def ask(self, request: Request, incident: Incident, preview: str = "", rollback: str = "") -> Message:
        """Posts a request for approval, once; the message that it is. `preview`, `rollback`: plain text."""
        ...

    async def show_request(self, request: Request, standing: Standing, word: str = "") -> None:
        """Edits the request's message: who decided and when; buttons go away once it is decided."""
        ...

    async def say(self, request: Request, sentence: str, *, key: str) -> None:
        """In the thread of the request's message: a reminder, an escalation; once for a `key`."""
        ...

    async def ask_person(self, run: Run, step: StepRun, title: str, sentence: str) -> None:
        """In the thread of the run's card, with buttons: a step that a person does, or of which only a person can say
        whether it happened. Once for each state of the step.
        """
        ...


class Pager(Protocol):
    """Calls the next person on call."""

    async def page(self, incident: Incident, sentence: str, *, key: str) -> str:
        """Who was called, in words. Once for a `key`. Raises ActionRefused where nobody could be called."""
        ...
