"""What a runbook may be told."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from bot.domain.action import Value
from bot.domain.runbook import (
    CatalogKind,
    Parameter,
    ParametersRefused,
    ParameterType,
    resolve_parameters,
)
from bot.domain.runbook.template import Single
from tests.domain.runbook.test_template import HOSTILE

INCIDENT: Mapping[str, Value] = {"service": "shop", "labels": {"namespace": "prod"}, "title": "a b"}
NAMESPACE = Parameter(
    name="namespace", type=ParameterType.STRING, matches="[a-z-]{1,63}", default="{{ incident.labels.namespace }}"
)
REPLICAS = Parameter(name="replicas", type=ParameterType.INTEGER, least=1, most=5)
RATIO = Parameter(name="ratio", type=ParameterType.NUMBER, least=0, most=1, default=0.5)
FORCE = Parameter(name="force", type=ParameterType.BOOLEAN, default=False)
MODE = Parameter(name="mode", type=ParameterType.ENUM, values=("soft", "hard"), default="soft")
SERVICE = Parameter(
    name="service", type=ParameterType.CATALOG, source=CatalogKind.SERVICES, default="{{ incident.service }}"
)
ALL = (NAMESPACE, REPLICAS, RATIO, FORCE, MODE, SERVICE)


def catalog(kind: CatalogKind) -> Collection[str]:
    return {CatalogKind.SERVICES: ("shop", "cart"), CatalogKind.ENVIRONMENTS: ("production",)}.get(kind, ())


def resolve(told: Mapping[str, Single], incident: Mapping[str, Value] = INCIDENT) -> Mapping[str, Single]:
    return resolve_parameters(ALL, told, incident, catalog)


def test_what_is_typed_gets_its_kind_and_the_rest_its_default() -> None:
    assert resolve({"replicas": "3", "force": "true", "ratio": "0.25"}) == {
        "namespace": "prod", "replicas": 3, "ratio": 0.25, "force": True, "mode": "soft", "service": "shop",
    }  # fmt: skip
    assert resolve({"replicas": 3, "mode": "", "ratio": 1})["mode"] == "soft"


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({}, "replicas must be told."),
        ({"replicas": "0"}, "replicas must be at least 1, not 0."),
        ({"replicas": 6}, "replicas must be at most 5, not 6."),
        ({"replicas": "3.5"}, "replicas must be a whole number, not '3.5'."),
        ({"replicas": "٣"}, "replicas must be a whole number"),
        ({"replicas": True}, "replicas must be a whole number, not True."),
        ({"replicas": 1, "ratio": "nan"}, "ratio must be a number, not 'nan'."),
        ({"replicas": 1, "ratio": float("inf")}, "ratio must be a number, not inf."),
        ({"replicas": 1, "force": "yes"}, "force must be true or false, not 'yes'."),
        ({"replicas": 1, "mode": "Hard"}, "mode must be one of soft, hard, not 'Hard'."),
        ({"replicas": 1, "service": "mail"}, "service must be one of the catalog's services, and 'mail' is none."),
        ({"replicas": 1, "namespace": "a b"}, "namespace must look like [a-z-]{1,63}, and 'a b' does not."),
        ({"replicas": 1, "namespace": "prod\n"}, "namespace holds a character that cannot be seen (U+000A)."),
        ({"replicas": 1, "namespace": "a" * 600}, "namespace has 600 characters; 512 are allowed."),
        ({"replicas": 1, "nmespace": "x"}, "nmespace is no parameter of this runbook."),
    ],
)
def test_what_is_not_allowed_is_refused_in_a_sentence(told: Mapping[str, Single], says: str) -> None:
    with pytest.raises(ParametersRefused) as raised:
        resolve(told)
    assert str(raised.value).startswith(says)
    assert [problem.name for problem in raised.value.problems] == [says.split()[0]]


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ParametersRefused) as raised:
        resolve({"ratio": 2, "mode": "x"})
    assert [problem.name for problem in raised.value.problems] == ["replicas", "ratio", "mode"]


def test_a_default_is_checked_like_anything_else() -> None:
    """What an alert says decides nothing by itself."""
    hostile: Mapping[str, Value] = {"service": "shop", "labels": {"namespace": "a; reboot"}}
    with pytest.raises(ParametersRefused, match="namespace must look like"):
        resolve({"replicas": 1}, hostile)
    with pytest.raises(ParametersRefused, match=r"must be told: its default .*there is no incident\.labels\.namespace"):
        resolve({"replicas": 1}, {"service": "shop", "labels": {}})


@pytest.mark.parametrize("value", [value for value in HOSTILE if value not in ("", "true", "null")])
@pytest.mark.parametrize("name", ["namespace", "mode", "service", "ratio", "force"])
def test_hostile_values_are_refused(name: str, value: str) -> None:
    if name == "ratio" and value == "1":
        return
    with pytest.raises(ParametersRefused):
        resolve({"replicas": 1, name: value})
