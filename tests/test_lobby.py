"""Who is let in: what memory there is for bodies, and who is told to come again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.types import Message, Receive, Scope, Send

from integrations import alertmanager
from tests.front_door import FrontDoor, MemoryInbox, front_door, signed
from tests.test_web import until

BODY = alertmanager.EXAMPLES[0].body
HEADERS = signed("alertmanager", BODY)


async def in_parts(gate: asyncio.Event, first: bytes) -> AsyncIterator[bytes]:
    yield first
    await gate.wait()


async def test_beyond_the_memory_for_bodies_senders_are_told_to_come_again_and_then_there_is_room() -> None:
    gate = asyncio.Event()
    async with front_door(MemoryInbox(gate=gate), max_bytes=3 * len(BODY)) as door:
        inside = [asyncio.create_task(door.post("alertmanager", BODY, HEADERS)) for _ in range(3)]
        await until(lambda: door.inbox.waiting == 3)
        refused = await door.post("alertmanager", BODY, HEADERS)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
        assert refused.body["error"] == "Too much is waiting. Try again in 5 s."
        gate.set()
        assert {reply.status for reply in await asyncio.gather(*inside)} == {202}
        for _ in range(3):
            assert (await door.post("alertmanager", BODY, HEADERS)).status == 202, "the room was not given back"


async def test_what_is_only_announced_takes_no_room() -> None:
    """Or a few senders who announce a large body and send none would keep all others out."""
    gate = asyncio.Event()
    async with front_door(max_bytes=2 * len(BODY), read_timeout=30.0) as door:
        announced = {**HEADERS, "Content-Length": str(1_000_000)}
        slow = [asyncio.create_task(door.post("alertmanager", in_parts(gate, b"{"), announced)) for _ in range(4)]
        assert (await door.post("alertmanager", BODY, HEADERS)).status == 202
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)


async def test_a_body_that_comes_in_parts_is_counted_as_it_comes() -> None:
    gate = asyncio.Event()
    async with front_door(max_bytes=3_000, read_timeout=30.0) as door:
        sending = asyncio.create_task(door.post("alertmanager", in_parts(gate, b"x" * 2_900), HEADERS))
        await refused_for_room(door)
        gate.set()
        await sending
        assert (await door.post("alertmanager", BODY, HEADERS)).status == 202


async def refused_for_room(door: FrontDoor) -> None:
    async with asyncio.timeout(60):
        while (await door.post("alertmanager", BODY, HEADERS)).status != 503:
            pass


async def test_while_it_is_being_stopped_everybody_is_told_to_come_again() -> None:
    stopping = [False]
    async with front_door(is_stopping=lambda: stopping[0], slack_events=slack) as door:
        assert (await door.send("GET", "/readyz")).status == 200
        stopping[0] = True
        for path in ("/webhooks/alertmanager", "/slack/events"):
            reply = await door.send("POST", path, BODY, HEADERS)
            assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
            assert reply.body["error"] == "The bot is being stopped. Try again in 5 s."
        ready = await door.send("GET", "/readyz")
        assert ready.status == 503
        assert ready.body["parts"]["bot"] == "is being stopped"
        assert (await door.send("GET", "/healthz")).status == 200, "it is alive: nobody should kill it"


async def test_a_store_that_hangs_does_not_hang_its_senders() -> None:
    gate = asyncio.Event()
    async with front_door(MemoryInbox(gate=gate), store_within=1.0) as door:
        reply = await door.post("alertmanager", BODY, HEADERS)
        assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
        assert "not stored within 1 s" in reply.body["error"]
        gate.set()
        assert (await door.post("alertmanager", BODY, HEADERS)).status == 202


async def slack(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers how many bytes it was sent."""
    message: Message = await receive()
    assert not message["more_body"]
    told = str(len(message["body"])).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": told})


async def test_slack_s_requests_are_bounded_like_webhooks_and_handed_over_whole() -> None:
    async with front_door(slack_events=slack, body_cap=1_000) as door:
        reply = await door.send("POST", "/slack/events", b"x" * 900)
        assert (reply.status, reply.text) == (200, "900")
        assert (await door.send("POST", "/slack/events", b"x" * 1_001)).status == 413
