"""Who approves or denies, when, in what state of the request: and what is said to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from bot.domain.action import Ending
from bot.domain.approval import (
    Decision,
    Event,
    Executed,
    Expired,
    Message,
    MessageDeleted,
    MessageEdited,
    Person,
    Request,
    RequestWithdrawn,
    ReviewReason,
    Started,
    review,
    state,
)
from tests.domain.approval.situations import (
    ANA,
    AUTHOR,
    BEN,
    BOT,
    CLEO,
    ELSEWHERE,
    EVERYBODY,
    GONE,
    GUEST,
    HERE,
    LONER,
    ONE,
    OUTSIDER,
    REQUESTER,
    STRANGER,
    TWO,
    UNTOLD,
    at,
    denies,
    make_request,
    posted,
    says,
    takes_back,
)

R = ReviewReason
OWN = make_request(requester_may_approve=True)
OWN_TWO = make_request(requester_may_approve=True, needed=2)
NOBODY_ASKED = make_request(requester="", author="")
NO_GROUPS = make_request(groups=())
EITHER = make_request(groups=("leads", "on-call"))
LEADS = make_request(groups=("leads",))


@dataclass(frozen=True)
class Case:
    name: str
    person: Person
    expected: ReviewReason
    request: Request = ONE
    before: tuple[Event, ...] = ()  # beside that it was posted
    decision: Decision = Decision.APPROVE
    minute: float = 2.0
    now: float | None = None  # where it is not the minute of the review
    message: Message = HERE
    is_posted: bool = True
    shown: str | None = None


def no(name: str, person: Person, expected: ReviewReason, request: Request = ONE, **more: Any) -> Case:
    return Case(name, person, expected, request, decision=Decision.DENY, **more)


WITHDRAWN = (RequestWithdrawn(id="w", at=at(1), person=REQUESTER.id),)
EDITED = (MessageEdited(id="e", at=at(1)),)
DELETED = (MessageDeleted(id="d", at=at(1)),)
STARTED = (says(ANA), Started(id="s", at=at(1.5)))
EXECUTED = (*STARTED, Executed(id="x", at=at(1.8), ending=Ending.SUCCEEDED))

CASES = [
    # who
    Case("a member of the group", ANA, R.COMPLETES),
    Case("a member of one of two groups", ANA, R.COMPLETES, EITHER),
    Case("a member of several groups", CLEO, R.COMPLETES, EITHER),
    Case("a member of another group only", ANA, R.NOT_IN_GROUP, LEADS),
    Case("a member of the workspace, of another team", OUTSIDER, R.NOT_IN_GROUP),
    Case("a member of no group", LONER, R.NOT_IN_GROUP),
    Case("a guest in the group", GUEST, R.GUEST),
    Case("somebody of another organisation", STRANGER, R.STRANGER),
    Case("an app", BOT, R.BOT),
    Case("a deactivated account", GONE, R.DEACTIVATED),
    Case("somebody of whom Slack tells nothing", UNTOLD, R.UNKNOWN),
    Case("nobody, as by an event without a user", Person(id="", kind=ANA.kind, groups=ANA.groups), R.UNKNOWN),
    Case("anybody, where no group may approve", ANA, R.NOT_IN_GROUP, NO_GROUPS),
    # one's own
    Case("the requester", REQUESTER, R.OWN_REQUEST),
    Case("the requester, of two", REQUESTER, R.OWN_REQUEST, TWO),
    Case("the requester as the second of two", REQUESTER, R.OWN_REQUEST, TWO, before=(says(ANA, 1, TWO),)),
    Case("the requester where it is allowed", REQUESTER, R.COMPLETES, OWN),
    Case("the requester where it is allowed, but two are needed", REQUESTER, R.OWN_REQUEST, OWN_TWO),
    Case("the author of the message that led to it", AUTHOR, R.OWN_MESSAGE),
    Case("the author where the requester may", AUTHOR, R.COMPLETES, OWN),
    Case("the author where two are needed", AUTHOR, R.OWN_MESSAGE, OWN_TWO),
    Case("a member, of a request that the bot itself made", ANA, R.COMPLETES, NOBODY_ASKED),
    Case("the requester who is no approver, where it is allowed", OUTSIDER, R.NOT_IN_GROUP,
         make_request(requester=OUTSIDER.id, requester_may_approve=True)),
    Case("a guest who asked themselves", GUEST, R.GUEST, make_request(requester=GUEST.id)),
    # how many
    Case("the first of two", ANA, R.COUNTED, TWO),
    Case("the second of two", BEN, R.COMPLETES, TWO, before=(says(ANA, 1, TWO),)),
    Case("the third of two", CLEO, R.SURPLUS, TWO, before=(says(ANA, 1, TWO), says(BEN, 1.5, TWO))),
    Case("the same person again", ANA, R.ALREADY_APPROVED, TWO, before=(says(ANA, 1, TWO),)),
    Case("the same person again when there are enough", ANA, R.ALREADY_APPROVED, before=(says(ANA, 1),)),
    Case("again after taking it back", ANA, R.COUNTED, TWO, before=(says(ANA, 1, TWO), takes_back(ANA, 1.5))),
    Case("after somebody else took theirs back", BEN, R.COUNTED, TWO,
         before=(says(ANA, 1, TWO), takes_back(ANA, 1.5))),
    Case("after one that did not count", BEN, R.COUNTED, TWO, before=(says(OUTSIDER, 1, TWO),)),
    Case("after a guest's", BEN, R.COMPLETES, before=(says(GUEST, 1),)),
    Case("after the requester's own", BEN, R.COUNTED, TWO, before=(says(REQUESTER, 1, TWO),)),
    Case("after one on another message", BEN, R.COUNTED, TWO, before=(says(ANA, 1, TWO, message=ELSEWHERE),)),
    Case("after one of another request", BEN, R.COUNTED, TWO, before=(says(ANA, 1, ONE),)),
    # when
    Case("in the last second", ANA, R.COMPLETES, minute=9.99),
    Case("at the moment it expires", ANA, R.EXPIRED, minute=10),
    Case("long after", ANA, R.EXPIRED, minute=600),
    Case("in time, but delivered after it expired", ANA, R.EXPIRED, minute=9, now=11),
    Case("dated before the request", ANA, R.WRONG_TIME, minute=-30, now=1),
    Case("a little before the request, by Slack's clock", ANA, R.COMPLETES, minute=-0.5, now=1),
    Case("dated in the future", ANA, R.WRONG_TIME, minute=8, now=1),
    Case("a little in the future, by Slack's clock", ANA, R.COMPLETES, minute=2, now=1.5),
    Case("dated after the expiry by a clock ahead", ANA, R.WRONG_TIME, minute=10.5, now=9.5),
    Case("dated at the very expiry by a clock ahead", ANA, R.WRONG_TIME, minute=10, now=9.5),
    Case("after the timer went off, with the clock set back", ANA, R.EXPIRED, before=(Expired(id="x", at=at(10)),)),
    # in what state
    Case("after a denial", ANA, R.ALREADY_DENIED, before=(denies(BEN),)),
    Case("after a denial by the requester", ANA, R.ALREADY_DENIED, before=(denies(REQUESTER),)),
    Case("after a denial by one who may not deny", ANA, R.COMPLETES, before=(denies(OUTSIDER),)),
    Case("after a guest's denial", ANA, R.COMPLETES, before=(denies(GUEST),)),
    Case("after a denial on another message", ANA, R.COMPLETES, before=(denies(BEN, message=ELSEWHERE),)),
    Case("who denied before", BEN, R.ALREADY_DENIED, before=(denies(BEN),)),
    Case("after it was taken back by the requester", ANA, R.WITHDRAWN, before=WITHDRAWN),
    Case("after the message was edited", ANA, R.MESSAGE_EDITED, before=EDITED),
    Case("after the message was deleted", ANA, R.MESSAGE_DELETED, before=DELETED),
    Case("after it was begun", BEN, R.ALREADY_BEGUN, before=STARTED),
    Case("after it was done", BEN, R.ALREADY_BEGUN, before=EXECUTED),
    Case("after it was begun and expired", BEN, R.ALREADY_BEGUN, before=STARTED, minute=11),
    Case("after it was denied and expired", BEN, R.ALREADY_DENIED, before=(denies(ANA),), minute=11),
    # where
    Case("on another message", ANA, R.WRONG_MESSAGE, message=ELSEWHERE),
    Case("on a message of the same id in another channel", ANA, R.WRONG_MESSAGE,
         message=Message(channel="C2", ts=HERE.ts)),
    Case("a guest on another message", GUEST, R.WRONG_MESSAGE, message=ELSEWHERE),
    Case("before it was posted", ANA, R.NOT_POSTED, is_posted=False),
    Case("by a button of this very request", ANA, R.COMPLETES, shown=ONE.digest),
    Case("by a button of another request", ANA, R.REQUEST_CHANGED, shown=TWO.digest),
    # denials
    no("a denial by a member", ANA, R.DENIES),
    no("a denial by the requester", REQUESTER, R.DENIES),
    no("a denial by the author", AUTHOR, R.DENIES),
    no("a denial by the requester who is in no group", OUTSIDER, R.DENIES, make_request(requester=OUTSIDER.id)),
    no("a denial by another team", OUTSIDER, R.NOT_IN_GROUP),
    no("a denial by a guest", GUEST, R.GUEST),
    no("a denial by another organisation", STRANGER, R.STRANGER),
    no("a denial by an app", BOT, R.BOT),
    no("a denial by a deactivated account", GONE, R.DEACTIVATED),
    no("a denial by somebody unknown", UNTOLD, R.UNKNOWN),
    no("a denial after one's own approval", ANA, R.DENIES, before=(says(ANA),)),
    no("a denial when there are enough approvals", BEN, R.DENIES, before=(says(ANA),)),
    no("a denial of the second of two", BEN, R.DENIES, TWO, before=(says(ANA, 1, TWO),)),
    no("a second denial", BEN, R.ALREADY_DENIED, before=(denies(ANA),)),
    no("a denial too late", ANA, R.EXPIRED, minute=11),
    no("a denial dated in the future", ANA, R.DENIES, minute=8, now=1),
    no("a denial on another message", ANA, R.WRONG_MESSAGE, message=ELSEWHERE),
    no("a denial after it was begun", BEN, R.ALREADY_BEGUN, before=STARTED),
    no("a denial by a button of a changed request", ANA, R.DENIES, shown=TWO.digest),
]  # fmt: skip


def test_there_are_enough_situations() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 80


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_review_gets_its_reason(case: Case) -> None:
    now = at(case.minute if case.now is None else case.now)
    events = ((posted(case.request),) if case.is_posted else ()) + case.before
    standing = state(case.request, events, now, EVERYBODY)
    verdict = review(
        case.request,
        standing,
        case.person,
        case.decision,
        message=case.message,
        at=at(case.minute),
        now=now,
        shown_digest=case.shown,
    )
    assert verdict.reason is case.expected, verdict.sentence
    assert verdict.sentence.endswith(".")
    assert "{" not in verdict.sentence


def test_every_reason_is_met() -> None:
    assert {case.expected for case in CASES} == set(ReviewReason)


def test_what_counts_changes_the_standing_and_what_does_not_leaves_it() -> None:
    """The two ways of judging a review, when it is made and from the events, agree."""
    for case in CASES:
        if not case.is_posted or case.shown:
            continue
        now = at(case.minute if case.now is None else case.now)
        before = (posted(case.request), *case.before)
        made = says(
            case.person, case.minute, case.request, decision=case.decision, message=case.message, id="the review"
        )
        old = state(case.request, before, now, EVERYBODY)
        new = state(case.request, (*before, made), now, EVERYBODY)
        is_new = old.state is not new.state or (new.state.is_open and old.approvers != new.approvers)
        assert is_new == case.expected.is_counted, case.name


def test_the_sentences_say_what_to_do() -> None:
    standing = state(TWO, (posted(TWO),), at(1), EVERYBODY)

    def sentence(person: Person) -> str:
        return review(TWO, standing, person, Decision.APPROVE, message=HERE, at=at(1), now=at(1)).sentence

    assert sentence(REQUESTER) == "You asked for this yourself; somebody else has to approve."
    assert sentence(OUTSIDER).startswith("Only members of on-call can decide this")
    assert sentence(ANA) == "Approved, with 1 more to go."
