"""What happened to a request. The events are kept for good; what they amount to is worked out from all of them.

They may come twice, late and in any order: each has an id, and counts at its own time, not at that of its arrival.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.action import Ending
from bot.domain.approval.people import Person


class Decision(StrEnum):
    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True, kw_only=True)
class Message:
    channel: str
    ts: str  # Slack's message id within the channel


@dataclass(frozen=True, kw_only=True)
class _Event:
    id: str  # the same when it is delivered again
    at: datetime  # when it happened, as Slack or we say


@dataclass(frozen=True, kw_only=True)
class Posted(_Event):
    """The request was put before people. The first one counts; reviews count on that message alone."""

    message: Message
    request_digest: str  # of the record that was shown


@dataclass(frozen=True, kw_only=True)
class Reviewed(_Event):
    """`reviewer` as they were at that moment; `request_digest` of the record that was shown to them."""

    reviewer: Person
    decision: Decision
    message: Message
    request_digest: str


@dataclass(frozen=True, kw_only=True)
class ApprovalWithdrawn(_Event):
    """Somebody took their own approval back: they removed their reaction."""

    person: str


@dataclass(frozen=True, kw_only=True)
class RequestWithdrawn(_Event):
    """It is not wanted any more: whoever asked said so, or the run was cancelled."""

    person: str = ""


@dataclass(frozen=True, kw_only=True)
class Expired(_Event):
    """The timer went off; kept so that a clock that is set back does not revive it."""


@dataclass(frozen=True, kw_only=True)
class Reminded(_Event):
    pass


@dataclass(frozen=True, kw_only=True)
class Escalated(_Event):
    to: str = ""


@dataclass(frozen=True, kw_only=True)
class MessageEdited(_Event):
    """By somebody else than the bot."""


@dataclass(frozen=True, kw_only=True)
class MessageDeleted(_Event):
    pass


@dataclass(frozen=True, kw_only=True)
class Started(_Event):
    """The execution was claimed. From then on nothing changes what was decided."""


@dataclass(frozen=True, kw_only=True)
class Executed(_Event):
    ending: Ending


Event = (
    Posted
    | Reviewed
    | ApprovalWithdrawn
    | RequestWithdrawn
    | Expired
    | Reminded
    | Escalated
    | MessageEdited
    | MessageDeleted
    | Started
    | Executed
)


def in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    """Each once, by time; at the same time what takes back comes after what gives."""
    found: dict[str, Event] = {}
    for event in sorted(events, key=lambda event: (event.at, isinstance(event, ApprovalWithdrawn), event.id)):
        found.setdefault(event.id, event)
    return tuple(found.values())
