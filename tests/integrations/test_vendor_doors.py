"""What the front door answers to each vendor's good, bad and odd messages, over a real connection."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from integrations.best_effort import PROBLEM
from integrations.descriptor import Example
from tests.front_door import FrontDoor
from tests.integrations.vendors import MODULES, SECRET, TOKEN, changed, signed, vendor_door

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOURCES = tuple(sorted(set(MODULES) - {"cloudwatch"}))  # whose signature nobody else can make: see test_cloudwatch
LENIENT = ("datadog", "grafana", "newrelic", "opsgenie", "sentry")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def open_door() -> AsyncIterator[FrontDoor]:
    async with vendor_door() as opened:
        yield opened


@pytest.fixture
def door(open_door: FrontDoor) -> FrontDoor:
    open_door.empty()
    return open_door


def example(source: str) -> Example:
    found: Example = MODULES[source].EXAMPLES[0]
    return found


EXAMPLES = [(source, one) for source in SOURCES for one in MODULES[source].EXAMPLES]


@pytest.mark.parametrize(("source", "one"), EXAMPLES, ids=lambda value: getattr(value, "name", value))
async def test_every_example_is_accepted_and_once(door: FrontDoor, source: str, one: Example) -> None:
    replies = [await door.post(source, one.body, signed(source, one)) for _ in range(2)]
    assert [reply.status for reply in replies] == [202, 202], replies[0].text
    assert [reply.body["status"] for reply in replies] in (["stored", "repeat"], ["ignored", "ignored"])


@dataclass(frozen=True, kw_only=True)
class Stranger:
    source: str
    headers: dict[str, str]
    says: str


WRONG = "0" * 64
STRANGERS = [
    *(Stranger(source=source, headers={}, says="is missing") for source in SOURCES),
    *(
        Stranger(source=source, headers={"authorization": f"Bearer {TOKEN[:-1]}"}, says="does not match")
        for source in ("datadog", "newrelic", "opsgenie", "cloudevents")
    ),
    *(
        Stranger(source=source, headers={"authorization": header}, says="does not match")
        for source in ("datadog", "newrelic", "opsgenie")
        for header in (f"Basic {TOKEN}", TOKEN, "Bearer é", "Bearer")
    ),
    Stranger(source="grafana", headers={"x-grafana-alerting-signature": WRONG}, says="does not match"),
    Stranger(source="grafana", headers={"x-grafana-alerting-signature": "é"}, says="does not match"),
    Stranger(source="sentry", headers={"sentry-hook-signature": WRONG}, says="does not match"),
    Stranger(source="sentry", headers={"sentry-hook-signature": "sha256=" + WRONG}, says="does not match"),
    Stranger(source="cloudevents", headers={"x-signature": f"sha256={WRONG}"}, says="does not match"),
]


@pytest.mark.parametrize("stranger", STRANGERS, ids=lambda one: f"{one.source} {one.headers}")
async def test_a_stranger_is_refused_and_nothing_is_stored(door: FrontDoor, stranger: Stranger) -> None:
    reply = await door.post(stranger.source, example(stranger.source).body, stranger.headers)
    assert reply.status == 401, reply.text
    assert stranger.says in reply.body["error"]
    assert not any(secret in reply.text for secret in (SECRET, TOKEN))
    assert not door.inbox.deliveries


@pytest.mark.parametrize("source", sorted({"datadog", "grafana", "sentry", "cloudevents"} & set(SOURCES)))
async def test_the_signature_of_another_body_is_refused(door: FrontDoor, source: str) -> None:
    headers = signed(source, example(source))
    reply = await door.post(source, example(source).body + b" ", headers)
    assert reply.status == (202 if source == "datadog" else 401)  # a token does not cover the body


DEEP = 100_000
BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "no JSON": (b"title=x", "expected JSON"),
    "an array": (b"[]", "expected `object`, got `array`"),
    "null": (b"null", "expected `object`, got `null`"),
    "invalid UTF-8": (b'{"title": "\xff"}', "not valid"),
    "a lone surrogate": (b'{"title": "\\ud800"}', "lone surrogate"),
    "nested 100,000 deep": (b'{"a": ' + b"[" * DEEP + b"]" * DEEP + b"}", "nested too deeply"),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("broken", BROKEN, ids=str)
async def test_what_is_no_json_object_is_refused_with_the_field(door: FrontDoor, source: str, broken: str) -> None:
    body, says = BROKEN[broken]
    one = example(source)
    reply = await door.post(source, body, signed(source, one, body))
    assert reply.status == 422, reply.text
    assert reply.body["field"]
    assert says in reply.body["error"] or "missing" in reply.body["error"]
    assert len(reply.text) < 600
    assert not door.inbox.deliveries


ODD: list[tuple[str, Any]] = [
    ("an empty object", lambda payload: payload.clear()),
    ("every value null", lambda payload: payload.update(dict.fromkeys(payload))),
    ("every value a number", lambda payload: payload.update(dict.fromkeys(payload, 7))),
    ("every value an array", lambda payload: payload.update({key: [[]] for key in payload})),
    ("another tool's payload", lambda payload: (payload.clear(), payload.update(title="Disk full", host="db-3"))),
]


@pytest.mark.parametrize("source", LENIENT)
@pytest.mark.parametrize(("name", "change"), ODD, ids=lambda value: value if isinstance(value, str) else "")
async def test_another_shape_is_kept_as_an_alert_that_says_so(
    door: FrontDoor, source: str, name: str, change: Any
) -> None:
    body = changed(example(source).body, change)
    reply = await door.post(source, body, signed(source, example(source), body))
    assert reply.status == 202, reply.text
    (alert,) = door.inbox.alerts
    assert (alert.source, PROBLEM in alert.labels) == (source, True)
    assert alert.title


@pytest.mark.parametrize("source", SOURCES)
async def test_a_text_of_half_a_megabyte_is_cut(door: FrontDoor, source: str) -> None:
    body = changed(example(source).body, lambda payload: payload.update(title="x" * 500_000, note="y" * 400_000))
    reply = await door.post(source, body, signed(source, example(source), body))
    assert reply.status == 202, reply.text
    stored = json.dumps([str(alert) for alert in door.inbox.alerts])
    assert len(stored) < 40_000
