"""What people can make of an incident's life from Slack, and what that needs of Slack and of other tools.

Desks are called for people. All of it raises NotStored and ChatError, and may come twice: an order of the same id does
nothing the second time and answers as the first time did, or says that it was done. A `str` that a desk answers is a
sentence in plain text for who asked (people in it as `<@U...>`); nothing in it is markup otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from bot.domain.alert import Link, Severity
from bot.domain.approval import Message
from bot.domain.incident import Incident, Place
from bot.domain.life import (
    Audience,
    Draft,
    FollowUp,
    FollowUpState,
    Holding,
    Order,
    Priority,
    Role,
    StatusUpdate,
    Tie,
)
from bot.domain.lifecycle import Move, Regraded, Step

# --- desks: what people do -------------------------------------------------------------------------------------------


class SteerDesk(Protocol):
    """How it stands, how bad it is, what it is called, what it belongs to."""

    async def move(self, order: Order, step: Step) -> Move: ...

    async def regrade(self, order: Order, severity: Severity) -> Regraded: ...

    async def rename(self, order: Order, title: str) -> str: ...

    async def promote(self, order: Order) -> str:
        """From a thread of the triage channel to a channel of its own."""
        ...

    async def merge(self, order: Order, into: str) -> str:
        """Its alerts go to the incident `into`; it is cancelled, and what comes of it later goes there too."""
        ...

    async def split(self, order: Order, which: str) -> str:
        """An alert (its number as `/inc alerts` shows it, from 1) or all of a service become an incident of their own;
        such alerts do not come back to the old one.
        """
        ...

    async def link(self, order: Order, other: str) -> str:
        """`other`: an incident's id, or the address of a page, which becomes a bookmark."""
        ...

    async def ties(self, incident_id: str) -> Sequence[Tie]: ...


class RoleDesk(Protocol):
    async def assign(self, order: Order, role: Role, person: str) -> str:
        """An empty `person`: nobody has it any more."""
        ...

    async def holders(self, incident_id: str) -> Mapping[Role, str]:
        """Slack user ids; roles that nobody has are missing."""
        ...

    async def of_person(self, person: str) -> Sequence[Holding]:
        """In incidents that are open."""
        ...

    async def offer(self, order: Order, taker: str) -> str:
        """The lead is offered to `taker`, who is asked with buttons."""
        ...

    async def answer_offer(self, handoff_id: str, person: str, *, accepted: bool, at: datetime) -> str: ...


class UpdateDesk(Protocol):
    async def draft(self, incident_id: str, audience: Audience) -> str:
        """From the timeline, in whole sentences; "" where there is no such incident."""
        ...

    async def send(self, order: Order, audience: Audience, *, next_in: timedelta | None = None) -> str:
        """`order.word` is the text. INTERNAL goes to the announcement channel and the incident's place."""
        ...

    async def snooze(self, order: Order, span: timedelta) -> str: ...

    async def last(self, incident_id: str) -> StatusUpdate | None: ...


class FollowUpDesk(Protocol):
    async def add(
        self,
        order: Order,
        *,
        owner: str = "",
        due_on: date | None = None,
        priority: Priority = Priority.P1,
        link: str | None = None,
    ) -> str:
        """`order.word` is what is to be done."""
        ...

    async def remove(self, key: str) -> None:
        """The reaction it came from was taken away: dropped, where it is still as it was made."""
        ...

    async def of_incident(self, incident_id: str) -> Sequence[FollowUp]: ...

    async def of_person(self, person: str) -> Sequence[FollowUp]:
        """Open ones, the soonest due first."""
        ...

    async def close(self, order: Order, follow_up: str, state: FollowUpState) -> str: ...

    async def change(
        self, order: Order, follow_up: str, *, owner: str, due_on: date | None, priority: Priority, text: str
    ) -> str: ...

    async def to_issue(self, order: Order, follow_up: str) -> str:
        """Opens an issue for it where a tracker is set up; a sentence with its address, or why not."""
        ...


class PostmortemDesk(Protocol):
    async def draft(self, order: Order, *, afresh: bool = False) -> Draft | None:
        """The one that is there, or a first one. `afresh`: drafted again from what is on record now."""
        ...

    async def get(self, incident_id: str) -> Draft | None: ...

    async def edit(self, order: Order, markdown: str) -> str: ...

    async def approve(self, order: Order, lessons: Sequence[str] | None = None) -> str:
        """And publish it. `lessons`: those the reviewer keeps; None: all that are proposed."""
        ...

    async def reject(self, order: Order) -> str:
        """`order.word` is the reason; a rejection without one is refused."""
        ...


