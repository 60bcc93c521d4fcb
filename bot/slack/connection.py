"""Reaching Slack and being reached by it: the pool of connections, the first answer, Socket Mode or HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.types import ASGIApp

from bot.domain.errors import ChatError
from bot.slack.settings import SlackSettings
from bot.slack.web_api import WebApi

log = logging.getLogger(__name__)

SLACK_RETRY = 5.0  # seconds between tries to reach Slack at start

Ready = Callable[[str, str], None]  # (part, "ok" or what is missing)


@asynccontextmanager
async def web_client(settings: SlackSettings) -> AsyncIterator[AsyncWebClient]:
    """One pool of connections for all calls: the SDK would otherwise open one for each."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        client = AsyncWebClient(token=settings.bot_token, base_url=settings.api_url, session=session)
        client.retry_handlers.clear()  # a blind second chat.postMessage would post twice; `WebApi` retries knowingly
        yield client


async def reach(call: Callable[[], Awaitable[Mapping[str, Any]]], ready: Ready) -> Mapping[str, Any]:
    """Slack's answer, once it gives one. What comes in meanwhile is stored."""
    while True:
        try:
            return await call()
        except ChatError as error:
            ready("slack", f"cannot be used: {error}; `first-responder check` tells what to do")
            log.warning("Slack cannot be used yet: %s", error)
        await asyncio.sleep(SLACK_RETRY)


@asynccontextmanager
async def connected(
    settings: SlackSettings, app: AsyncApp, api: WebApi, *, open_door: Callable[[ASGIApp], None], ready: Ready
) -> AsyncIterator[None]:
    """Hears Slack as soon as that is possible: incidents are responded to without it."""
    if settings.mode == "http":
        from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler

        open_door(cast(ASGIApp, AsyncSlackRequestHandler(app)))
        ready("slack", "ok")
        yield
        return
    handler = AsyncSocketModeHandler(app, settings.app_token)
    connecting = asyncio.create_task(_connect(handler, settings.app_token, api, ready))
    try:
        yield
    finally:
        connecting.cancel()
        await handler.close_async()  # type: ignore[no-untyped-call]


async def _connect(handler: AsyncSocketModeHandler, app_token: str, api: WebApi, ready: Ready) -> None:
    # Asked for first, since the handler itself tells a wrong token by a traceback every ten seconds.
    await reach(lambda: api.call("apps.connections.open", app_token=app_token), ready)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    ready("slack", "ok")
