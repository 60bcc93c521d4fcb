"""People, a request and its events, to be varied by tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.action import ActionCall, BlastRadius, Isolation, Plan, Reversibility, Risk
from bot.domain.alert import Severity
from bot.domain.approval import (
    ApprovalWithdrawn,
    Decision,
    Event,
    Message,
    Person,
    PersonKind,
    Posted,
    Precheck,
    Request,
    Reviewed,
    Verdict,
    may_execute,
)

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HERE = Message(channel="C1", ts="1.0")
ELSEWHERE = Message(channel="C1", ts="2.0")
RUNBOOK = "r" * 64

ANA = Person(id="U-ana", kind=PersonKind.MEMBER, groups=frozenset({"on-call"}))
BEN = Person(id="U-ben", kind=PersonKind.MEMBER, groups=frozenset({"on-call"}))
CLEO = Person(id="U-cleo", kind=PersonKind.MEMBER, groups=frozenset({"on-call", "leads"}))
REQUESTER = Person(id="U-req", kind=PersonKind.MEMBER, groups=frozenset({"on-call"}))
AUTHOR = Person(id="U-author", kind=PersonKind.MEMBER, groups=frozenset({"on-call"}))
OUTSIDER = Person(id="U-out", kind=PersonKind.MEMBER, groups=frozenset({"sales"}))
LONER = Person(id="U-lone", kind=PersonKind.MEMBER)
GUEST = replace(ANA, id="U-guest", kind=PersonKind.GUEST)
STRANGER = replace(ANA, id="U-stranger", kind=PersonKind.STRANGER)
BOT = replace(ANA, id="U-bot", kind=PersonKind.BOT)
GONE = replace(ANA, id="U-gone", kind=PersonKind.DEACTIVATED)
UNTOLD = replace(ANA, id="U-untold", kind=PersonKind.UNKNOWN)
EVERYBODY = {p.id: p for p in (ANA, BEN, CLEO, REQUESTER, AUTHOR, OUTSIDER, LONER, GUEST, STRANGER, BOT, GONE, UNTOLD)}

PLAN = Plan(
    call=ActionCall(
        action="kubectl.rollout_undo",
        parameters={"deployment": "checkout", "to": 41, "wait": True, "labels": {"a": "b", "n": (1, 2.5, None)}},
        environment="production",
        service="checkout",
    ),
    risk=Risk.CHANGE,
    reversibility=Reversibility.REVERSIBLE,
    radius=BlastRadius(count=1, unit="deployment"),
    target="deployment shop/checkout",
    lines=("kubectl -n shop rollout undo deployment/checkout --to-revision=41",),
    argv=("kubectl", "-n", "shop", "rollout", "undo", "deployment/checkout", "--to-revision=41"),
    binary="/usr/bin/kubectl",
    binary_digest="b" * 64,
    operand_digests={"/etc/kubeconfig": "k" * 64},
    directory="/var/empty",
    environment_names=("HOME", "PATH"),
    isolation=Isolation.BUBBLEWRAP,
)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def make_request(**changed: Any) -> Request:
    """Of 12:00, good until 12:10, for one member of on-call."""
    plan = changed.get("plan", PLAN)
    stated: dict[str, Any] = {
        "id": "A1", "incident": "INC-2026-0042", "run": "R1", "step": "undo", "runbook": "roll-back",
        "runbook_digest": RUNBOOK, "plan": plan, "plan_digest": plan.digest, "requester": REQUESTER.id,
        "author": AUTHOR.id, "reason": "errors began with the deployment", "evidence": ("E1", "E3"), "needed": 1,
        "groups": ("on-call",), "severity": Severity.SEV1, "service": "checkout", "created_at": NOON,
        "expires_at": at(10), "nonce": "n1",
    }  # fmt: skip
    return Request(**(stated | changed))


ONE = make_request()
TWO = make_request(needed=2)


def posted(request: Request = ONE, minute: float = 0.0) -> Posted:
    return Posted(id="posted", at=at(minute), message=HERE, request_digest=request.digest)


def says(
    person: Person,
    minute: float = 1.0,
    request: Request = ONE,
    *,
    decision: Decision = Decision.APPROVE,
    message: Message = HERE,
    id: str = "",
) -> Reviewed:
    return Reviewed(
        id=id or f"{decision}-{person.id}-{minute}",
        at=at(minute),
        reviewer=person,
        decision=decision,
        message=message,
        request_digest=request.digest,
    )


def denies(person: Person, minute: float = 1.0, request: Request = ONE, message: Message = HERE) -> Reviewed:
    return says(person, minute, request, decision=Decision.DENY, message=message)


def takes_back(person: Person, minute: float) -> ApprovalWithdrawn:
    return ApprovalWithdrawn(id=f"back-{person.id}-{minute}", at=at(minute), person=person.id)


def asked_to_run(request: Request, events: tuple[Event, ...], **changed: Any) -> Verdict:
    """At 12:05, with everything as it was."""
    stated: dict[str, Any] = {
        "plan_now": request.plan, "runbook_digest_now": RUNBOOK, "now": at(5), "people": EVERYBODY, "switches": (),
        "precheck": Precheck.HOLDS,
    }  # fmt: skip
    return may_execute(request, events, **(stated | changed))
