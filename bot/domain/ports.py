"""What the flows need from the outside, in one to three methods each. Vendors and databases stand behind these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from bot.domain.alert import Alert, Delivery
from bot.domain.briefing import Briefing
from bot.domain.card import CardView, Dressing, Picture
from bot.domain.context import ContextRequest
from bot.domain.evidence import Answer, Finding, TriggerChart
from bot.domain.incident import Card, GroupedAlert, GroupingReason, Incident, Place

T = TypeVar("T")


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...


class ContextSource(Protocol):
    """One place that knows something about an incident."""

    @property
    def name(self) -> str:
        """Short, lower case, for people too: "prometheus"."""
        ...

    async def look(self, request: ContextRequest) -> Answer:
        """Raises SourceError where it could not look. May be cancelled at any await: its deadline is the caller's."""
        ...


# --- the store -------------------------------------------------------------------------------------------------------


class Acceptance(StrEnum):
    STORED = "stored"
    REPEAT = "repeat"  # this very delivery is already stored


class Inbox(Protocol):
    """Where webhooks land."""

    async def accept(self, delivery: Delivery) -> Acceptance:
        """Returns once the delivery is on disk (fsync). Raises NotStored."""
        ...


@dataclass(frozen=True, kw_only=True)
class PendingDelivery:
    row: int
    delivery: Delivery


@dataclass(frozen=True, kw_only=True)
class Episode:
    """What is known of one stretch of a condition firing."""

    incident_id: str | None  # None: only its recovery was ever seen
    resolved: bool


class TriageTransaction(Protocol):
    """One write transaction of triage. Synchronous: it runs on the store's only writing thread."""

    def pending(self, limit: int) -> Sequence[PendingDelivery]:
        """Stored deliveries that were not triaged yet, oldest first."""
        ...

    def done(self, row: int) -> None: ...

    def episode(self, episode: str) -> Episode | None: ...

    def candidates(self, alert: Alert, closed_since: datetime) -> Sequence[Incident]:
        """Incidents open, or resolved since then, that share the alert's fingerprint or service; newest first."""
        ...

    def open_incident(self, alert: Alert, reason: GroupingReason, received_at: datetime) -> Incident:
        """A new incident with the next number of its year, holding this alert."""
        ...

    def join(self, incident_id: str, alert: Alert, reason: GroupingReason, received_at: datetime) -> None:
        """Add an alert; the worst severity wins, a resolved incident is open again, the revision goes up."""
        ...

    def recover(self, incident_id: str, alert: Alert, received_at: datetime) -> None:
        """Mark its episode as over; the incident is resolved when no alert of it fires. The revision goes up."""
        ...

    def remember_recovery(self, alert: Alert, received_at: datetime) -> None:
        """Keep a recovery that came before its firing notice."""
        ...


class TriageDesk(Protocol):
    """Runs a piece of triage as one transaction."""

    async def transact(self, work: Callable[[TriageTransaction], T]) -> T:
        """All of it or nothing of it. Raises NotStored."""
        ...


class Incidents(Protocol):
    """Reads incidents."""

    async def get(self, incident_id: str) -> Incident | None: ...

    async def list_open(self) -> Sequence[Incident]:
        """Worst first, then oldest."""
        ...

    async def in_place(self, channel: str, thread_ts: str | None) -> Incident | None:
        """The incident worked on in this channel, or under this card."""
        ...


class Agenda(Protocol):
    """What still has to be done about incidents, read after a restart as well as after each triage."""

    async def unbriefed(self) -> Sequence[str]:
        """Ids of incidents without a first briefing, oldest first."""
        ...

    async def outdated(self) -> Sequence[str]:
        """Ids of briefed incidents whose card shows an older revision."""
        ...

    async def shown(self, incident_id: str, revision: int) -> None:
        """The card now shows this revision."""
        ...


class Places(Protocol):
    """Remembers where an incident is worked on."""

    async def reserve_name(self, incident_id: str, base: str, *, taken: Sequence[str] = ()) -> str:
        """A channel name no other incident has: `base`, or with -2, -3 ... (80 characters at most).

        The same incident gets the same name again, unless that name is in `taken`.
        """
        ...

    async def save_place(self, incident_id: str, place: Place) -> None: ...

    async def save_card(self, incident_id: str, card: Card) -> None: ...


