"""config/policy.yaml: what is read, and what is said about mistakes."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.action import Isolation, Risk
from bot.domain.alert import Severity
from bot.domain.errors import ConfigFileError
from bot.domain.policy import (
    ActionContext,
    ApproverGroup,
    Approving,
    Autonomy,
    Escalating,
    Limits,
    Policy,
    Profile,
    QuietHours,
    Rule,
    StopAfter,
    decide,
)
from memory.policy import load_policy, warnings
from tests.domain.policy.plans import NOON, plan
from tests.memory.test_catalog_mutations import broken, twisted

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "policy.yaml"
FULL = """
groups:
  on-call: {user_groups: [S0614TZR7], users: [U0614TZR7, W0614TZR8]}
  leads: {users: [U0614TZR9]}
approvals:
  groups: [on-call, leads]
  needed: {change: 2}
  requester_may_approve: true
  expires_after: 15m
  remind_before: [10m, 90s]
escalation: {severities: [SEV1, SEV2], after: 4m}
profiles:
  production:
    environments: [production, "prod-*"]
    read: allowed
    change: approval
    rules:
      - actions: ["kubectl.*"]
        except: [kubectl.get]
        risks: [change, destroy]
        services: [checkout]
        tiers: [1, 2]
        autonomy: forbidden
        why: ask first
  incident: {environments: [production], severities: [SEV1], instead_of: production, change: notify}
rules:
  - name: leads decide
    autonomy: approval
    approvers: [leads]
    needed: 3
    requester_may_approve: false
    expires_after: 5m
    max_radius: {pods: 3}
    isolation: bubblewrap
limits:
  max_radius: {pods: 40, "*": 5}
  repetitions: 1
  isolation: {destroy: bubblewrap}
quiet_hours:
  - {days: [fri, sat], from: 22:00, to: "6:00", zone: Europe/Vienna, autonomy: forbidden}
automatic_stop: {in_an_incident: 3, in_all: 7, within: 2h}
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Policy]:
    def load_(text: str) -> Policy:
        (tmp_path / "policy.yaml").write_text(text, encoding="utf-8")
        return load_policy(tmp_path / "policy.yaml")

    return load_


def test_all_of_it_is_read(load: Callable[[str], Policy]) -> None:
    policy = load(FULL)
    assert policy.groups == {
        "on-call": ApproverGroup(name="on-call", user_groups=("S0614TZR7",), users=("U0614TZR7", "W0614TZR8")),
        "leads": ApproverGroup(name="leads", users=("U0614TZR9",)),
    }
    assert policy.approving == Approving(
        groups=("on-call", "leads"),
        needed={Risk.READ: 0, Risk.CHANGE: 2, Risk.DESTROY: 2},
        requester_may_approve=True,
        expires_after=timedelta(minutes=15),
        remind_before=(timedelta(minutes=10), timedelta(seconds=90)),
    )
    assert policy.escalating == Escalating(
        severities=frozenset({Severity.SEV1, Severity.SEV2}), after=timedelta(minutes=4)
    )
    production, incident = policy.profiles
    assert (production.name, production.environments) == ("production", ("production", "prod-*"))
    assert production.rules == (
        Rule(name="production: read", autonomy=Autonomy.ALLOWED, risks=(Risk.READ,)),
        Rule(name="production: change", autonomy=Autonomy.APPROVAL, risks=(Risk.CHANGE,)),
        Rule(
            name="production, rule 1",
            autonomy=Autonomy.FORBIDDEN,
            actions=("kubectl.*",),
            excepted=("kubectl.get",),
            risks=(Risk.CHANGE, Risk.DESTROY),
            services=("checkout",),
            tiers=(1, 2),
            why="ask first",
        ),
    )
    assert incident == Profile(
        name="incident",
        environments=("production",),
        severities=(Severity.SEV1,),
        instead_of="production",
        rules=(Rule(name="incident: change", autonomy=Autonomy.NOTIFY, risks=(Risk.CHANGE,)),),
    )
    assert policy.rules == (
        Rule(
            name="leads decide",
            autonomy=Autonomy.APPROVAL,
            approvers=("leads",),
            needed=3,
            requester_may_approve=False,
            expires_after=timedelta(minutes=5),
            max_radius={"pods": 3},
            isolation=Isolation.BUBBLEWRAP,
        ),
    )
    assert policy.limits == Limits(
        max_radius={"pods": 40, "*": 5},
        repetitions=1,
        isolation={
            Risk.READ: Isolation.NONE,
            Risk.CHANGE: Isolation.LANDLOCK,
            Risk.DESTROY: Isolation.BUBBLEWRAP,
        },
    )
    assert policy.quiet_hours == (
        QuietHours(
            start=time(22),
            end=time(6),
            zone=ZoneInfo("Europe/Vienna"),
            days=frozenset({4, 5}),
            autonomy=Autonomy.FORBIDDEN,
        ),
    )
    assert policy.stop_after == StopAfter(in_an_incident=3, in_all=7, within=timedelta(hours=2))
    assert policy.version == hashlib.sha256(FULL.encode()).hexdigest()


