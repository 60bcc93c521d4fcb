"""Conditions in CEL: what they decide, and what is known of them before."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.action import Value
from bot.domain.condition import Condition, ConditionError, guarded, parse, paths

VALUES: dict[str, Value] = {
    "incident": {"severity": "SEV1", "labels": {"namespace": "shop"}, "service": None},
    "parameters": {"limit": 5, "ratio": 0.25, "force": False},
    "steps": {
        "count": {"succeeded": True, "ending": "succeeded", "open": 97, "names": ("a", "b")},
        "dump": {"succeeded": False, "ending": "skipped"},
    },
    "item": {"pid": 7},
}


@pytest.mark.parametrize(
    ("source", "holds"),
    [
        ("steps.count.open > 90", True),
        ("steps.count.open > 97.5", False),
        ("steps.count.succeeded && incident.severity == 'SEV1'", True),
        ("steps.dump.succeeded && steps.dump.used > 5", False),
        ("!steps.dump.succeeded || steps.dump.used > 5", True),
        ("has(steps.dump.used) && steps.dump.used > 5", False),
        ("parameters.limit in [1, 5]", True),
        ("incident.labels['namespace'].startsWith('sh')", True),
        ("steps.count.names.exists(n, n == 'b')", True),
        ("size(steps.count.names) == 2", True),
        ("incident.service == null", True),
        ("item.pid == 7", True),
        ("parameters.force ? false : parameters.ratio < 0.5", True),
    ],
)
def test_a_condition_is_decided(source: str, holds: bool) -> None:
    assert parse(source).holds(VALUES) is holds


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("steps.dump.used > 5", "there is no used this time"),
        ("steps.count.open > 'a'", "cannot be decided"),
        ("steps.count.open", "gives 97, and a condition must be true or false"),
        ("parameters.limit + 0.5 > 1.0", "cannot be decided"),
        ("parameters.limit / 0 > 1", "cannot be decided"),
        ("steps.count.names[9] == 'a'", "cannot be decided"),
        ("incident.severity.matches('(')", "cannot be decided"),
    ],
)
def test_what_cannot_be_decided_is_neither_true_nor_false(source: str, says: str) -> None:
    with pytest.raises(ConditionError, match=says):
        parse(source).holds(VALUES)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("steps.a.x > 1 && incident.id == 'steps.b'", {("steps", "a", "x"), ("incident", "id")}),
        ('a["b"].c[0].d', {("a", "b", "c", "0", "d")}),
        ("a.b.exists(x, x.c == p.q)", {("a", "b"), ("a", "b", "*", "c"), ("p", "q")}),
        ("a.all(x, x.b.all(y, y.c == x.d))", {("a",), ("a", "*", "b"), ("a", "*", "b", "*", "c"), ("a", "*", "d")}),
        ("a.map(x, x.b).size() > 0 && x.y", {("a",), ("a", "*", "b"), ("x", "y")}),
        ("a.b.size() > size(c.d)", {("a", "b"), ("c", "d")}),
        ("'a.b' == \"c.d\" // e.f", set()),
        ("matches(a.b, r'c\\.d')", {("a", "b")}),
        ("[a.b, {'k': c.d}] == null", {("a", "b"), ("c", "d")}),
        ("(a.b).c == 1", {("a", "b")}),
        ("a.b ? c : -d", {("a", "b"), ("c",), ("d",)}),
        ("timestamp(a.b).getHours() > 5", {("a", "b")}),
        ("'''it's a.b''' == c", {("c",)}),
    ],
)
def test_the_names_of_a_condition_are_known(source: str, found: set[tuple[str, ...]]) -> None:
    assert set(paths(source)) == found


def test_what_is_asked_whether_it_is_there() -> None:
    assert guarded("has(a.b) && a.b > 1 || has(c.d.e) && f.g") == (("a", "b"), ("c", "d", "e"))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("", "is no CEL"),
        ("a = 1", "is no CEL: at character 3"),
        ("a and b", "is no CEL: at character 3, .*'and'"),
        ("(" * 900 + "a" + ")" * 900, "is no CEL"),
        ("now() > a", r"now\(\) is not known"),
        ("a.map(x, a.map(y, a.map(z, z)))", "loops within loops within loops"),
        ("a" * 2001, "2000 are allowed"),
        ("99999999999999999999 > a", "is no CEL"),
    ],
)
def test_what_is_no_condition_is_told(source: str, says: str) -> None:
    with pytest.raises(ConditionError, match=says):
        parse(source)


def test_two_loops_are_allowed_one_after_the_other_and_within_one_another() -> None:
    parse("a.all(x, x) && a.all(x, x) && a.all(x, x)")
    parse("a.all(x, a.all(y, x == y)) && a.all(x, a.all(y, x == y))")


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_condition_or_told_to_be_none(source: str) -> None:
    said = ""
    try:
        parse(source)
        Condition(source=source).evaluate(VALUES)
    except ConditionError as error:
        said = str(error)
    assert "\n" not in said.replace(source, "")