class Briefings(Protocol):
    """Keeps what was found and said."""

    async def save_findings(self, incident_id: str, findings: Sequence[Finding]) -> None: ...

    async def findings(self, incident_id: str) -> Sequence[Finding] | None:
        """None where nothing was gathered yet."""
        ...

    async def save_briefing(self, incident_id: str, briefing: Briefing, *, at: datetime) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What is known of an outside effect: `result` where it was done, `begun` where it may have been."""

    begun: bool
    result: str | None


class Effects(Protocol):
    """Intent and result of outside effects: the intent is on disk before the call, the result after it."""

    async def begin(self, key: str) -> Effect:
        """The state before this call, and from now on `begun`."""
        ...

    async def finish(self, key: str, result: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class SlackEvent:
    row: int
    event_id: str
    body: bytes  # the envelope's JSON as received


class SlackEvents(Protocol):
    """Slack's events, recorded before they are acknowledged."""

    async def record(self, event_id: str, body: bytes) -> Acceptance:
        """Returns once it is on disk. Raises NotStored."""
        ...

    async def unhandled(self, limit: int) -> Sequence[SlackEvent]:
        """Oldest first."""
        ...

    async def handled(self, row: int, outcome: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class TimelineEvent:
    """Something that happened to an incident."""

    incident_id: str
    at: datetime
    kind: str  # "alert", "status", "briefing", "note" ...
    text: str
    actor: str = ""  # a Slack user id, an integration's name, or "" for the bot itself
    link: str | None = None


class Timeline(Protocol):
    """What happened, in order of `at`."""

    async def add(self, event: TimelineEvent, *, key: str) -> Acceptance:
        """`key` is unique: the same thing is never told twice."""
        ...

    async def remove(self, key: str) -> None:
        """Take it out again; nothing happens where it is not there."""
        ...

    async def of(self, incident_id: str) -> Sequence[TimelineEvent]: ...


# --- chat ------------------------------------------------------------------------------------------------------------


class Rooms(Protocol):
    """Opens places in the chat. Everything here may be done again and then changes nothing twice. Raises ChatError."""

    async def open_channel(self, name: str, *, incident_id: str, since: datetime) -> Place:
        """Create it, or adopt the one of this name that we ourselves created for this incident since then.

        Raises ChatError("name_taken") where the name belongs to somebody else.
        """
        ...

    async def join_channel(self, name: str) -> Place:
        """An existing public channel, created where it is missing."""
        ...

    async def dress(self, place: Place, dressing: Dressing) -> tuple[str, ...]:
        """Topic, bookmarks, invitations. Raises nothing: returns what could not be done, one sentence each."""
        ...


class Cards(Protocol):
    """The one message of an incident. Raises ChatError."""

    async def post(self, place: Place, view: CardView, *, look_first: bool) -> Card:
        """The message is marked as this incident's card; with `look_first`, one that is there already is adopted."""
        ...

    async def edit(self, card: Card, view: CardView, *, last: bool = False) -> None:
        """Edits of one card never overtake each other; one that waits is replaced by a newer one.

        `last`: wait until it is shown. Otherwise it may be dropped for a newer one and errors are swallowed.
        """
        ...

    async def pin(self, card: Card) -> None: ...


class Pictures(Protocol):
    """Images in the chat."""

    async def upload(self, png: bytes, *, name: str, title: str, alt: str) -> Picture:
        """Ready to be shown in a message. Raises ChatError."""
        ...


class ChartRenderer(Protocol):
    """Draws."""

    async def render(self, chart: TriggerChart) -> bytes:
        """A PNG."""
        ...


__all__ = [
    "Acceptance",
    "Agenda",
    "Briefings",
    "Cards",
    "ChartRenderer",
    "Clock",
    "ContextSource",
    "Effect",
    "Effects",
    "Episode",
    "GroupedAlert",
    "Inbox",
    "Incidents",
    "PendingDelivery",
    "Pictures",
    "Places",
    "Rooms",
    "SlackEvent",
    "SlackEvents",
    "Timeline",
    "TimelineEvent",
    "TriageDesk",
    "TriageTransaction",
]
