"""A small Slack app for the page to talk with: it answers a command, a button, a form, and has a Home."""

from __future__ import annotations

import re
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

MANIFEST: dict[str, object] = {
    "features": {
        "slash_commands": [
            {"command": "/inc", "description": "Work on incidents", "usage_hint": "help | status | list"},
            {"command": "/ink", "description": "Print a page", "usage_hint": "now"},
        ],
        "shortcuts": [
            {"type": "global", "name": "Declare an incident", "callback_id": "declare"},
            {"type": "message", "name": "Add to the timeline", "callback_id": "keep"},
        ],
    }
}


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def option(text: str, value: str) -> dict[str, Any]:
    return {"text": plain(text), "value": value}


def labelled(block_id: str, label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **more}


SEVERITIES = [option("SEV1", "1"), option("SEV2", "2"), option("SEV3", "3")]
FORM = {
    "type": "modal",
    "callback_id": "declared",
    "title": plain("Declare an incident"),
    "submit": plain("Declare"),
    "close": plain("Cancel"),
    "blocks": [
        {"type": "section", "text": {"type": "mrkdwn", "text": "A channel opens and *on-call* is asked in."}},
        labelled("title", "Title", {"type": "plain_text_input", "action_id": "text"}),
        labelled("sev", "Severity", {"type": "static_select", "action_id": "pick", "options": SEVERITIES}),
        labelled("lead", "Lead", {"type": "users_select", "action_id": "who"}, optional=True),
        labelled("day", "Since", {"type": "datepicker", "action_id": "date"}, optional=True),
        labelled(
            "kind", "Kind", {"type": "radio_buttons", "action_id": "one", "options": SEVERITIES[:2]}, optional=True
        ),
        labelled(
            "tell",
            "Tell",
            {
                "type": "checkboxes",
                "action_id": "many",
                "options": [option("Support", "s"), option("Status page", "p")],
            },
            optional=True,
        ),
        labelled(
            "what",
            "What do you see?",
            {"type": "plain_text_input", "action_id": "text", "multiline": True},
            optional=True,
            hint=plain("Links are welcome"),
        ),
    ],
}


def build(client: AsyncWebClient, secret: str, heard: list[dict[str, Any]]) -> AsyncApp:
    """`heard` collects the payloads of actions, shortcuts and forms."""
    app = AsyncApp(client=client, signing_secret=secret)

    @app.command("/inc")
    async def inc(ack: Any, command: dict[str, Any]) -> None:
        await ack(f"*{command['text']}*: 2 incidents are open")

    @app.action(re.compile(".*"))
    async def acted(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        heard.append(body)
        if body["actions"][0]["action_id"] == "approve":
            message = body["message"]
            said = f"Approved by <@{body['user']['id']}>"
            await client.chat_update(channel=body["channel"]["id"], ts=message["ts"], text=said, blocks=[])

    @app.shortcut(re.compile(".*"))
    async def started(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        heard.append(body)
        if body["callback_id"] == "declare":
            await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.view("declared")
    async def declared(ack: Any, body: dict[str, Any]) -> None:
        values = body["view"]["state"]["values"]
        if len(values["title"]["text"]["value"]) < 5:
            await ack(response_action="errors", errors={"title": "Say it in five letters or more"})
            return
        heard.append(body)
        await ack()

    @app.event("app_home_opened")
    async def home(event: dict[str, Any]) -> None:
        text = f"*Welcome* <@{event['user']}>"
        blocks = [{"type": "section", "block_id": "welcome", "text": {"type": "mrkdwn", "text": text}}]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    @app.event(re.compile(".*"))
    async def rest() -> None:
        return

    return app
