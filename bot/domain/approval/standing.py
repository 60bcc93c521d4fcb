"""How a request stands: what all its events amount to.

What stops it counts whenever and however it arrives. What permits it must be right in every way: by somebody else, who
was eligible then and is now, on the right message, of this very record, in time, and not taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.approval.events import (
    ApprovalWithdrawn,
    Decision,
    Event,
    Executed,
    Expired,
    Message,
    MessageDeleted,
    MessageEdited,
    Posted,
    RequestWithdrawn,
    Reviewed,
    Started,
    in_order,
)
from bot.domain.approval.people import Eligibility, People, Person, eligibility
from bot.domain.approval.request import Request

CLOCK_TOLERANCE = timedelta(minutes=2)  # Slack dates reviews, we date requests: between two clocks kept by NTP, plenty


class State(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"  # the request as a whole
    EXPIRED = "expired"
    MESSAGE_EDITED = "message_edited"
    MESSAGE_DELETED = "message_deleted"
    CONSUMED = "consumed"  # it was begun: an approval is good for one execution

    @property
    def is_open(self) -> bool:
        return self in (State.WAITING, State.APPROVED)


@dataclass(frozen=True, kw_only=True)
class Standing:
    state: State
    needed: int
    approvals: tuple[Reviewed, ...] = ()  # that count now, in order
    by: str = ""  # Slack's user id of who ended it, where a person did
    at: datetime | None = None  # when it ended
    posted: Message | None = None

    @property
    def approvers(self) -> tuple[str, ...]:
        return tuple(review.reviewer.id for review in self.approvals)

    @property
    def missing(self) -> int:
        return max(0, self.needed - len(self.approvals))

    @property
    def sentence(self) -> str:
        return _SENTENCES[self.state].format(count=len(self.approvals), needed=self.needed, by=self.by or "somebody")


_SENTENCES = {
    State.WAITING: "Waiting: {count} of {needed} approvals.",
    State.APPROVED: "Approved: {count} of {needed}.",
    State.DENIED: "Denied by {by}.",
    State.WITHDRAWN: "The request was taken back by {by}.",
    State.EXPIRED: "Nobody decided in time: that counts as denied.",
    State.MESSAGE_EDITED: "The request's message was edited by somebody else, so it no longer counts.",
    State.MESSAGE_DELETED: "The request's message was deleted, so it no longer counts.",
    State.CONSUMED: "It was begun; the approval is used up.",
}


def state(request: Request, events: Iterable[Event], now: datetime, people: People) -> Standing:
    """`people` as they are at `now`; `events` in any order, also more than once."""
    told = in_order(events)
    posted = next((event.message for event in told if isinstance(event, Posted)), None)
    approvals = counted(request, told, posted, now, people)
    found, by, at = _ending(request, told, posted, now)
    if found is State.WAITING and request.needed >= 1 and len(approvals) >= request.needed:
        found = State.APPROVED
    return Standing(state=found, needed=request.needed, approvals=approvals, by=by, at=at, posted=posted)


def counted(
    request: Request, events: Sequence[Event], posted: Message | None, now: datetime, people: People
) -> tuple[Reviewed, ...]:
    """One a person, the first that was not taken back; `events` as `in_order` has them."""
    digest = request.digest
    standing: dict[str, Reviewed] = {}
    for event in events:
        if isinstance(event, ApprovalWithdrawn):
            standing.pop(event.person, None)
        elif (
            isinstance(event, Reviewed)
            and event.request_digest == digest
            and _counts(event, request, posted, now, people)
        ):
            standing.setdefault(event.reviewer.id, event)
    return tuple(standing.values())


def _counts(review: Reviewed, request: Request, posted: Message | None, now: datetime, people: People) -> bool:
    reviewer = review.reviewer.id
    return (
        review.decision is Decision.APPROVE
        and posted is not None
        and review.message == posted
        and is_in_time(request, review.at, now)
        and (request.own_approval_counts or not request.is_own(reviewer))
        and eligibility(review.reviewer, request.groups) is Eligibility.ELIGIBLE
        and eligibility(people.get(reviewer), request.groups) is Eligibility.ELIGIBLE
    )


def is_in_time(request: Request, at: datetime, now: datetime) -> bool:
    """A review that is dated before the request or in the future is not of this request, or its clock is wrong."""
    return request.created_at - CLOCK_TOLERANCE <= at < request.expires_at and at <= now + CLOCK_TOLERANCE


def _ending(
    request: Request, events: Sequence[Event], posted: Message | None, now: datetime
) -> tuple[State, str, datetime | None]:
    """What ended it, by whom and when: nothing changes what was begun; else the first ending stands."""
    begun = next((event for event in events if isinstance(event, Started | Executed)), None)
    if begun:
        return State.CONSUMED, "", begun.at
    ends = [(event.at, *end) for event in events if (end := _end_by(event, request, posted))]
    if now >= request.expires_at:
        ends.append((request.expires_at, State.EXPIRED, ""))
    if not ends:
        return State.WAITING, "", None
    at, found, by = min(ends, key=lambda end: end[0])
    return found, by, at


def _end_by(event: Event, request: Request, posted: Message | None) -> tuple[State, str] | None:
    match event:
        case Reviewed() if _denies(event, request, posted):
            return State.DENIED, event.reviewer.id
        case RequestWithdrawn():
            return State.WITHDRAWN, event.person
        case MessageDeleted():
            return State.MESSAGE_DELETED, ""
        case MessageEdited():
            return State.MESSAGE_EDITED, ""
        case Expired():
            return State.EXPIRED, ""
        case _:
            return None


def _denies(review: Reviewed, request: Request, posted: Message | None) -> bool:
    """By whoever may approve, or asked for it. It stands though they leave the group or remove the reaction.

    Also of a record that was changed since, and however it is dated: to stop something must be easy.
    """
    return (
        review.decision is Decision.DENY
        and (posted is None or review.message == posted)
        and may_deny(request, review.reviewer)
    )


def may_deny(request: Request, person: Person) -> bool:
    return request.is_own(person.id) or eligibility(person, request.groups) is Eligibility.ELIGIBLE
