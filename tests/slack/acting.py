"""An office whose bot acts: requests, runs and switches behind it are small fakes that tell what they were asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.app import SystemClock
from bot.domain.approval import Decision, Message, ReviewReason, ReviewVerdict, TakingBack
from bot.domain.incident import Incident, PlaceKind
from bot.domain.kill_switch import Resumption, Scope, Stopped, Switch, engage, resume
from bot.domain.ports.deciding import Offer, Order, OrderAnswer
from bot.domain.run import Run, StepKey
from bot.domain.runbook import ActionUse, Parameter, ParameterProblem, ParameterType, Runbook, RunbookStep, Trigger
from bot.slack import acting_ids as ids
from bot.slack.acting_desk import ActingDesk
from bot.slack.directory import SlackDirectory
from sandbox.scenario.model import Person
from tests.slack.conftest import PEOPLE
from tests.slack.office import CATALOG, Office, connected, office

DIGEST = "d" * 64


def runbook(id: str, title: str, *parameters: Parameter) -> Runbook:
    step = RunbookStep(title=title, id="do", use=ActionUse(action="wait"))
    return Runbook(id=id, title=title, owner="shop-team", trigger=Trigger(), steps=(step,), parameters=parameters)


OFFERS = (
    Offer(
        runbook=runbook(
            "restart-checkout",
            "Restart checkout",
            Parameter(name="service", type=ParameterType.STRING, matches=r"[a-z]+"),
            Parameter(name="replicas", type=ParameterType.INTEGER, default=3, least=1, most=10),
        ),
        why="fits the alert's name",
        defaults={"service": "checkout", "replicas": "3"},
    ),
    Offer(runbook=runbook("free-disk", "Free disk space"), why="for any incident"),
)


@dataclass
class FakeRuns:
    """Refuses a parameter called `replicas` that is not 3; a run of an order's id is there once."""

    offered: Sequence[Offer] = OFFERS
    orders: list[Order] = field(default_factory=list)  # as they came, repeated ones too
    runs: dict[str, Run] = field(default_factory=dict)  # by order
    said: list[tuple[Any, ...]] = field(default_factory=list)
    gate: asyncio.Event | None = None  # `start` and `offers` wait for it
    failing: list[Exception] = field(default_factory=list)  # raised by `start`, one each

    async def offers(self, incident: Incident) -> Sequence[Offer]:
        if self.gate is not None:
            await self.gate.wait()
        return self.offered

    async def start(self, order: Order) -> OrderAnswer:
        self.orders.append(order)
        if self.failing:
            raise self.failing.pop()
        if self.gate is not None:
            await self.gate.wait()
        problems = tuple(
            ParameterProblem(name=name, sentence=f"must be 3, not {value}")
            for name, value in order.parameters.items()
            if name == "replicas" and value not in ("", "3")
        )
        if problems:
            return OrderAnswer(sentence="All that is wrong.", problems=problems)
        run = Run(
            id=f"R-{len(self.runs) + 1}",
            incident=order.incident,
            runbook=order.runbook,
            runbook_digest=DIGEST,
            parameters=dict(order.parameters),
            requester=order.requester,
            created_at=SystemClock().now(),
        )
        run = self.runs.setdefault(order.id, run)
        return OrderAnswer(sentence=f"{run.id} begins, asked by {order.requester}.", run=run)

    async def cancel(self, run_id: str, person: str) -> str:
        self.said.append(("cancel", run_id, person))
        return f"{run_id} ends before its next step, says <@{person}>."

    async def settle(self, key: StepKey, person: str, *, happened: bool, word: str = "") -> str:
        self.said.append(("settle", key, person, happened))
        return "Noted: it happened." if happened else "Noted: it did not happen."

    async def undo(self, key: StepKey, person: str, *, id: str) -> str:
        self.said.append(("undo", key, person, id))
        return "The rollback waits for approval."


@dataclass
class FakeApprovals:
    """One request, once `message` is known. `verdict` is what every decision gets."""

    message: Message | None = None
    verdict: ReviewVerdict = field(
        default_factory=lambda: ReviewVerdict(reason=ReviewReason.COMPLETES, sentence="Approved.")
    )
    back: TakingBack = TakingBack.TAKEN_BACK
    events: dict[str, tuple[Any, ...]] = field(default_factory=dict)  # what counted, by id
    lookups: int = 0
    failing: list[Exception] = field(default_factory=list)  # raised by `decide`, one each

    def _takes(self, message: Message, id: str, *event: Any) -> bool:
        self.lookups += 1
        if message != self.message:
            return False
        self.events.setdefault(id, event)
        return True

    async def decide(
        self,
        message: Message,
        person: str,
        decision: Decision,
        *,
        at: datetime,
        id: str,
        shown_digest: str | None = None,
    ) -> ReviewVerdict | None:
        if self.failing:
            raise self.failing.pop()
        return self.verdict if self._takes(message, id, decision.value, person, at, shown_digest) else None

    async def take_back(self, message: Message, person: str, *, at: datetime, id: str) -> TakingBack | None:
        return self.back if self._takes(message, id, "take back", person, at) else None

    async def edited(self, message: Message, *, at: datetime, id: str) -> bool:
        return self._takes(message, id, "edited", at)

    async def deleted(self, message: Message, *, at: datetime, id: str) -> bool:
        return self._takes(message, id, "deleted", at)

    async def withdraw(self, request_id: str, person: str, *, at: datetime, id: str) -> str:
        self.events.setdefault(id, ("withdraw", request_id, person, at))
        return "The request is taken back."


