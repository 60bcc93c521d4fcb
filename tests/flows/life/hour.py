"""An incident's hour in memory: what outlives a crash of the bot, and the flows that are made anew after one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from bot.domain.alert import Severity
from bot.domain.approval import Message, Person, PersonKind, Request
from bot.domain.briefing import Briefing
from bot.domain.errors import ChatError
from bot.domain.incident import Card, GroupedAlert, GroupingReason, Incident, IncidentStatus, Place, PlaceKind
from bot.domain.life import Order, Role
from bot.domain.ports import Acceptance, Effect, TimelineEvent
from bot.domain.ports.life import Choice
from bot.domain.run import Run
from bot.flows.life.announcing import Announcing
from bot.flows.life.assigning import Assigning
from bot.flows.life.cadence import Cadences
from bot.flows.life.drafting import Drafting
from bot.flows.life.handoff import HandingOver
from bot.flows.life.overview import Overview
from bot.flows.life.proposing import Proposing
from bot.flows.life.roles import Roles
from bot.flows.life.situations import Situations
from bot.flows.life.updates import Updates
from bot.testing import NOON, FrozenClock, make_alert
from tests.flows.life.kept import FakeLife

ANA, BO, CY, GUEST, GONE = "UANA01", "UBO001", "UCY001", "UGUEST", "UGONE1"
INC = "INC-2026-0001"
CHANNEL = Place(kind=PlaceKind.CHANNEL, channel="C0INC", name="inc-20261120-checkout")
THREAD = Place(kind=PlaceKind.THREAD, channel="C0TRIAGE", name="incident-triage")
CARD = Card(channel="C0TRIAGE", ts="1.000", permalink="https://chat.example/archives/C0TRIAGE/p1000")


class Crash(BaseException):
    """The process ends here."""


class Steps:
    """Counts the moments before and after each effect; the process crashes at the one that is set."""

    def __init__(self) -> None:
        self.taken = 0
        self.crash_at: int | None = None

    def __call__(self) -> None:
        self.taken += 1
        if self.taken == self.crash_at:
            raise Crash


class FakeEffects:
    def __init__(self, steps: Steps) -> None:
        self.results: dict[str, str | None] = {}
        self._steps = steps

    async def begin(self, key: str) -> Effect:
        if key in self.results:
            return Effect(begun=True, result=self.results[key])
        self.results[key] = None
        return Effect(begun=False, result=None)

    async def finish(self, key: str, result: str) -> None:
        self._steps()
        self.results[key] = result
        self._steps()


@dataclass
class Sent:
    """A message as it stands now."""

    to: str  # "@UANA01", "#name", or a channel's id with "/thread"
    key: str
    text: str
    choices: Sequence[Choice]
    message: Message
    aloud: bool = False
    edits: int = 0


class FakeTelling:
    """The `Telling` port. `refuse`: by whom it is sent to, the error that Slack answers."""

    def __init__(self, steps: Steps) -> None:
        self.sent: list[Sent] = []
        self.refuse: dict[str, ChatError] = {}
        self._steps = steps

    async def direct(self, person: str, text: str, *, key: str, choices: Sequence[Choice] = ()) -> Message:
        return self._once(f"@{person}", text, key, choices)

    async def in_place(
        self, incident: Incident, text: str, *, key: str, choices: Sequence[Choice] = (), aloud: bool = False
    ) -> Message | None:
        if incident.place is None:
            return None
        thread = "/thread" if incident.place.kind is PlaceKind.THREAD else ""
        return self._once(incident.place.channel + thread, text, key, choices, aloud)

    async def in_channel(self, channel: str, text: str, *, key: str) -> Message:
        return self._once(f"#{channel}", text, key, ())

    async def change(self, message: Message, text: str, choices: Sequence[Choice] = ()) -> None:
        shown = next(sent for sent in self.sent if sent.message == message)
        self._refused(f"change {shown.to}")
        self._steps()
        shown.text, shown.choices, shown.edits = text, choices, shown.edits + 1
        self._steps()

    async def picture(self, incident: Incident, png: bytes, *, title: str, alt: str, key: str) -> None:
        raise NotImplementedError

    def _once(self, to: str, text: str, key: str, choices: Sequence[Choice], aloud: bool = False) -> Message:
        self._refused(to)
        for sent in self.sent:
            if sent.key == key:
                return sent.message
        self._steps()
        message = Message(channel=to, ts=f"{len(self.sent) + 1}.000")
        self.sent.append(Sent(to, key, text, choices, message, aloud))
        self._steps()
        return message

    def _refused(self, to: str) -> None:
        if error := self.refuse.get(to):
            raise error

    def to(self, where: str) -> list[Sent]:
        return [sent for sent in self.sent if sent.to == where]


class FakeTimeline:
    def __init__(self, steps: Steps) -> None:
        self.events: dict[str, TimelineEvent] = {}
        self._steps = steps

    async def add(self, event: TimelineEvent, *, key: str) -> Acceptance:
        self._steps()
        is_new = key not in self.events
        self.events.setdefault(key, event)
        self._steps()
        return Acceptance.STORED if is_new else Acceptance.REPEAT

    async def remove(self, key: str) -> None:
        self.events.pop(key, None)

    async def change(self, key: str, text: str) -> None:
        if key in self.events:
            self.events[key] = replace(self.events[key], text=text)

    async def of(self, incident_id: str) -> Sequence[TimelineEvent]:
        found = [event for event in self.events.values() if event.incident_id == incident_id]
        return sorted(found, key=lambda event: event.at)


class FakeIncidents:
    def __init__(self, *incidents: Incident) -> None:
        self.all = {incident.id: incident for incident in incidents}

    async def get(self, incident_id: str) -> Incident | None:
        return self.all.get(incident_id)

    async def list_open(self) -> Sequence[Incident]:
        return [incident for incident in self.all.values() if incident.status.is_open]

    async def list_recent(self, since: datetime) -> Sequence[Incident]:
        return list(self.all.values())

    async def in_place(self, channel: str, thread_ts: str | None) -> Incident | None:
        return None


class FakeDirectory:
    KINDS: Mapping[str, PersonKind] = {GUEST: PersonKind.GUEST, GONE: PersonKind.DEACTIVATED}

    async def people(self, ids: Iterable[str], *, afresh: bool = False) -> Mapping[str, Person]:
        return {id_: Person(id=id_, kind=self.KINDS.get(id_, PersonKind.MEMBER)) for id_ in ids if id_ != "UNOBODY"}


class FakeBriefings:
    def __init__(self) -> None:
        self.kept: dict[str, Briefing] = {}

    async def latest(self, incident_id: str) -> Briefing | None:
        return self.kept.get(incident_id)


class FakeEmails:
    def __init__(self, **users: str) -> None:
        self.users = {"ana@example.com": ANA, "guest@example.com": GUEST}

    async def user_of(self, email: str) -> str:
        return self.users.get(email, "")


@dataclass
class FakeRuns:
    """As much of `Runs` and `Approvals` as is read."""

    runs: list[Run] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    async def of_incident(self, incident_id: str) -> Sequence[Run]:
        return [run for run in self.runs if run.incident == incident_id]

    async def open_requests(self) -> Sequence[Request]:
        return self.requests


class FakeCanvases:
    def __init__(self, steps: Steps) -> None:
        self.written: list[tuple[str, str, str]] = []  # channel, known, markdown
        self.error: ChatError | None = None
        self._steps = steps

    async def overview(self, place: Place, markdown: str, *, known: str) -> str:
        if self.error:
            raise self.error
        self._steps()
        self.written.append((place.channel, known, markdown))
        self._steps()
        return "F0CANVAS"

    async def page(self, title: str, markdown: str, place: Place | None, *, known: str) -> str:
        raise NotImplementedError


def incident(**details: Any) -> Incident:
    alert = GroupedAlert(alert=make_alert(), reason=GroupingReason.NEW_CONDITION, received_at=NOON)
    given: dict[str, Any] = {
        "id": INC,
        "title": "High error ratio",
        "severity": Severity.SEV1,
        "status": IncidentStatus.INVESTIGATING,
        "service": "checkout",
        "started_at": NOON,
        "opened_at": NOON,
        "alerts": (alert,),
        "place": CHANNEL,
        "card": CARD,
        "briefed_at": NOON,
    }
    return Incident(**{**given, **details})


@dataclass
class Hour:
    """What outlives a crash, and the flows over it; `restarted` makes the flows anew."""

    channel: str = "incidents"
    steps: Steps = field(default_factory=Steps)
    clock: FrozenClock = field(default_factory=FrozenClock)
    life: FakeLife = field(default_factory=FakeLife)
    incidents: FakeIncidents = field(default_factory=lambda: FakeIncidents(incident()))
    directory: FakeDirectory = field(default_factory=FakeDirectory)
    briefings: FakeBriefings = field(default_factory=FakeBriefings)
    emails: FakeEmails = field(default_factory=FakeEmails)
    runs: FakeRuns = field(default_factory=FakeRuns)
    changes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.effects = FakeEffects(self.steps)
        self.telling = FakeTelling(self.steps)
        self.timeline = FakeTimeline(self.steps)
        self.canvases = FakeCanvases(self.steps)
        for one in fields(self.life):
            getattr(self.life, one.name).around = self.steps
        self.restarted()

    def restarted(self) -> None:
        shared: dict[str, Any] = {"life": self.life, "telling": self.telling, "clock": self.clock}
        effects: dict[str, Any] = {"effects": self.effects}
        about: dict[str, Any] = {"incidents": self.incidents}
        runs: Any = self.runs
        self.situations = Situations(
            life=self.life,
            briefings=self.briefings,
            timeline=self.timeline,
            runs=runs,
            approvals=runs,
            clock=self.clock,
        )
        seeing: dict[str, Any] = {"situations": self.situations}
        self.assigning = Assigning(**shared, **effects, timeline=self.timeline, directory=self.directory)
        self.handing_over = HandingOver(**shared, **effects, **about, **seeing, assigning=self.assigning)
        self.roles = Roles(
            life=self.life,
            incidents=self.incidents,
            assigning=self.assigning,
            handing_over=self.handing_over,
            on_change=self.changes.append,
        )
        self.proposing = Proposing(
            life=self.life,
            telling=self.telling,
            effects=self.effects,
            briefings=self.briefings,
            emails=self.emails,
            directory=self.directory,
        )
        self.cadences = Cadences(**shared, **effects, **about)
        self.updates = Updates(
            **shared,
            **effects,
            **about,
            timeline=self.timeline,
            directory=self.directory,
            cadences=self.cadences,
            drafting=Drafting(**about, **seeing, clock=self.clock, public_name=lambda _: "Online shop"),
            on_change=self.changes.append,
            channel=self.channel,
        )
        self.announcing = Announcing(**shared, **about, **seeing, channel=self.channel)
        self.overview = Overview(**effects, **about, **seeing, canvases=self.canvases, clock=self.clock)

    @property
    def incident(self) -> Incident:
        return self.incidents.all[INC]

    def change(self, **details: Any) -> Incident:
        """The incident as it is afterwards."""
        before = self.incident
        self.incidents.all[INC] = replace(before, revision=before.revision + 1, **details)
        return self.incident

    def order(self, word: str = "", *, id: str = "order-1", person: str = ANA) -> Order:
        return Order(id=id, incident=INC, person=person, word=word)

    async def lead(self, person: str, *, id: str = "lead") -> str:
        return await self.roles.assign(self.order(id=id), Role.LEAD, person)

    def said(self, kind: str) -> list[str]:
        return [event.text for event in self.timeline.events.values() if event.kind == kind]


async def at_each_crash(make: Callable[[], Hour], act: Callable[[Hour], Awaitable[object]]) -> list[Hour]:
    """Worlds in which the process crashed once, each at another moment, and did the same again after a restart."""
    calm = make()
    began = calm.steps.taken
    await act(calm)
    worlds = []
    for at in range(began + 1, calm.steps.taken + 1):
        world = make()
        world.steps.crash_at = at
        try:
            await act(world)
        except Crash:
            pass
        else:
            raise AssertionError(f"it was to crash at step {at}")
        world.restarted()
        await act(world)
        worlds.append(world)
    assert len(worlds) > 1, "nothing was done"
    return worlds
