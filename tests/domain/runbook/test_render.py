"""From a step to what is asked of an action."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.action import ActionRefused, Refusal, Value, canonical
from bot.domain.condition import Condition
from bot.domain.runbook import ActionUse, Foreach, RunbookStep, RunValues, elements, render, run_values
from tests.domain.runbook.test_template import HOSTILE

SCHEMA: Mapping[str, Value] = {
    "type": "object",
    "required": ("program",),
    "additionalProperties": False,
    "properties": {
        "program": {"enum": ("df", "du")},
        "arguments": {"type": "array", "items": {"type": "string", "maxLength": 10_000}},
        "replicas": {"type": "integer", "minimum": 1, "maximum": 9},
        "ratio": {"type": "number"},
        "force": {"type": "boolean"},
        "name": {"type": "string", "pattern": "^[a-z]+$"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


def values(**parameters: str | int | float | bool) -> RunValues:
    return RunValues(incident={"service": "shop"}, environment="production", service="shop", parameters=parameters)


def use(**parameters: Value) -> ActionUse:
    return ActionUse(action="exec", parameters={"program": "df", **parameters})


def test_a_step_becomes_a_call() -> None:
    step = RunbookStep(title="Look", id="look", use=use(arguments=("-h", "{{ parameters.path }}")), timeout=20)
    call = render(step, values(path="/var"), schema=SCHEMA)
    assert call.parameters == {"program": "df", "arguments": ("-h", "/var")}
    assert (call.action, call.environment, call.service, call.timeout) == ("exec", "production", "shop", 20)
    assert render(step, values(path="/var"), schema=SCHEMA, timeout=5).timeout == 5


def test_values_become_what_the_action_asks_for() -> None:
    asked = use(
        replicas="{{ parameters.n }}", ratio="0.5", force="{{ parameters.f }}", labels={"v": "{{ parameters.n }}"}
    )
    call = render(asked, values(n=3, f="true"), schema=SCHEMA)
    assert canonical(call.parameters) == canonical(
        {"program": "df", "replicas": 3, "ratio": 0.5, "force": True, "labels": {"v": "3"}}
    )


def test_without_a_schema_a_value_keeps_its_kind() -> None:
    assert render(use(n="{{ parameters.n }}"), values(n=3)).parameters["n"] == 3


@pytest.mark.parametrize(
    ("parameters", "told", "at"),
    [
        ({"replicas": "{{ parameters.x }}"}, "3x", "replicas"),
        ({"replicas": "{{ parameters.x }}"}, 3.5, "replicas"),
        ({"replicas": "{{ parameters.x }}"}, 99, "replicas"),
        ({"replicas": "{{ parameters.x }}"}, True, "replicas"),
        ({"replicas": "{{ parameters.x }}"}, " 3", "replicas"),
        ({"replicas": "{{ parameters.x }}"}, "٣", "replicas"),
        ({"force": "{{ parameters.x }}"}, "yes", "force"),
        ({"name": "{{ parameters.x }}"}, "a b", "name"),
        ({"name": "{{ parameters.x }}"}, "a\n", "name"),
        ({"name": "{{ parameters.x }}"}, "", "name"),
        ({"program": "{{ parameters.x }}"}, "sh", "program"),
        ({"arguments": ("{{ parameters.y }}",)}, "", "arguments[0]"),
        ({"arguments": ("a", "{{ parameters.x }}")}, "a\0b", "arguments[1]"),
        ({"arguments": ("{{ parameters.x }}",)}, "\ud800", "arguments[0]"),
        ({"arguments": "{{ parameters.x }}"}, "a", "arguments"),
        ({"unknown": "x"}, "", "unknown"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_name(
    parameters: Mapping[str, Value], told: str | int | float | bool, at: str
) -> None:
    with pytest.raises(ActionRefused) as raised:
        render(use(**parameters), values(x=told), schema=SCHEMA)
    assert (raised.value.reason, raised.value.parameter) == (Refusal.BAD_PARAMETER, at)
    assert raised.value.detail.startswith(f"{at} of exec: ")


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_stays_one_argument(value: str) -> None:
    asked = use(arguments=("-h", "{{ parameters.x }}", "--path={{ parameters.x }}", "end"))
    call = render(asked, values(x=value), schema=SCHEMA)
    assert call.parameters["arguments"] == ("-h", value, f"--path={value}", "end")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(value=ANYTHING, template=st.sampled_from(["{{ item }}", "a{{ item }}", "{{ item }}{{ item }}", "{{ item.a }}"]))
@settings(max_examples=400, deadline=None)
def test_no_value_makes_more_arguments_than_were_declared(value: Value, template: str) -> None:
    asked = use(arguments=("x", template, "y"))
    run = RunValues(incident={}, environment="e", item=value)
    refused = None
    try:
        found = render(asked, run, schema=SCHEMA).parameters["arguments"]
    except ActionRefused as error:
        refused = error
    if refused is not None:
        assert refused.reason is Refusal.BAD_PARAMETER
        return
    assert isinstance(found, tuple)
    assert len(found) == 3
    assert all(isinstance(one, str) for one in found)
    assert (found[0], found[2]) == ("x", "y")


def test_the_same_values_give_the_same_call() -> None:
    asked = use(arguments=("{{ parameters.x }}",))
    assert render(asked, values(x="a")) == render(asked, values(x="a"))


def test_text_for_people_is_no_call() -> None:
    with pytest.raises(ActionRefused, match="names no action"):
        render(RunbookStep(title="Look"), values())


def test_where_it_happens_is_said_by_parameters_or_the_incident() -> None:
    incident: Mapping[str, Value] = {"environment": "production", "service": "shop"}
    here = run_values(incident, {})
    there = run_values(incident, {"environment": "staging", "service": "cart"})
    assert (here.environment, here.service) == ("production", "shop")
    assert (there.environment, there.service) == ("staging", "cart")
    assert run_values({"environment": None, "service": None}, {}).environment == ""


def loop(source: str, most: int = 2) -> Foreach:
    return Foreach(items=Condition(source=source), most=most)


def test_foreach_goes_through_a_list_of_bounded_length() -> None:
    run = RunValues(incident={}, environment="e", steps={"a": {"names": ("x", "y"), "name": "x"}})
    assert elements(loop("steps.a.names"), run) == ("x", "y")
    with pytest.raises(ActionRefused, match="gives 2 elements; the runbook allows 1"):
        elements(loop("steps.a.names", 1), run)
    with pytest.raises(ActionRefused, match="gives no list"):
        elements(loop("steps.a.name"), run)
    with pytest.raises(ActionRefused, match="there is no nmes"):
        elements(loop("steps.a.nmes"), run)
