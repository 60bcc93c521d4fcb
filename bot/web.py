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
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from starlette.applications import Starlette
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.domain.errors import CompressedBody, NotStored, PayloadTooLarge, RejectedWebhook, UnreadablePayload
from bot.domain.ports import Acceptance, Clock, Inbox
from bot.source_health import SourceHealth
from integrations.descriptor import AlertFormat, WebhookRequest

logger = logging.getLogger(__name__)

WEBHOOKS = "/webhooks/"
BODY_CAP = 1_048_576  # bytes. PagerDuty drops what is over 256 KB; Alertmanager's groups are 1 to 2 KB an alert
MAX_WAITING = 2_000  # about a fifth of a second of what the store takes; with more, everybody would only wait longer
RETRY_AFTER = 5  # seconds; Alertmanager and PagerDuty both try again for longer than that
READ_TIMEOUT = 10.0  # seconds for a whole body; PagerDuty itself gives up after 5

_ACK_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_ENCODE = msgspec.json.Encoder().encode


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int
    outcome: str  # for the counter
    body: Mapping[str, str]
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Limits:
    body_cap: int
    max_waiting: int
    retry_after: int
    read_timeout: float


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
    body_cap: int = BODY_CAP,
    max_waiting: int = MAX_WAITING,
    retry_after: int = RETRY_AFTER,
    read_timeout: float = READ_TIMEOUT,
) -> ASGIApp:
    """`formats`, and `not_set_up` (name -> what to do about it), are the webhooks there are.

    `readiness` tells each part's state: "ok", or what is missing; `sources` how they do, which decides nothing.
    `on_accepted` is called after a delivery is stored.
    """
    limits = _Limits(body_cap=body_cap, max_waiting=max_waiting, retry_after=retry_after, read_timeout=read_timeout)
    sources = sources or SourceHealth(clock)
    metrics = _Metrics(sources)
    intake = _Intake(inbox=inbox, clock=clock, on_accepted=on_accepted, limits=limits)
    routes = [
        Route("/healthz", _healthz),
        Route("/readyz", _readyz(readiness, sources)),
        Route("/metrics", metrics.page),
    ]
    if slack_events is not None:
        routes.append(Route("/slack/events", _Handed(slack_events), methods=["POST"]))
    app = Starlette(routes=routes, exception_handlers={404: _no_page, 405: _wrong_method, 500: _broken})
    app.router.redirect_slashes = False  # senders of webhooks do not follow redirects
    webhooks = _Webhooks(formats, not_set_up or {}, intake, metrics)
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
        self, formats: Mapping[str, AlertFormat], not_set_up: Mapping[str, str], intake: _Intake, metrics: _Metrics
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
        except _HungUp:
            self._metrics.count(name, "hung_up")
            return
        await _send(send, answer)
        self._metrics.count(name, answer.outcome)
        if answer.status == 202:
            self._metrics.acknowledged(time.perf_counter() - began)
        elif answer.status == 422:
            # The sender is who it says it is and will not send this again: somebody has to see it.
            logger.warning("a webhook from %s was refused: %s", name, answer.body["error"])

    def _unknown(self, name: str) -> _Answer:
        names = ", ".join(sorted(self._formats)) or "none"
        why = self._not_set_up.get(name, "There is no webhook of this name.")
        return _Answer(status=404, outcome="unknown", body={"error": f"{why} Set up here: {names}."})


