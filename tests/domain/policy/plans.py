"""Plans and a policy, to be varied by tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.domain.action import ActionCall, BlastRadius, Isolation, Plan, Reversibility, Risk
from bot.domain.alert import Severity
from bot.domain.policy import (
    ActionContext,
    ApproverGroup,
    Approving,
    Autonomy,
    Policy,
    Profile,
    Rule,
)

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # a Friday
GROUPS = {name: ApproverGroup(name=name, users=(f"U-{name}",)) for name in ("on-call", "leads", "dba")}


def plan(
    risk: Risk = Risk.CHANGE, action: str = "kubectl.rollout_restart", environment: str = "production", **changed: Any
) -> Plan:
    service = changed.pop("service", "checkout")
    radius = BlastRadius(count=changed.pop("count", 1), unit=changed.pop("unit", "deployment"))
    made = Plan(
        call=ActionCall(action=action, parameters={"deployment": "checkout"}, environment=environment, service=service),
        risk=risk,
        reversibility=Reversibility.NOTHING_TO_UNDO if risk is Risk.READ else Reversibility.REVERSIBLE,
        radius=radius,
        target="deployment shop/checkout",
        lines=("kubectl rollout restart deployment/checkout",),
        isolation=Isolation.BUBBLEWRAP,
    )
    return replace(made, **changed)


def context(**changed: Any) -> ActionContext:
    stated: dict[str, Any] = {"now": NOON, "tier": 2}
    return ActionContext(**(stated | changed))


def by_risk(name: str, read: str, change: str, destroy: str) -> tuple[Rule, ...]:
    words = zip(Risk, (read, change, destroy), strict=True)
    return tuple(Rule(name=f"{name}: {risk}", autonomy=Autonomy(word), risks=(risk,)) for risk, word in words)


PROFILES = (
    Profile(
        name="development",
        environments=("development", "dev-*"),
        rules=by_risk("development", "allowed", "allowed", "notify"),
    ),
    Profile(name="staging", environments=("staging",), rules=by_risk("staging", "allowed", "notify", "approval")),
    Profile(name="production", environments=("prod*",), rules=by_risk("production", "allowed", "approval", "approval")),
    Profile(
        name="incident",
        environments=("prod*",),
        severities=(Severity.SEV1, Severity.SEV2),
        instead_of="production",
        rules=by_risk("incident", "allowed", "notify", "approval"),
    ),
)
APPROVING = Approving(groups=("on-call",))
POLICY = Policy(profiles=PROFILES, groups=GROUPS, approving=APPROVING, version="v1")


def with_rule(autonomy: Autonomy, **stated: Any) -> Policy:
    return replace(POLICY, rules=(Rule(name="the rule", autonomy=autonomy, **stated),))
