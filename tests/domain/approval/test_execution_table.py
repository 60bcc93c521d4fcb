"""Whether an approved plan may be begun: every way in which it may not, and the reason."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.action import Ending, Risk
from bot.domain.approval import (
    Event,
    Executed,
    ExecutionReason,
    Expired,
    Message,
    MessageDeleted,
    MessageEdited,
    PersonKind,
    Posted,
    Precheck,
    Request,
    RequestWithdrawn,
    Started,
    State,
    TakingBack,
    may_run_at_once,
    state,
    take_back,
)
from bot.domain.kill_switch import Scope, Stopped, Switch
from bot.domain.policy import Autonomy, Reason, Ruling, RulingReason
from tests.domain.approval.situations import (
    ANA,
    AUTHOR,
    BEN,
    ELSEWHERE,
    EVERYBODY,
    GUEST,
    HERE,
    NOON,
    ONE,
    OUTSIDER,
    PLAN,
    REQUESTER,
    TWO,
    asked_to_run,
    at,
    denies,
    make_request,
    posted,
    says,
    takes_back,
)

R = ExecutionReason
NAN: Any = float("nan")
BY_NUMBER: Any = {1: "a"}
YES = (posted(), says(ANA))
BOTH = (posted(TWO), says(ANA, 1, TWO), says(BEN, 2, TWO))
OWN = make_request(requester_may_approve=True)
OWN_TWO = make_request(requester_may_approve=True, needed=2)
NONE_NEEDED = make_request(needed=0)
OTHER_SERVICE = make_request(service="search")


def without(*people: str) -> dict[str, Any]:
    return {"people": {id: person for id, person in EVERYBODY.items() if id not in people}}


def now_as(person_id: str, **changed: Any) -> dict[str, Any]:
    return {"people": EVERYBODY | {person_id: replace(EVERYBODY[person_id], **changed)}}


def switch(stopped: Stopped, scope: Scope = Scope.GLOBAL, name: str = "") -> dict[str, Any]:
    return {"switches": (Switch(stopped=stopped, scope=scope, name=name, who="U9", why="wrong", at=NOON),)}


def ruling(kind: Autonomy = Autonomy.APPROVAL, **changed: Any) -> dict[str, Any]:
    because = (Reason(kind=RulingReason.RULE, sentence="The policy says so."),)
    stated: dict[str, Any] = {
        "approvers": ("on-call",), "needed": 1, "expires_after": timedelta(minutes=10), "risk": Risk.CHANGE
    }  # fmt: skip
    return {"ruling": Ruling(kind=kind, reasons=because, **(stated | changed))}


@dataclass(frozen=True)
class Case:
    name: str
    expected: ExecutionReason
    request: Request = ONE
    events: tuple[Event, ...] = YES
    changed: dict[str, Any] = field(default_factory=dict)


CASES = [
    Case("one of one", R.MAY_RUN),
    Case("two of two", R.MAY_RUN, TWO, BOTH),
    Case("three of two", R.MAY_RUN, TWO, (*BOTH, says(EVERYBODY["U-cleo"], 3, TWO))),
    Case("in the last second", R.MAY_RUN, changed={"now": at(9.99)}),
    Case("without a precheck", R.MAY_RUN, changed={"precheck": Precheck.NOT_DECLARED}),
    Case("events backwards", R.MAY_RUN, TWO, BOTH[::-1]),
    Case("events twice", R.MAY_RUN, TWO, BOTH * 2),
    Case("approved again after taking it back", R.MAY_RUN, ONE, (*YES, takes_back(ANA, 2), says(ANA, 3))),
    Case("taken back before it was given, as an event that came late", R.MAY_RUN, ONE, (*YES, takes_back(ANA, 0.5))),
    Case("somebody who had not approved takes theirs back", R.MAY_RUN, ONE, (*YES, takes_back(BEN, 2))),
    Case("the requester, where it is allowed", R.MAY_RUN, OWN, (posted(OWN), says(REQUESTER, 1, OWN))),
    Case("with a denial by one who may not deny", R.MAY_RUN, ONE, (*YES, denies(OUTSIDER, 2))),
    Case("with a denial on another message", R.MAY_RUN, ONE, (*YES, denies(BEN, 2, message=ELSEWHERE))),
    Case("the model is stopped, actions are not", R.MAY_RUN, changed=switch(Stopped.AI)),
    Case("another service is stopped", R.MAY_RUN, changed=switch(Stopped.ALL, Scope.SERVICE, "search")),
    Case("another incident is stopped", R.MAY_RUN, changed=switch(Stopped.ALL, Scope.INCIDENT, "INC-2026-0001")),
    Case("the policy as it was", R.MAY_RUN, changed=ruling()),
    Case("the policy asks nobody any more", R.MAY_RUN, changed=ruling(Autonomy.ALLOWED, approvers=(), needed=0)),
    Case("the policy allows further groups", R.MAY_RUN, changed=ruling(approvers=("on-call", "leads"))),
    # approvals
    Case("never posted", R.NOT_POSTED, ONE, (says(ANA),)),
    Case("nobody yet", R.NOT_ENOUGH, ONE, (posted(),)),
    Case("one of two", R.NOT_ENOUGH, TWO, BOTH[:2]),
    Case("the same person twice", R.NOT_ENOUGH, TWO, (*BOTH[:2], says(ANA, 2, TWO, id="another event"))),
    Case("taken back", R.NOT_ENOUGH, ONE, (*YES, takes_back(ANA, 2))),
    Case("taken back at the same moment", R.NOT_ENOUGH, ONE, (posted(), says(ANA, 1, id="z"), takes_back(ANA, 1))),
    Case("taken back, the events in the wrong order", R.NOT_ENOUGH, ONE, (takes_back(ANA, 2), *YES)),
    Case("one of two taken back", R.NOT_ENOUGH, TWO, (*BOTH, takes_back(ANA, 3))),
    Case("a request that needs nobody", R.NOT_ENOUGH, NONE_NEEDED, (posted(NONE_NEEDED),)),
    Case("the requester alone", R.NOT_ENOUGH, ONE, (posted(), says(REQUESTER))),
    Case("the author alone", R.NOT_ENOUGH, ONE, (posted(), says(AUTHOR))),
    Case("the requester as one of two", R.NOT_ENOUGH, OWN_TWO,
         (posted(OWN_TWO), says(REQUESTER, 1, OWN_TWO), says(ANA, 1, OWN_TWO))),
    Case("a guest", R.NOT_ENOUGH, ONE, (posted(), says(GUEST))),
    Case("another team", R.NOT_ENOUGH, ONE, (posted(), says(OUTSIDER))),
    Case("on another message", R.NOT_ENOUGH, ONE, (posted(), says(ANA, message=ELSEWHERE))),
    Case("of another record", R.NOT_ENOUGH, ONE, (posted(), says(ANA, 1, TWO))),
    Case("dated before the request", R.NOT_ENOUGH, ONE, (posted(), says(ANA, -10))),
    Case("dated in the future", R.NOT_ENOUGH, ONE, (posted(), says(ANA, 9))),
    Case("on a second posting", R.NOT_ENOUGH, ONE,
         (posted(), Posted(id="p2", at=at(1), message=ELSEWHERE, request_digest=ONE.digest),
          says(ANA, 2, message=ELSEWHERE))),
    # people change
    Case("the approver left the group", R.NO_LONGER_ENOUGH, changed=now_as(ANA.id, groups=frozenset())),
    Case("one of two approvers left the group", R.NO_LONGER_ENOUGH, TWO, BOTH, now_as(BEN.id, groups=frozenset())),
    Case("the approver was deactivated", R.NO_LONGER_ENOUGH, changed=now_as(ANA.id, kind=PersonKind.DEACTIVATED)),
    Case("the approver became a guest", R.NO_LONGER_ENOUGH, changed=now_as(ANA.id, kind=PersonKind.GUEST)),
    Case("Slack does not know the approver", R.NO_LONGER_ENOUGH, changed=without(ANA.id)),
    Case("who was no member joined the group later", R.NOT_ENOUGH, ONE, (posted(), says(OUTSIDER)),
         now_as(OUTSIDER.id, groups=frozenset({"on-call"}))),
    Case("a guest became a member later", R.NOT_ENOUGH, ONE, (posted(), says(GUEST)),
         now_as(GUEST.id, kind=PersonKind.MEMBER)),
    # ends
    Case("denied", R.DENIED, ONE, (*YES, denies(BEN, 2))),
    Case("denied first, approved by two then", R.DENIED, TWO, (*BOTH, denies(EVERYBODY["U-cleo"], 0.5, TWO))),
    Case("denied by who approved", R.DENIED, ONE, (*YES, denies(ANA, 2))),
    Case("denied, and the reaction removed", R.DENIED, ONE, (*YES, denies(BEN, 2), takes_back(BEN, 3))),
    Case("denied by one who left since", R.DENIED, ONE, (*YES, denies(BEN, 2)), now_as(BEN.id, groups=frozenset())),
    Case("denied by the requester", R.DENIED, ONE, (*YES, denies(REQUESTER, 2))),
    Case("a denial dated in the future", R.DENIED, ONE, (*YES, denies(BEN, 9))),
    Case("taken back by the requester", R.WITHDRAWN, ONE, (*YES, RequestWithdrawn(id="w", at=at(2)))),
    Case("the message was edited", R.MESSAGE_EDITED, ONE, (*YES, MessageEdited(id="e", at=at(2)))),
    Case("the message was deleted", R.MESSAGE_DELETED, ONE, (*YES, MessageDeleted(id="d", at=at(2)))),
    Case("at the moment it expires", R.EXPIRED, changed={"now": at(10)}),
    Case("long after", R.EXPIRED, changed={"now": at(1000)}),
    Case("expired, and the clock was set back", R.EXPIRED, ONE, (*YES, Expired(id="x", at=at(10)))),
    Case("begun", R.ALREADY_BEGUN, ONE, (*YES, Started(id="s", at=at(2)))),
    Case("done", R.ALREADY_BEGUN, ONE, (*YES, Executed(id="x", at=at(2), ending=Ending.SUCCEEDED))),
    Case("failed", R.ALREADY_BEGUN, ONE, (*YES, Executed(id="x", at=at(2), ending=Ending.FAILED))),
    Case("begun, then denied", R.ALREADY_BEGUN, ONE, (*YES, Started(id="s", at=at(2)), denies(BEN, 3))),
    Case("denied, and yet begun", R.ALREADY_BEGUN, ONE, (*YES, denies(BEN, 1.5), Started(id="s", at=at(2)))),
    # the kill switch
    Case("actions are stopped", R.STOPPED, changed=switch(Stopped.ACTIONS)),
    Case("all is stopped", R.STOPPED, changed=switch(Stopped.ALL)),
    Case("stopped for the service", R.STOPPED, changed=switch(Stopped.ACTIONS, Scope.SERVICE, "Checkout")),
    Case("stopped for the incident", R.STOPPED, changed=switch(Stopped.ACTIONS, Scope.INCIDENT, "inc-2026-0042")),
    Case("stopped for the incident's service, the plan touches another", R.STOPPED, OTHER_SERVICE,
         (posted(OTHER_SERVICE), says(ANA, 1, OTHER_SERVICE)), switch(Stopped.ACTIONS, Scope.SERVICE, "search")),
    # drift
    Case("another plan", R.PLAN_CHANGED, changed={"plan_now": replace(PLAN, argv=("kubectl", "delete"))}),
    Case("another binary of that name", R.PLAN_CHANGED, changed={"plan_now": replace(PLAN, binary_digest="c" * 64)}),
    Case("another file operand", R.PLAN_CHANGED, changed={"plan_now": replace(PLAN, operand_digests={})}),
    Case("a plan that is no JSON", R.UNREADABLE,
         changed={"plan_now": replace(PLAN, radius=replace(PLAN.radius, count=NAN))}),
    Case("another runbook", R.RUNBOOK_CHANGED, changed={"runbook_digest_now": "s" * 64}),
    Case("a record that was not shown", R.REQUEST_CHANGED, replace(ONE, needed=0), YES),
    Case("a record whose digest is of another plan", R.REQUEST_CHANGED, replace(ONE, plan_digest="0" * 64),
         (posted(replace(ONE, plan_digest="0" * 64)),)),
    # the policy changed
    Case("forbidden since", R.POLICY_FORBIDS, changed=ruling(Autonomy.FORBIDDEN)),
    Case("more people needed since", R.POLICY_STRICTER, changed=ruling(needed=2)),
    Case("other approvers since", R.POLICY_STRICTER, changed=ruling(approvers=("leads",))),
    Case("a shorter life since", R.POLICY_STRICTER, changed=ruling(expires_after=timedelta(minutes=5))),
    Case("the requester may not any more", R.POLICY_STRICTER, OWN, (posted(OWN), says(REQUESTER, 1, OWN)), ruling()),
    # the precheck
    Case("the precheck fails", R.PRECHECK_FAILS, changed={"precheck": Precheck.FAILS}),
    Case("the precheck cannot tell", R.PRECHECK_UNKNOWN, changed={"precheck": Precheck.UNKNOWN}),
]  # fmt: skip


def test_there_are_enough_situations() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 80


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_execution_gets_its_reason(case: Case) -> None:
    verdict = asked_to_run(case.request, case.events, **case.changed)
    assert verdict.reason is case.expected, verdict.sentence
    assert verdict.may_run == (case.expected is R.MAY_RUN)
    assert verdict.sentence.endswith(".")
    assert "{" not in verdict.sentence


def test_every_reason_is_met() -> None:
    assert {case.expected for case in CASES} | {R.NEEDS_APPROVAL} == set(ExecutionReason)


def test_a_changed_plan_is_told_by_its_fields() -> None:
    changed = replace(PLAN, target="another", call=replace(PLAN.call, parameters={}))
    sentence = asked_to_run(ONE, YES, plan_now=changed).sentence
    assert "these differ: target, call.parameters." in sentence


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Autonomy.ALLOWED, R.MAY_RUN),
        (Autonomy.NOTIFY, R.MAY_RUN),
        (Autonomy.APPROVAL, R.NEEDS_APPROVAL),
        (Autonomy.FORBIDDEN, R.POLICY_FORBIDS),
    ],
)
def test_without_a_request_only_what_the_policy_lets_the_bot_do(kind: Autonomy, expected: ExecutionReason) -> None:
    def asked(plan: Any = PLAN, switches: tuple[Switch, ...] = (), precheck: Precheck = Precheck.HOLDS) -> Any:
        given = ruling(kind)["ruling"]
        return may_run_at_once(
            plan, given, incident="INC-2026-0042", service="search", switches=switches, precheck=precheck
        )

    assert asked().reason is expected
    assert asked(switches=switch(Stopped.ALL)["switches"]).reason is R.STOPPED
    assert asked(switches=switch(Stopped.ALL, Scope.SERVICE, "search")["switches"]).reason is R.STOPPED
    assert asked(replace(PLAN, operand_digests=BY_NUMBER)).reason is R.UNREADABLE
    assert not asked(precheck=Precheck.FAILS).may_run


def test_a_standing_says_who_and_how_many() -> None:
    waiting = state(TWO, BOTH[:2], at(5), EVERYBODY)
    assert (waiting.state, waiting.approvers, waiting.missing) == (State.WAITING, (ANA.id,), 1)
    assert waiting.sentence == "Waiting: 1 of 2 approvals."
    denied = state(ONE, (*YES, denies(BEN, 2)), at(5), EVERYBODY)
    assert (denied.by, denied.at, denied.sentence) == (BEN.id, at(2), f"Denied by {BEN.id}.")


def test_taking_back_is_answered() -> None:
    def answer(*events: Event) -> TakingBack:
        return take_back(state(ONE, events, at(5), EVERYBODY), ANA.id)

    assert answer(*YES) is TakingBack.TAKEN_BACK
    assert answer(posted()) is TakingBack.NOTHING
    assert answer(*YES, denies(BEN, 2)) is TakingBack.NOTHING
    assert answer(*YES, Started(id="s", at=at(2))) is TakingBack.TOO_LATE
    assert all(reason.sentence.endswith(".") for reason in TakingBack)


def test_the_message_is_the_whole_of_channel_and_id() -> None:
    other = Message(channel="C2", ts=HERE.ts)
    assert asked_to_run(ONE, (posted(), says(ANA, message=other))).reason is R.NOT_ENOUGH
