"""The front door: webhooks in, health and metrics out.

    POST /webhooks/{name}   202 stored, repeat or ignored; 401, 404, 405, 413, 415, 422; 503 where trying again helps
    POST /slack/events      handed to the Slack listeners
    GET  /healthz /readyz /metrics

It is the first thing that listens and takes every storm: no heavy import, no middleware of ours, and the way of a
webhook is plain ASGI.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.domain.errors import NotStored
from bot.domain.ports import Acceptance, Clock, Inbox
from bot.lobby import (
    BODY_CAP,
    MAX_BYTES,
    MAX_WAITING,
    READ_TIMEOUT,
    RETRY_AFTER,
    STORE_WITHIN,
    Answer,
    HungUp,
    Limits,
    Lobby,
    Room,
    headers_of,
)
from bot.source_health import SourceHealth
from bot.webhook_metrics import WebhookMetrics
from integrations.descriptor import AlertFormat, WebhookRequest

logger = logging.getLogger(__name__)

WEBHOOKS = "/webhooks/"

_ENCODE = msgspec.json.Encoder().encode


def create_app(
    *,
    formats: Mapping[str, AlertFormat],
    inbox: Inbox,
    clock: Clock,
    readiness: Callable[[], Awaitable[Mapping[str, str]]],
    on_accepted: Callable[[], None],
    slack_events: ASGIApp | None,
    not_set_up: Mapping[str, str] | None = None,
    sources: SourceHealth | None = None,
    registries: Sequence[CollectorRegistry] = (),
    body_cap: int = BODY_CAP,
    max_waiting: int = MAX_WAITING,
    max_bytes: int = MAX_BYTES,
    retry_after: int = RETRY_AFTER,
    read_timeout: float = READ_TIMEOUT,
    store_within: float = STORE_WITHIN,
    is_stopping: Callable[[], bool] = lambda: False,
) -> ASGIApp:
    """`formats`, and `not_set_up` (name -> what to do about it), are the webhooks there are.

    `readiness` tells each part's state: "ok", or what is missing; `sources` how they do, which decides nothing.
    `registries` are further ones on the page of metrics.
    `on_accepted` is called after a delivery is stored. While `is_stopping` everybody is told to come again.
    """
    limits = Limits(
        body_cap=body_cap,
        max_waiting=max_waiting,
        max_bytes=max_bytes,
        retry_after=retry_after,
        read_timeout=read_timeout,
        store_within=store_within,
    )
    lobby = Lobby(limits, is_stopping)
    sources = sources or SourceHealth(clock)
    metrics = _Metrics(sources, registries)
    intake = _Intake(inbox=inbox, clock=clock, on_accepted=on_accepted, lobby=lobby)
    routes = [
        Route("/healthz", _healthz),
        Route("/readyz", _readyz(readiness, sources, is_stopping)),
        Route("/metrics", metrics.page),
    ]
    if slack_events is not None:
        routes.append(Route("/slack/events", _Handed(slack_events, lobby), methods=["POST"]))
    app = Starlette(routes=routes, exception_handlers={404: _no_page, 405: _wrong_method, 500: _broken})
    app.router.redirect_slashes = False  # senders of webhooks do not follow redirects
    webhooks = _Webhooks(formats, not_set_up or {}, intake, metrics.webhooks)
    return _FrontDoor(ServerErrorMiddleware(webhooks, handler=_broken), app)


@dataclass(frozen=True)
class _FrontDoor:
    """Webhooks take the short way: a router and its middleware would be a third of the work on one."""

    webhooks: ASGIApp
    others: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        name = path[len(WEBHOOKS) :] if path.startswith(WEBHOOKS) else ""
        if name and "/" not in name:
            scope["path_params"] = {"name": name}
            await self.webhooks(scope, receive, send)
        else:
            await self.others(scope, receive, send)


class _Webhooks:
    """The ASGI application of /webhooks/{name}."""

    def __init__(
        self,
        formats: Mapping[str, AlertFormat],
        not_set_up: Mapping[str, str],
        intake: _Intake,
        metrics: WebhookMetrics,
    ) -> None:
        self._formats = formats
        self._not_set_up = not_set_up
        self._intake = intake
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        name = scope["path_params"]["name"]
        alert_format = self._formats.get(name)
        if alert_format is None:
            await _send(send, self._unknown(name))
            self._metrics.count("unknown", "unknown")
            return
        try:
            answer = await self._intake.answer(alert_format, scope, receive)
        except HungUp:
            self._metrics.count(name, "hung_up")
            return
        await _send(send, answer)
        self._metrics.count(name, answer.outcome)
        if answer.status == 202:
            self._metrics.acknowledged(time.perf_counter() - began)
        elif answer.status == 422:
            # The sender is who it says it is and will not send this again: somebody has to see it.
            logger.warning("a webhook from %s was refused: %s", name, answer.body["error"])

    def _unknown(self, name: str) -> Answer:
        names = ", ".join(sorted(self._formats)) or "none"
        why = self._not_set_up.get(name, "There is no webhook of this name.")
        return Answer(status=404, outcome="unknown", body={"error": f"{why} Set up here: {names}."})


class _Intake:
    """One webhook from its bytes to the store."""

    def __init__(self, *, inbox: Inbox, clock: Clock, on_accepted: Callable[[], None], lobby: Lobby) -> None:
        self._inbox = inbox
        self._clock = clock
        self._on_accepted = on_accepted
        self._lobby = lobby

    async def answer(self, alert_format: AlertFormat, scope: Scope, receive: Receive) -> Answer:
        """Raises HungUp."""
        if scope["method"] != "POST":
            return Answer(status=405, outcome="wrong_method", body=_ONLY_POST, headers=((b"allow", b"POST"),))
        answer = await self._lobby.within(lambda room: self._take(alert_format, scope, receive, room))
        assert answer is not None
        return answer

    async def _take(self, alert_format: AlertFormat, scope: Scope, receive: Receive, room: Room) -> Answer:
        headers = headers_of(scope)
        body = await room.body(headers, receive)
        request = WebhookRequest(headers=headers, body=body, received_at=self._clock.now())
        try:
            if (verifying := alert_format.verify(request)) is not None:
                await verifying
        except NotStored as error:  # what it takes to verify it cannot be had now
            return self._lobby.later("not_stored", f"It could not be verified: {error}.")
        delivery = alert_format.parse(request)
        if delivery.is_empty:
            return _ACCEPTED["ignored"]
        within = self._lobby.limits.store_within
        try:
            async with asyncio.timeout(within):
                acceptance = await self._inbox.accept(delivery)
        except NotStored as error:
            return self._lobby.later("not_stored", f"It could not be stored: {error}.")
        except TimeoutError:
            return self._lobby.later("not_stored", f"It was not stored within {within:g} s.")
        if acceptance is Acceptance.STORED:
            self._on_accepted()
        return _ACCEPTED[acceptance]


_ONLY_POST = {"error": "Webhooks are sent by POST."}
_ACCEPTED = {status: Answer(status=202, outcome=status, body={"status": status}) for status in (*Acceptance, "ignored")}


async def _send(send: Send, answer: Answer) -> None:
    body = _ENCODE(answer.body)
    length = str(len(body)).encode()
    headers = ((b"content-type", b"application/json"), (b"content-length", length), *answer.headers)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@dataclass(frozen=True)
class _Handed:
    """Hands Slack's requests to its listeners: the whole body at once, no larger and no more of them than webhooks."""

    app: ASGIApp
    lobby: Lobby

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self.lobby.within(lambda room: self._hand(scope, receive, send, room))
        except HungUp:
            return
        if answer is not None:
            await _send(send, answer)

    async def _hand(self, scope: Scope, receive: Receive, send: Send, room: Room) -> None:
        body = await room.body(headers_of(scope), receive)
        told = False

        async def read() -> Message:
            nonlocal told
            if told:
                return await receive()
            told = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, read, send)