class PagingDesk(Protocol):
    async def who(self, service: str) -> str:
        """Who is on call for it, level by level."""
        ...

    async def ask(self, incident: Incident, target: str) -> str:
        """What a page to `target` (a service or its team; "" for the incident's own) would do, as a question.
        Raises FirstResponderError where nobody could be paged.
        """
        ...

    async def page(self, order: Order, target: str) -> str: ...


@dataclass(frozen=True, kw_only=True)
class StatsReport:
    """`lines` in plain text; `chart` a PNG, or None where there is nothing to draw."""

    title: str
    lines: Sequence[str]
    chart: bytes | None = None
    alt: str = ""


class StatsDesk(Protocol):
    async def stats(self, since: datetime, until: datetime) -> StatsReport:
        """Of public incidents that were opened then."""
        ...

    async def incident_chart(self, incident_id: str) -> StatsReport | None:
        """Alerts, actions and the metric over time. None: there is nothing to draw."""
        ...


# --- the outside: what Slack and other tools do for it. All raise ChatError. -----------------------------------------


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A button. `action`: one of the ids in `bot.domain.life.presses`."""

    action: str
    text: str
    value: str
    is_danger: bool = False


class Telling(Protocol):
    """Messages to people. `text` is mrkdwn whose untrusted parts are escaped. Each is sent once for a `key`."""

    async def direct(self, person: str, text: str, *, key: str, choices: Sequence[Choice] = ()) -> Message: ...

    async def in_place(
        self, incident: Incident, text: str, *, key: str, choices: Sequence[Choice] = (), aloud: bool = False
    ) -> Message | None:
        """In the incident's channel, or in the thread under its card. `aloud`: a thread's message is shown in the
        channel, too. None: it has no place yet.
        """
        ...

    async def in_channel(self, channel: str, text: str, *, key: str) -> Message:
        """`channel`: a name without '#'; it is made where it is missing."""
        ...

    async def change(self, message: Message, text: str, choices: Sequence[Choice] = ()) -> None: ...

    async def picture(self, incident: Incident, png: bytes, *, title: str, alt: str, key: str) -> None: ...


class Surroundings(Protocol):
    """What stands around an incident's channel. Nothing happens in a thread of the triage channel."""

    async def set_topic(self, place: Place, topic: str) -> None: ...

    async def add_bookmark(self, place: Place, link: Link) -> None:
        """Nothing where one of that address is there."""
        ...

    async def invite(self, place: Place, person: str) -> None: ...

    async def members(self, place: Place) -> frozenset[str]:
        """Slack user ids."""
        ...


class Canvases(Protocol):
    async def overview(self, place: Place, markdown: str, *, known: str) -> str:
        """Writes the channel's canvas anew; its id. `known`: what this returned before, or ""."""
        ...

    async def page(self, title: str, markdown: str, place: Place | None, *, known: str) -> str:
        """A canvas of its own, shared with the channel; its id. Written anew where `known` is one."""
        ...


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What another tool's incident is, as our side of the sync sees it."""

    id: str
    status: str  # "triggered", "acknowledged", "resolved"
    address: str | None = None


class Elsewhere(Protocol):
    """The same incident in the tool that alerted (PagerDuty). Raises FirstResponderError where it does not answer.

    `key` marks what we wrote, so that its echo is known.
    """

    def concerns(self, incident: Incident) -> Sequence[str]:
        """Ids of the incidents over there that its alerts belong to."""
        ...

    async def acknowledge(self, id: str) -> None: ...

    async def resolve(self, id: str) -> None: ...

    async def note(self, id: str, text: str, *, key: str) -> None: ...

    async def look(self, id: str) -> Reported | None: ...


class Tracker(Protocol):
    """Where follow-ups become issues. Raises FirstResponderError."""

    async def open_issue(self, follow_up: FollowUp, incident: Incident) -> str:
        """Its address. The same follow-up gets the same issue again."""
        ...


class Library(Protocol):
    """Where published postmortems are put as files."""

    async def put(self, name: str, markdown: str) -> str:
        """Its address or path. Raises FirstResponderError."""
        ...
