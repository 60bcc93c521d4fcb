"""What holds of every action that speaks to something over a network, or to nobody."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot.domain.action import Action, ActionRefused, Refusal, Reversibility, Risk, canonical
from bot.domain.run import Part, StepKey
from bot.domain.setting import read
from integrations.registry import discover
from tests.integrations.actions.bench import call, everything, lent

PLACE = "http://localhost"
COUNT = "select count(*) from jobs where state = :state"
MEND = "update jobs set state = 'ready' where id = :id"
# Of each action: what it takes, and for each parameter another value that it takes as well.
CASES: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "http.get": ({"url": f"{PLACE}/a"}, {"url": f"{PLACE}/b", "headers": {"Accept": "text/plain"}}),
    "http.request": (
        {"method": "POST", "url": f"{PLACE}/a", "body": "{}"},
        {"method": "DELETE", "url": f"{PLACE}/b", "body": "[]", "content_type": "text/plain", "headers": {"X-A": "1"}},
    ),
    "prometheus.query": ({"query": "up", "minutes": 5}, {"query": "down", "minutes": 6, "reduce": "max"}),
    "elasticsearch.search": (
        {"query": "a"}, {"query": "b", "since": "2h", "lines": 3, "service": "checkout"},
    ),
    "sql.query": (
        {"database": "main", "statement": COUNT, "values": {"state": "stuck"}},
        {"statement": f"{COUNT} and id > 1", "values": {"state": "done"}},
    ),
    "sql.execute": (
        {"database": "main", "statement": MEND, "values": {"id": 1}},
        {"statement": f"{MEND} and state = 'stuck'", "values": {"id": 2}, "most_rows": 2},
    ),
    "github.dispatch_workflow": (
        {"repository": "acme/checkout", "workflow": "rollback.yml", "inputs": {"version": "v1.1.0"}},
        {"workflow": "deploy.yml", "ref": "v1.1.0", "inputs": {"version": "v1.0.0"}},
    ),
    "github.revert_pull": ({"repository": "acme/checkout", "number": 11}, {"number": 10}),
    "pagerduty.acknowledge": ({}, {"incident": "QINCIDENT00001"}),
    "pagerduty.resolve": ({}, {"incident": "QINCIDENT00001"}),
    "pagerduty.escalate": ({}, {"incident": "QINCIDENT00001", "level": 2}),
    "pagerduty.note": ({"text": "a"}, {"text": "b", "incident": "QINCIDENT00001"}),
    "pagerduty.page": ({"text": "a"}, {"text": "b", "service": "cart", "urgency": "low"}),
    "wait": ({"seconds": 2}, {"seconds": 3}),
    "manual": ({"instructions": "Look."}, {"instructions": "Look again."}),
}  # fmt: skip
RISKS = {
    "http.request": Risk.CHANGE, "sql.execute": Risk.CHANGE, "github.dispatch_workflow": Risk.CHANGE,
    "github.revert_pull": Risk.CHANGE, "pagerduty.acknowledge": Risk.CHANGE, "pagerduty.resolve": Risk.CHANGE,
    "pagerduty.escalate": Risk.CHANGE, "pagerduty.note": Risk.CHANGE, "pagerduty.page": Risk.CHANGE,
}  # fmt: skip


@pytest.fixture
async def all_actions(tmp_path: Path) -> AsyncIterator[Mapping[str, Action]]:
    async with everything(tmp_path) as made:
        yield made


async def test_there_is_a_case_for_every_action(all_actions: Mapping[str, Action]) -> None:
    assert all_actions.keys() == CASES.keys()


async def test_nothing_is_offered_before_it_is_set_up() -> None:
    with lent() as tools:
        for name, found in discover().items():
            offered = found.actions(read(found.settings, {}), tools) if found.actions else ()
            assert not offered or name == "waiting", f"{name} offers {offered}"


@pytest.mark.parametrize("name", CASES)
async def test_a_plan_is_the_same_twice_and_another_for_every_other_parameter(
    all_actions: Mapping[str, Action], name: str
) -> None:
    action, (given, others) = all_actions[name], CASES[name]
    plan = await action.plan(call(name, **given))
    again = await action.plan(call(name, **dict(reversed(list(given.items())))))
    assert again.digest == plan.digest
    digests = {plan.digest}
    for parameter, value in others.items():
        digests.add((await action.plan(call(name, **{**given, parameter: value}))).digest)
    digests.add((await action.plan(replace(call(name, **given), timeout=21.0))).digest)
    assert len(digests) == len(others) + 2, "a parameter, or the time-out, does not show in the digest"
    assert set(given) <= {*others} | {"database", "repository"}


@pytest.mark.parametrize("name", CASES)
async def test_a_plan_says_what_it_does_and_how_bad_it_can_be(all_actions: Mapping[str, Action], name: str) -> None:
    plan = await all_actions[name].plan(call(name, **CASES[name][0]))
    assert plan.target
    assert plan.lines
    assert all(plan.lines)
    assert plan.risk is RISKS.get(name, Risk.READ)
    assert plan.risk.rank >= all_actions[name].risk.rank
    if plan.risk is Risk.READ:
        assert (plan.radius.count, plan.reversibility) == (0, Reversibility.NOTHING_TO_UNDO)
    else:
        assert plan.radius.count >= 1
        assert plan.reversibility is not Reversibility.NOTHING_TO_UNDO


@pytest.mark.parametrize("name", CASES)
async def test_its_schema_is_a_schema_and_what_it_takes_is_what_is_planned(
    all_actions: Mapping[str, Action], name: str
) -> None:
    schema = _as_json(all_actions[name].parameters)
    jsonschema.Draft202012Validator.check_schema(schema)
    given, others = CASES[name]
    jsonschema.validate(_as_json({**given, **others}), schema)
    assert not re.search(r"\$ref", canonical(schema))
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) >= {*given, *others}


@pytest.mark.parametrize("name", CASES)
async def test_a_parameter_that_it_does_not_have_is_refused_by_name(
    all_actions: Mapping[str, Action], name: str
) -> None:
    with pytest.raises(ActionRefused) as refused:
        await all_actions[name].plan(call(name, **{**CASES[name][0], "surprise": "x"}))
    assert (refused.value.reason, refused.value.parameter) == (Refusal.BAD_PARAMETER, "surprise")


@pytest.mark.parametrize("name", [name for name, (given, _) in CASES.items() if given])
async def test_a_parameter_that_is_missing_or_of_another_kind_is_refused(
    all_actions: Mapping[str, Action], name: str
) -> None:
    required = all_actions[name].parameters.get("required")
    assert isinstance(required, tuple)
    given = CASES[name][0]
    for parameter in map(str, required):
        without = {key: value for key, value in given.items() if key != parameter}
        for bad in (without, {**given, parameter: ("a", "b")}, {**given, parameter: None}):
            with pytest.raises(ActionRefused) as refused:
                await all_actions[name].plan(call(name, **bad))
            assert parameter in refused.value.detail
            assert refused.value.reason is Refusal.BAD_PARAMETER


@pytest.mark.parametrize("name", CASES)
async def test_a_time_out_out_of_bounds_is_refused(all_actions: Mapping[str, Action], name: str) -> None:
    for timeout in (0.0, -1.0, float("nan"), 1e9):
        with pytest.raises(ActionRefused) as refused:
            await all_actions[name].plan(replace(call(name, **CASES[name][0]), timeout=timeout))
        assert refused.value.parameter == "timeout"


@pytest.mark.parametrize("name", [name for name in CASES if name != "manual"])
async def test_another_plan_than_the_approved_one_is_not_carried_out(
    all_actions: Mapping[str, Action], name: str
) -> None:
    plan = await all_actions[name].plan(call(name, **CASES[name][0]))
    key = StepKey(run="R-1", step="s", part=Part.ACT).text
    for other in (replace(plan, lines=("something else",)), replace(plan, target="elsewhere")):
        with pytest.raises(ActionRefused) as refused:
            await all_actions[name].run(other, key=key)
        assert refused.value.reason is Refusal.NOT_ALLOWED


def _as_json(value: object) -> dict[str, Any]:
    return dict(json.loads(canonical(value)))
