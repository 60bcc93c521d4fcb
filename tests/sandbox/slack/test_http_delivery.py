"""Events, commands and interactions over HTTP to Bolt's Starlette adapter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.serve import serving
from sandbox.slack.reply import Unanswered
from tests.sandbox.slack.conftest import World, acknowledge_the_rest, until


@asynccontextmanager
async def over_http(world: World, app: AsyncApp) -> AsyncIterator[str]:
    acknowledge_the_rest(app)
    handler = AsyncSlackRequestHandler(app)
    web = Starlette(routes=[Route("/slack/events", handler.handle, methods=["POST"])])
    async with serving(web) as address:
        await world.control.deliver_to(f"{address}/slack/events")
        yield address
        await world.control.deliver_to(None)


async def test_a_bolt_app_over_http_hears_and_answers(world: World) -> None:
    app = world.app()

    @app.event("app_mention")
    async def mention(event: dict[str, Any], say: Any) -> None:
        await say(text="over http", thread_ts=event["ts"])

    @app.command("/inc")
    async def command(ack: Any, command: dict[str, Any]) -> None:
        await ack(f"you said {command['text']}")

    @app.action("go")
    async def action(ack: Any, respond: Any) -> None:
        await ack()
        await respond("clicked", replace_original=False)

    async with over_http(world, app):
        channel = await world.new_channel("inc-1", "ana")
        ts = await world.control.say("ana", channel, "@incident hi")
        outcome = await world.control.command("ana", channel, "/inc", "status")
        button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
        card = await world.post(channel, blocks=[{"type": "actions", "elements": [button]}])
        assert (await world.control.click("ana", "go", channel=channel, ts=card)).ok
        await world.quiet()
        assert [m["text"] for m in await world.control.messages("ana", channel, ts)][1:] == ["over http"]
        assert outcome.text == "you said status"
        await until(lambda: "clicked" in [m.text for m in world.workspace.channels[channel].ephemerals])


Received = list[tuple[dict[str, str], bytes]]


@asynccontextmanager
async def receiver(world: World, answers: list[Response]) -> AsyncIterator[Received]:
    """A request URL that verifies, then gives these answers in turn (the last one for ever)."""
    received: Received = []

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        if b"url_verification" in body:
            return PlainTextResponse((await request.json())["challenge"])
        received.append((dict(request.headers), body))
        return answers[min(len(received), len(answers)) - 1]

    async with serving(Starlette(routes=[Route("/", endpoint, methods=["POST"])])) as address:
        await world.control.deliver_to(f"{address}/")
        yield received
        await world.control.deliver_to(None)


async def test_requests_carry_a_true_signature(world: World) -> None:
    async with receiver(world, [PlainTextResponse("")]) as received:
        await world.control.open_home("ana")
        await world.quiet()
    headers, body = received[0]
    assert SignatureVerifier(world.workspace.signing_secret).is_valid_request(body, headers)
    assert not SignatureVerifier("s" * 32).is_valid_request(body, headers)
    assert "x-slack-retry-num" not in headers


async def test_a_failed_event_is_sent_again_and_says_why(world: World) -> None:
    world.workspace.delivery.retry_delays = (0.0, 0.01, 0.01)
    failures = [PlainTextResponse("no", status_code=500), PlainTextResponse("no", status_code=404)]
    async with receiver(world, [*failures, PlainTextResponse("")]) as received:
        await world.control.open_home("ana")
        await world.quiet()
    told = [(h.get("x-slack-retry-num"), h.get("x-slack-retry-reason")) for h, _ in received]
    assert told == [(None, None), ("1", "http_error"), ("2", "http_error")]
    assert len({body.split(b'"event_id": "')[1][:12] for _, body in received}) == 1


async def test_an_app_may_ask_for_no_retry(world: World) -> None:
    answer = PlainTextResponse("no", status_code=500, headers={"x-slack-no-retry": "1"})
    async with receiver(world, [answer]) as received:
        await world.control.open_home("ana")
        await world.quiet()
    assert len(received) == 1


async def test_an_event_that_always_fails_is_given_up(world: World) -> None:
    world.workspace.delivery.retry_delays = (0.0, 0.0, 0.0)
    async with receiver(world, [PlainTextResponse("no", status_code=503)]) as received:
        await world.control.open_home("ana")
        await world.quiet()
    assert len(received) == 4


async def test_a_request_url_that_does_not_answer_the_challenge_is_refused(world: World) -> None:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("hello")

    async with serving(Starlette(routes=[Route("/", endpoint, methods=["POST"])])) as address:
        with pytest.raises(Unanswered, match="challenge_failed"):
            await world.control.deliver_to(f"{address}/")
    assert world.workspace.delivery.http is None
