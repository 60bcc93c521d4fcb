"""What the front door answers to bad and hostile input: one row each, over a real connection."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from integrations import alertmanager, generic
from integrations.pagerduty.webhook import examples, sign
from integrations.signature import hex_hmac
from tests.front_door import GENERIC_SECRET, PAGERDUTY_SECRET, SECRETS, TOKEN, FrontDoor, front_door, signed

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def open_door() -> AsyncIterator[FrontDoor]:
    async with front_door() as opened:
        yield opened


@pytest.fixture
def door(open_door: FrontDoor) -> FrontDoor:
    """One server for all rows, nothing stored yet."""
    open_door.empty()
    return open_door


CAP = 1_048_576
PD_BODY = examples(lambda body, secret: sign(body, secret))[0].body
AM_BODY = alertmanager.EXAMPLES[0].body
GENERIC_BODY = generic.EXAMPLES[0].body


@dataclass(frozen=True, kw_only=True)
class Bad:
    """One input that is refused: nothing of it is stored, and the answer says why."""

    name: str
    source: str = "generic"
    body: bytes = b"{}"
    headers: dict[str, str] | None = None  # None: rightly signed
    extra: dict[str, str] | None = None
    status: int = 422
    field: str | None = None
    says: str = ""


Change = Callable[[dict[str, Any]], Any]


def pd(change: Change) -> bytes:
    return _changed(PD_BODY, lambda payload: change(payload["event"]))


def pd_data(change: Change) -> bytes:
    return pd(lambda event: change(event["data"]))


def am(change: Change) -> bytes:
    return _changed(AM_BODY, change)


def am_alert(change: Change) -> bytes:
    return am(lambda payload: change(payload["alerts"][0]))


def without(name: str) -> Change:
    return lambda payload: payload.pop(name)


def with_(name: str, value: Any) -> Change:
    return lambda payload: payload.update({name: value})


def _changed(body: bytes, change: Change) -> bytes:
    payload = json.loads(body)
    change(payload)
    return json.dumps(payload).encode()


def unsigned(name: str, header: str, says: str = "does not match") -> Bad:
    """PagerDuty's example under another signature."""
    headers = {"x-pagerduty-signature": header}
    return Bad(name=f"PagerDuty, {name}", source="pagerduty", body=PD_BODY, headers=headers, status=401, says=says)


def stranger(name: str, headers: dict[str, str], says: str) -> Bad:
    """Alertmanager's example with other credentials."""
    where = {"source": "alertmanager", "body": AM_BODY}
    return Bad(name=f"Alertmanager, {name}", **where, headers=headers, status=401, says=says)  # type: ignore[arg-type]


def no_signature(name: str, headers: dict[str, str], says: str, body: bytes = GENERIC_BODY) -> Bad:
    return Bad(name=name, body=body, headers=headers, status=401, says=says)


GOOD_PD = hex_hmac(PAGERDUTY_SECRET, PD_BODY)
OTHERS_PD = hex_hmac(GENERIC_SECRET, PD_BODY)
SIGNATURES = [
    unsigned("no signature", "", "is missing"),
    unsigned("wrong signature", "v1=" + "0" * 64),
    unsigned("unknown scheme", "v2=" + GOOD_PD),
    unsigned("truncated signature", "v1=" + GOOD_PD[:32]),
    unsigned("secret of somebody else", "v1=" + OTHERS_PD, "is this subscription's secret among those"),
    unsigned("signature of another body", "v1=" + hex_hmac(PAGERDUTY_SECRET, PD_BODY + b" ")),
    unsigned("a signature without a scheme", GOOD_PD),
    unsigned("hundreds of wrong signatures", ",".join(["v1=" + "0" * 64] * 100)),
    stranger("no credentials", {}, "Authorization is missing"),
    stranger("wrong token", {"authorization": "Bearer " + TOKEN[:-1]}, "http_config"),
    stranger("the token under another scheme", {"authorization": "Token " + TOKEN}, "does not match"),
    stranger("basic auth that is no base64", {"authorization": "Basic %%%"}, "does not match"),
    no_signature("generic, no signature", {}, "X-Signature is missing"),
    no_signature("a signature that is no ASCII", {"x-signature": "sha256=\u00fc\u00df" + "0" * 60}, "does not match"),
    no_signature("an unreadable body without a signature", {}, "X-Signature is missing", body=b"\xff{"),
]

