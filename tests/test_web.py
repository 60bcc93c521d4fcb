import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from bot.domain.alert import Delivery
from bot.domain.breaker import BreakerState
from bot.domain.evidence import FailureReason, Finding, Outcome
from bot.flows.guard import Asked
from bot.source_health import SourceHealth
from bot.testing import NOON, FrozenClock
from integrations import alertmanager
from integrations.descriptor import WebhookRequest
from tests.front_door import NOW, FrontDoor, MemoryInbox, front_door, signed

BODY = alertmanager.EXAMPLES[0].body
HEADERS = signed("alertmanager", BODY)

HEAVY = (
    "sqlalchemy",
    "slack_bolt",
    "slack_sdk",
    "dbos",
    "aiohttp",
    "chromadb",
    "elasticsearch",
    "github",
    "jinja2",
    "yaml",
)


async def send_one(door: FrontDoor, body: bytes = BODY) -> int:
    return (await door.post("alertmanager", body, HEADERS)).status


def counts(page: str) -> dict[str, float]:
    return {line.split(" ")[0]: float(line.split(" ")[1]) for line in page.splitlines() if not line.startswith("#")}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - nothing tells when a request has arrived
            await asyncio.sleep(0.001)


async def test_a_stored_webhook_is_answered_202_and_wakes_triage() -> None:
    async with front_door() as door:
        reply = await door.post("alertmanager", BODY, HEADERS)
        assert (reply.status, reply.body) == (202, {"status": "stored"})
        assert door.inbox.alerts[0].fingerprint == "5ef77f1f8a3ecfcd"
        assert next(iter(door.inbox.deliveries.values())).received_at == NOW
        assert len(door.wakes) == 1


async def test_a_repeat_is_answered_202_and_wakes_nobody() -> None:
    async with front_door() as door:
        await send_one(door)
        reply = await door.post("alertmanager", BODY, HEADERS)
        assert (reply.status, reply.body) == (202, {"status": "repeat"})
        assert len(door.inbox.deliveries) == len(door.wakes) == 1


async def test_what_says_nothing_about_a_condition_is_accepted_and_not_stored() -> None:
    body = b'{"event": {"id": "1", "event_type": "pagey.ping", "data": {"message": "Hello"}}}'
    async with front_door() as door:
        reply = await door.post("pagerduty", body, signed("pagerduty", body))
        assert (reply.status, reply.body) == (202, {"status": "ignored"})
        assert not door.inbox.deliveries


async def test_what_cannot_be_stored_is_to_be_sent_again() -> None:
    async with front_door(MemoryInbox(full=True), retry_after=7) as door:
        reply = await door.post("alertmanager", BODY, HEADERS)
        assert reply.status == 503
        assert reply.headers["Retry-After"] == "7"
        assert "the disk is full" in reply.body["error"]
        assert not door.wakes


async def test_too_many_at_once_are_told_to_come_back_and_later_ones_pass() -> None:
    gate = asyncio.Event()
    async with front_door(MemoryInbox(gate=gate), max_waiting=3) as door:
        inside = [asyncio.create_task(send_one(door)) for _ in range(3)]
        await until(lambda: door.inbox.waiting == 3)
        turned_away = await door.post("alertmanager", BODY, HEADERS)
        assert turned_away.status == 503
        assert turned_away.headers["Retry-After"] == "5"
        gate.set()
        assert await asyncio.gather(*inside) == [202, 202, 202]
        assert await send_one(door) == 202


async def test_an_unknown_name_is_told_which_there_are() -> None:
    async with front_door(not_set_up={"grafana": "Grafana is not set up: set GRAFANA_SECRET."}) as door:
        unknown = await door.post("grafna", b"{}")
        assert unknown.status == 404
        assert unknown.body["error"].endswith("Set up here: alertmanager, generic, pagerduty.")
        known = await door.post("grafana", b"{}")
        assert known.status == 404
        assert "set GRAFANA_SECRET" in known.body["error"]


@pytest.mark.parametrize(("parts", "status"), [({"store": "ok"}, 200), ({"store": "ok", "slack": "starting"}, 503)])
async def test_ready_means_that_every_part_is(parts: dict[str, str], status: int) -> None:
    async with front_door() as door:
        door.parts.update(parts)
        reply = await door.send("GET", "/readyz")
        assert (reply.status, reply.body) == (status, {"ready": status == 200, "parts": parts, "sources": {}})
        assert (await door.send("GET", "/healthz")).status == 200


async def test_webhooks_are_counted_by_source_and_outcome() -> None:
    async with front_door() as door:
        await send_one(door)
        await send_one(door)
        await door.post("alertmanager", BODY)
        await door.post("generic", b"[]", signed("generic", b"[]"))
        for made_up in range(3):
            await door.post(f"made-up-{made_up}", b"")
        page = (await door.send("GET", "/metrics")).text
    counted = counts(page)
    assert counted['webhooks_total{outcome="stored",source="alertmanager"}'] == 1
    assert counted['webhooks_total{outcome="repeat",source="alertmanager"}'] == 1
    assert counted['webhooks_total{outcome="bad_signature",source="alertmanager"}'] == 1
    assert counted['webhooks_total{outcome="unreadable",source="generic"}'] == 1
    assert counted['webhooks_total{outcome="unknown",source="unknown"}'] == 3
    assert counted["webhook_ack_seconds_count"] == 2
    assert "made-up" not in page


DEAD = Finding(
    source="logs",
    outcome=Outcome.FAILED,
    seconds=0.3127,
    reason=FailureReason.UNREACHABLE,
    detail="Logs cannot be reached at https://logs.internal.example.",
)


