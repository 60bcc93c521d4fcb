"""Answers as slowly as the real services do, so that the demo shows what people would see."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

# Seconds for one request, typical of a healthy server in the same region.
SLACK = 0.1
PROMETHEUS = 0.08
ELASTICSEARCH = 0.25
GITHUB = 0.2
PAGERDUTY = 0.3


class Delayed:
    """An ASGI application that answers later."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(self._seconds)
        await self._app(scope, receive, send)
