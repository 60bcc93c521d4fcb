"""Answers that take their time, and notice when nobody waits for them any more."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.anthropic.asked import Asked
from sandbox.anthropic.message import Message, events, frame
from sandbox.anthropic.turns import Slow

TRANSPORT = "sandbox.transport"  # of a request's scope


@dataclass(frozen=True, kw_only=True)
class Cut:
    after: int | None = None  # events; None: not at all
    politely: bool = False  # with an end of the body
    error: str = ""  # with an event of this error


class Watched(Response):
    """The whole message, once the model has "written" it."""

    media_type = "application/json"

    def __init__(self, whole: Message, asked: Asked, pace: Slow) -> None:
        super().__init__(JSONResponse(whole.body()).body)
        self._whole, self._asked, self._pace = whole, asked, pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def write() -> None:
            tokens = int(self._whole.usage["output_tokens"])
            await asyncio.sleep(self._pace.first_token_after + self._pace.per_token * tokens)
            await super(Watched, self).__call__(scope, receive, send)

        await _unless_gone(write, receive, self._asked)


class EventStream(Response):
    media_type = "text/event-stream"
    charset = "utf-8"

    def __init__(self, whole: Message, asked: Asked, pace: Slow, cut: Cut) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._whole, self._asked, self._pace, self._cut = whole, asked, pace, cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def write() -> None:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for chunk in self._frames(scope):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        await _unless_gone(write, receive, self._asked)

    async def _frames(self, scope: Scope) -> AsyncIterator[bytes]:
        has_begun = False
        for number, (kind, data) in enumerate(events(self._whole)):
            if number == self._cut.after:
                if self._cut.error:
                    yield frame("error", {"error": {"type": self._cut.error, "message": "scripted"}})
                elif not self._cut.politely:
                    scope[TRANSPORT].close()  # what was written still goes out
                return
            if kind == "content_block_delta":
                async for ping in self._wait(self._pace.per_token if has_begun else self._pace.first_token_after):
                    yield ping
                has_begun = True
            yield frame(kind, data)

    async def _wait(self, seconds: float) -> AsyncIterator[bytes]:
        while seconds > self._pace.ping_every:
            await asyncio.sleep(self._pace.ping_every)
            seconds -= self._pace.ping_every
            yield frame("ping", {})
        if seconds > 0:
            await asyncio.sleep(seconds)


async def _unless_gone(write: Callable[[], Awaitable[None]], receive: Receive, asked: Asked) -> None:
    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    writing = asyncio.ensure_future(write())
    watching = asyncio.ensure_future(watch())
    try:
        await asyncio.wait((writing, watching), return_when=asyncio.FIRST_COMPLETED)
        if writing.done():
            writing.result()
            asked.done.set()
        else:
            asked.gone.set()
    finally:
        for task in (writing, watching):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


class KnowsItsTransport:
    """The outermost application. ASGI has no word for dropping a connection; uvicorn lets us see its transport."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[TRANSPORT] = getattr(getattr(send, "__self__", None), "transport", None)
        await self._app(scope, receive, send)
