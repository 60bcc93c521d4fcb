"""A deployment that several tools report is one change; two deployments never become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

import pytest

from bot.domain.evidence import ChangeFact, ChangeKind, Evidence
from bot.domain.merging import Merged, merged_changes, same_version
from tests.domain.cases import before, change, log

SHA = "3f9c2ab" + "91d0" * 8 + "7"


def told(*facts: tuple[str, ChangeFact]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(source=source, text=fact.title, fact=fact, id=f"E{n}") for n, (source, fact) in enumerate(facts, 1)
    )


def merged(*facts: tuple[str, ChangeFact]) -> tuple[Merged, ...]:
    return merged_changes(told(*facts))


def event(minutes: float, version: str) -> ChangeFact:
    return change("checkout", minutes, version, kind=ChangeKind.EVENT, previous=None, succeeded=None, environment="")


GITHUB = ("github", change("checkout", 10, "v2.31.0", files=("shop/tax.py",)))
CLUSTER = ("kubernetes", change("checkout", 8, "2.31.0", previous="2.30.1", environment=""))
ARGO = ("argocd", change("checkout", 9, SHA[:7], previous="0aa91c2", environment=""))
PAGER = ("pagerduty", event(7, "Deploy of checkout finished"))


def test_four_tools_tell_of_one_deployment() -> None:
    for order in permutations((GITHUB, CLUSTER, ARGO, PAGER)):
        (one,) = merged(*order)
        assert sorted(one.ids) == ["E1", "E2", "E3", "E4"]
        assert (one.fact.version, one.fact.previous, one.fact.at) == ("v2.31.0", "v2.30.1", before(10))
        assert one.fact.files == ("shop/tax.py",)
        assert one.fact.environment == "production"


def test_what_only_one_of_them_knows_is_kept() -> None:
    flagged = replace(CLUSTER[1], flags=("database migration",), author="", previous=None, succeeded=None)
    failing = replace(ARGO[1], succeeded=False, version="v2.31.0", author="bea", commits=3, added=40, removed=2)
    (one,) = merged(("kubernetes", flagged), ("argocd", failing))
    assert (one.fact.flags, one.fact.succeeded, one.fact.author) == (("database migration",), False, "bea")
    assert (one.fact.commits, one.fact.added, one.fact.removed) == (3, 40, 2)
    assert one.fact.previous == failing.previous


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(GITHUB, ("github", change("checkout", 9, "v2.31.0")), id="one tool tells it twice"),
        pytest.param(GITHUB, ("kubernetes", change("cart", 9, "v2.31.0")), id="another service"),
        pytest.param(GITHUB, ("kubernetes", change("checkout", 9, "v2.31.1")), id="another version"),
        pytest.param(GITHUB, ("kubernetes", change("checkout", 55, "v2.31.0")), id="the same version an hour before"),
        pytest.param(GITHUB, ("argocd", change("checkout", 9, "v2.31.0", environment="staging")), id="another place"),
        pytest.param(ARGO, ("github", change("checkout", 9, "0aa91c2")), id="another commit"),
        pytest.param(GITHUB, ("pagerduty", event(20, "Deploy of checkout")), id="nothing to compare, far apart"),
        pytest.param(GITHUB, ("vcs", change("checkout", 10, kind=ChangeKind.MERGE)), id="merged is not deployed"),
    ],
)
def test_two_changes_stay_two(one: tuple[str, ChangeFact], other: tuple[str, ChangeFact]) -> None:
    for pair in ((one, other), (other, one)):
        assert [m.fact for m in merged(*pair)] == [fact for _, fact in pair]


def test_a_rollback_stays_apart_from_the_deployment_that_it_takes_back() -> None:
    found = merged(
        ("github", change("checkout", 20, "v2")),
        ("kubernetes", change("checkout", 18, "v2")),
        ("github", change("checkout", 5, "v1")),
        ("kubernetes", change("checkout", 3, "v1")),
    )
    assert [(m.fact.version, m.ids) for m in found] == [("v2", ("E1", "E2")), ("v1", ("E3", "E4"))]


def test_an_event_goes_to_the_nearest_deployment() -> None:
    changes = [
        ("pagerduty", event(8, "x")),
        ("github", change("checkout", 12, "v2")),
        ("argocd", change("checkout", 6, "v3")),
    ]
    for order in permutations(changes):
        assert [(m.fact.version, len(m.ids)) for m in sorted(merged(*order), key=lambda m: m.fact.at)] == [
            ("v2", 1),
            ("v3", 2),
        ]


def test_other_facts_are_passed_over() -> None:
    items: Sequence[Evidence] = [Evidence(source="logs", text="", fact=log("checkout", "oops"), id="E9")]
    assert merged_changes(items) == ()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("v2.31.0", "2.31.0", True),
        (SHA, SHA[:7], True),
        ("2.31.0-3f9c2ab", SHA, True),
        ("2.31.0-3f9c2ab", "v2.31.0", True),
        ("main@3f9c2ab", SHA, True),
        ("v2", "v2", True),
        ("v2", "v3", False),
        ("2.31.0", "2.31", False),
        (SHA, "0aa91c2", False),
        (SHA, "v2.31.0", None),
        ("revision 7", "v2.31.0", None),
        ("latest", "v2.31.0", None),
        ("", "", None),
    ],
)
def test_versions_are_compared_where_they_can_be(one: str, other: str, expected: bool | None) -> None:
    assert same_version(one, other) is expected
    assert same_version(other, one) is expected