class _Intake:
    """One webhook from its bytes to the store."""

    def __init__(self, *, inbox: Inbox, clock: Clock, on_accepted: Callable[[], None], limits: _Limits) -> None:
        self._inbox = inbox
        self._clock = clock
        self._on_accepted = on_accepted
        self._limits = limits
        self._inside = 0

    async def answer(self, alert_format: AlertFormat, scope: Scope, receive: Receive) -> _Answer:
        """Raises _HungUp."""
        if scope["method"] != "POST":
            return _Answer(status=405, outcome="wrong_method", body=_ONLY_POST, headers=((b"allow", b"POST"),))
        if self._inside >= self._limits.max_waiting:
            return self._later("overloaded", "Too many webhooks are waiting.")
        self._inside += 1
        try:
            return await self._take(alert_format, scope, receive)
        except RejectedWebhook as refused:
            return _refusal(refused)
        except NotStored as error:
            return self._later("not_stored", f"It could not be stored: {error}.")
        except TimeoutError:
            waited = f"The body did not arrive within {self._limits.read_timeout:g} s."
            return self._later("too_slow", waited, (b"connection", b"close"))
        finally:
            self._inside -= 1

    async def _take(self, alert_format: AlertFormat, scope: Scope, receive: Receive) -> _Answer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        async with asyncio.timeout(self._limits.read_timeout):
            body = await _read(headers, receive, self._limits.body_cap)
        request = WebhookRequest(headers=headers, body=body, received_at=self._clock.now())
        if (verifying := alert_format.verify(request)) is not None:
            await verifying
        delivery = alert_format.parse(request)
        if not delivery.alerts:
            return _ACCEPTED["ignored"]
        acceptance = await self._inbox.accept(delivery)
        if acceptance is Acceptance.STORED:
            self._on_accepted()
        return _ACCEPTED[acceptance]

    def _later(self, outcome: str, why: str, *headers: tuple[bytes, bytes]) -> _Answer:
        """503, never 429 or 408: Alertmanager tries again after 5xx only, PagerDuty drops after most 4xx."""
        after = str(self._limits.retry_after)
        body = {"error": f"{why} Try again in {after} s."}
        return _Answer(status=503, outcome=outcome, body=body, headers=((b"retry-after", after.encode()), *headers))


class _HungUp(Exception):
    """The sender went away before its body was complete."""


async def _read(headers: Mapping[str, str], receive: Receive, cap: int) -> bytes:
    """The whole body, never more than `cap` of it in memory. Raises PayloadTooLarge, CompressedBody, _HungUp."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise CompressedBody("Content-Encoding: compressed bodies are not read, send it as plain JSON")
    stated = headers.get("content-length", "")
    if stated.isdigit() and int(stated) > cap:
        raise _too_large(cap)
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _HungUp
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > cap:
            raise _too_large(cap)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(cap: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"body: is over {cap} bytes, send fewer alerts at once (Alertmanager: max_alerts)")


def _refusal(refused: RejectedWebhook) -> _Answer:
    body = {"error": str(refused)}
    if isinstance(refused, UnreadablePayload) and refused.field:
        body["field"] = refused.field
    return _Answer(status=refused.status, outcome=_OUTCOMES.get(refused.status, "refused"), body=body)


_OUTCOMES = {401: "bad_signature", 413: "too_large", 415: "compressed", 422: "unreadable"}
_ONLY_POST = {"error": "Webhooks are sent by POST."}
_ACCEPTED = {
    status: _Answer(status=202, outcome=status, body={"status": status}) for status in (*Acceptance, "ignored")
}


async def _send(send: Send, answer: _Answer) -> None:
    body = _ENCODE(answer.body)
    length = str(len(body)).encode()
    headers = ((b"content-type", b"application/json"), (b"content-length", length), *answer.headers)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@dataclass(frozen=True)
class _Handed:
    """Hands requests to an ASGI application, function or object."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class _Metrics:
    """What the front door counts, in a registry of its own, and what is counted of the sources."""

    def __init__(self, sources: SourceHealth) -> None:
        self._sources = sources
        self._registry = CollectorRegistry()
        self._webhooks = Counter(
            "webhooks", "Webhooks by source and outcome.", ("source", "outcome"), registry=self._registry
        )
        self._seconds = Histogram(
            "webhook_ack_seconds", "From the first byte to 202.", buckets=_ACK_SECONDS, registry=self._registry
        )
        self._counters: dict[tuple[str, str], Counter] = {}

    def count(self, source: str, outcome: str) -> None:
        key = (source, outcome)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = self._webhooks.labels(source, outcome)
        counter.inc()

    def acknowledged(self, seconds: float) -> None:
        self._seconds.observe(seconds)

    async def page(self, request: Request) -> Response:
        told = generate_latest(self._registry) + generate_latest(self._sources.registry)
        return Response(told, media_type=CONTENT_TYPE_LATEST)


async def _healthz(request: Request) -> Response:
    return PlainTextResponse("ok")


def _readyz(
    readiness: Callable[[], Awaitable[Mapping[str, str]]], sources: SourceHealth
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        parts = dict(await readiness())
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