DEEP = 100_000
ENCODINGS = [
    Bad(name="an empty body", body=b"", field="body", says="is empty; expected a JSON object"),
    Bad(name="only blanks", body=b" \n\t ", field="body", says="is empty"),
    Bad(name="no JSON", body=b"title=x&severity=1", field="body", says="expected JSON"),
    Bad(name="JSON that breaks off", body=GENERIC_BODY[:-5], field="body", says="truncated"),
    Bad(name="something after the JSON", body=b"{} {}", field="body", says="trailing"),
    Bad(name="invalid UTF-8", body=b'{"title": "\xff\xfe"}', field="body", says="byte 0xff is not valid there"),
    Bad(name="UTF-16 with a mark", body='{"title": "x"}'.encode("utf-16"), field="body", says="UTF-16"),
    Bad(name="UTF-16 without a mark", body='{"title": "x"}'.encode("utf-16-le"), field="body", says="UTF-16"),
    Bad(name="a lone high surrogate", body=b'{"title": "\\ud800"}', field="body", says="lone surrogate"),
    Bad(name="a lone low surrogate", body=b'{"title": "\\udc00 x"}', field="body", says="lone surrogate"),
    Bad(name="a surrogate in raw bytes", body=b'{"title": "\xed\xa0\x80"}', field="body", says="not valid"),
    Bad(name="a raw control character", body=b'{"title": "a\x01b"}', field="body", says="invalid character"),
    Bad(name="NaN", body=b'{"title": "x", "value": NaN}', field="body", says="invalid character"),
    Bad(name="Infinity", body=b'{"title": "x", "value": -Infinity}', field="body", says="invalid"),
    Bad(name="a number beyond all numbers", body=b'{"title": "x", "value": 1e999}', field="body", says="out of range"),
    Bad(
        name="an integer of 5,000 digits",
        body=b'{"title": "x", "value": %s}' % (b"9" * 5_000),
        field="body",
        says="out of range",
    ),
    Bad(name="an array", body=b"[]", field="body", says="expected `object`, got `array`"),
    Bad(name="a string", body=b'"title"', field="body", says="expected `object`, got `str`"),
    Bad(name="null", body=b"null", field="body", says="expected `object`, got `null`"),
    Bad(
        name="arrays nested 100,000 deep",
        body=b'{"title": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        field="body",
        says="nested too deeply",
    ),
    Bad(
        name="objects nested 100,000 deep in a field nobody asked for",
        source="alertmanager",
        body=AM_BODY[:-1] + b', "x": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
        field="body",
        says="nested too deeply",
    ),
    Bad(
        name="a compressed body",
        body=gzip.compress(GENERIC_BODY),
        extra={"content-encoding": "gzip"},
        status=415,
        says="send it as plain JSON",
    ),
    Bad(
        name="a bomb: 100 MB in 100 kB",
        body=gzip.compress(b" " * 100_000_000, compresslevel=9),
        extra={"content-encoding": "GZip"},
        status=415,
        says="compressed bodies are not read",
    ),
    Bad(
        name="compressed without saying so",
        body=gzip.compress(GENERIC_BODY, mtime=0),
        field="body",
        says="expected JSON",
    ),
    Bad(name="over the cap", body=b'{"title": "' + b"x" * CAP + b'"}', status=413, says="over 1048576 bytes"),
]


def pd_field(name: str, body: bytes, field: str, says: str = "is missing") -> Bad:
    return Bad(name=f"PagerDuty, {name}", source="pagerduty", body=body, field=field, says=says)


def am_field(name: str, body: bytes, field: str, says: str = "is missing") -> Bad:
    return Bad(name=f"Alertmanager, {name}", source="alertmanager", body=body, field=field, says=says)


FIELDS = [
    pd_field("no event", b"{}", "event"),
    pd_field("an event that is no object", b'{"event": 3}', "event", "expected `object`, got `int`"),
    pd_field("no event id", pd(without("id")), "event.id"),
    pd_field("no event type", pd(without("event_type")), "event.event_type"),
    pd_field("no data", pd(without("data")), "event.data"),
    pd_field("no time", pd(without("occurred_at")), "event.occurred_at", "expected an ISO 8601 time"),
    pd_field("no incident id", pd_data(without("id")), "event.data.id"),
    pd_field("no title", pd_data(without("title")), "event.data.title"),
    pd_field("no start", pd_data(without("created_at")), "event.data.created_at"),
    pd_field("a number as title", pd_data(with_("title", 3)), "event.data.title", "expected `str`, got `int`"),
    pd_field("another vendor's payload", AM_BODY, "event"),
    am_field("no version", am(without("version")), "version"),
    am_field("no group key", am(without("groupKey")), "groupKey"),
    am_field("no alerts", am(without("alerts")), "alerts"),
    am_field("alerts that are no array", am(with_("alerts", {})), "alerts", "expected `array`, got `object`"),
    am_field("no status", am_alert(without("status")), "alerts[0].status"),
    am_field("no labels", am_alert(without("labels")), "alerts[0].labels"),
    am_field("no start", am_alert(without("startsAt")), "alerts[0].startsAt"),
    am_field("no fingerprint", am_alert(without("fingerprint")), "alerts[0].fingerprint"),
    am_field("an empty fingerprint", am_alert(with_("fingerprint", "")), "alerts[0].fingerprint", "is empty"),
    am_field("a number as status", am_alert(with_("status", 1)), "alerts[0].status", "expected `str`, got `int`"),
    am_field("an unknown status", am_alert(with_("status", "smouldering")), "alerts[0].status", "smouldering"),
    am_field(
        "a number as label", am_alert(with_("labels", {"a": "x", "code": 5})), "alerts[0].labels.code", "got `int`"
    ),
    am_field(
        "no time as start", am_alert(with_("startsAt", "noon")), "alerts[0].startsAt", "ISO 8601 time, got 'noon'"
    ),
    am_field("Grafana's payload", am(with_("version", "1")), "version", "expected '4', got '1'"),
    am_field("a receiver's custom payload", b'{"text": "checkout burns"}', "version"),
]

