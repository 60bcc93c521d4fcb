"""Runs with approvals at work, made to be killed: orders, decides as people would, and carries on what was interrupted.

    python -m tests.chaos.acting_child DATA_FOLDER

Everything heavy is imported once; for each line of JSON on its standard input (a `Round`) it forks a child that works
until somebody kills it. What happens in the world stands in the file `world` of the folder, one line each: it outlives
the child, as machines and Slack do.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from bot.domain.action import (
    Action,
    ActionCall,
    ActionResult,
    BlastRadius,
    Ending,
    Plan,
    Reversibility,
    Risk,
    Value,
)
from bot.domain.approval import Decision, Message, Person, PersonKind, Request, Standing
from bot.domain.catalog import Catalog
from bot.domain.incident import GroupingReason, Incident
from bot.domain.policy import ApproverGroup, Approving, Autonomy, Policy, Profile, Rule
from bot.domain.ports.deciding import Order
from bot.domain.run import Run, StepRun, StepState
from bot.domain.runbook import Runbook
from bot.flows.acting.engine import Engine
from bot.flows.acting.ordering import Ordering
from bot.flows.acting.outside import Outside
from bot.flows.approve import Approve
from bot.flows.switching import Switching
from memory.runbooks import load_runbooks
from memory.store import Store
from tests.memory.store.samples import NOON, alert

TAKES = 0.02  # seconds at most, of one change: long enough to be interrupted
AT_ONCE = 2  # runs that are under way
PEOPLE_LOOK = 0.01  # seconds between two looks of people

RUNBOOK = """
id: two-changes
title: Two changes
owner: tests
trigger: {words: [error]}
parameters:
  name: {type: string, matches: '[a-z0-9-]{1,60}'}
steps:
  - {id: look, title: Look, action: look, parameters: {name: "{{ parameters.name }}"}, retries: 2}
  - id: first
    title: The first change
    action: change
    parameters: {name: "{{ parameters.name }}-first"}
    precheck: {action: look, parameters: {name: "{{ parameters.name }}"}, holds: result.succeeded}
    verify: {action: look, parameters: {name: "{{ parameters.name }}"}, holds: result.succeeded, within: 5s, every: 1s}
  - {id: second, title: The second change, action: destroy, parameters: {name: "{{ parameters.name }}-second"}}
