"""Spoiled examples of every format at the front door: accepted, or refused with the field named, never broken."""

import json
from random import Random

import pytest

from bench.mutation import HUGE, mutated
from integrations import cloudwatch
from sandbox.amazon import Topic
from tests.integrations.vendors import MODULES, signed, vendor_door

SEED = 7
PER_EXAMPLE = 40
SIGNED = sorted(set(MODULES) - {"cloudwatch"})


@pytest.mark.parametrize("source", SIGNED)
async def test_no_spoiled_example_breaks_the_front_door(source: str) -> None:
    random = Random(SEED)
    async with vendor_door() as door:
        for example in MODULES[source].EXAMPLES:
            for _ in range(PER_EXAMPLE):
                body = json.dumps(mutated(json.loads(example.body), random)).encode()
                reply = await door.post(source, body, signed(source, example, body))
                assert reply.status in (202, 413, 422), reply.text
                assert reply.status != 422 or reply.body["field"], reply.text
                assert len(reply.text) < 600


async def test_no_spoiled_alarm_breaks_it_either() -> None:
    random, topic = Random(SEED), Topic()
    async with vendor_door(topic) as door:
        for example in cloudwatch.EXAMPLES:
            alarm = json.loads(json.loads(example.body)["Message"])
            for _ in range(PER_EXAMPLE):
                reply = await door.post("cloudwatch", topic.message(json.dumps(mutated(alarm, random))))
                assert reply.status in (202, 413), reply.text


def test_mutations_are_the_same_for_the_same_seed_and_of_every_kind() -> None:
    payload = {"a": {"b": [1, 2, {"c": "d"}]}, "e": "f"}
    one, again = ([json.dumps(mutated(payload, random)) for _ in range(300)] for random in (Random(1), Random(1)))
    assert one == again
    text = "".join(one)
    assert HUGE in text
    assert "null" in text
    assert any('"a"' not in spoiled for spoiled in one)
    assert payload == {"a": {"b": [1, 2, {"c": "d"}]}, "e": "f"}
