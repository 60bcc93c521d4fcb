"""What is read again is what was written, with the same digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.action import ActionCall, BlastRadius, Ending, Isolation, Plan, Reversibility, Risk, Value
from bot.domain.alert import Severity
from bot.domain.approval import Event, Message, Person, PersonKind, Request
from bot.domain.errors import NotStored
from bot.domain.kill_switch import Switch
from bot.domain.run import Run, RunState, StepKey, StepRun, StepState
from memory.store.acting_codec import EVENTS, decode, decode_event, encode, kind_of
from tests.memory.store.acting_samples import PLAN, run_of, step_of
from tests.memory.store.samples import NOON

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=8))]),
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda found: tuple(found)) | st.dictionaries(WORDS, inner, max_size=3)
    ),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(WORDS, VALUES, max_size=3)
TEXTS = st.lists(WORDS, max_size=3).map(tuple)

CALLS = st.builds(
    ActionCall,
    action=WORDS,
    parameters=MAPPINGS,
    environment=WORDS,
    service=st.none() | WORDS,
    timeout=st.integers(1, 9) | st.floats(0.1, 9),
)
PLANS = st.builds(
    Plan,
    call=CALLS,
    risk=st.sampled_from(Risk),
    reversibility=st.sampled_from(Reversibility),
    radius=st.builds(BlastRadius, count=st.integers(), unit=WORDS),
    target=WORDS,
    lines=TEXTS,
    argv=TEXTS,
    binary=WORDS,
    binary_digest=WORDS,
    operand_digests=st.dictionaries(WORDS, WORDS, max_size=3),
    directory=WORDS,
    environment_names=TEXTS,
    isolation=st.sampled_from(Isolation),
)
REQUESTS = st.builds(
    Request,
    **dict.fromkeys(("id", "incident", "run", "step", "runbook", "runbook_digest", "plan_digest"), WORDS),
    **dict.fromkeys(("requester", "author", "reason", "nonce", "policy_version"), WORDS),
    plan=PLANS,
    evidence=TEXTS,
    needed=st.integers(0, 3),
    groups=TEXTS,
    requester_may_approve=st.booleans(),
    severity=st.none() | st.sampled_from(Severity),
    service=st.none() | WORDS,
    created_at=MOMENTS,
    expires_at=MOMENTS,
)
PEOPLE = st.builds(Person, id=WORDS, kind=st.sampled_from(PersonKind), groups=st.frozensets(WORDS, max_size=3))
MESSAGES = st.builds(Message, channel=WORDS, ts=WORDS)
for _kind, _strategy in ((datetime, MOMENTS), (Person, PEOPLE), (Message, MESSAGES), (str, WORDS)):
    st.register_type_strategy(_kind, _strategy)
RUNS = st.builds(
    Run, parameters=MAPPINGS, state=st.sampled_from(RunState), card=st.none() | MESSAGES, ended_at=st.none() | MOMENTS
)
STEPS = st.builds(
    StepRun,
    key=st.builds(StepKey, item=st.integers(0, 9)),
    state=st.sampled_from(StepState),
    plan=st.none() | PLANS,
    ending=st.none() | st.sampled_from(Ending),
    values=MAPPINGS,
    started_at=st.none() | MOMENTS,
    output=WORDS,
)


def same(one: object, other: object) -> bool:
    """Equal, and of the same kinds down to the last value: 1, 1.0 and True are equal, and are not the same."""
    if is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, item.name), getattr(other, item.name)) for item in fields(one)
        )
    if isinstance(one, Mapping):
        return isinstance(other, Mapping) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, tuple):
        return isinstance(other, tuple) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def again(value: Any) -> Any:
    body = encode(value)
    assert body.isascii(), "a database refuses no character of it"
    return decode(type(value), body)


@given(REQUESTS)
def test_a_request_has_the_same_digest_when_it_is_read_again(asked: Request) -> None:
    found = again(asked)
    assert same(found, asked)
    assert (found.digest, found.plan.digest) == (asked.digest, asked.plan.digest)


@given(RUNS)
def test_a_run_is_read_as_it_was_written(run: Run) -> None:
    assert same(again(run), run)


@given(STEPS)
def test_a_step_is_read_as_it_was_written(step: StepRun) -> None:
    found = again(step)
    assert same(found, step)
    assert (found.plan.digest if found.plan else "") == (step.plan.digest if step.plan else "")


@given(st.from_type(Switch))
def test_a_switch_is_read_as_it_was_written(switch: Switch) -> None:
    assert same(again(switch), switch)


@given(st.one_of(*(st.from_type(kind) for kind in EVENTS.values())))
def test_an_event_is_read_as_it_was_written(event: Event) -> None:
    assert same(decode_event(kind_of(event), encode(event)), event)


def test_every_kind_of_event_can_be_kept() -> None:
    assert set(EVENTS.values()) == set(get_args(Event))


def test_lists_come_back_as_tuples_and_numbers_as_they_were() -> None:
    given_list: Any = {"argv": ["a", ["b"]], "share": -0.0, "big": 2**80, "flag": True, "none": None}
    found = again(replace(run_of(), parameters=given_list))
    assert same(found.parameters, {"argv": ("a", ("b",)), "share": -0.0, "big": 2**80, "flag": True, "none": None})
    assert str(found.parameters["share"]) == "-0.0"


def test_every_field_of_a_plan_is_told_apart_after_it_was_read_again() -> None:
    """A field that were not kept would give the plan's default, and so another digest."""
    for item in fields(Plan):
        body = json.loads(encode(step_of()))
        assert item.name in body["plan"]
        assert getattr(again(step_of()).plan, item.name) == getattr(PLAN, item.name)


def test_a_record_of_another_version_is_read_where_it_can_be() -> None:
    body = json.loads(encode(run_of()))
    del body["author"]
    assert decode(Run, json.dumps(body | {"colour": "blue"})) == run_of()
    del body["requester"]
    with pytest.raises(NotStored, match="a stored Run cannot be read"):
        decode(Run, json.dumps(body))


@pytest.mark.parametrize(
    "body",
    ["", "[]", "null", "{}", "{", '{"key": 1}', json.dumps({"key": {"run": "R", "step": "s"}, "state": "odd"})],
)
def test_what_is_no_record_is_refused(body: str) -> None:
    with pytest.raises(NotStored, match="cannot be read"):
        decode(StepRun, body)
    with pytest.raises(NotStored, match="a kind that this version does not know: odd"):
        decode_event("odd", body)


@pytest.mark.parametrize("odd", [{1: "a"}, {"a": {2: "b"}}, {"a": NOON.__class__}, {"a": b"bytes"}])
def test_what_is_no_json_is_not_written(odd: Any) -> None:
    with pytest.raises(NotStored, match="a Run cannot be written as JSON"):
        encode(replace(run_of(), parameters=odd))
