"""Runs, steps, requests and what happened to them."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.action import ActionCall, BlastRadius, Isolation, Plan, Reversibility, Risk
from bot.domain.alert import Severity
from bot.domain.approval import Decision, Message, Person, PersonKind, Posted, Request, Reviewed, Started
from bot.domain.audit import AuditKind
from bot.domain.ports.acting import AuditNote
from bot.domain.run import Run, StepKey, StepRun, StepState
from tests.memory.store.samples import MINUTE, NOON

INCIDENT = "INC-2026-0042"
MESSAGE = Message(channel="C1", ts="1772625600.000100")
ANA = Person(id="U1", kind=PersonKind.MEMBER, groups=frozenset({"sre", "dba"}), name="Ana")
BEN = Person(id="U2", kind=PersonKind.MEMBER, groups=frozenset({"sre"}), name="Ben")

PLAN = Plan(
    call=ActionCall(
        action="exec",
        parameters={
            "argv": ("systemctl", "restart", "checkout"),
            "limits": {"seconds": 30, "share": 0.5},
            "dry": False,
        },
        environment="production",
        service="checkout",
        timeout=60,  # whole: it must not come back as 60.0
    ),
    risk=Risk.CHANGE,
    reversibility=Reversibility.REVERSIBLE,
    radius=BlastRadius(count=1, unit="service"),
    target="service checkout on db-3",
    lines=("systemctl restart checkout",),
    argv=("systemctl", "restart", "checkout"),
    binary="/usr/bin/systemctl",
    binary_digest="b" * 64,
    operand_digests={"/etc/checkout.conf": "c" * 64},
    directory="/var/empty",
    environment_names=("LANG", "PATH"),
    isolation=Isolation.BUBBLEWRAP,
)


def request(id_: str = "A-1", *, incident: str = INCIDENT, needed: int = 1) -> Request:
    return Request(
        id=id_,
        incident=incident,
        run="R-1",
        step="restart",
        runbook="high-memory",
        runbook_digest="d" * 64,
        plan=PLAN,
        plan_digest=PLAN.digest,
        requester="U9",
        author="U8",
        reason="memory is used up ✅",
        evidence=("E1", "E3"),
        needed=needed,
        groups=("sre", "dba"),
        severity=Severity.SEV1,
        service="orders",
        created_at=NOON,
        expires_at=NOON + 15 * MINUTE,
        nonce="n" * 32,
        policy_version="p1",
    )


def posted(of: Request, message: Message = MESSAGE) -> Posted:
    return Posted(id="posted", at=NOON, message=message, request_digest=of.digest)


def reviewed(of: Request, by: Person = ANA, decision: Decision = Decision.APPROVE, *, minutes: int = 1) -> Reviewed:
    return Reviewed(
        id=f"{decision}-{by.id}-{minutes}",
        at=NOON + minutes * MINUTE,
        reviewer=by,
        decision=decision,
        message=MESSAGE,
        request_digest=of.digest,
    )


def started(name: str = "started", *, minutes: float = 2) -> Started:
    return Started(id=name, at=NOON + timedelta(minutes=minutes))


def run_of(id_: str = "R-1", *, incident: str = INCIDENT) -> Run:
    return Run(
        id=id_,
        incident=incident,
        runbook="high-memory",
        runbook_digest="d" * 64,
        parameters={"service": "checkout", "pods": ("a", "b"), "count": 2},
        requester="U9",
        created_at=NOON,
    )


def step_of(run: str = "R-1", step: str = "restart", **other: object) -> StepRun:
    known: dict[str, object] = {"key": StepKey(run=run, step=step), "state": StepState.PLANNED, "plan": PLAN}
    return StepRun(**{**known, **other})  # type: ignore[arg-type]


def note(subject: str = "R-1", kind: AuditKind = AuditKind.STARTED, **other: object) -> AuditNote:
    known: dict[str, object] = {"at": NOON, "who": "U1", "kind": kind, "incident": INCIDENT, "subject": subject}
    return AuditNote(**{**known, **other})  # type: ignore[arg-type]
