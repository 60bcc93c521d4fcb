"""An incident that is over, in memory, with all that a postmortem needs; it outlives crashes of the bot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.alert import Link, Severity
from bot.domain.approval import Person, PersonKind
from bot.domain.catalog import Catalog
from bot.domain.errors import FirstResponderError
from bot.domain.evidence import Finding
from bot.domain.incident import GroupedAlert, GroupingReason, Incident, IncidentStatus, Place
from bot.domain.life import Draft, Holding, Order, Role
from bot.domain.ports import TimelineEvent
from bot.domain.remembered import Lesson, PastIncident, Postmortem
from bot.flows.learn import Learn
from bot.flows.life.drafting_postmortem import DraftPostmortem
from bot.flows.life.follow_ups import FollowUps
from bot.flows.life.postmortem import Postmortems
from bot.flows.life.publishing import PublishPostmortem
from bot.slack.blocks.postmortem_card import PostmortemWords
from bot.testing import FrozenClock, make_alert
from tests.domain.grounding_world import shop
from tests.flows.life.hour import (
    ANA,
    BO,
    CY,
    GUEST,
    INC,
    FakeEffects,
    FakeIncidents,
    FakeTelling,
    FakeTimeline,
    Steps,
    incident,
)
from tests.flows.life.kept import FakeLife

NAMES = {ANA: "Ana Silva", BO: "Boris Kahn", CY: "Cynthia Roe"}
MINUTE = timedelta(minutes=1)
ONSET = datetime(2026, 11, 21, 8, 28, tzinfo=UTC)  # as the findings of the shop have it


class Directory:
    async def people(self, ids: Iterable[str], *, afresh: bool = False) -> Mapping[str, Person]:
        return {
            id_: Person(
                id=id_, kind=PersonKind.GUEST if id_ == GUEST else PersonKind.MEMBER, name=NAMES.get(id_, "Gil Guest")
            )
            for id_ in ids
            if id_ in NAMES or id_ == GUEST
        }


@dataclass
class FoundBriefings:
    found: Sequence[Finding] | None

    async def findings(self, incident_id: str) -> Sequence[Finding] | None:
        return self.found

    async def save_findings(self, incident_id: str, findings: Sequence[Finding]) -> None:
        raise NotImplementedError

    async def save_briefing(self, incident_id: str, briefing: Any, *, at: Any) -> None:
        raise NotImplementedError

    async def latest(self, incident_id: str) -> Any:
        raise NotImplementedError


@dataclass
class Outside:
    """Canvases, a library and bookmarks. `broken`: what does not answer now, with its error."""

    steps: Steps
    canvases: dict[str, str] = field(default_factory=dict)  # text by id
    files: dict[str, str] = field(default_factory=dict)
    bookmarks: list[Link] = field(default_factory=list)
    broken: dict[str, FirstResponderError] = field(default_factory=dict)

    async def overview(self, place: Place, markdown: str, *, known: str) -> str:
        raise NotImplementedError

    async def page(self, title: str, markdown: str, place: Place | None, *, known: str) -> str:
        self._tried("canvas")
        canvas = known or f"F{len(self.canvases) + 1}"
        self.canvases[canvas] = markdown
        self.steps()
        return canvas

    async def put(self, name: str, markdown: str) -> str:
        self._tried("file")
        self.files[name] = markdown
        self.steps()
        return f"https://files.example/{name}"

    async def add_bookmark(self, place: Place, link: Link) -> None:
        self._tried("bookmark")
        if link.url not in [one.url for one in self.bookmarks]:
            self.bookmarks.append(link)
        self.steps()

    async def set_topic(self, place: Place, topic: str) -> None:
        raise NotImplementedError

    async def invite(self, place: Place, person: str) -> None:
        raise NotImplementedError

    async def members(self, place: Place) -> frozenset[str]:
        raise NotImplementedError

    def _tried(self, what: str) -> None:
        if what in self.broken:
            raise self.broken[what]
        self.steps()


@dataclass
class Memory:
    """As much of the store's records as `Learn` writes."""

    steps: Steps
    past: dict[str, PastIncident] = field(default_factory=dict)
    postmortems: list[Postmortem] = field(default_factory=list)
    lessons: dict[str, Lesson] = field(default_factory=dict)

    async def get(self, ids: Iterable[str]) -> Mapping[str, PastIncident]:
        return {id_: self.past[id_] for id_ in ids if id_ in self.past}

    async def save(self, records: Sequence[Any]) -> int:
        self.steps()
        for one in records:
            match one:
                case PastIncident():
                    self.past[one.id] = one
                case Postmortem():
                    self.postmortems = [*(p for p in self.postmortems if p.incident != one.incident), one]
                case Lesson():
                    self.lessons[one.id] = one
        self.steps()
        return len(records)

    async def say(self, *_: Any, **__: Any) -> bool | None:
        raise NotImplementedError


