"""What a step said, as values for later steps."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.action import ActionResult, Ending
from bot.domain.condition import Condition
from bot.domain.runbook import Foreach, Output, OutputError, RunbookStep, many, outcome, parse_output, skipped
from bot.domain.runbook.pattern import PatternError, compiled


def said(output: str, *, is_cut: bool = False, **values: object) -> ActionResult:
    return ActionResult(ending=Ending.SUCCEEDED, summary="", output=output, is_cut=is_cut, values=values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("output", "text", "found"),
    [
        (Output(json={"pod": "/items/0/name", "all": ""}), '{"items": [{"name": "a"}]}',
         {"pod": "a", "all": {"items": ({"name": "a"},)}}),
        (Output(json={"a": "/a~1b/m~0n"}), '{"a/b": {"m~n": 1}}', {"a": 1}),
        (Output(json={"used": "/used"}, numbers=("used",)), '{"used": "97"}', {"used": 97}),
        (Output(lines="names"), "a\n\n b \n", {"names": ("a", " b ")}),
        (Output(lines="files", regex=r"\t(?P<file>/\S+\.gz)$"), "4\t/a.gz\n4\t/b\n8\t/c d.gz\n9\t/d.gz",
         {"files": ("/a.gz", "/d.gz")}),
        (Output(regex=r"(?P<held>\d+) of (?P<most>\d+)"), "x\n97 of 100 used\n1 of 2", {"held": "97", "most": "100"}),
        (Output(regex=r"(?P<held>\d+)%", numbers=("held",)), "at 97%", {"held": 97}),
        (Output(number="left"), " 3.5\n", {"left": 3.5}),
        (Output(number="left"), "-3", {"left": -3}),
    ],
)  # fmt: skip
def test_output_becomes_values(output: Output, text: str, found: dict[str, object]) -> None:
    assert parse_output(output, said(text)) == found
    assert set(output.names) == found.keys()


def test_values_of_the_action_itself_are_taken_over() -> None:
    assert parse_output(Output(values=("count",)), said("", count=3, other=1)) == {"count": 3}


@pytest.mark.parametrize(
    ("output", "result", "says"),
    [
        (Output(json={"a": "/b"}), said('{"a": 1}'), "nothing at /b"),
        (Output(json={"a": "/b/5"}), said('{"b": [1]}'), "nothing at /b/5"),
        (Output(json={"a": "/b"}), said('{"b": 1', is_cut=True), "no JSON: it was cut because it is too long"),
        (Output(json={"a": "/b"}), said("error: x"), "no JSON: it begins with 'error: x'"),
        (Output(json={"a": "/b"}), said('{"b": NaN}'), "no JSON"),
        (Output(json={"a": "/b"}), said("[" * 100_000), "no JSON"),
        (Output(json={"a": ""}), said(f"[{'1,' * 300}1]"), "a list of 301; 200 at most"),
        (Output(lines="a"), said("x\n" * 201), "a list of 201"),
        (Output(lines="a"), said("x\n", is_cut=True), "lines are missing"),
        (Output(lines="a", regex="(?P<b>x)"), said("x\n" * 2001), "has 2001 lines; 2000 at most"),
        (Output(regex=r"(?P<a>\d+)"), said("none"), "No line of the output fits"),
        (Output(regex=r"(?P<a>\w+)", numbers=("a",)), said("many"), "a should be a number; it is 'many'"),
        (Output(number="a"), said("3 files"), "a should be a number; it is '3 files'"),
        (Output(number="a"), said("٣"), "a should be a number"),
        (Output(number="a"), said("nan"), "a should be a number"),
        (Output(values=("count",)), said("", value=1), "The action gave no count; it gave value"),
    ],
)
def test_output_that_is_not_as_expected_is_told(output: Output, result: ActionResult, says: str) -> None:
    with pytest.raises(OutputError, match=says):
        parse_output(output, result)


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_output_is_read_or_told_to_be_odd(text: str) -> None:
    for output in (Output(json={"a": "/b"}), Output(lines="a"), Output(regex=r"(?P<a>x+)"), Output(number="a")):
        try:
            found = parse_output(output, said(text))
        except OutputError:
            continue
        assert set(found) == set(output.names)


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a*)*b", "((ab)+c)*", "(?:x|y+)+z", "(a|b+){21,}", ".*a.*b.*c", "[a", "(?P<x>", "a" * 501]
)
def test_a_pattern_that_may_take_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compiled(pattern)


@pytest.mark.parametrize(
    "pattern", ["[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", r"(?P<a>\d+) of (?P<b>\d+)", "(ab){1,9}", "a+b+"]
)
def test_usual_patterns_are_fine(pattern: str) -> None:
    assert compiled(pattern).pattern == pattern


def test_outcomes_have_the_same_values_always() -> None:
    done = outcome(said("x", count=1), {"used": 5})
    assert done == {"ending": "succeeded", "succeeded": True, "summary": "", "output": "x", "seconds": 0.0, "used": 5}
    single, loop = RunbookStep(title="x"), RunbookStep(title="x", foreach=Foreach(items=Condition(source="a"), most=1))
    assert skipped(single).keys() == done.keys() - {"used"}
    assert skipped(loop).keys() == many([]).keys()
    assert many([{**done, "item": 1}, {**skipped(single), "ending": "failed", "item": 2}])["ending"] == "failed"
    assert many([{**done, "item": 1}])["succeeded"] is True
