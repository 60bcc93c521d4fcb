"""A server whose application is changed from test to test."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class Desk:
    """Whoever sits at it at the moment answers."""

    url = ""
    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.app(scope, receive, send)


DESK = Desk()