class _Metrics:
    """What the front door counts, in a registry of its own, and what is counted elsewhere."""

    def __init__(self, sources: SourceHealth, registries: Sequence[CollectorRegistry]) -> None:
        own = CollectorRegistry()
        self._shown = (own, sources.registry, *registries)
        self.webhooks = WebhookMetrics()
        own.register(self.webhooks)

    async def page(self, request: Request) -> Response:
        told = b"".join(generate_latest(registry) for registry in self._shown)
        return Response(told, media_type=CONTENT_TYPE_LATEST)


async def _healthz(request: Request) -> Response:
    return PlainTextResponse("ok")


def _readyz(
    readiness: Callable[[], Awaitable[Mapping[str, str]]], sources: SourceHealth, is_stopping: Callable[[], bool]
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        parts = dict(await readiness())
        if is_stopping():
            parts["bot"] = "is being stopped"
        ready = all(state == "ok" for state in parts.values())
        told = {"ready": ready, "parts": parts, "sources": sources.report()}
        return JSONResponse(told, status_code=200 if ready else 503)

    return answer


async def _no_page(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "There is nothing here. Webhooks are received at /webhooks/{name}."}, 404)


async def _wrong_method(request: Request, error: Exception) -> Response:
    allowed = getattr(error, "headers", None) or {}
    return JSONResponse({"error": f"Allowed here: {allowed.get('Allow', 'another method')}."}, 405, headers=allowed)


async def _broken(request: Request, error: Exception) -> Response:
    """A bug of ours: the server's log has it, the sender tries again."""
    return JSONResponse({"error": "Something went wrong here. Try again later."}, 500)
