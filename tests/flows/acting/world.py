"""A small world in which runbooks are carried out: fakes, one incident, people, a policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain import condition
from bot.domain.action import Action, ActionResult, Ending, Risk, Value
from bot.domain.alert import Severity
from bot.domain.approval import Decision, Message, Person, PersonKind, ReviewVerdict
from bot.domain.catalog import Catalog, Service
from bot.domain.incident import Incident, IncidentStatus
from bot.domain.policy import ApproverGroup, Approving, Autonomy, Escalating, Policy, Profile, Rule
from bot.domain.ports.deciding import Order, OrderAnswer
from bot.domain.run import Part, Run, StepKey, StepRun, StepState
from bot.domain.runbook import ActionUse, Check, Output, Parameter, Rollback, Runbook, RunbookStep, Trigger, Verify
from bot.flows.acting.engine import Engine
from bot.flows.acting.ordering import Ordering
from bot.flows.acting.outside import Outside
from bot.flows.acting.turn import Pause
from bot.flows.approve import Approve
from bot.flows.switching import Switching
from bot.testing import NOON, FrozenClock
from bot.testing_acting import (
    FakeAction,
    FakeApprovals,
    FakeBoard,
    FakeDirectory,
    FakePager,
    FakeRuns,
    FakeSwitches,
    Ledger,
)
from memory.store import Store

REQ, ANA, BEN, GUEST, OUT = "U-req", "U-ana", "U-ben", "U-guest", "U-out"
ON_CALL = frozenset({"on-call"})
MINUTE = timedelta(minutes=1)
INCIDENT = Incident(
    id="INC-2026-0042",
    title="High error ratio",
    severity=Severity.SEV1,
    status=IncidentStatus.INVESTIGATING,
    service="checkout",
    started_at=NOON,
    opened_at=NOON,
)
POLICY = Policy(
    profiles=(
        Profile(
            name="production",
            rules=(
                Rule(name="reads", autonomy=Autonomy.ALLOWED, risks=(Risk.READ,)),
                Rule(name="changes", autonomy=Autonomy.APPROVAL, risks=(Risk.CHANGE,)),
                Rule(name="destroying", autonomy=Autonomy.APPROVAL, risks=(Risk.DESTROY,)),
            ),
        ),
    ),
    groups={"on-call": ApproverGroup(name="on-call")},
    approving=Approving(groups=("on-call",)),
    escalating=Escalating(after=3 * MINUTE),
)


def holds(source: str) -> condition.Condition:
    return condition.parse(source)


def step(id: str, action: str = "restart", **fields: object) -> RunbookStep:
    parameters = fields.pop("parameters", {"name": "checkout"})
    assert isinstance(parameters, Mapping)
    use = ActionUse(action=action, parameters=parameters)
    return RunbookStep(id=id, title=f"Step {id}", use=use, **fields)  # type: ignore[arg-type]


def verify(source: str = "result.value < 1.0", *, within: float = 60, every: float = 15) -> Verify:
    return Verify(check=check(source), within=within, every=every)


def check(source: str = "result.value < 1.0", action: str = "metric") -> Check:
    return Check(
        holds=holds(source), use=ActionUse(action=action), output=Output(values=("value",)), says="errors are low"
    )


def undo(*, automatic: bool = False) -> Rollback:
    return Rollback(use=ActionUse(action="undo", parameters={"name": "checkout"}), is_automatic=automatic)


def runbook(*steps: RunbookStep, parameters: tuple[Parameter, ...] = ()) -> Runbook:
    return Runbook(id="fix", title="Fix it", owner="us", trigger=Trigger(), steps=steps, parameters=parameters)


class FakeIncidents:
    def __init__(self) -> None:
        self.known = {INCIDENT.id: INCIDENT}

    async def get(self, incident_id: str) -> Incident | None:
        return self.known.get(incident_id)

    async def list_recent(self, since: datetime) -> Sequence[Incident]:
        return await self.list_open()

    async def list_open(self) -> list[Incident]:
        return [incident for incident in self.known.values() if incident.status.is_open]

    async def in_place(self, channel: str, thread_ts: str | None) -> Incident | None:
        return None


@dataclass
class World:
    """`crash` puts away all that is held in memory, as kill -9 does; what is kept and posted stays."""

    runbook: Runbook
    policy: Policy = POLICY
    executor: str = "one"
    clock: FrozenClock = field(default_factory=FrozenClock)
    ledger: Ledger = field(default_factory=Ledger)
    board: FakeBoard = field(default_factory=FakeBoard)
    pager: FakePager = field(default_factory=FakePager)
    directory: FakeDirectory = field(default_factory=FakeDirectory)
    incidents: FakeIncidents = field(default_factory=FakeIncidents)
    actions: dict[str, Action] = field(default_factory=dict)
    store: Store | None = None  # the real one in place of the ledger
    boots: int = 0
    ids: int = 0
    metric_value: float = 0.0
    ended: list[str] = field(default_factory=list)  # incidents of which a run came to its end

    def __post_init__(self) -> None:
        for id in (REQ, ANA, BEN):
            self.directory.known[id] = Person(id=id, kind=PersonKind.MEMBER, groups=ON_CALL)
        self.directory.known[OUT] = Person(id=OUT, kind=PersonKind.MEMBER)
        self.directory.known[GUEST] = Person(id=GUEST, kind=PersonKind.GUEST, groups=ON_CALL)
        self.look = FakeAction(name="look")
        self.restart = FakeAction(name="restart", risk=Risk.CHANGE)
        self.undo = FakeAction(name="undo", risk=Risk.CHANGE)
        self.metric = FakeAction(name="metric", result=lambda _: self.value())
        for action in (self.look, self.restart, self.undo, self.metric):
            self.actions[action.name] = action
        self.boot()

    def value(self) -> ActionResult:
        return ActionResult(ending=Ending.SUCCEEDED, summary="Measured.", values={"value": self.metric_value})

    def boot(self) -> None:
        self.boots += 1
        kept = self.store
        self.switching = Switching(kept=kept.switches if kept else FakeSwitches(self.ledger), clock=self.clock)
        self.outside = Outside(
            runs=kept.runs if kept else FakeRuns(self.ledger),
            approvals=kept.approvals if kept else FakeApprovals(self.ledger),
            incidents=self.incidents,
            switching=self.switching,
            directory=self.directory,
            board=self.board,
            clock=self.clock,
            actions=self.actions,
            runbooks=lambda: {self.runbook.id: self.runbook},
            policy=lambda: self.policy,
            catalog=lambda: Catalog(services={"checkout": Service(name="checkout", tier=1)}),
            executor=self.executor,
            boot=f"boot{self.boots}",
            pager=self.pager,
            wait=self._wait,
            on_end=self.ended.append,
            new_id=self._id,
        )
        self.engine = Engine(self.outside)
        self.runs = Ordering(self.outside, lambda _: ("checkout",), self.engine.wake)
        self.approve = Approve(
            approvals=self.outside.approvals,
            directory=self.directory,
            board=self.board,
            clock=self.clock,
            wake=self.engine.wake,
        )

    crash = boot

    async def _wait(self, _: float) -> None:
        pass

    def _id(self) -> str:
        self.ids += 1
        return f"{self.ids:020d}"

    # --- what people do ----------------------------------------------------------------------------------------------

    async def order(self, *, id: str = "O1", by: str = REQ, **parameters: str) -> OrderAnswer:
        return await self.runs.start(
            Order(id=id, incident=INCIDENT.id, runbook="fix", parameters=parameters, requester=by)
        )

    async def started(self, *, id: str = "O1", by: str = REQ) -> Run:
        """Ordered, and gone on with until it waits."""
        run = (await self.order(id=id, by=by)).run
        assert run is not None
        await self.go_on(run.id)
        return await self.run(run.id)

    async def go_on(self, run_id: str = "") -> Pause:
        return await self.engine.advance(run_id or next(iter(self.ledger.runs)))

    async def say(
        self, person: str, decision: Decision = Decision.APPROVE, *, id: str = "", message: Message | None = None
    ) -> ReviewVerdict | None:
        return await self.approve.decide(
            message or self.message(),
            person,
            decision,
            at=self.clock.now(),
            id=id or f"{person}-{decision}-{self._id()}",
        )

    async def later(self, by: timedelta) -> Pause:
        self.clock.go_on(by)
        return await self.go_on()

    # --- what there is -----------------------------------------------------------------------------------------------

    async def run(self, run_id: str = "") -> Run:
        return self.ledger.runs[run_id or next(iter(self.ledger.runs))]

    def message(self) -> Message:
        """Of the request that was posted last."""
        return list(self.board.requests.values())[-1]

    def request_id(self) -> str:
        return list(self.ledger.requests)[-1]

    def step(self, id: str, item: int = 0, part: Part = Part.ACT) -> StepRun:
        return self.ledger.steps[StepKey(run=next(iter(self.ledger.runs)), step=id, item=item, part=part)]

    def state(self, id: str, item: int = 0, part: Part = Part.ACT) -> StepState:
        return self.step(id, item, part).state

    @property
    def kinds(self) -> list[str]:
        """Of the audit log."""
        return [entry.kind for entry in self.ledger.audit]


def result(ending: Ending = Ending.SUCCEEDED, output: str = "", **values: Value) -> Callable[[int], ActionResult]:
    return lambda _: ActionResult(ending=ending, summary=f"It {ending}.", output=output, values=values)


def stricter(policy: Policy, autonomy: Autonomy = Autonomy.FORBIDDEN, needed: int | None = None) -> Policy:
    rule = Rule(name="new", autonomy=autonomy, risks=(Risk.CHANGE,), needed=needed)
    return replace(policy, rules=(*policy.rules, rule))