def over(**details: Any) -> Incident:
    alert = make_alert(started_at=ONSET)
    grouped = GroupedAlert(alert=alert, reason=GroupingReason.NEW_CONDITION, received_at=ONSET)
    given: dict[str, Any] = {
        "started_at": ONSET,
        "opened_at": ONSET,
        "alerts": (grouped,),
        "status": IncidentStatus.RESOLVED,
        "severity": Severity.SEV2,
        "briefed_at": ONSET + timedelta(seconds=4),
        "acknowledged_at": ONSET + 2 * MINUTE,
        "resolved_at": ONSET + 42 * MINUTE,
    }
    return incident(**{**given, **details})


def event(minutes: float, kind: str, text: str, actor: str = ANA, link: str | None = None) -> TimelineEvent:
    return TimelineEvent(incident_id=INC, at=ONSET + minutes * MINUTE, kind=kind, text=text, actor=actor, link=link)


EVENTS = (
    event(0, "alert", "High error ratio fires", "alertmanager"),
    event(5, "note", "Restarted the pods, that did not help", link="https://chat.example/p5"),
    event(9, "belief", "checkout v2.31.0 raises KeyErrors", ""),
    event(12, "update", "Update: we are looking into failing payments"),
    event(20, "note", "Root cause: v2.31.0 reads a column that is gone", BO),
    event(25, "note", "Fix: <@UBO001> rolled back to v2.30.4"),
    event(30, "note", "Boris should have tested this. The canary watches latency alone", CY),
    event(31, "follow-up", "Let the canary watch errors, too", CY),
)


@dataclass
class World:
    model: Any = None  # a MeteredModel
    found: Sequence[Finding] | None = field(default_factory=shop)
    steps: Steps = field(default_factory=Steps)
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(ONSET + 43 * MINUTE))
    life: FakeLife = field(default_factory=FakeLife)
    incidents: FakeIncidents = field(default_factory=lambda: FakeIncidents(over()))
    events: Sequence[TimelineEvent] = EVENTS

    def __post_init__(self) -> None:
        self.effects = FakeEffects(self.steps)
        self.telling = FakeTelling(self.steps)
        self.timeline = FakeTimeline(self.steps)
        for number, one in enumerate(self.events):
            self.timeline.events[f"event-{number}"] = one
        self.outside, self.memory = Outside(self.steps), Memory(self.steps)
        for kind in fields(self.life):
            getattr(self.life, kind.name).around = self.steps
        self.restarted()

    def restarted(self) -> None:
        about: dict[str, Any] = {"life": self.life, "timeline": self.timeline, "directory": Directory()}
        self.write = DraftPostmortem(
            **about, briefings=FoundBriefings(self.found), model=self.model, catalog=Catalog(), clock=self.clock
        )
        self.follow_ups = FollowUps(**about, incidents=self.incidents, tracker=None, clock=self.clock)
        publish = PublishPostmortem(
            canvases=self.outside,
            libraries=(self.outside,),
            surroundings=self.outside,
            telling=self.telling,
            effects=self.effects,
            learn=Learn(
                past=self.memory,
                postmortems=self.memory,
                lessons=self.memory,
                feedback=self.memory,
                clock=self.clock,
            ),
            follow_ups=self.follow_ups,
            cause_kind=self.write.cause_kind,
            words=PostmortemWords(),
            canvas_address=_address,
        )
        self.desk = Postmortems(
            **about,
            incidents=self.incidents,
            effects=self.effects,
            telling=self.telling,
            write=self.write,
            publish=publish,
            words=PostmortemWords(),
            clock=self.clock,
        )

    @property
    def incident(self) -> Incident:
        return self.incidents.all[INC]

    def change(self, **details: Any) -> None:
        before = self.incident
        self.incidents.all[INC] = replace(before, revision=before.revision + 1, **details)

    async def role(self, role: Role, person: str) -> None:
        await self.life.roles.add(Holding(incident=INC, role=role, person=person, since=ONSET))

    async def settled(self) -> Draft:
        """The draft once all that follows from how things stand was done."""
        await self.desk.follow(self.incident)
        await self.desk.tick(self.clock.now())
        await self.desk.written()
        await self.desk.tick(self.clock.now())
        found = await self.desk.get(INC)
        assert found is not None
        return found

    async def draft(self) -> Draft:
        found = await self.desk.get(INC)
        assert found is not None
        return found

    @property
    def card(self) -> Any:
        """The review's message as it stands."""
        return [sent for sent in self.telling.sent if sent.key.startswith("postmortem-card")][-1]


async def _address(canvas: str) -> str | None:
    return f"https://shop.slack.example/docs/T1/{canvas}"


def order(word: str = "", *, id: str = "order-1", person: str = ANA) -> Order:
    return Order(id=id, incident=INC, person=person, word=word)
