"""A request, a run and what is around them, as the engine hands them over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.action import (
    ActionCall,
    BlastRadius,
    Isolation,
    Plan,
    Reversibility,
    Risk,
)
from bot.domain.alert import Severity
from bot.domain.approval import Decision, Message, Person, PersonKind, Request, Reviewed, Standing, State
from bot.domain.condition import Condition
from bot.domain.incident import Card, Incident, IncidentStatus, Place, PlaceKind
from bot.domain.run import Run, StepKey, StepRun, StepState
from bot.domain.runbook import (
    ActionUse,
    Check,
    Parameter,
    ParameterType,
    Rollback,
    Runbook,
    RunbookStep,
    Trigger,
    Verify,
)

NOW = datetime.now(UTC).replace(microsecond=0)
ANA, BO = "U0ANA000000", "U0BO0000000"


def plan(**changes: Any) -> Plan:
    argv = (
        "/usr/local/bin/kubectl", "--kubeconfig=/etc/first-responder/kubeconfig", "--context=prod-eu",
        "--namespace=shop", "rollout", "undo", "--to-revision=41", "--", "deployment/checkout",
    )  # fmt: skip
    made: dict[str, Any] = {
        "call": ActionCall(
            action="kubectl.rollout_undo",
            parameters={"namespace": "shop", "name": "checkout"},
            environment="production",
            service="checkout",
            timeout=120.0,
        ),
        "risk": Risk.CHANGE,
        "reversibility": Reversibility.REVERSIBLE,
        "radius": BlastRadius(count=6, unit="pods"),
        "target": "deployment checkout in shop, context prod-eu (https://k8s.prod-eu.example:6443)",
        "lines": (" ".join(argv), "revision 42 (checkout:2.14.0) becomes revision 41 (checkout:2.13.4)"),
        "argv": argv,
        "binary": "/usr/local/bin/kubectl",
        "binary_digest": "9b8f1c2d3e4a5b6c7d8e9f00112233445566778899aabbccddeeff0011223344",
        "operand_digests": {"/etc/first-responder/kubeconfig": "0c1d2e3f" * 8},
        "environment_names": ("HOME", "LANG", "PATH"),
        "isolation": Isolation.BUBBLEWRAP,
    }
    return Plan(**(made | changes))


def request(**changes: Any) -> Request:
    done = changes.pop("plan", None) or plan()
    made: dict[str, Any] = {
        "id": "A-4F7Q2K",
        "incident": "INC-2026-0042",
        "run": "R-7K3QF2",
        "step": "roll-back",
        "runbook": "bad-deployment-rollback",
        "runbook_digest": "a" * 64,
        "plan": done,
        "plan_digest": done.digest,
        "requester": ANA,
        "author": "",
        "reason": "checkout fails since 2.14.0 went out at 14:02; 2.13.4 was fine",
        "evidence": ("E3", "E7"),
        "needed": 1,
        "groups": ("on-call",),
        "severity": Severity.SEV1,
        "service": "checkout",
        "created_at": NOW,
        "expires_at": NOW + timedelta(minutes=10),
        "nonce": "n" * 16,
    }
    return Request(**(made | changes))


def review(who: str = BO, decision: Decision = Decision.APPROVE, **changes: Any) -> Reviewed:
    made: dict[str, Any] = {
        "id": f"review-{who}-{decision}",
        "at": NOW + timedelta(seconds=47),
        "reviewer": Person(id=who, kind=PersonKind.MEMBER, groups=frozenset({"on-call"})),
        "decision": decision,
        "message": Message(channel="C0", ts="1.0"),
        "request_digest": "d",
    }
    return Reviewed(**(made | changes))


def standing(state: State, **changes: Any) -> Standing:
    made: dict[str, Any] = {"state": state, "needed": 1}
    return Standing(**(made | changes))


def incident(channel: str = "C0INC000000", **changes: Any) -> Incident:
    made: dict[str, Any] = {
        "id": "INC-2026-0042",
        "title": "High error ratio",
        "severity": Severity.SEV1,
        "status": IncidentStatus.INVESTIGATING,
        "service": "checkout",
        "started_at": NOW - timedelta(minutes=20),
        "opened_at": NOW - timedelta(minutes=19),
        "place": Place(kind=PlaceKind.CHANNEL, channel=channel, name="inc-checkout"),
        "card": Card(channel=channel, ts="1.000001"),
    }
    return Incident(**(made | changes))


def runbook(**changes: Any) -> Runbook:
    undo = ActionUse(action="kubectl.rollout_undo", parameters={"namespace": "shop", "name": "checkout"})
    check = Check(holds=Condition(source="true"), use=ActionUse(action="prometheus.query"), says="errors are below 1 %")
    made: dict[str, Any] = {
        "id": "bad-deployment-rollback",
        "title": "Roll back a bad deployment",
        "owner": "platform",
        "summary": "Rolls the service back to the version before, and looks whether the errors go away.",
        "trigger": Trigger(),
        "parameters": (
            Parameter(name="service", type=ParameterType.STRING, description="What is rolled back", default="checkout"),
        ),
        "steps": (
            RunbookStep(id="look", title="Which versions are there", use=ActionUse(action="kubectl.describe")),
            RunbookStep(
                id="roll-back",
                title="Roll back to the version before",
                use=undo,
                verify=Verify(check=check),
                rollback=Rollback(use=undo),
            ),
            RunbookStep(id="tell", title="Tell the shop team", use=ActionUse(action="slack.post")),
        ),
    }
    return Runbook(**(made | changes))


def run(**changes: Any) -> Run:
    made: dict[str, Any] = {
        "id": "R-7K3QF2",
        "incident": "INC-2026-0042",
        "runbook": "bad-deployment-rollback",
        "runbook_digest": "a" * 64,
        "parameters": {"service": "checkout", "namespace": "shop"},
        "requester": ANA,
        "reason": "checkout fails since 2.14.0 went out at 14:02",
        "created_at": NOW,
    }
    return Run(**(made | changes))


def step(name: str, state: StepState, **changes: Any) -> StepRun:
    item = changes.pop("item", 0)
    part = changes.pop("part", None)
    key = StepKey(run="R-7K3QF2", step=name, item=item, **({"part": part} if part else {}))
    return StepRun(key=key, state=state, **changes)
