"""What defaults of parameters see of the deployment that is held the likeliest cause."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.briefing import CauseKind, Hypothesis
from bot.domain.confidence import Confidence
from bot.domain.evidence import ChangeFact, ChangeKind, Evidence
from bot.domain.runbook import Parameter, ParametersRefused, ParameterType, change_values, resolve_parameters

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CAUSE = Hypothesis(
    kind=CauseKind.DEPLOYMENT,
    service="cart",
    subject="v2.31.0",
    statement="cart v2.31.0 broke it",
    reasons=(),
    score=2.0,
    confidence=Confidence.HIGH,
)
CHANGE = ChangeFact(
    service="cart", kind=ChangeKind.DEPLOYMENT, at=NOON, version="v2.31.0", title="Loyalty", previous="v2.30.5"
)
TARGET = Parameter(name="version", type=ParameterType.STRING, default="{{ change.previous }}")
REPOSITORIES = {"cart": "shop/cart"}


def evidence(*facts: ChangeFact) -> list[Evidence]:
    return [Evidence(source="github", text="deployed", fact=fact) for fact in facts]


def test_the_likeliest_deployment_is_told_with_what_ran_before() -> None:
    other = replace(CHANGE, service="checkout", version="v9", previous="v8")
    exhausted = replace(CAUSE, kind=CauseKind.EXHAUSTION, subject="connections")
    found = change_values([exhausted, CAUSE], evidence(other, CHANGE), REPOSITORIES.get)
    assert found == {"service": "cart", "repository": "shop/cart", "version": "v2.31.0", "previous": "v2.30.5"}


def test_the_exact_ref_is_told_where_no_version_is_known() -> None:
    with_ref = replace(CHANGE, rollback="d7e7408aed2d")
    assert change_values([CAUSE], evidence(with_ref), REPOSITORIES.get)["previous"] == "v2.30.5"
    unnamed = replace(with_ref, previous=None)
    assert change_values([CAUSE], evidence(unnamed), REPOSITORIES.get)["previous"] == "d7e7408aed2d"
    assert change_values([CAUSE], evidence(unnamed, CHANGE), REPOSITORIES.get)["previous"] == "v2.30.5"


def test_what_is_not_known_is_left_out() -> None:
    assert change_values([CAUSE], [], lambda _: None) == {"service": "cart", "version": "v2.31.0"}
    assert change_values([replace(CAUSE, kind=CauseKind.TRAFFIC)], evidence(CHANGE), REPOSITORIES.get) == {}


def test_a_default_takes_it_and_where_nothing_is_known_people_must_say() -> None:
    change = change_values([CAUSE], evidence(CHANGE), REPOSITORIES.get)
    assert resolve_parameters([TARGET], {}, {}, lambda _: (), change) == {"version": "v2.30.5"}
    with pytest.raises(ParametersRefused, match="must be told"):
        resolve_parameters([TARGET], {}, {}, lambda _: (), {})
