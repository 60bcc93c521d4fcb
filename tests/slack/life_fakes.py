"""The desks behind an incident's life, small and in memory: they carry an order out once, and tell what they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from bot.domain.alert import Severity
from bot.domain.approval import Request
from bot.domain.errors import FirstResponderError
from bot.domain.incident import Incident, Place
from bot.domain.life import (
    Audience,
    Draft,
    DraftState,
    FollowUp,
    FollowUpState,
    Holding,
    Order,
    Priority,
    Revision,
    Role,
    StatusUpdate,
    Tie,
)
from bot.domain.lifecycle import Move, Regraded, Step
from bot.domain.ports.life import StatsReport
from bot.flows.life.steer import Steer
from memory.store import Store

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass
class FakeSteer:
    """Moves and regrades as the real one does; the rest is written down."""

    real: Steer
    done: list[tuple[str, ...]] = field(default_factory=list)  # what, the incident, what more
    seen: dict[str, str] = field(default_factory=dict)  # answers by order

    async def move(self, order: Order, step: Step) -> Move:
        return await self.real.move(order, step)

    async def regrade(self, order: Order, severity: Severity) -> Regraded:
        return await self.real.regrade(order, severity)

    def _once(self, order: Order, answer: str, *what: str) -> str:
        if order.id not in self.seen:
            self.seen[order.id] = answer
            self.done.append(what)
        return self.seen[order.id]

    async def rename(self, order: Order, title: str) -> str:
        return self._once(order, f"{order.incident} is called “{title}” now.", "rename", order.incident, title)

    async def promote(self, order: Order) -> str:
        return self._once(order, f"{order.incident} gets a channel of its own.", "promote", order.incident)

    async def merge(self, order: Order, into: str) -> str:
        return self._once(order, f"{order.incident} goes on in {into}.", "merge", order.incident, into)

    async def split(self, order: Order, which: str) -> str:
        return self._once(order, f"{which} of {order.incident} is an incident now.", "split", order.incident, which)

    async def link(self, order: Order, other: str) -> str:
        return self._once(order, f"{order.incident} is tied to {other}.", "link", order.incident, other)

    async def ties(self, incident_id: str) -> Sequence[Tie]:
        return ()


@dataclass
class FakeRoles:
    held: dict[tuple[str, Role], str] = field(default_factory=dict)
    offers: dict[str, tuple[str, str]] = field(default_factory=dict)  # incident and taker, by order
    answers: list[tuple[str, str, bool]] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)

    async def assign(self, order: Order, role: Role, person: str) -> str:
        self.orders.append(order)
        self.held[order.incident, role] = person
        return f"<@{person}> has the {role} of {order.incident}." if person else f"Nobody has the {role} any more."

    async def holders(self, incident_id: str) -> Mapping[Role, str]:
        return {role: who for (incident, role), who in self.held.items() if incident == incident_id and who}

    async def of_person(self, person: str) -> Sequence[Holding]:
        return [
            Holding(incident=incident, role=role, person=person, since=AT)
            for (incident, role), who in self.held.items()
            if who == person
        ]

    async def offer(self, order: Order, taker: str) -> str:
        self.offers[order.id] = (order.incident, taker)
        return f"<@{taker}> was asked to take the lead of {order.incident}."

    async def answer_offer(self, handoff_id: str, person: str, *, accepted: bool, at: datetime) -> str:
        self.answers.append((handoff_id, person, accepted))
        return "The lead is yours." if accepted else "You declined."


@dataclass
class FakeUpdates:
    sent: dict[str, tuple[StatusUpdate, timedelta | None]] = field(default_factory=dict)
    snoozed: dict[str, timedelta] = field(default_factory=dict)

    async def draft(self, incident_id: str, audience: Audience) -> str:
        return f"{incident_id} goes on.\nWe look at it."

    async def send(self, order: Order, audience: Audience, *, next_in: timedelta | None = None) -> str:
        made = StatusUpdate(
            id=order.id, incident=order.incident, text=order.word, audience=audience, by=order.person, at=AT
        )
        self.sent.setdefault(order.id, (made, next_in))
        return f"The update on {order.incident} was sent."

    async def snooze(self, order: Order, span: timedelta) -> str:
        self.snoozed[order.incident] = span
        return f"I ask again in {int(span.total_seconds() // 60)} minutes."

    async def last(self, incident_id: str) -> StatusUpdate | None:
        return None


@dataclass
class FakeFollowUps:
    found: dict[str, FollowUp] = field(default_factory=dict)  # by what made it

    async def add(
        self,
        order: Order,
        *,
        owner: str = "",
        due_on: date | None = None,
        priority: Priority = Priority.P1,
        link: str | None = None,
    ) -> str:
        number = len(await self.of_incident(order.incident)) + 1
        made = FollowUp(
            id=f"{order.incident}/{number}",
            incident=order.incident,
            text=order.word,
            priority=priority,
            created_at=AT,
            created_by=order.person,
            owner=owner,
            due_on=due_on,
            link=link,
            key=order.id,
        )
        kept = self.found.setdefault(order.id, made)
        return f"Follow-up {kept.id.rpartition('/')[2]} of {order.incident}: {kept.text}"

    async def remove(self, key: str) -> None:
        if key in self.found:
            self.found[key] = replace(self.found[key], state=FollowUpState.DROPPED)

    async def of_incident(self, incident_id: str) -> Sequence[FollowUp]:
        return [one for one in self.found.values() if one.incident == incident_id]

    async def of_person(self, person: str) -> Sequence[FollowUp]:
        return [one for one in self.found.values() if one.owner == person and one.state is FollowUpState.OPEN]

    async def close(self, order: Order, follow_up: str, state: FollowUpState) -> str:
        return self._put(follow_up, state=state) or f"{follow_up} is {state}."

    async def change(
        self, order: Order, follow_up: str, *, owner: str, due_on: date | None, priority: Priority, text: str
    ) -> str:
        changes = {"owner": owner, "due_on": due_on, "priority": priority, "text": text}
        return self._put(follow_up, **changes) or f"{follow_up} is changed."

    async def to_issue(self, order: Order, follow_up: str) -> str:
        return "There is no tracker."

    def _put(self, id: str, **changes: object) -> str:
        key = next((key for key, one in self.found.items() if one.id == id), "")
        if not key:
            return "There is no such follow-up."
        self.found[key] = replace(self.found[key], **changes)  # type: ignore[arg-type]
        return ""


@dataclass
class FakePostmortems:
    drafts: dict[str, Draft] = field(default_factory=dict)
    approved: list[str] = field(default_factory=list)  # by which order
    text: str = "# What happened\n\nIt broke."

    async def draft(self, order: Order, *, afresh: bool = False) -> Draft | None:
        return self.drafts.setdefault(order.incident, self._made(order, "drafted from facts", self.text))

    def _made(self, order: Order, what: str, markdown: str, **more: str) -> Draft:
        before = self.drafts.get(order.incident)
        revision = Revision(at=AT, by=order.person, what=what, markdown=markdown, reason=more.get("reason", ""))
        state = DraftState(more.get("state", DraftState.DRAFT))
        history = (*(before.history if before else ()), revision)
        return Draft(incident=order.incident, state=state, history=history, version=len(history))

    async def get(self, incident_id: str) -> Draft | None:
        return self.drafts.get(incident_id)

    async def edit(self, order: Order, markdown: str) -> str:
        self.drafts[order.incident] = self._made(order, "edited", markdown)
        return "Your text is kept."

    async def approve(self, order: Order, lessons: Sequence[str] | None = None) -> str:
        if order.incident not in self.drafts:
            return f"{order.incident} has no postmortem yet."
        self.approved.append(order.id)
        return f"The postmortem of {order.incident} is published."

    async def reject(self, order: Order) -> str:
        if order.incident not in self.drafts:
            return f"{order.incident} has no postmortem yet."
        text = self.drafts[order.incident].markdown
        self.drafts[order.incident] = self._made(order, "rejected", text, reason=order.word, state=DraftState.REJECTED)
        return f"The postmortem of {order.incident} was rejected: {order.word}"


@dataclass
class FakeStats:
    asked: list[timedelta] = field(default_factory=list)
    chart: bytes | None = None

    async def stats(self, since: datetime, until: datetime) -> StatsReport:
        self.asked.append(until - since)
        return StatsReport(title="The last days", lines=("2 incidents", "resolved in 40 min"), chart=self.chart)

    async def incident_chart(self, incident_id: str) -> StatsReport | None:
        return StatsReport(title=incident_id, lines=(), chart=self.chart) if self.chart else None


@dataclass
class FakePager:
    """Calls once for a key."""

    called: dict[str, Incident] = field(default_factory=dict)
    failing: bool = False

    async def page(self, incident: Incident, sentence: str, *, key: str) -> str:
        if self.failing:
            raise FirstResponderError("PagerDuty does not answer")
        self.called.setdefault(key, incident)
        return "Jo Ng"


@dataclass
class FakeRequests:
    open: list[Request] = field(default_factory=list)

    async def open_requests(self) -> Sequence[Request]:
        return self.open


class RealMembers:
    """Who is in a channel, as the workspace has it."""

    def __init__(self, api: object) -> None:
        self._api = api

    async def members(self, place: Place) -> frozenset[str]:
        page = await self._api.call("conversations.members", channel=place.channel, limit=200)  # type: ignore[attr-defined]
        return frozenset(page["members"])


def steer(store: Store, clock: object) -> FakeSteer:
    return FakeSteer(real=Steer(desk=store.desk, clock=clock, on_change=lambda: None))  # type: ignore[arg-type]
