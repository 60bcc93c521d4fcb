"""What a person sees: the shapes the page and the tests read."""

from __future__ import annotations

from typing import Any

from sandbox.slack.block_files import find_file
from sandbox.slack.interactions import feature
from sandbox.slack.values import Channel, File, JsonObject, Member, Message
from sandbox.slack.wire import canvas_json, reactions_json
from sandbox.slack.workspace import TEAM_NAME, Workspace


class Screen:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def state(self, me: Member) -> JsonObject:
        workspace = self._workspace
        shown = [channel for channel in workspace.channels.values() if workspace.visible(channel, me.id)]
        return {
            "team": {"id": workspace.team_id, "name": TEAM_NAME},
            "me": me.id,
            "bot": workspace.bot.id,
            "people": [self._person(member) for member in workspace.members.values()],
            "channels": [self._channel(channel, me) for channel in shown],
            "groups": [{"id": g.id, "handle": g.handle, "name": g.name} for g in workspace.groups.values()],
            "commands": [
                {key: str(entry.get(key, "")) for key in ("command", "description", "usage_hint")}
                for entry in feature(workspace, "slash_commands")
            ],
            "shortcuts": [
                {key: str(entry.get(key, "")) for key in ("type", "name", "callback_id")}
                for entry in feature(workspace, "shortcuts")
            ],
            "agent_status": [
                {
                    "channel": thread.channel,
                    "thread_ts": thread.thread_ts,
                    "status": thread.status,
                    "loading_messages": thread.loading_messages,
                    "title": thread.title,
                    "prompts": thread.prompts,
                }
                for thread in workspace.threads.values()
            ],
            "hints": list(workspace.hints),
            "connected": workspace.delivery.socket.connections > 0 or workspace.delivery.http is not None,
        }

    @staticmethod
    def _person(member: Member) -> JsonObject:
        return {
            "id": member.id,
            "handle": member.handle,
            "name": member.name,
            "title": member.title,
            "email": member.email,
            "is_bot": member.is_bot,
            "is_guest": member.is_restricted or member.is_stranger,
        }

    def _channel(self, channel: Channel, me: Member) -> JsonObject:
        name = channel.name
        if channel.is_im:
            other = next((user for user in channel.members if user != me.id), me.id)
            name = self._workspace.members[other].handle
        return {
            "id": channel.id,
            "name": name,
            "is_private": channel.is_private,
            "is_im": channel.is_im,
            "is_member": me.id in channel.members,
            "is_archived": channel.is_archived,
            "topic": channel.topic.value,
            "purpose": channel.purpose.value,
            "member_count": len(channel.members),
            "bookmarks": [{"title": b.title, "link": b.link, "emoji": b.emoji} for b in channel.bookmarks],
            "pins": [pin.ts for pin in channel.pins],
            "canvases": self._canvases(channel),
            "last_ts": next(reversed(channel.messages), ""),
        }

    def _canvases(self, channel: Channel) -> list[JsonObject]:
        """The channel's own one first."""
        own = [channel.canvas] if channel.canvas else []
        shown = [self._workspace.canvases[id] for id in (*own, *channel.tabs)]
        return [
            {
                "id": canvas.id,
                "title": canvas.title,
                "markdown": canvas.markdown,
                "is_own": canvas.channel is not None,
                "link": canvas_json(self._workspace, canvas)["permalink"],
            }
            for canvas in shown
        ]

    def messages(self, me: Member, channel: Channel, thread_ts: str | None) -> list[JsonObject]:
        """Oldest first. With a thread: its parent and all replies; without: what stands in the channel."""
        ephemeral = [message for message in channel.ephemerals if message.ephemeral_to == me.id]
        everything = [*channel.messages.values(), *ephemeral]
        if thread_ts is None:
            chosen = [message for message in everything if message.in_channel_view]
        else:
            chosen = [message for message in everything if thread_ts in (message.ts, message.thread_ts)]
        return [self._message(channel, message) for message in sorted(chosen, key=lambda message: float(message.ts))]

    def _message(self, channel: Channel, message: Message) -> JsonObject:
        workspace = self._workspace
        author = workspace.members.get(message.user)
        replies = channel.replies(message.ts)
        shown: JsonObject = {
            "ts": message.ts,
            "user": {
                "id": message.user,
                "name": author.name if author else "Slackbot",
                "is_bot": author.is_bot if author else True,
            },
            "text": message.text,
            "subtype": message.subtype,
            "blocks": self.resolved(message.blocks),
            "attachments": self.resolved(message.attachments),
            "metadata": message.metadata,
            "thread_ts": message.thread_ts,
            "reply_count": len(replies),
            "last_reply_ts": replies[-1].ts if replies else None,
            "reactions": reactions_json(message),
            "edited": message.edited_at is not None,
            "pinned": any(pin.ts == message.ts for pin in channel.pins),
            "files": [self._file(workspace.files[file]) for file in message.files],
            "ephemeral": message.ephemeral_to is not None,
            "streaming": message.streaming,
            "permalink": workspace.permalink(message),
        }
        return shown

    def _file(self, file: File) -> JsonObject:
        return {
            "id": file.id,
            "title": file.title,
            "alt": file.alt,
            "url": self._address(file),
            "width": file.width,
            "height": file.height,
            "mimetype": file.mimetype,
        }

    @staticmethod
    def _address(file: File) -> str:
        return f"/files/{file.id}/{file.name}"

    def resolved(self, value: Any) -> Any:
        """A copy in which images of the workspace's own files carry the address a page can load."""
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        copy = {key: self.resolved(item) for key, item in value.items()}
        if value.get("type") == "image" and isinstance(value.get("slack_file"), dict):
            file = find_file(self._workspace, value["slack_file"])
            if file is not None:
                copy["resolved_url"] = self._address(file)
        return copy