"""


@dataclass(frozen=True, kw_only=True)
class Round:
    number: int
    work: bool = True  # False: no new runs; ends when nothing is left to do but what a person must say


class World:
    """What was done outside, and what people saw. One write a line: a kill cuts none in two."""

    def __init__(self, data: Path) -> None:
        self._path = data / "world"
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(self, *words: object) -> None:
        os.write(self._file, f"{' '.join(map(str, words))}\n".encode())

    def lines(self) -> list[list[str]]:
        return [line.split(" ") for line in self._path.read_text().splitlines()]


@dataclass(frozen=True, kw_only=True)
class Touch:
    """Changes the world a little later than it was asked to."""

    name: str
    risk: Risk
    world: World

    @property
    def parameters(self) -> Mapping[str, Value]:
        return {"type": "object", "properties": {"name": {"type": "string"}}, "required": ("name",)}

    async def plan(self, call: ActionCall) -> Plan:
        undo = {Risk.READ: Reversibility.NOTHING_TO_UNDO, Risk.CHANGE: Reversibility.REVERSIBLE}
        return Plan(
            call=call,
            risk=self.risk,
            reversibility=undo.get(self.risk, Reversibility.IRREVERSIBLE),
            radius=BlastRadius(count=1, unit="things"),
            target=str(call.parameters["name"]),
            lines=(f"{self.name} {call.parameters['name']}",),
        )

    async def preview(self, plan: Plan) -> str:
        return ""

    async def run(self, plan: Plan, *, key: str) -> ActionResult:
        if self.risk is not Risk.READ:
            self.world.note("begin", key)
        await asyncio.sleep(random.uniform(0, TAKES))
        if self.risk is not Risk.READ:
            self.world.note("end", key)
        return ActionResult(ending=Ending.SUCCEEDED, summary="Done.")


@dataclass(frozen=True, kw_only=True)
class Board:
    """A workspace in which what is posted twice is there once: that is tested elsewhere."""

    world: World

    async def show_run(self, run: Run, runbook: Runbook, steps: Sequence[StepRun], incident: Incident) -> Message:
        return Message(channel="C1", ts=f"run-{run.id}")

    async def show_output(self, run: Run, step: StepRun, title: str) -> None:
        pass

    async def ask(self, request: Request, incident: Incident, preview: str = "", rollback: str = "") -> Message:
        return Message(channel="C1", ts=f"ask-{request.id}")

    async def show_request(self, request: Request, standing: Standing, word: str = "") -> None:
        pass

    async def say(self, request: Request, sentence: str, *, key: str) -> None:
        pass

    async def ask_person(self, run: Run, step: StepRun, title: str, sentence: str) -> None:
        self.world.note("asked", step.key.text, step.state)


class Everybody:
    """All are members who may approve."""

    async def people(self, ids: Iterable[str], *, afresh: bool = False) -> Mapping[str, Person]:
        return {id: Person(id=id, kind=PersonKind.MEMBER, groups=frozenset({"on-call"})) for id in ids}


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


def policy() -> Policy:
    look = Rule(name="look", autonomy=Autonomy.ALLOWED, risks=(Risk.READ,))
    return Policy(
        profiles=(Profile(name="all", rules=(look,)),),
        groups={"on-call": ApproverGroup(name="on-call", users=("U1", "U2", "U3"))},
        approving=Approving(groups=("on-call",)),
    )


class House:
    def __init__(self, data: Path, store: Store, round_: Round, incident: str, runbooks: Sequence[Runbook]) -> None:
        self.store, self.incident, self.world = store, incident, World(data)
        clock, board, everybody = Now(), Board(world=self.world), Everybody()
        made: list[Action] = [
            Touch(name=name, risk=risk, world=self.world)
            for name, risk in (("look", Risk.READ), ("change", Risk.CHANGE), ("destroy", Risk.DESTROY))
        ]
        by_id, rules, catalog = {runbook.id: runbook for runbook in runbooks}, policy(), Catalog(services={})
        outside = Outside(
            runs=store.runs,
            approvals=store.approvals,
            incidents=store.incidents,
            switching=Switching(kept=store.switches, clock=clock),
            directory=everybody,
            board=board,
            clock=clock,
            actions={action.name: action for action in made},
            runbooks=lambda: by_id,
            policy=lambda: rules,
            catalog=lambda: catalog,
            executor="chaos",
            boot=str(round_.number),
        )
        self.engine = Engine(outside)
        self.ordering = Ordering(outside, lambda kind: (), self.engine.wake)
        self.approve = Approve(
            approvals=store.approvals, directory=everybody, board=board, clock=clock, wake=self.engine.wake
        )

    async def people(self) -> None:
        """They approve whatever they are asked, and say of what nobody knows that it happened, or that it did not."""
        while True:
            for request in await self.store.approvals.open_requests():
                await self._approve(request)
            for run in await self.store.runs.unfinished():
                await self._settle(run)
            await asyncio.sleep(PEOPLE_LOOK)

    async def _approve(self, request: Request) -> None:
        message = Message(channel="C1", ts=f"ask-{request.id}")
        for person in ("U2", "U3")[: request.needed]:
            verdict = await self.approve.decide(
                message, person, Decision.APPROVE, at=datetime.now(UTC), id=f"{request.id}:{person}"
            )
            if verdict is not None and verdict.is_counted:
                self.world.note("approved", request.id, person, request.run, request.step)

    async def _settle(self, run: Run) -> None:
        asked = {line[1] for line in self.world.lines() if line[0] == "asked" and line[2] == StepState.UNKNOWN}
        for step in await self.store.runs.steps(run.id):
            if step.state is StepState.UNKNOWN and step.key.text in asked:
                self.world.note("settled", step.key.text)
                await self.ordering.settle(step.key, "U2", happened=random.random() < 0.5)

    async def fewer(self, than: int) -> None:
        """Until fewer runs are under way."""
        while True:
            if len(await self.store.runs.unfinished()) < than:
                return
            await asyncio.sleep(PEOPLE_LOOK)

    async def order(self, round_: Round) -> None:
        for number in count():
            await self.fewer(than=AT_ONCE)
            name = f"r{round_.number}-{number}"
            await self.ordering.start(
                Order(id=name, incident=self.incident, runbook="two-changes", parameters={"name": name}, requester="U1")
            )
            self.world.note("ordered", name)


async def live(data: Path, round_: Round, runbooks: Sequence[Runbook]) -> None:
    store = await Store.open(f"sqlite:///{data / 'first-responder.db'}")
    found = await store.incidents.list_open()
    if not found:
        opened = await store.desk.transact(lambda t: t.open_incident(alert(), GroupingReason.NEW_CONDITION, NOON))
        found = [opened]
    house = House(data, store, round_, found[0].id, runbooks)
    working = [asyncio.create_task(house.engine.run()), asyncio.create_task(house.people())]
    if round_.work:
        await house.order(round_)
    await house.fewer(than=1)
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    await store.close()


def serve(data: Path) -> None:
    (data / "runbooks").mkdir(exist_ok=True)
    (data / "runbooks" / "two-changes.yaml").write_text(RUNBOOK)
    runbooks = load_runbooks(data / "runbooks")
    print("ready", flush=True)
    for line in sys.stdin:
        round_ = Round(**json.loads(line))
        child = os.fork()  # nothing has started a thread yet
        if child == 0:
            asyncio.run(live(data, round_, runbooks))
            os._exit(0)
        print("child", child, flush=True)
        print("ended", os.waitpid(child, 0)[1], flush=True)


def as_line(round_: Round) -> bytes:
    return json.dumps(asdict(round_)).encode() + b"\n"


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
