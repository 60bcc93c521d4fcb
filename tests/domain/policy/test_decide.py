"""What the policy says of a plan: the strictest that fits, and approval where nothing does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.action import Isolation, Plan, Reversibility, Risk
from bot.domain.alert import Severity
from bot.domain.policy import (
    ActionContext,
    Approving,
    Autonomy,
    Limits,
    Policy,
    Profile,
    Rule,
    RulingReason,
    decide,
    repetition_key,
)
from bot.domain.policy.bounds import unit_of
from tests.domain.policy.plans import APPROVING, GROUPS, NOON, POLICY, by_risk, context, plan, with_rule

ALLOWED, NOTIFY, APPROVAL, FORBIDDEN = Autonomy
READ, CHANGE, DESTROY = Risk


def kind(policy: Policy, of: Plan, **changed: Any) -> Autonomy:
    return decide(policy, of, context(**changed)).kind


# --- profiles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "severity", "expected"),
    [
        ("development", None, (ALLOWED, ALLOWED, NOTIFY)),
        ("DEV-7", None, (ALLOWED, ALLOWED, NOTIFY)),
        ("staging", Severity.SEV1, (ALLOWED, NOTIFY, APPROVAL)),
        ("production", None, (ALLOWED, APPROVAL, APPROVAL)),
        ("prod-eu", Severity.SEV3, (ALLOWED, APPROVAL, APPROVAL)),
        ("production", Severity.SEV1, (ALLOWED, NOTIFY, APPROVAL)),
        ("development", Severity.SEV1, (ALLOWED, ALLOWED, NOTIFY)),
        ("somewhere", None, (APPROVAL, APPROVAL, APPROVAL)),
        ("", Severity.SEV1, (APPROVAL, APPROVAL, APPROVAL)),
        ("my-production", None, (APPROVAL, APPROVAL, APPROVAL)),
    ],
)
def test_the_profile_of_the_environment_holds(
    environment: str, severity: Severity | None, expected: tuple[Autonomy, ...]
) -> None:
    found = tuple(kind(POLICY, plan(risk, environment=environment), severity=severity) for risk in Risk)
    assert found == expected


def test_of_several_profiles_that_fit_the_strictest_holds() -> None:
    second = Profile(name="europe", environments=("*-eu",), rules=by_risk("europe", "notify", "forbidden", "allowed"))
    both = replace(POLICY, profiles=(*POLICY.profiles, second))
    found = tuple(kind(both, plan(risk, environment="prod-eu")) for risk in Risk)
    assert found == (NOTIFY, FORBIDDEN, APPROVAL)


def test_without_a_file_everything_needs_an_approval_that_nobody_can_give() -> None:
    ruling = decide(Policy(), plan(), context())
    assert (ruling.kind, ruling.reasons[0].kind) == (FORBIDDEN, RulingReason.NO_APPROVERS)
    assert "names nobody who may approve" in ruling.sentence


def test_the_reason_is_told() -> None:
    assert decide(POLICY, plan(environment="x"), context()).reasons[0].kind is RulingReason.NO_PROFILE
    empty = Policy(profiles=(Profile(name="all"),), groups=GROUPS, approving=APPROVING)
    ruling = decide(empty, plan(), context())
    assert ruling.sentence == (
        "No rule of the policy fits kubectl.rollout_restart in production, so it needs approval."
    )
    assert decide(POLICY, plan(), context()).sentence == (
        "The policy (production: change) asks for approval for kubectl.rollout_restart."
    )


# --- rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "changed", "tier", "expected"),
    [
        ({}, {}, 2, True),
        ({"actions": ("kubectl.*",)}, {}, 2, True),
        ({"actions": ("kubectl.rollout_restart",)}, {}, 2, True),
        ({"actions": ("kubectl.delete*", "sql")}, {}, 2, False),
        ({"actions": ("kubectl",)}, {}, 2, False),
        ({"actions": ("kubectl.*",), "excepted": ("kubectl.rollout_*",)}, {}, 2, False),
        ({"excepted": ("sql*",)}, {}, 2, True),
        ({"risks": (Risk.CHANGE,)}, {}, 2, True),
        ({"risks": (Risk.DESTROY,)}, {}, 2, False),
        ({"risks": (Risk.CHANGE,)}, {"reversibility": Reversibility.IRREVERSIBLE}, 2, True),
        ({"risks": (Risk.DESTROY,)}, {"reversibility": Reversibility.IRREVERSIBLE}, 2, True),
        ({"environments": ("prod*",)}, {}, 2, True),
        ({"environments": ("staging",)}, {}, 2, False),
        ({"environments": ("staging",)}, {"environment": ""}, 2, True),
        ({"services": ("Check*",)}, {}, 2, True),
        ({"services": ("search",)}, {}, 2, False),
        ({"services": ("search",)}, {"service": None}, 2, True),
        ({"tiers": (1, 2)}, {}, 2, True),
        ({"tiers": (1,)}, {}, 2, False),
        ({"tiers": (1,)}, {}, None, True),
        ({"actions": ("kubectl.*",), "tiers": (1,)}, {}, 2, False),
    ],
)
def test_when_a_rule_that_forbids_fits(
    stated: dict[str, Any], changed: dict[str, Any], tier: int | None, expected: bool
) -> None:
    found = kind(with_rule(FORBIDDEN, **stated), plan(**changed), tier=tier)
    assert (found is FORBIDDEN) is expected


@pytest.mark.parametrize(
    ("stated", "changed", "tier"),
    [
        ({"tiers": (3,)}, {}, None),
        ({"services": ("search",)}, {"service": None}, 2),
        ({"environments": ("somewhere",)}, {"environment": ""}, 2),
        ({"risks": (Risk.CHANGE,)}, {"reversibility": Reversibility.IRREVERSIBLE}, 2),
    ],
)
def test_a_rule_that_lets_through_does_not_fit_what_is_not_known(
    stated: dict[str, Any], changed: dict[str, Any], tier: int | None
) -> None:
    policy = Policy(rules=with_rule(ALLOWED, **stated).rules, groups=GROUPS, approving=APPROVING)
    assert kind(policy, plan(**changed), tier=tier) is APPROVAL


def test_a_rule_lets_through_what_no_other_holds_back() -> None:
    policy = Policy(rules=with_rule(ALLOWED, tiers=(3,)).rules, groups=GROUPS, approving=APPROVING)
    assert kind(policy, plan(), tier=3) is ALLOWED
    assert kind(with_rule(ALLOWED), plan()) is APPROVAL


def test_the_operators_words_are_told() -> None:
    ruling = decide(with_rule(FORBIDDEN, why="change the deployment instead."), plan(), context())
    assert ruling.sentence == (
        "The policy (the rule) forbids it for kubectl.rollout_restart: change the deployment instead."
    )
    assert [reason.rule for reason in ruling.reasons] == ["the rule"]


# --- approvers -------------------------------------------------------------------------------------------------------


def test_how_many_must_approve_goes_by_risk() -> None:
    change, destroy = (decide(POLICY, plan(risk), context()) for risk in (CHANGE, DESTROY))
    assert (change.needed, destroy.needed) == (1, 2)
    assert (change.approvers, change.expires_after) == (("on-call",), timedelta(minutes=10))
    assert not change.requester_may_approve
    assert change.policy_version == "v1"


def test_what_cannot_be_undone_needs_as_many_as_destroying() -> None:
    ruling = decide(POLICY, plan(reversibility=Reversibility.IRREVERSIBLE), context())
    assert (ruling.risk, ruling.needed) == (DESTROY, 2)


def test_a_read_that_needs_approval_needs_somebody() -> None:
    assert decide(with_rule(APPROVAL), plan(READ), context()).needed == 1


def test_what_needs_no_approval_has_no_approvers() -> None:
    ruling = decide(POLICY, plan(READ), context())
    assert (ruling.needed, ruling.approvers, ruling.may_run_at_once) == (0, (), True)


def test_the_strictest_limit_holds() -> None:
    rules = (
        Rule(name="a", autonomy=APPROVAL, needed=3, expires_after=timedelta(minutes=20)),
        Rule(name="b", autonomy=NOTIFY, needed=1, expires_after=timedelta(minutes=4)),
    )
    ruling = decide(replace(POLICY, rules=rules), plan(), context())
    assert (ruling.needed, ruling.expires_after) == (3, timedelta(minutes=4))


def test_a_rule_cannot_ask_for_fewer() -> None:
    assert decide(with_rule(APPROVAL, needed=1), plan(DESTROY), context()).needed == 2


def test_approvers_that_rules_name_take_the_place_of_the_policys_own() -> None:
    assert decide(with_rule(APPROVAL, approvers=("dba", "leads")), plan(), context()).approvers == ("dba", "leads")


def test_of_rules_that_name_approvers_the_common_groups_remain() -> None:
    rules = (
        Rule(name="a", autonomy=APPROVAL, approvers=("dba", "leads")),
        Rule(name="b", autonomy=APPROVAL, approvers=("leads", "on-call")),
    )
    assert decide(replace(POLICY, rules=rules), plan(), context()).approvers == ("leads",)


def test_rules_whose_approvers_have_nothing_in_common_forbid() -> None:
    rules = (
        Rule(name="a", autonomy=APPROVAL, approvers=("dba",)),
        Rule(name="b", autonomy=APPROVAL, approvers=("leads",)),
    )
    ruling = decide(replace(POLICY, rules=rules), plan(), context())
    assert (ruling.kind, ruling.reasons[0].kind) == (FORBIDDEN, RulingReason.NO_APPROVERS)
    assert "the rules a and b name approvers that have no group in common" in ruling.sentence


def test_a_group_that_is_not_described_approves_nothing() -> None:
    nobody = replace(POLICY, approving=Approving(groups=("ghosts",)))
    assert kind(nobody, plan()) is FORBIDDEN


@pytest.mark.parametrize(
    ("allowed", "rule", "risk", "expected"),
    [
        (False, None, CHANGE, False),
        (True, None, CHANGE, True),
        (True, False, CHANGE, False),
        (False, True, CHANGE, False),
        (True, None, DESTROY, False),
    ],
)
def test_whether_the_requester_may_approve(allowed: bool, rule: bool | None, risk: Risk, expected: bool) -> None:
    approving = replace(APPROVING, requester_may_approve=allowed)
    policy = replace(with_rule(APPROVAL, requester_may_approve=rule), approving=approving)
    assert decide(policy, plan(risk), context()).requester_may_approve is expected


# --- what no approval can make good ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "unit", "limit", "rule", "expected"),
    [
        (40, "pods", {"pods": 40}, {}, True),
        (41, "pods", {"pods": 40}, {}, False),
        (41, "Pods", {"pod": 40}, {}, False),
        (2, "deployment", {"deployments": 1}, {}, False),
        (41, "hosts", {"pods": 40}, {}, True),
        (41, "hosts", {"pods": 90, "*": 3}, {}, False),
        (41, "pods", {"pods": 90, "*": 3}, {}, True),
        (20, "pods", {"pods": 40}, {"pods": 10}, False),
        (20, "pods", {"pods": 10}, {"pods": 40}, False),
        (1, "pod", {"pods": 0}, {}, False),
        (-1, "pods", {}, {}, False),
        (3, "processes", {"process": 2}, {}, False),
    ],
)
def test_the_blast_radius_is_bounded(
    count: int, unit: str, limit: dict[str, int], rule: dict[str, int], expected: bool
) -> None:
    policy = replace(with_rule(NOTIFY, max_radius=rule), limits=Limits(max_radius=limit))
    ruling = decide(policy, plan(count=count, unit=unit), context())
    assert (ruling.kind is APPROVAL) is expected, ruling.sentence
    if not expected:
        assert ruling.reasons[0].kind is RulingReason.RADIUS
    assert kind(policy, plan(READ, count=count, unit=unit)) is NOTIFY


@pytest.mark.parametrize(
    ("word", "unit"),
    [
        ("pods", "pod"), ("Pod ", "pod"), ("hosts", "host"), ("processes", "process"), ("process", "process"),
        ("queries", "query"), ("boxes", "box"), ("branches", "branch"), ("*", "*"), ("", ""),
    ],
)  # fmt: skip
def test_units_are_the_same_in_singular_and_plural(word: str, unit: str) -> None:
    assert unit_of(word) == unit


@pytest.mark.parametrize(("done", "expected"), [(0, APPROVAL), (1, APPROVAL), (2, FORBIDDEN), (9, FORBIDDEN)])
def test_the_same_change_is_done_twice_an_incident_at_most(done: int, expected: Autonomy) -> None:
    ruling = decide(POLICY, plan(), context(times_done=done))
    assert ruling.kind is expected
    if expected is FORBIDDEN:
        assert ruling.reasons[0].kind is RulingReason.REPEATED
        assert f"was done {done} times in this incident" in ruling.sentence
    assert kind(POLICY, plan(READ), times_done=done) is ALLOWED


def test_what_is_the_same_change() -> None:
    first = plan()
    found_otherwise = replace(first, argv=("kubectl", "--to-revision=40"), lines=("another revision",))
    assert repetition_key(first) == repetition_key(found_otherwise)
    others = (
        plan(action="kubectl.scale"),
        plan(environment="staging"),
        plan(service="search"),
        replace(first, target="deployment shop/cart"),
        replace(first, call=replace(first.call, parameters={"deployment": "cart"})),
    )
    assert len({repetition_key(other) for other in (first, *others)}) == 6


@pytest.mark.parametrize(
    ("risk", "isolation", "expected"),
    [
        (READ, Isolation.NONE, True),
        (CHANGE, Isolation.NONE, False),
        (CHANGE, Isolation.LANDLOCK, True),
        (CHANGE, Isolation.BUBBLEWRAP, True),
        (CHANGE, Isolation.NOT_NEEDED, True),
        (DESTROY, Isolation.LANDLOCK, True),
        (DESTROY, Isolation.NONE, False),
    ],
)
def test_programs_that_change_something_run_isolated(risk: Risk, isolation: Isolation, expected: bool) -> None:
    ruling = decide(POLICY, plan(risk, isolation=isolation), context())
    assert (ruling.kind is not FORBIDDEN) is expected
    if not expected:
        assert ruling.reasons[0].kind is RulingReason.ISOLATION


def test_a_rule_asks_for_stronger_isolation_and_never_for_weaker() -> None:
    weak = plan(isolation=Isolation.LANDLOCK)
    assert kind(with_rule(APPROVAL, isolation=Isolation.BUBBLEWRAP), weak) is FORBIDDEN
    none = plan(isolation=Isolation.NONE)
    assert kind(with_rule(APPROVAL, isolation=Isolation.NONE), none) is FORBIDDEN


# --- all together ----------------------------------------------------------------------------------------------------

names = st.sampled_from(("a", "b"))
rules = st.builds(
    Rule,
    name=names,
    autonomy=st.sampled_from(Autonomy),
    actions=st.sampled_from(((), ("kubectl.*",), ("sql*",))),
    excepted=st.sampled_from(((), ("kubectl.delete",))),
    risks=st.sampled_from(((), (CHANGE,), (READ, DESTROY))),
    environments=st.sampled_from(((), ("prod*",), ("staging",))),
    services=st.sampled_from(((), ("checkout",))),
    tiers=st.sampled_from(((), (1,), (2, 3))),
    approvers=st.sampled_from(((), ("on-call",), ("leads", "on-call"))),
    needed=st.none() | st.integers(1, 3),
    requester_may_approve=st.sampled_from((None, False)),
    expires_after=st.none() | st.sampled_from((timedelta(minutes=3), timedelta(hours=1))),
    max_radius=st.sampled_from(({}, {"pods": 3}, {"*": 1})),
    isolation=st.none() | st.sampled_from((Isolation.LANDLOCK, Isolation.BUBBLEWRAP)),
)
plans = st.builds(
    plan,
    st.sampled_from(Risk),
    st.sampled_from(("kubectl.delete", "kubectl.scale", "sql", "unheard.of")),
    st.sampled_from(("production", "staging", "development", "elsewhere", "")),
    service=st.sampled_from(("checkout", "search", None)),
    count=st.integers(0, 5),
    unit=st.sampled_from(("pods", "hosts")),
    isolation=st.sampled_from(Isolation),
    reversibility=st.sampled_from(Reversibility),
)
contexts = st.builds(
    ActionContext,
    now=st.just(NOON),
    severity=st.none() | st.sampled_from(Severity),
    tier=st.none() | st.integers(1, 4),
    is_automatic=st.booleans(),
    times_done=st.integers(0, 3),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(rules, min_size=1, max_size=4), rules, plans, contexts)
def test_a_further_rule_never_makes_a_decision_less_strict(
    some: list[Rule], further: Rule, of: Plan, when: ActionContext
) -> None:
    """Where at least one rule fits already; where none did, a rule may also let through: that is what it is for."""
    policy = replace(POLICY, rules=tuple(some))
    before, after = decide(policy, of, when), decide(replace(policy, rules=(*some, further)), of, when)
    if before.reasons[0].kind in (RulingReason.NO_RULE, RulingReason.NO_PROFILE):
        return
    assert after.kind.rank >= before.kind.rank
    if before.kind is after.kind is APPROVAL:
        assert after.needed >= before.needed
        assert after.expires_after <= before.expires_after
        assert before.requester_may_approve or not after.requester_may_approve


@settings(max_examples=200, deadline=None)
@given(st.lists(rules, max_size=4), plans, contexts, st.randoms(use_true_random=False))
def test_the_order_of_rules_does_not_matter(some: list[Rule], of: Plan, when: ActionContext, dice: Any) -> None:
    """But for the order in which groups and reasons are told."""
    shuffled = list(some)
    dice.shuffle(shuffled)
    one, other = (decide(replace(POLICY, rules=tuple(rules)), of, when) for rules in (some, shuffled))
    assert (one.kind, one.needed, one.expires_after) == (other.kind, other.needed, other.expires_after)
    assert set(one.approvers) == set(other.approvers)


@settings(max_examples=200, deadline=None)
@given(st.lists(rules, max_size=3), plans, contexts)
def test_every_ruling_is_whole(some: list[Rule], of: Plan, when: ActionContext) -> None:
    ruling = decide(replace(POLICY, rules=tuple(some)), of, when)
    assert ruling.reasons
    assert all(reason.sentence.endswith(".") for reason in ruling.reasons)
    assert (ruling.kind is APPROVAL) == (ruling.needed > 0) == bool(ruling.approvers)
    assert not (ruling.requester_may_approve and ruling.needed > 1)
