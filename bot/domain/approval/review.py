"""What is said to a person who approves, denies or takes an approval back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.approval.events import Decision, Message
from bot.domain.approval.people import Eligibility, Person, eligibility
from bot.domain.approval.request import Request
from bot.domain.approval.standing import Standing, State, is_in_time, may_deny


class ReviewReason(StrEnum):
    COUNTED = "counted"
    COMPLETES = "completes"  # the last one that was missing
    SURPLUS = "surplus"  # there were enough; it holds where another one falls away
    DENIES = "denies"
    ALREADY_APPROVED = "already_approved"  # by this person
    OWN_REQUEST = "own_request"
    OWN_MESSAGE = "own_message"  # they wrote what led to it
    GUEST = "guest"
    STRANGER = "stranger"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    UNKNOWN = "unknown"
    NOT_IN_GROUP = "not_in_group"
    WRONG_MESSAGE = "wrong_message"
    NOT_POSTED = "not_posted"
    REQUEST_CHANGED = "request_changed"
    WRONG_TIME = "wrong_time"
    EXPIRED = "expired"
    ALREADY_DENIED = "already_denied"
    WITHDRAWN = "withdrawn"
    MESSAGE_EDITED = "message_edited"
    MESSAGE_DELETED = "message_deleted"
    ALREADY_BEGUN = "already_begun"

    @property
    def is_counted(self) -> bool:
        return self in (ReviewReason.COUNTED, ReviewReason.COMPLETES, ReviewReason.SURPLUS, ReviewReason.DENIES)


_SENTENCES = {
    ReviewReason.COUNTED: "Approved, with {missing} more to go.",
    ReviewReason.COMPLETES: "Approved: that is enough, it is checked once more and begins.",
    ReviewReason.SURPLUS: "Approved; there were enough approvals already.",
    ReviewReason.DENIES: "Denied: it will not be done.",
    ReviewReason.ALREADY_APPROVED: "You have approved this already; somebody else has to be the next one.",
    ReviewReason.OWN_REQUEST: "You asked for this yourself; somebody else has to approve.",
    ReviewReason.OWN_MESSAGE: "It was your message that led to this; somebody else has to approve.",
    ReviewReason.GUEST: "Guests of this workspace cannot approve; ask a full member of {groups}.",
    ReviewReason.STRANGER: "People of other organisations cannot approve; ask a member of {groups}.",
    ReviewReason.BOT: "Apps cannot approve; a person of {groups} has to.",
    ReviewReason.DEACTIVATED: "This account is deactivated, so it cannot approve.",
    ReviewReason.UNKNOWN: "Slack did not tell who you are, so this does not count; try again in a moment.",
    ReviewReason.NOT_IN_GROUP: "Only members of {groups} can decide this, and you are not one of them at the moment.",
    ReviewReason.WRONG_MESSAGE: "This is not the request's message; react to the request itself.",
    ReviewReason.NOT_POSTED: "The request has not been posted yet; wait for its message.",
    ReviewReason.REQUEST_CHANGED: "The request is not the one that you saw; look at it again, or ask for it anew.",
    ReviewReason.WRONG_TIME: "This is dated before the request, in the future or after its end, so it does not count.",
    ReviewReason.EXPIRED: "Too late: the request expired at {expiry} UTC. Ask for it anew if it is still needed.",
    ReviewReason.ALREADY_DENIED: "It was denied already, and a denial stands. Ask for it anew if it is still needed.",
    ReviewReason.WITHDRAWN: "The request was taken back.",
    ReviewReason.MESSAGE_EDITED: "The request's message was edited, so it no longer counts. Ask for it anew.",
    ReviewReason.MESSAGE_DELETED: "The request's message was deleted, so it no longer counts. Ask for it anew.",
    ReviewReason.ALREADY_BEGUN: "It was begun already; nothing changes that decision now.",
}
_OVER = {
    State.DENIED: ReviewReason.ALREADY_DENIED,
    State.WITHDRAWN: ReviewReason.WITHDRAWN,
    State.EXPIRED: ReviewReason.EXPIRED,
    State.MESSAGE_EDITED: ReviewReason.MESSAGE_EDITED,
    State.MESSAGE_DELETED: ReviewReason.MESSAGE_DELETED,
    State.CONSUMED: ReviewReason.ALREADY_BEGUN,
}
_INELIGIBLE = {
    Eligibility.GUEST: ReviewReason.GUEST,
    Eligibility.STRANGER: ReviewReason.STRANGER,
    Eligibility.BOT: ReviewReason.BOT,
    Eligibility.DEACTIVATED: ReviewReason.DEACTIVATED,
    Eligibility.UNKNOWN: ReviewReason.UNKNOWN,
    Eligibility.NOT_IN_GROUP: ReviewReason.NOT_IN_GROUP,
}


@dataclass(frozen=True, kw_only=True)
class ReviewVerdict:
    """Only what is counted becomes a `Reviewed` event; the sentence is for the person alone."""

    reason: ReviewReason
    sentence: str

    @property
    def is_counted(self) -> bool:
        return self.reason.is_counted


def review(
    request: Request,
    standing: Standing,
    person: Person,
    decision: Decision,
    *,
    message: Message,
    at: datetime,
    now: datetime,
    shown_digest: str | None = None,
) -> ReviewVerdict:
    """`standing` as `state` gives it at `now`; `at`: when they did it; `shown_digest`: where a button carries it."""
    reason = _reason(request, standing, person, decision, message=message, at=at, now=now, shown_digest=shown_digest)
    groups = " or ".join(request.groups) or "the approvers"
    sentence = _SENTENCES[reason].format(
        missing=max(0, standing.missing - 1), groups=groups, expiry=f"{request.expires_at:%H:%M}"
    )
    return ReviewVerdict(reason=reason, sentence=sentence)


def _reason(
    request: Request,
    standing: Standing,
    person: Person,
    decision: Decision,
    *,
    message: Message,
    at: datetime,
    now: datetime,
    shown_digest: str | None,
) -> ReviewReason:
    if standing.posted is None:
        return ReviewReason.NOT_POSTED
    if message != standing.posted:
        return ReviewReason.WRONG_MESSAGE
    if over := _OVER.get(standing.state):
        return over
    if decision is Decision.DENY and may_deny(request, person):
        return ReviewReason.DENIES
    if ineligible := _INELIGIBLE.get(eligibility(person, request.groups)):
        return ineligible
    if shown_digest is not None and shown_digest != request.digest:
        return ReviewReason.REQUEST_CHANGED
    if not request.own_approval_counts and request.is_own(person.id):
        return ReviewReason.OWN_REQUEST if person.id == request.requester else ReviewReason.OWN_MESSAGE
    if not is_in_time(request, at, now):
        return ReviewReason.WRONG_TIME
    return _counted(standing, person)


def _counted(standing: Standing, person: Person) -> ReviewReason:
    if person.id in standing.approvers:
        return ReviewReason.ALREADY_APPROVED
    if standing.state is State.APPROVED:
        return ReviewReason.SURPLUS
    return ReviewReason.COMPLETES if standing.missing <= 1 else ReviewReason.COUNTED


class TakingBack(StrEnum):
    TAKEN_BACK = "taken_back"
    NOTHING = "nothing"
    TOO_LATE = "too_late"

    @property
    def sentence(self) -> str:
        return _TAKING_BACK[self]


_TAKING_BACK = {
    TakingBack.TAKEN_BACK: "Your approval is taken back.",
    TakingBack.NOTHING: "There is no approval of yours that counts; a denial stands.",
    TakingBack.TOO_LATE: "It was begun already; stop it with the kill switch, or undo it.",
}


def take_back(standing: Standing, person: str) -> TakingBack:
    """What to say; the `ApprovalWithdrawn` is recorded in any case."""
    if standing.state is State.CONSUMED:
        return TakingBack.TOO_LATE
    is_counted = standing.state.is_open and person in standing.approvers
    return TakingBack.TAKEN_BACK if is_counted else TakingBack.NOTHING
