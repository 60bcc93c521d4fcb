"""Fakes of the ports that the flows which act in production need. One `Ledger` is the store; it outlives its users."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.domain.action import (
    ActionCall,
    ActionRefused,
    ActionResult,
    BlastRadius,
    Ending,
    Plan,
    Refusal,
    Reversibility,
    Risk,
    Value,
)
from bot.domain.approval import (
    Event,
    Executed,
    Expired,
    Message,
    MessageDeleted,
    MessageEdited,
    Person,
    Posted,
    Request,
    RequestWithdrawn,
    Reviewed,
    Standing,
    Started,
    State,
    state,
)
from bot.domain.audit import AuditEntry, append
from bot.domain.errors import ChatError
from bot.domain.incident import Incident
from bot.domain.kill_switch import Switch
from bot.domain.ports import TimelineEvent
from bot.domain.ports.acting import AuditNote, Line
from bot.domain.run import Run, StepKey, StepRun, StepState
from bot.domain.runbook import Runbook

_ENDS = (RequestWithdrawn, Expired, MessageEdited, MessageDeleted, Started, Executed)


def _nothing(_: str) -> None:
    pass


@dataclass
class Ledger:
    """All that is kept. `fail` is called with the name of each write before it and may raise; `after` once it is kept:
    raising there is a crash of whoever wrote.
    """

    runs: dict[str, Run] = field(default_factory=dict)
    steps: dict[StepKey, StepRun] = field(default_factory=dict)
    begun: set[StepKey] = field(default_factory=set)
    requests: dict[str, Request] = field(default_factory=dict)
    events: dict[str, list[Event]] = field(default_factory=dict)
    switches: tuple[Switch, ...] = ()
    audit: list[AuditEntry] = field(default_factory=list)
    lines: dict[str, TimelineEvent] = field(default_factory=dict)  # of the timeline, by key
    writes: int = 0
    fail: Callable[[str], None] = _nothing
    after: Callable[[str], None] = _nothing

    def write(
        self, name: str, notes: Sequence[AuditNote], change: Callable[[], object], lines: Sequence[Line] = ()
    ) -> None:
        """All of it or nothing."""
        self.fail(name)
        entries = list(self.audit)
        for note in notes:
            entries.append(
                append(
                    entries[-1] if entries else None,
                    at=note.at, who=note.who, kind=note.kind, incident=note.incident, subject=note.subject,
                    details=note.details, outputs=note.outputs,
                )
            )  # fmt: skip
        change()
        self.audit = entries
        for line in lines:
            self.lines.setdefault(line.key, line.event)
        self.writes += 1
        self.after(name)

    def keep(self, step: StepRun) -> None:
        self.steps[step.key] = step
        if step.started_at is not None or step.state in (StepState.STARTED, StepState.VERIFYING, StepState.UNKNOWN):
            self.begun.add(step.key)


def _is_approved(ledger: Ledger, request_id: str, started: Started) -> bool:
    """At this very moment; reviewers count as who they were when they said it."""
    events = ledger.events.get(request_id, [])
    people = {event.reviewer.id: event.reviewer for event in events if isinstance(event, Reviewed)}
    return state(ledger.requests[request_id], events, started.at, people).state is State.APPROVED


class FakeRuns:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def open(self, run: Run, notes: Sequence[AuditNote] = ()) -> bool:
        if run.id in self._ledger.runs:
            return False
        self._ledger.write("runs.open", notes, lambda: self._ledger.runs.update({run.id: run}))
        return True

    async def get(self, run_id: str) -> Run | None:
        return self._ledger.runs.get(run_id)

    async def of_incident(self, incident_id: str) -> Sequence[Run]:
        return [run for run in self._ledger.runs.values() if run.incident == incident_id]

    async def unfinished(self) -> Sequence[Run]:
        return [run for run in self._ledger.runs.values() if not run.state.is_over or not run.is_shown]

    async def put(self, run: Run, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()) -> Run | None:
        known = self._ledger.runs.get(run.id)
        if known is None or known.version != run.version or (known.state.is_over and known.state is not run.state):
            return None
        kept = replace(run, version=run.version + 1)
        self._ledger.write("runs.put", notes, lambda: self._ledger.runs.update({run.id: kept}), lines)
        return kept

    async def steps(self, run_id: str) -> Sequence[StepRun]:
        return [step for step in self._ledger.steps.values() if step.key.run == run_id]

    async def step(self, key: StepKey) -> StepRun | None:
        return self._ledger.steps.get(key)

    async def add_step(self, step: StepRun, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()) -> bool:
        if step.key in self._ledger.steps:
            return False
        self._ledger.write("runs.add_step", notes, lambda: self._ledger.keep(step), lines)
        return True

    async def put_step(
        self,
        step: StepRun,
        notes: Sequence[AuditNote] = (),
        lines: Sequence[Line] = (),
        *,
        uses_up: tuple[str, Started] | None = None,
    ) -> StepRun | None:
        ledger = self._ledger
        known = ledger.steps.get(step.key)
        if known is None or known.version != step.version or known.state.is_over:
            return None
        if uses_up and not _is_approved(ledger, *uses_up):
            return None
        kept = replace(step, version=step.version + 1)

        def change() -> None:
            ledger.keep(kept)
            if uses_up:
                ledger.events.setdefault(uses_up[0], []).append(uses_up[1])

        ledger.write("runs.put_step", notes, change, lines)
        return kept

    async def begun(self, incident_id: str) -> Sequence[StepRun]:
        runs = {run.id for run in self._ledger.runs.values() if run.incident == incident_id}
        return [step for key, step in self._ledger.steps.items() if key.run in runs and key in self._ledger.begun]


class FakeApprovals:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def open(self, request: Request, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()) -> bool:
        if request.id in self._ledger.requests:
            return False
        self._ledger.write("approvals.open", notes, lambda: self._ledger.requests.update({request.id: request}), lines)
        return True

    async def get(self, request_id: str) -> Request | None:
        return self._ledger.requests.get(request_id)

    async def events(self, request_id: str) -> Sequence[Event]:
        return tuple(self._ledger.events.get(request_id, ()))

    async def record(
        self, request_id: str, event: Event, notes: Sequence[AuditNote] = (), lines: Sequence[Line] = ()
    ) -> bool:
        known = self._ledger.events.setdefault(request_id, [])
        if any(other.id == event.id for other in known):
            return False
        self._ledger.write("approvals.record", notes, lambda: known.append(event), lines)
        return True

    async def at(self, message: Message) -> Request | None:
        for request_id, events in self._ledger.events.items():
            if any(isinstance(event, Posted) and event.message == message for event in events):
                return self._ledger.requests.get(request_id)
        return None

    async def open_requests(self) -> Sequence[Request]:
        return [
            request
            for request in self._ledger.requests.values()
            if not any(isinstance(event, _ENDS) for event in self._ledger.events.get(request.id, ()))
        ]


class FakeSwitches:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def all(self) -> Sequence[Switch]:
        return self._ledger.switches

    async def put(self, switches: Sequence[Switch], before: Sequence[Switch], notes: Sequence[AuditNote]) -> bool:
        if tuple(before) != self._ledger.switches:
            return False

        def change() -> None:
            self._ledger.switches = tuple(switches)

        self._ledger.write("switches.put", notes, change)
        return True


class FakeAuditLog:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def append(self, notes: Sequence[AuditNote]) -> None:
        self._ledger.write("audit.append", notes, lambda: None)


@dataclass
class FakeDirectory:
    known: dict[str, Person] = field(default_factory=dict)
    is_down: bool = False

    async def people(self, ids: Iterable[str], *, afresh: bool = False) -> Mapping[str, Person]:
        if self.is_down:
            raise ChatError("unreachable", is_final=False)
        return {id: self.known[id] for id in ids if id in self.known}


@dataclass
class FakeBoard:
    """A workspace that outlives a crash of its user. `fail` may raise ChatError."""

    cards: dict[str, list[tuple[Run, tuple[StepRun, ...]]]] = field(default_factory=dict)  # by run: versions
    outputs: dict[str, StepRun] = field(default_factory=dict)  # by the step's key
    requests: dict[str, Message] = field(default_factory=dict)
    previews: dict[str, tuple[str, str]] = field(default_factory=dict)  # by request: preview, rollback
    shown: dict[str, list[tuple[Standing, str]]] = field(default_factory=dict)  # by request
    said: dict[str, str] = field(default_factory=dict)  # by key
    asked: dict[tuple[str, str], str] = field(default_factory=dict)  # by the step's key and state
    fail: Callable[[str], None] = _nothing

    async def show_run(self, run: Run, runbook: Runbook, steps: Sequence[StepRun], incident: Incident) -> Message:
        self.fail("show_run")
        self.cards.setdefault(run.id, []).append((run, tuple(steps)))
        return Message(channel="C-inc", ts=f"card-{run.id}")

    async def show_output(self, run: Run, step: StepRun, title: str) -> None:
        self.fail("show_output")
        self.outputs.setdefault(step.key.text, step)

    async def ask(self, request: Request, incident: Incident, preview: str = "", rollback: str = "") -> Message:
        self.fail("ask")
        self.previews.setdefault(request.id, (preview, rollback))
        return self.requests.setdefault(request.id, Message(channel="C-inc", ts=f"ask-{request.id}"))

    async def show_request(self, request: Request, standing: Standing, word: str = "") -> None:
        self.fail("show_request")
        self.shown.setdefault(request.id, []).append((standing, word))

    async def say(self, request: Request, sentence: str, *, key: str) -> None:
        self.fail("say")
        self.said.setdefault(key, sentence)

    async def ask_person(self, run: Run, step: StepRun, title: str, sentence: str) -> None:
        self.fail("ask_person")
        self.asked.setdefault((step.key.text, step.state.value), sentence)


@dataclass
class FakePager:
    paged: dict[str, str] = field(default_factory=dict)  # by key
    cannot: str = ""  # why nobody can be called

    async def page(self, incident: Incident, sentence: str, *, key: str) -> str:
        if self.cannot:
            raise ActionRefused(Refusal.NOT_SET_UP, self.cannot)
        self.paged.setdefault(key, sentence)
        return "Dana (second level)"


@dataclass
class FakeAction:
    """Does what it is told and remembers it. `world` may be changed by tests: it is part of the plan."""

    name: str
    risk: Risk = Risk.READ
    world: str = "as it was"
    result: Callable[[int], ActionResult] = lambda _: ActionResult(ending=Ending.SUCCEEDED, summary="Done.")
    refused: str = ""  # why nothing can be planned now
    during: Callable[[Plan], None] = lambda _: None
    ran: list[tuple[str, Plan]] = field(default_factory=list)  # key and plan of each execution, in order
    preview_text: str = ""
    radius: int = 1

    @property
    def parameters(self) -> Mapping[str, Value]:
        return {"type": "object"}

    async def plan(self, call: ActionCall) -> Plan:
        if self.refused:
            raise ActionRefused(Refusal.UNREACHABLE, self.refused)
        is_read = self.risk is Risk.READ
        return Plan(
            call=call,
            risk=self.risk,
            reversibility=Reversibility.NOTHING_TO_UNDO if is_read else Reversibility.REVERSIBLE,
            radius=BlastRadius(count=self.radius, unit="deployments"),
            target=f"{call.parameters.get('name', 'it')} ({self.world})",
            lines=(f"{self.name} {call.parameters.get('name', '')}".strip(),),
            argv=(self.name, *(f"{key}={value}" for key, value in sorted(call.parameters.items()))),
        )

    async def preview(self, plan: Plan) -> str:
        return self.preview_text

    async def run(self, plan: Plan, *, key: str) -> ActionResult:
        self.ran.append((key, plan))
        self.during(plan)
        return self.result(len(self.ran))
