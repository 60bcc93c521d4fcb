"""What Slack sends, handed over: events are recorded before they are acknowledged, people's clicks answered at once."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.ports import SlackEvents
from bot.slack.desk import Desk, errors_of
from bot.slack.inbound import (
    ADD_TO_TIMELINE,
    DECLARE_FORM,
    declaration,
    shortcut_intent,
    slash_intent,
)
from bot.slack.settings import SlackSettings

log = logging.getLogger(__name__)

Next = Callable[[], Awaitable[BoltResponse | None]]


def build(
    client: AsyncWebClient, settings: SlackSettings, *, events: SlackEvents, desk: Desk, on_event: Callable[[], None]
) -> AsyncApp:
    """The Bolt application with every listener of the manifest."""
    app = AsyncApp(
        client=client,
        token=settings.bot_token,
        signing_secret=settings.signing_secret or None,
        request_verification_enabled=settings.mode == "http",
    )

    @app.middleware
    async def record(body: dict[str, Any], next: Next) -> BoltResponse | None:  # Bolt asks for the name `next`
        # Bolt acknowledges an event before its listener runs: what is not on disk by then would be lost in a crash.
        # An error here leaves the event unacknowledged, and Slack delivers it again.
        if body.get("type") != "event_callback":
            return await next()
        await events.record(body["event_id"], json.dumps(body).encode())
        on_event()
        return BoltResponse(status=200)

    @app.command(settings.command)
    async def command(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        asked = slash_intent(body)
        if asked.command.name == "new":
            await desk.open_form(body["trigger_id"], asked.command.argument)
        else:
            await respond(text=await desk.answer(asked), response_type="ephemeral")

    @app.shortcut(DECLARE_FORM)
    @app.action(DECLARE_FORM)
    async def declare(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await desk.open_form(body["trigger_id"])

    @app.shortcut(ADD_TO_TIMELINE)
    async def add_to_timeline(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        await desk.note(shortcut_intent(body))

    @app.view(DECLARE_FORM)
    async def submitted(ack: Any, body: dict[str, Any]) -> None:
        declared = declaration(body)
        if errors := errors_of(declared):
            await ack(response_action="errors", errors=errors)
            return
        await desk.declare(declared)  # on disk before the form closes
        await ack()

    @app.error
    async def failed(error: Exception, body: dict[str, Any]) -> None:
        log.error("a Slack %s could not be handled", body.get("type") or body.get("command"), exc_info=error)

    return app