async def test_how_the_sources_do_is_told_and_makes_the_bot_no_less_ready() -> None:
    sources = SourceHealth(FrozenClock(NOON))
    sources.expect(["logs", "metrics"])
    async with front_door(sources=sources) as door:
        reply = await door.send("GET", "/readyz")
        untried = {"outcome": "not asked yet", "breaker": "closed"}
        assert reply.body["sources"] == {"logs": untried, "metrics": untried}
        again = NOON + timedelta(seconds=30)
        for _ in range(3):
            sources.note(Asked(finding=DEAD, was_asked=True, breaker=BreakerState.OPEN, again_at=again))
        kept_back = replace(DEAD, seconds=0.0)
        sources.note(Asked(finding=kept_back, was_asked=False, breaker=BreakerState.OPEN, again_at=again))
        reply = await door.send("GET", "/readyz")
        page = (await door.send("GET", "/metrics")).text
    assert (reply.status, reply.body["ready"]) == (200, True)
    assert reply.body["sources"]["metrics"] == untried
    assert reply.body["sources"]["logs"] == {
        "outcome": "failed",
        "reason": "unreachable",
        "at": "2026-11-20T12:00:00+00:00",
        "seconds": 0.313,
        "breaker": "open",
        "asked_again_at": "2026-11-20T12:00:30+00:00",
        "kept_back": 1,
    }
    assert "logs.internal" not in reply.text, "addresses are for the channel, not for whoever can reach this port"
    counted = counts(page)
    assert counted['source_asks_total{outcome="failed",reason="unreachable",source="logs"}'] == 3
    assert counted['source_asks_total{outcome="kept_back",reason="unreachable",source="logs"}'] == 1
    assert counted['source_seconds_count{source="logs"}'] == 3
    assert counted['source_seconds_bucket{le="0.5",source="logs"}'] == 3
    assert counted['source_breaker_state{source="logs"}'] == 2
    assert counted['source_breaker_state{source="metrics"}'] == 0


async def test_a_source_that_answers_again_says_so_and_nothing_of_earlier() -> None:
    sources = SourceHealth(FrozenClock(NOON))
    sources.note(Asked(finding=DEAD, was_asked=False, breaker=BreakerState.OPEN, again_at=NOON))
    found = Finding(source="logs", outcome=Outcome.FOUND, seconds=1.25)
    sources.note(Asked(finding=found, was_asked=True, breaker=BreakerState.CLOSED, again_at=None))
    told = {"outcome": "found", "at": "2026-11-20T12:00:00+00:00", "seconds": 1.25, "breaker": "closed"}
    assert sources.report() == {"logs": told}


async def test_slack_events_are_handed_over_and_nothing_is_there_without_a_handler() -> None:
    async def slack(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": (await receive())["body"][::-1]})

    async with front_door(slack_events=slack) as door:
        assert (await door.send("POST", "/slack/events", b"abc")).text == "cba"
        assert (await door.send("GET", "/slack/events")).status == 405
    async with front_door() as door:
        assert (await door.send("POST", "/slack/events", b"abc")).status == 404


class BrokenFormat:
    def verify(self, request: WebhookRequest) -> None:
        return

    def parse(self, request: WebhookRequest) -> Delivery:
        raise KeyError("an internal detail")


async def test_a_bug_of_ours_is_a_500_that_tells_nothing_of_the_inside(capfd: pytest.CaptureFixture[str]) -> None:
    async with front_door(formats={"broken": BrokenFormat()}) as door:
        reply = await door.post("broken", b"{}")
        assert reply.status == 500
        assert "Try again later" in reply.body["error"]
        assert "internal detail" not in reply.text
        assert (await door.send("GET", "/healthz")).status == 200
    assert "internal detail" in capfd.readouterr().err


async def test_a_sender_that_hangs_up_leaves_nothing_behind() -> None:
    async with front_door(max_waiting=1) as door:
        port = int(door.address.rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /webhooks/generic HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        async with asyncio.timeout(60):
            while 'outcome="hung_up"' not in (page := await door.send("GET", "/metrics")).text:
                assert page.status == 200
        assert await send_one(door) == 202


async def test_one_connection_carries_many_webhooks_also_after_a_refusal() -> None:
    async with front_door() as door:
        port = int(door.address.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for body, status in ((b"x" * 3, b"401"), (BODY, b"202"), (b"{", b"422"), (BODY, b"202")):
            header = b"" if status == b"401" else b"Authorization: " + HEADERS["authorization"].encode() + b"\r\n"
            head = b"POST /webhooks/alertmanager HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n"
            writer.write(head % (len(body), header) + body)
            lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
            assert lines[0].split(b" ")[1] == status
            length = next(int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length"))
            json.loads(await reader.readexactly(length))
        writer.close()


def test_the_front_door_imports_nothing_heavy() -> None:
    code = f"import sys, bot.web, integrations.alertmanager; print([m for m in {HEAVY!r} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert ran.stdout.strip() == "[]", f"imported before the first webhook: {ran.stdout}"


def test_formats_import_nothing_heavy() -> None:
    code = f"import sys, integrations.generic; print([m for m in {(*HEAVY, 'starlette')!r} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert ran.stdout.strip() == "[]"


def _is_small(body: Mapping[str, Any]) -> bool:
    return len(json.dumps(body)) < 600


async def test_an_answer_stays_small_however_large_the_mistake() -> None:
    body = json.dumps({"event": {"id": "1", "event_type": "x" * 100_000, "occurred_at": 3, "data": {}}}).encode()
    async with front_door() as door:
        reply = await door.post("pagerduty", body, signed("pagerduty", body))
        assert reply.status == 422
        assert _is_small(reply.body)