REFUSED = [*SIGNATURES, *ENCODINGS, *FIELDS]


@pytest.mark.parametrize("bad", REFUSED, ids=lambda bad: bad.name)
async def test_refused_with_a_clear_answer_and_nothing_stored(door: FrontDoor, bad: Bad) -> None:
    headers = signed(bad.source, bad.body) if bad.headers is None else bad.headers
    reply = await door.post(bad.source, bad.body, {**headers, **(bad.extra or {})})
    assert (reply.status, reply.body.get("field")) == (bad.status, bad.field), reply.text
    assert bad.says in reply.body["error"], reply.text
    if bad.field:
        assert reply.body["error"].startswith(f"{bad.field}: ")
    assert len(reply.text) < 600
    assert "Traceback" not in reply.text
    assert not any(secret in reply.text for secret in SECRETS)
    assert not door.inbox.deliveries
    assert not door.wakes
    assert (await door.post("generic", GENERIC_BODY, signed("generic", GENERIC_BODY))).status == 202


# --- size ------------------------------------------------------------------------------------------------------------


async def test_a_stream_that_never_says_its_length_is_stopped_at_the_cap(door: FrontDoor) -> None:
    sent = 0

    async def stream() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(40):
            sent += 65_536
            yield b"x" * 65_536

    reply = await door.post("generic", stream(), {"x-signature": "sha256="})
    assert (reply.status, reply.body["error"][:5]) == (413, "body:")
    assert not door.inbox.deliveries


async def test_a_length_that_is_too_large_is_answered_before_the_body_comes(door: FrontDoor) -> None:
    status, _ = await _raw(door, b"POST /webhooks/generic HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
    assert status == 413


async def test_a_body_that_drips_is_cut_off_and_may_be_sent_again() -> None:
    async with front_door(read_timeout=1.0) as door:
        head = b"POST /webhooks/generic HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
        status, answer = await _raw(door, head)
        assert status == 503
        assert b"did not arrive within 1 s" in answer
        assert b"retry-after: 5" in answer.lower()
        assert b"connection: close" in answer.lower()
        assert (await door.post("generic", GENERIC_BODY, signed("generic", GENERIC_BODY))).status == 202


async def _raw(door: FrontDoor, request: bytes) -> tuple[int, bytes]:
    """What comes back on a bare connection until the answer is whole."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(door.address.rpartition(":")[2]))
    writer.write(request)
    async with asyncio.timeout(60):
        head = await reader.readuntil(b"\r\n\r\n")
        answer = head + await reader.readuntil(b"}")
    writer.close()
    return int(head.split(b" ")[1]), answer


# --- addresses and methods -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/%2e%2e",
        "/webhooks/..%2f..%2fetc%2fpasswd",
        "/webhooks/pagerduty%00",
        "/webhooks/pagerduty/",
        "/webhooks/PagerDuty",
        "/webhooks/",
        "/webhooks/%F0%9F%94%A5",
        "/webhooks/" + "a" * 5_000,
        "/etc/passwd",
    ],
)
async def test_a_source_that_does_not_exist_is_404_and_its_name_is_not_repeated(door: FrontDoor, path: str) -> None:
    status, answer = await _raw(door, f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
    assert status == 404
    assert b"aaaaa" not in answer
    assert b'"error"' in answer


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_told_which_one_is_right(door: FrontDoor, method: str) -> None:
    reply = await door.send(method, "/webhooks/generic", GENERIC_BODY, signed("generic", GENERIC_BODY))
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")
    assert "POST" in reply.body["error"]
    assert not door.inbox.deliveries


async def test_there_are_enough_of_them() -> None:
    assert len({bad.name for bad in REFUSED}) == len(REFUSED) >= 40
