"""No execution without a valid, current, sufficient approval: random events, against a judge that is written otherwise.

The judge asks of each person alone whether they say yes: their last good approval is younger than all they took back.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.domain.action import Ending
from bot.domain.approval import (
    ApprovalWithdrawn,
    Decision,
    Event,
    Executed,
    Expired,
    Message,
    MessageDeleted,
    MessageEdited,
    People,
    Person,
    PersonKind,
    Posted,
    Precheck,
    Request,
    RequestWithdrawn,
    Reviewed,
    Started,
    may_execute,
    review,
    state,
)
from bot.domain.kill_switch import Scope, Stopped, Switch, engage, resume
from tests.domain.approval.situations import (
    ANA,
    AUTHOR,
    BEN,
    CLEO,
    ELSEWHERE,
    GUEST,
    HERE,
    NOON,
    OUTSIDER,
    PLAN,
    REQUESTER,
    RUNBOOK,
    at,
    make_request,
)

CAST = (ANA, BEN, CLEO, REQUESTER, AUTHOR, OUTSIDER, GUEST)
GROUPS = (frozenset({"on-call"}), frozenset({"sales"}), frozenset[str](), frozenset({"on-call", "leads"}))
REQUESTS = tuple(
    make_request(needed=needed, requester_may_approve=own, nonce=f"{needed}{own}")
    for needed in (1, 2, 3)
    for own in (False, True)
)
STOP = Switch(stopped=Stopped.ACTIONS, scope=Scope.GLOBAL, who="U9", why="wrong", at=NOON)


# --- the judge -------------------------------------------------------------------------------------------------------


def is_right(request: Request, events: Sequence[Event], now: datetime, people: People) -> bool:
    """Whether enough people say yes, and nothing speaks against it; beside plan, runbook, switches."""
    forbidding = (RequestWithdrawn, MessageEdited, MessageDeleted, Expired, Started, Executed)
    if any(isinstance(event, forbidding) for event in events) or now >= request.expires_at:
        return False
    posts = sorted((event.at, event.id, event.message) for event in events if isinstance(event, Posted))
    if not posts:
        return False
    message = posts[0][2]
    ids = {event.reviewer.id for event in events if isinstance(event, Reviewed)}
    own = {request.requester, request.author}
    reviews = [event for event in events if isinstance(event, Reviewed) and event.message == message]
    denials = [review.reviewer for review in reviews if review.decision is Decision.DENY]
    if any(person.id in own or _is_full_member(person, request) for person in denials):
        return False
    barred = own if request.needed > 1 or not request.requester_may_approve else set[str]()
    return sum(_says_yes(id, request, message, events, now, people) for id in ids - barred) >= request.needed


def _says_yes(
    id: str, request: Request, message: Message, events: Sequence[Event], now: datetime, people: People
) -> bool:
    if id not in people or not _is_full_member(people[id], request):
        return False
    given_at = [
        event.at
        for event in events
        if isinstance(event, Reviewed)
        and event.reviewer.id == id
        and event.decision is Decision.APPROVE
        and event.message == message
        and event.request_digest == request.digest
        and _is_full_member(event.reviewer, request)
        and NOON - timedelta(minutes=2) <= event.at < request.expires_at
        and event.at - now <= timedelta(minutes=2)
    ]
    taken_back_at = [event.at for event in events if isinstance(event, ApprovalWithdrawn) and event.person == id]
    return bool(given_at) and (not taken_back_at or max(given_at) > max(taken_back_at))


def _is_full_member(person: Person, request: Request) -> bool:
    return person.kind is PersonKind.MEMBER and any(group in person.groups for group in request.groups)


# --- heaps of events -------------------------------------------------------------------------------------------------

minutes = st.integers(-4, 26).map(lambda half: half / 2)  # coarse, so that events meet at the same time
persons = st.builds(
    lambda person, kind, groups: replace(person, kind=kind, groups=groups),
    st.sampled_from(CAST),
    st.sampled_from((PersonKind.MEMBER,) * 6 + tuple(PersonKind)),
    st.sampled_from((GROUPS[0],) * 4 + GROUPS),
)


@st.composite
def heaps(draw: st.DrawFn, request: Request) -> list[Event]:
    """Mostly what happens, now and then what ends it; some of it twice, all of it in any order."""
    found: list[Event] = [Posted(id="p", at=NOON, message=HERE, request_digest=request.digest)]
    for number in range(draw(st.integers(0, 9))):
        found.append(draw(one_event(f"e{number}", request)))
    again = draw(st.lists(st.sampled_from(found), max_size=3))
    return draw(st.permutations([*found, *again]))


@st.composite
def one_event(draw: st.DrawFn, id: str, request: Request) -> Event:
    when = at(draw(minutes))
    kind = draw(st.integers(0, 39))
    if kind < 27:
        return Reviewed(
            id=id,
            at=when,
            reviewer=draw(persons),
            decision=Decision.APPROVE if kind < 26 else Decision.DENY,
            message=draw(st.sampled_from((HERE,) * 9 + (ELSEWHERE,))),
            request_digest=draw(st.sampled_from((request.digest,) * 9 + ("0" * 64,))),
        )
    if kind < 33:
        return ApprovalWithdrawn(id=id, at=when, person=draw(st.sampled_from(CAST)).id)
    if kind == 33:
        return Posted(id=id, at=when, message=ELSEWHERE, request_digest=request.digest)
    endings: tuple[Event, ...] = (
        RequestWithdrawn(id=id, at=when),
        MessageEdited(id=id, at=when),
        MessageDeleted(id=id, at=when),
        Expired(id=id, at=when),
        Started(id=id, at=when),
        Executed(id=id, at=when, ending=Ending.UNKNOWN),
    )
    return endings[kind - 34]


def may_run(request: Request, events: Sequence[Event], now: datetime, people: People) -> bool:
    verdict = may_execute(
        request, events, plan_now=PLAN, runbook_digest_now=RUNBOOK, now=now, people=people, switches=(),
        precheck=Precheck.HOLDS,
    )  # fmt: skip
    return verdict.may_run


@settings(max_examples=700, deadline=None)
@given(st.data())
def test_it_runs_when_and_only_when_enough_people_say_yes(data: st.DataObject) -> None:
    request = data.draw(st.sampled_from(REQUESTS))
    events = data.draw(heaps(request))
    people = {person.id: person for person in data.draw(st.lists(persons, min_size=3, max_size=9))}
    now = at(data.draw(minutes))
    assert may_run(request, events, now, people) == is_right(request, events, now, people)


def test_the_random_events_are_not_all_refused() -> None:
    """So that the test above tries what is right as well as what is wrong."""
    dice = random.Random(4)
    right = 0
    for _ in range(1000):
        request = dice.choice(REQUESTS[:4])
        crowd = [replace(person, groups=GROUPS[0], kind=PersonKind.MEMBER) for person in CAST]
        events: list[Event] = [Posted(id="p", at=NOON, message=HERE, request_digest=request.digest)]
        for number in range(dice.randint(1, 6)):
            person, when = dice.choice(crowd), at(dice.randint(0, 8))
            if dice.random() < 0.25:
                events.append(ApprovalWithdrawn(id=f"e{number}", at=when, person=person.id))
            else:
                decision = Decision.DENY if dice.random() < 0.05 else Decision.APPROVE
                events.append(
                    Reviewed(
                        id=f"e{number}", at=when, reviewer=person, decision=decision, message=HERE,
                        request_digest=request.digest,
                    )
                )  # fmt: skip
        people = {person.id: person for person in crowd if dice.random() < 0.9}
        dice.shuffle(events)
        expected = is_right(request, events, at(9), people)
        assert may_run(request, events, at(9), people) == expected
        right += expected
    assert 200 < right < 800


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_order_and_repetition_of_events_change_nothing(data: st.DataObject) -> None:
    request = data.draw(st.sampled_from(REQUESTS))
    events = data.draw(heaps(request))
    people = {person.id: person for person in CAST}
    first = state(request, events, at(5), people)
    again = data.draw(st.permutations([*events, *data.draw(st.lists(st.sampled_from(events), max_size=4))]))
    assert state(request, again, at(5), people) == first


# --- a request's life ------------------------------------------------------------------------------------------------


class Life(RuleBasedStateMachine):
    """People come, go and change their minds, events are late, clocks jump; now and then the bot tries to begin."""

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[str, Person] = {person.id: person for person in CAST}
        self.now = NOON
        self.known: list[Event] = []  # recorded
        self.late: list[Event] = []  # happened, and not heard of yet
        self.switches: tuple[Switch, ...] = ()
        self.plan, self.runbook, self.precheck = PLAN, RUNBOOK, Precheck.HOLDS
        self.begun = 0
        self.number = 0

    def _id(self) -> str:
        self.number += 1
        return f"e{self.number}"

    @initialize(request=st.sampled_from(REQUESTS))
    def post(self, request: Request) -> None:
        self.request = request
        self.known.append(Posted(id="p", at=NOON, message=HERE, request_digest=request.digest))

    @rule(
        person=st.sampled_from(CAST),
        decision=st.sampled_from((Decision.APPROVE,) * 9 + (Decision.DENY,)),
        message=st.sampled_from((HERE,) * 9 + (ELSEWHERE,)),
        is_checked=st.booleans(),
        is_late=st.booleans(),
    )
    def react(self, person: Person, decision: Decision, message: Message, is_checked: bool, is_late: bool) -> None:
        """`is_checked`: only what `review` counts is recorded, as it should be; else all of it is."""
        actor = self.people[person.id]
        standing = state(self.request, self.known, self.now, self.people)
        verdict = review(self.request, standing, actor, decision, message=message, at=self.now, now=self.now)
        if verdict.is_counted or not is_checked:
            event = Reviewed(
                id=self._id(), at=self.now, reviewer=actor, decision=decision, message=message,
                request_digest=self.request.digest,
            )  # fmt: skip
            (self.late if is_late else self.known).append(event)

    @rule(person=st.sampled_from(CAST), is_late=st.booleans())
    def unreact(self, person: Person, is_late: bool) -> None:
        event = ApprovalWithdrawn(id=self._id(), at=self.now, person=person.id)
        (self.late if is_late else self.known).append(event)

    @rule(turn=st.randoms(use_true_random=False))
    def deliver(self, turn: random.Random) -> None:
        turn.shuffle(self.late)
        self.known += self.late[:2] * turn.randint(1, 2)
        del self.late[:2]

    @rule(person=st.sampled_from(CAST), groups=st.sampled_from(GROUPS), kind=st.sampled_from(PersonKind))
    def become(self, person: Person, groups: frozenset[str], kind: PersonKind) -> None:
        self.people[person.id] = replace(self.people[person.id], groups=groups, kind=kind)

    @rule(person=st.sampled_from(CAST))
    def be_as_at_first(self, person: Person) -> None:
        self.people[person.id] = person

    @rule(seconds=st.sampled_from((1, 20, 60, -30, -90)))
    def tick(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(is_on=st.booleans())
    def switch(self, is_on: bool) -> None:
        self.switches = (
            engage(self.switches, STOP) if is_on else resume(self.switches, Stopped.ACTIONS, Scope.GLOBAL).left
        )

    @rule(what=st.sampled_from(("plan", "runbook", "precheck", "nothing", "nothing")))
    def drift(self, what: str) -> None:
        self.plan = replace(PLAN, target="another") if what == "plan" else PLAN
        self.runbook = "s" * 64 if what == "runbook" else RUNBOOK
        self.precheck = Precheck.FAILS if what == "precheck" else Precheck.HOLDS

    @rule()
    def begin(self) -> None:
        verdict = may_execute(
            self.request, self.known, plan_now=self.plan, runbook_digest_now=self.runbook, now=self.now,
            people=self.people, switches=self.switches, precheck=self.precheck,
        )  # fmt: skip
        is_unchanged = (self.plan, self.runbook, self.precheck) == (PLAN, RUNBOOK, Precheck.HOLDS)
        expected = is_right(self.request, self.known, self.now, self.people) and is_unchanged and not self.switches
        assert verdict.may_run == expected, verdict
        if verdict.may_run:
            self.begun += 1
            self.known.append(Started(id=self._id(), at=self.now))

    @invariant()
    def begun_once_at_most(self) -> None:
        assert self.begun <= 1


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