def test_what_is_left_out_has_its_default(load: Callable[[str], Policy]) -> None:
    policy = load("groups: {on-call: {users: [U0614TZR7]}}\napprovals: {groups: [on-call]}")
    assert policy.approving == Approving(groups=("on-call",))
    assert (policy.limits, policy.escalating, policy.stop_after) == (Limits(), Escalating(), StopAfter())
    assert dict(Approving().needed) == {Risk.READ: 0, Risk.CHANGE: 1, Risk.DESTROY: 2}
    assert Approving().expires_after == timedelta(minutes=10)
    assert decide(policy, plan(), ActionContext(now=NOON)).kind is Autonomy.APPROVAL


def test_the_example_runs() -> None:
    policy = load_policy(EXAMPLE)
    assert warnings(policy) == ()
    assert [profile.name for profile in policy.profiles] == ["development", "staging", "production", "incident"]

    def kind(risk: Risk, action: str, environment: str = "production", tier: int = 2) -> Autonomy:
        of = plan(risk, action, environment)
        return decide(policy, of, ActionContext(now=datetime(2026, 11, 20, 12, tzinfo=UTC), tier=tier)).kind

    assert kind(Risk.READ, "kubectl.get") is Autonomy.ALLOWED
    assert kind(Risk.CHANGE, "kubectl.rollout_undo") is Autonomy.APPROVAL
    assert kind(Risk.CHANGE, "kubectl.rollout_undo", "staging") is Autonomy.NOTIFY
    assert kind(Risk.CHANGE, "pagerduty.note") is Autonomy.NOTIFY
    assert kind(Risk.DESTROY, "kubectl.delete", tier=1) is Autonomy.FORBIDDEN
    assert kind(Risk.DESTROY, "kubectl.delete") is Autonomy.APPROVAL
    assert kind(Risk.CHANGE, "sql.terminate", "development") is Autonomy.APPROVAL
    assert kind(Risk.CHANGE, "anything", "moon") is Autonomy.APPROVAL


def test_the_documented_file_is_read(load: Callable[[str], Policy]) -> None:
    page = (EXAMPLE.parents[1] / "docs" / "policy.md").read_text(encoding="utf-8")
    policy = load("".join(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)))
    assert warnings(policy) == (
        "the group database-team approves nothing; name it under `approvals: groups`, or in a rule",
    )
    assert [profile.name for profile in policy.profiles] == ["production", "incident"]


def test_another_file_has_another_version(load: Callable[[str], Policy]) -> None:
    assert load(FULL).version != load(f"{FULL}# seen\n").version