@dataclass
class FakeSwitches:
    switches: tuple[Switch, ...] = ()

    async def all(self) -> Sequence[Switch]:
        return self.switches

    async def stop(self, kind: Stopped, scope: Scope, name: str, *, who: str, why: str) -> Switch:
        wanted = Switch(stopped=kind, scope=scope, name=name, who=who, why=why, at=SystemClock().now())
        self.switches = engage(self.switches, wanted)
        return next(switch for switch in self.switches if switch.key == wanted.key)

    async def resume(self, kind: Stopped, scope: Scope, name: str, *, who: str) -> Resumption:
        done = resume(self.switches, kind, scope, name)
        self.switches = done.left
        return done


@dataclass(kw_only=True)
class Acting:
    here: Office
    runs: FakeRuns = field(default_factory=FakeRuns)
    approvals: FakeApprovals = field(default_factory=FakeApprovals)
    switches: FakeSwitches = field(default_factory=FakeSwitches)
    group_changes: list[int] = field(default_factory=list)

    def desk(self) -> ActingDesk:
        return ActingDesk(
            api=self.here.api,
            incidents=self.here.store.incidents,
            effects=self.here.store.effects,
            runs=self.runs,
            approvals=self.approvals,
            switches=self.switches,
            directory=SlackDirectory(self.here.api, {}, kept_for=0),
            clock=SystemClock(),
            command="/inc",
            services=tuple(CATALOG.services),
            on_group_change=lambda: self.group_changes.append(1),
            known_service=lambda name: found.name if (found := CATALOG.find(name)) else None,
        )

    # --- places and messages -----------------------------------------------------------------------------------------

    async def incident(self, kind: PlaceKind = PlaceKind.CHANNEL, **details: Any) -> Incident:
        incident = await self.here.incident(kind, **details)
        await self.here.quiet()
        return incident

    def name(self, incident: Incident) -> str:
        assert incident.place is not None
        return incident.place.name

    def id(self, who: str) -> str:
        return self.here.workspace.member(who).id

    async def guest(self, handle: str, incident: Incident, **flags: bool) -> str:
        """Somebody who is no member, in the incident's channel."""
        person = Person(handle=handle, name=handle.title(), email=f"{handle}@example.com")
        self.here.workspace.add_person(person, **flags)
        await self.here.control.invite("ana", self.name(incident), [handle])
        await self.here.quiet()
        return handle

    async def request(self, incident: Incident, thread: str | None = None) -> Message:
        """The message of a request, with its buttons; ours decides on it."""
        buttons = [
            button(ids.APPROVE, f"A-1:{DIGEST}"),
            button(ids.DENY, f"A-1:{DIGEST}"),
            button(ids.WITHDRAW, "A-1"),
        ]
        message = await self.post(incident, "Approve: restart checkout", buttons, thread)
        self.approvals.message = message
        return message

    async def post(
        self, incident: Incident, text: str, buttons: Sequence[Mapping[str, Any]], thread: str | None = None
    ) -> Message:
        assert incident.place is not None
        sent = await self.here.api.call(
            "chat.postMessage",
            channel=incident.place.channel,
            text=text,
            thread_ts=thread,
            blocks=[{"type": "actions", "elements": list(buttons)}] if buttons else None,
        )
        return Message(channel=incident.place.channel, ts=sent["ts"])

    async def click(self, who: str, action: str, message: Message) -> Any:
        outcome = await self.here.control.click(who, action, channel=message.channel, ts=message.ts)
        await self.here.quiet()
        return outcome

    async def react(self, who: str, message: Message, name: str, *, remove: bool = False) -> None:
        await self.here.control.react(who, message.channel, message.ts, name, remove=remove)
        await self.here.quiet()

    async def private(self, who: str, incident: Incident, thread: str | None = None) -> list[str]:
        """What this person alone was told in the incident's channel."""
        member, channel = self.id(who), self.here.workspace.channel(self.name(incident))
        shown = [m for m in channel.ephemerals if m.ephemeral_to == member]
        return [m.text for m in shown if m.thread_ts == thread]

    @property
    def events(self) -> list[tuple[Any, ...]]:
        """What the requests took, without the times."""
        return [
            tuple(part for part in event if not isinstance(part, datetime)) for event in self.approvals.events.values()
        ]


def button(action: str, value: str) -> dict[str, Any]:
    text = {"type": "plain_text", "text": action}
    return {"type": "button", "action_id": action, "value": value, "text": text}


@asynccontextmanager
async def acting(folder: Path, *, mode: str = "socket", connect: bool = True) -> AsyncIterator[Acting]:
    async with office(folder, PEOPLE, mode=mode, connect=False) as here:
        made = Acting(here=here)
        here.desk.acting = made.desk()
        if not connect:
            yield made
            return
        async with connected(here):
            yield made
