"""One Web API call as a method sees it: the workspace, and arguments read with Slack's errors."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.slack import scopes
from sandbox.slack.errors import SlackError
from sandbox.slack.values import Channel, ChannelKind, JsonObject, Member, Message
from sandbox.slack.workspace import Workspace

TRUE_WORDS = {"1", "true", "True", True}
MAX_PAGE = 1000
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class ApiCall:
    workspace: Workspace
    method: str
    args: Mapping[str, Any]

    @property
    def bot(self) -> Member:
        return self.workspace.bot

    def text(self, name: str, default: str = "") -> str:
        value = self.args.get(name)
        return default if value is None else str(value)

    def need(self, name: str, error: str = "invalid_arguments") -> str:
        value = self.text(name)
        if not value:
            raise SlackError(error, messages=[f"[ERROR] missing required field: {name}"])
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.args.get(name)
        return default if value is None else value in TRUE_WORDS

    def number(self, name: str, default: int) -> int:
        value = self.text(name)
        if not value:
            return default
        try:
            return int(value)
        except ValueError:
            raise SlackError("invalid_arguments", messages=[f"[ERROR] must be a number: {name}"]) from None

    def json(self, name: str, error: str) -> Any:
        """A list or an object, given as JSON or as a string of JSON; None when it is absent or empty."""
        value = self.args.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise SlackError(error) from None

    def objects(self, name: str, error: str) -> list[JsonObject] | None:
        value = self.json(name, error)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise SlackError(error)
        return value

    def object(self, name: str, error: str) -> JsonObject | None:
        value = self.json(name, error)
        if value is not None and not isinstance(value, dict):
            raise SlackError(error)
        return value

    def words(self, name: str) -> list[str]:
        """A comma-separated list, or a JSON one."""
        value = self.args.get(name)
        if isinstance(value, list):
            return [str(item) for item in value]
        text = self.text(name)
        if text.startswith("["):
            return [str(item) for item in self.json(name, "invalid_arguments")]
        return [word.strip() for word in text.split(",") if word.strip()]

    def channel(self, name: str = "channel", *, scope: Mapping[ChannelKind, str] | None = None) -> Channel:
        """The channel the argument names, when the app can see it and has the scope for its kind."""
        where = self.need(name, "channel_not_found" if name == "channel" else "invalid_arguments")
        channel = self.workspace.channels.get(where)
        if channel is None or not self.workspace.visible(channel, self.bot.id):
            raise SlackError("channel_not_found")
        if scope is not None:
            scopes.check(self.workspace.scopes, [scope[channel.kind]])
        return channel

    def joined(self, channel: Channel) -> Channel:
        if self.bot.id not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def message(self, channel: Channel, name: str = "timestamp", *, missing: str = "no_item_specified") -> Message:
        return self.workspace.message(channel, self.need(name, missing))

    def page(self, items: Sequence[T], *, default: int = 100) -> tuple[list[T], JsonObject]:
        """A page of the items and its response_metadata; the cursor says where the next one starts."""
        start = _read_cursor(self.text("cursor"))
        size = min(max(1, self.number("limit", default)), MAX_PAGE)
        end = start + size
        return list(items[start:end]), {"next_cursor": _cursor(end) if end < len(items) else ""}


def _cursor(start: int) -> str:
    return base64.b64encode(f"next:{start}".encode()).decode()


def _read_cursor(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except (ValueError, binascii.Error):
        raise SlackError("invalid_cursor") from None


Method = Callable[[ApiCall], JsonObject]