GROUPS = "groups: {on-call: {users: [U0614TZR7]}}\n"
MISTAKES = [
    ("aprovals: {}", 1, "aprovals: is not a known field; did you mean approvals?"),
    ("profiles:\n  production:\n    chnge: approval", 3, "profiles.production.chnge: is not a known field"),
    ("profiles:\n  production:\n    change: aproval", 3, "'aproval' is not known; did you mean approval?"),
    ("profiles:\n  production:\n    change: yes", 3, "YAML reads this as True"),
    ("profiles:\n  p: {severities: [SEV9]}", 2, "'SEV9' is not known"),
    ("profiles:\n  p: {instead_of: q}", 2, "'q' is not known; write one of p"),
    ("profiles:\n  p: {instead_of: p}", 2, "is the profile itself"),
    ("profiles: [a]", 1, "a mapping is expected here"),
    ("groups:\n  on-call: {}", 2, "groups.on-call: has nobody in it"),
    ("groups:\n  on-call: {users: ['@ana']}", 2, "'@ana' is no id of Slack's; a user's id begins with U or W"),
    ("groups:\n  on-call: {user_groups: [U0614TZR7]}", 2, "a user group's id begins with S"),
    (f"{GROUPS}approvals: {{groups: [on-cal]}}", 2, "'on-cal' is not known; did you mean on-call?"),
    ("approvals: {groups: [on-call]}", 1, "there is no group 'on-call'; describe it under `groups:`"),
    ("approvals:\n  needed: {change: -1}", 2, "a whole number from 0 to 20 is expected, not -1"),
    ("approvals:\n  needed: {change: two}", 2, "a whole number is expected, not 'two'"),
    ("approvals:\n  needed: {chnage: 2}", 2, "did you mean change?"),
    ("approvals:\n  requester_may_approve: no, never", 2, "true or false is expected"),
    ("approvals:\n  expires_after: 10", 2, "'10' is no length of time; write it as 90s, 10m, 2h or 1d"),
    ("approvals:\n  expires_after: 0m", 2, "'0m' is no length of time"),
    ("approvals:\n  expires_after: 2d", 2, "may live for a day at most"),
    ("approvals:\n  remind_before: [30m]", 2, "is no shorter than `expires_after`"),
    ("rules:\n  - {actions: [x]}", 2, "rules[0]: autonomy is missing; add `autonomy: ...`"),
    ("rules:\n  - {autonomy: never}", 2, "'never' is not known"),
    ("rules:\n  - {autonomy: approval, risk: [change]}", 2, "did you mean risks?"),
    ("rules:\n  - {autonomy: approval, risks: [big]}", 2, "write one of read, change, destroy"),
    ("rules:\n  - {autonomy: approval, actions: kubectl}", 2, "a list is expected here"),
    ("rules:\n  - {autonomy: approval, actions: ['']}", 2, "is empty; write a name or a pattern"),
    ("rules:\n  - {autonomy: approval, tiers: [one]}", 2, "tiers are whole numbers from 1"),
    ("rules:\n  - {autonomy: approval, tiers: [0]}", 2, "tiers are whole numbers from 1"),
    ("rules:\n  - {autonomy: approval, needed: 0}", 2, "a whole number from 1 to 20 is expected"),
    ("rules:\n  - {autonomy: approval, requester_may_approve: true}", 2, "a rule can only forbid it"),
    ("rules:\n  - {autonomy: approval, isolation: docker}", 2, "write one of none, landlock, bubblewrap"),
    ("rules:\n  - {autonomy: approval, approvers: [x]}", 2, "there is no group 'x'"),
    ("limits:\n  max_radius: {pods: many}", 2, "limits.max_radius.pods: a whole number is expected, not 'many'"),
    ("limits:\n  max_radius: {pods: }", 2, "a whole number from 0 to 1000000 is expected, not None"),
    ("limits:\n  isolation: {change: none}", 2, "only reads may run without isolation"),
    ("limits:\n  repetitions: 1.5", 2, "a whole number is expected"),
    ("quiet_hours:\n  - {from: '22:00', zone: UTC}", 2, "to is missing"),
    ("quiet_hours:\n  - {from: '25:00', to: '06:00', zone: UTC}", 2, "'25:00' is no time of day"),
    ("quiet_hours:\n  - {from: '22:00', to: '06:00', zone: Wien}", 2, "'Wien' is no time zone"),
    ("quiet_hours:\n  - {from: '22:00', to: '06:00', zone: ../../etc/passwd}", 2, "is no time zone"),
    ("quiet_hours:\n  - {from: '22:00', to: '06:00', zone: UTC, days: [friday]}", 2, "did you mean fri?"),
    ("escalation: {after: soon}", 1, "'soon' is no length of time"),
    ("automatic_stop: {in_all: 0}", 1, "a whole number from 1"),
    ("- a", None, "a mapping is expected"),
    ("a: [", None, "check indentation"),
]


@pytest.mark.parametrize(("text", "line", "problem"), MISTAKES, ids=[problem for _, _, problem in MISTAKES])
def test_a_mistake_names_file_line_and_remedy(
    load: Callable[[str], Policy], text: str, line: int | None, problem: str
) -> None:
    with pytest.raises(ConfigFileError) as refusal:
        load(text)
    said = str(refusal.value)
    assert problem in said
    assert "policy.yaml" in said
    assert line is None or f", line {line}: " in said, said


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match=r"policy\.yaml: there is no such file; write it, or name another one"):
        load_policy(tmp_path / "policy.yaml")


def test_what_is_odd_is_told(load: Callable[[str], Policy]) -> None:
    nobody, idle = warnings(load("groups: {on-call: {users: [U0614TZR7]}}"))
    assert nobody.startswith("nobody may approve anything")
    assert idle == "the group on-call approves nothing; name it under `approvals: groups`, or in a rule"
    assert warnings(load(FULL)) == ()


@settings(max_examples=200, deadline=None)
@given(st.sampled_from((broken, twisted)), st.integers(0, 2**32))
def test_a_mutated_policy_loads_or_is_refused_by_its_name(mutate: Callable[[str, int], str], seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "policy.yaml"
        file.write_text(mutate(FULL, seed), encoding="utf-8")
        try:
            policy = load_policy(file)
        except ConfigFileError as error:
            assert str(file) in str(error)  # noqa: PT017
            return
        ruling = decide(policy, plan(), ActionContext(now=NOON, is_automatic=True))
        assert ruling.sentence


def test_the_full_one_is_yaml_that_says_what_it_means() -> None:
    """`22:00` without quotes is a number of minutes to YAML 1.1; it is read as it is written."""
    assert yaml.safe_load(FULL)["quiet_hours"][0]["from"] == 22 * 60
