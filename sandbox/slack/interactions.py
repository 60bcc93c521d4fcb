"""What people do that the app must answer: commands, buttons, shortcuts, forms. Each builds Slack's true payload."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack import modals
from sandbox.slack.blocks import Surface, problems
from sandbox.slack.elements import acted, find_element, initial_values, missing_inputs
from sandbox.slack.errors import ControlError
from sandbox.slack.messages import Draft, post, post_ephemeral
from sandbox.slack.reply import Reply, Unanswered
from sandbox.slack.values import Channel, ChannelKind, JsonObject, Member, Message, View
from sandbox.slack.wire import message_json, view_json
from sandbox.slack.workspace import TEAM_DOMAIN, Workspace

COMMAND_CHANNEL_NAMES = {ChannelKind.IM: "directmessage", ChannelKind.PRIVATE: "privategroup"}
DISPATCH_FAILED = "dispatch_failed"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the person sees at once."""

    ok: bool
    text: str | None = None
    error: str | None = None
    errors: JsonObject = field(default_factory=dict)  # of a form: block id -> what is wrong


class Interactions:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    # Slash commands

    async def command(self, who: Member, channel: Channel, command: str, text: str) -> Outcome:
        declared = self._declared_command(command)
        if channel.is_archived:
            raise ControlError("commands do not work in an archived channel")
        payload = {
            "token": self._workspace.verification_token,
            "team_id": self._workspace.team_id,
            "team_domain": TEAM_DOMAIN,
            "channel_id": channel.id,
            "channel_name": COMMAND_CHANNEL_NAMES.get(channel.kind, channel.name),
            "user_id": who.id,
            "user_name": who.handle,
            "command": command,
            "text": self._escaped(text) if declared.get("should_escape") else text,
            "api_app_id": self._workspace.app_id,
            "is_enterprise_install": "false",
            "response_url": self._response_url(who, channel),
            "trigger_id": self._workspace.tickets.new_trigger(who.id),
        }
        try:
            reply = await self._workspace.delivery.ask("slash_commands", payload)
        except Unanswered:
            return Outcome(ok=False, error=DISPATCH_FAILED, text=f"{command} failed with the error {DISPATCH_FAILED}")
        return self._shown(who, channel, reply)

    def _declared_command(self, command: str) -> JsonObject:
        """The manifest's entry; without a manifest every command goes to the app."""
        if not command.startswith("/"):
            raise ControlError(f"a command starts with a slash: {command!r}")
        if not self._workspace.manifest:
            return {"should_escape": True}
        for entry in feature(self._workspace, "slash_commands"):
            if entry.get("command") == command:
                return entry
        raise ControlError(f"{command} is not a valid command")

    def _escaped(self, text: str) -> str:
        """`should_escape`: names become ids, as the app's manifest asks."""

        def person(match: re.Match[str]) -> str:
            found = [m for m in self._workspace.members.values() if m.handle == match.group(1)]
            return f"<@{found[0].id}|{found[0].handle}>" if found else match.group(0)

        def place(match: re.Match[str]) -> str:
            channel = self._workspace.find_channel(match.group(1))
            return f"<#{channel.id}|{channel.name}>" if channel else match.group(0)

        text = re.sub(r"(?<![<\w])@([\w.-]+)", person, text)
        return re.sub(r"(?<![<\w&])#([\w-]+)", place, text)

    def _shown(self, who: Member, channel: Channel, reply: Reply) -> Outcome:
        """The text a command answers with is shown to the person, or to all with response_type in_channel."""
        payload = reply.payload or {}
        if not (payload.get("text") or payload.get("blocks") or payload.get("attachments")):
            return Outcome(ok=True)
        draft = _draft(payload)
        if payload.get("response_type") == "in_channel":
            post(self._workspace, channel, self._workspace.bot.id, draft)
        else:
            post_ephemeral(self._workspace, channel, who.id, draft)
        return Outcome(ok=True, text=str(payload.get("text") or "") or None)

    # Buttons and other elements

    async def click(
        self, who: Member, channel: Channel, message: Message, action_id: str, *, block_id: str | None, chosen: Any
    ) -> Outcome:
        block, element = find_element(message.blocks, action_id, block_id)
        container = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.ephemeral_to is not None,
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        payload = self._interaction("block_actions", who) | {
            "container": container,
            "channel": {"id": channel.id, "name": COMMAND_CHANNEL_NAMES.get(channel.kind, channel.name)},
            "state": {"values": {}},
            "response_url": self._response_url(who, channel, message),
            "actions": [acted(block, element, chosen, self._workspace.stamps.next())],
        }
        if message.ephemeral_to is None:
            payload["message"] = message_json(self._workspace, message)
        return await self._ask(payload)

    async def act_in_view(
        self, who: Member, view: View, action_id: str, *, block_id: str | None, chosen: Any
    ) -> Outcome:
        block, element = find_element(view.body["blocks"], action_id, block_id)
        action = acted(block, element, chosen, self._workspace.stamps.next())
        if element.get("type") not in {"button", "overflow"}:
            told = {key: value for key, value in action.items() if key not in {"block_id", "action_id", "action_ts"}}
            view.state.setdefault(block["block_id"], {})[element["action_id"]] = told
        payload = self._interaction("block_actions", who, view) | {
            "container": {"type": "view", "view_id": view.id},
            "view": view_json(self._workspace, view),
            "actions": [action],
        }
        return await self._ask(payload)

    # Shortcuts

    async def shortcut(
        self, who: Member, callback_id: str, channel: Channel | None, message: Message | None
    ) -> Outcome:
        kind = "shortcut" if message is None else "message_action"
        self._declared_shortcut(callback_id, "global" if message is None else "message")
        payload = self._interaction(kind, who) | {
            "callback_id": callback_id,
            "action_ts": self._workspace.stamps.next(),
        }
        if message is not None and channel is not None:
            payload |= {
                "channel": {"id": channel.id, "name": COMMAND_CHANNEL_NAMES.get(channel.kind, channel.name)},
                "message": message_json(self._workspace, message),
                "message_ts": message.ts,
                "response_url": self._response_url(who, channel, message),
            }
        return await self._ask(payload)

    def _declared_shortcut(self, callback_id: str, kind: str) -> None:
        if not self._workspace.manifest:
            return
        entries = feature(self._workspace, "shortcuts")
        if not any(entry.get("callback_id") == callback_id and entry.get("type") == kind for entry in entries):
            raise ControlError(f"the app has no {kind} shortcut {callback_id!r}")

    # Modals

    async def submit(self, who: Member, view: View, values: JsonObject) -> Outcome:
        """Sends the form. Slack itself refuses one with an empty required field; the app may answer errors."""
        state = initial_values(view.body["blocks"], {**view.state, **values})
        missing = missing_inputs(view.body["blocks"], state)
        if missing:
            return Outcome(ok=False, errors=dict.fromkeys(missing, "Please complete this required field."))
        view.state = state
        payload = self._interaction("view_submission", who, view) | {
            "view": view_json(self._workspace, view),
            "response_urls": [],
        }
        try:
            reply = await self._workspace.delivery.ask("interactive", payload)
        except Unanswered:
            return Outcome(ok=False, error="We had some trouble connecting. Try again?")
        return self._respond(view, reply.payload or {})

    def _respond(self, view: View, answer: JsonObject) -> Outcome:
        action = answer.get("response_action")
        if action is None:
            modals.close(self._workspace, view)
        elif action == "clear":
            modals.close(self._workspace, view, everything=True)
        elif action == "errors":
            return Outcome(ok=False, errors=dict(answer.get("errors") or {}))
        elif action in {"update", "push"} and _good_modal(answer.get("view")):
            if action == "update":
                modals.change(self._workspace, view, answer["view"])
            else:
                modals.show(self._workspace, view.user, answer["view"], on_top=True)
        else:
            return Outcome(ok=False, error="We had some trouble connecting. Try again?")
        return Outcome(ok=True)

    async def close(self, who: Member, view: View) -> Outcome:
        """Closes the view, or with clear_on_close all of them; the app hears of it when it asked to."""
        clearing = bool(view.body.get("clear_on_close"))
        payload = self._interaction("view_closed", who) | {
            "view": view_json(self._workspace, view),
            "is_cleared": clearing,
        }
        payload.pop("trigger_id")
        modals.close(self._workspace, view, everything=clearing)
        return await self._ask(payload) if view.body.get("notify_on_close") else Outcome(ok=True)

    # Parts

    def _interaction(self, kind: str, who: Member, view: View | None = None) -> JsonObject:
        workspace = self._workspace
        return {
            "type": kind,
            "token": workspace.verification_token,
            "user": {"id": who.id, "username": who.handle, "name": who.handle, "team_id": who.team_id},
            "api_app_id": workspace.app_id,
            "team": {"id": workspace.team_id, "domain": TEAM_DOMAIN},
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": workspace.tickets.new_trigger(who.id, view.id if view else None),
        }

    def _response_url(self, who: Member, channel: Channel, message: Message | None = None) -> str:
        name = self._workspace.tickets.new_response(
            who.id,
            channel.id,
            message_ts=message.ts if message else None,
            thread_ts=message.thread_ts if message and message.is_reply else None,
        )
        return f"{self._workspace.base_url}/response/{name}"

    async def _ask(self, payload: JsonObject) -> Outcome:
        try:
            await self._workspace.delivery.ask("interactive", payload)
        except Unanswered as failure:
            return Outcome(ok=False, error=f"the app did not answer: {failure.reason}")
        return Outcome(ok=True)


def feature(workspace: Workspace, name: str) -> list[JsonObject]:
    """A list of the manifest's features: slash_commands or shortcuts."""
    features = workspace.manifest.get("features")
    found = features.get(name) if isinstance(features, dict) else None
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _good_modal(view: object) -> bool:
    if not isinstance(view, dict) or view.get("type") != "modal" or not isinstance(view.get("blocks"), list):
        return False
    return not problems(view["blocks"], Surface.MODAL)


def _draft(payload: JsonObject) -> Draft:
    return Draft(
        text=str(payload.get("text") or ""),
        blocks=payload.get("blocks") or (),
        attachments=payload.get("attachments") or (),
    )
