"""Whatever is changed in a plan or a request after people approved it: it is not done."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import pytest

from bot.domain.action import Plan
from bot.domain.approval import ExecutionReason, Request
from tests.domain.approval.situations import ANA, NOON, ONE, PLAN, asked_to_run, posted, says

COUNT = 10_000
YES = (posted(), says(ANA))
REFUSED = {
    ExecutionReason.PLAN_CHANGED,
    ExecutionReason.REQUEST_CHANGED,
    ExecutionReason.UNREADABLE,
}
Path = tuple[Any, ...]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in it, the whole ones (a call, a list) too."""
    if path:
        yield path
    if is_dataclass(value) and not isinstance(value, type):
        for item in fields(value):
            yield from places(getattr(value, item.name), (*path, item.name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from places(item, (*path, number))


def at_place(value: Any, path: Path) -> Any:
    for step in path:
        value = getattr(value, step) if is_dataclass(value) else value[step]
    return value


def with_changed(value: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(value)
    first, rest = path[0], path[1:]
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{first: with_changed(getattr(value, first), rest, change)})
    if isinstance(value, Mapping):
        return {key: with_changed(item, rest, change) if key == first else item for key, item in value.items()}
    return tuple(with_changed(item, rest, change) if n == first else item for n, item in enumerate(value))


def changed(value: Any, dice: random.Random) -> Any:
    """Something else, often a very little else."""
    others: list[Any] = [None, "", "x", 0, 1, -1, True, False, 1.0, (), {}, (value,), {"": value}]
    if isinstance(value, str):
        at = dice.randrange(len(value) + 1)
        others += [value + " ", value[:-1], value.swapcase(), value[:at] + "\u200b" + value[at:], value + "\x00"]
        others += [value.replace("o", "\u043e"), value.replace("-", "\u2010"), value[:at] + "\ud800" + value[at:]]
    if isinstance(value, int | float) and not isinstance(value, Enum):
        others += [value + 1, -value, float(value), str(value), bool(value), value * 10, float("nan"), float("inf")]
    if isinstance(value, datetime):
        others += [value + timedelta(microseconds=1), value.replace(tzinfo=None), value.isoformat(), value.timestamp()]
    if isinstance(value, Enum):
        others += list(type(value))
    if isinstance(value, tuple):
        others += [value[:-1], value[::-1], (*value, "x"), (*value, None), "".join(map(str, value)), value * 2]
    if isinstance(value, Mapping):
        others += [dict(value) | {"new": None}, dict(list(value.items())[1:]), list(value.items())]
        others += [{f"{key} ": item for key, item in value.items()}]
    return dice.choice([other for other in others if not is_same(other, value)])


def is_same(one: Any, other: Any) -> bool:
    """Equal and of one type, all the way down: 1, True and 1.0 are three things. An enum's word is the enum."""
    if isinstance(one, Enum) or isinstance(other, Enum):
        return bool(one == other)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


def test_unchanged_it_may_run() -> None:
    assert asked_to_run(ONE, YES).may_run


def test_ten_thousand_changes_of_plan_or_request_are_all_refused() -> None:
    dice = random.Random(20261120)
    in_plan, in_request = list(places(PLAN)), list(places(ONE))
    assert len(in_plan) >= 35
    assert len(in_request) >= 55
    tried: dict[ExecutionReason, int] = {}
    seen: set[Path] = set()
    for number in range(COUNT):
        request, plan = ONE, PLAN
        if number % 2:
            path = dice.choice(in_plan)
            plan = with_changed(PLAN, path, lambda value: changed(value, dice))
        else:
            path = dice.choice(in_request)
            request = with_changed(ONE, path, lambda value: changed(value, dice))
        seen.add(("plan" if number % 2 else "request", *path))
        verdict = asked_to_run(request, YES, plan_now=plan)
        assert verdict.reason in REFUSED, (path, at_place(plan if number % 2 else request, path), verdict)
        tried[verdict.reason] = tried.get(verdict.reason, 0) + 1
    assert len(seen) == len(in_plan) + len(in_request)
    assert set(tried) == REFUSED
    assert sum(tried.values()) == COUNT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (1, "1"), (1, True), (1, 1.0), (0, False), (0, None), ("", None), (None, "None"), ((), {}), ((), ""),
        ((1,), 1), (("a", "b"), ("b", "a")), (("ab",), ("a", "b")), ({"a": None}, {}),
        ({"a": {"b": 1}}, {"a": {"b": 2}}), ("a", "\u0430"), ("e\u0301", "\u00e9"), (0.0, -0.0), (10**17, 10.0**17),
        ({"1": "a"}, {1: "a"}),
        ({"true": "a"}, {True: "a"}), ({"null": "a"}, {None: "a"}),
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("nested", [False, True], ids=["parameter", "nested"])
def test_what_looks_alike_is_not_the_same(before: Any, after: Any, nested: bool) -> None:
    def plan_of(value: Any) -> Plan:
        parameters = {"deep": {"list": ("x", {"value": value})}} if nested else {"value": value}
        return replace(PLAN, call=replace(PLAN.call, parameters=parameters))

    request = replace(ONE, plan=plan_of(before), plan_digest=plan_of(before).digest)
    events = (posted(request), says(ANA, 1, request))
    assert asked_to_run(request, events).may_run
    assert asked_to_run(request, events, plan_now=plan_of(after)).reason in REFUSED


def test_the_order_of_keys_does_not_matter() -> None:
    backwards = dict(reversed(list(PLAN.call.parameters.items())))
    plan = replace(PLAN, call=replace(PLAN.call, parameters=backwards))
    assert list(backwards) != list(PLAN.call.parameters)
    assert asked_to_run(ONE, YES, plan_now=plan).may_run
    assert replace(ONE, plan=plan).digest == ONE.digest


def test_the_record_is_the_same_wherever_its_times_were_written() -> None:
    from zoneinfo import ZoneInfo

    there = replace(ONE, created_at=NOON.astimezone(ZoneInfo("Asia/Kathmandu")))
    assert there.digest == ONE.digest
    assert len(ONE.digest) == 64
    assert ONE.digest.startswith(ONE.shown_digest)


def test_an_endless_plan_is_refused_not_followed() -> None:
    endless: dict[str, Any] = {}
    endless["self"] = endless
    plan = replace(PLAN, call=replace(PLAN.call, parameters=endless))
    assert asked_to_run(ONE, YES, plan_now=plan).reason is ExecutionReason.UNREADABLE


def test_two_requests_for_the_same_are_told_apart() -> None:
    """Approvals of one say nothing about the other."""
    other: Request = replace(ONE, nonce="n2")
    assert asked_to_run(other, (posted(other), says(ANA, 1, ONE))).reason is ExecutionReason.NOT_ENOUGH
