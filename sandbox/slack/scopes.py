"""Which scope a method needs; any one of several is enough. Methods on channels depend on the channel's kind."""

from __future__ import annotations

from collections.abc import Collection

from sandbox.slack.errors import SlackError
from sandbox.slack.values import ChannelKind

DEFAULT_SCOPES = frozenset(
    [
        "app_mentions:read",
        "assistant:write",
        "bookmarks:read",
        "bookmarks:write",
        "canvases:read",
        "canvases:write",
        "channels:history",
        "channels:join",
        "channels:manage",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "groups:write",
        "im:history",
        "im:read",
        "im:write",
        "pins:read",
        "pins:write",
        "reactions:read",
        "reactions:write",
        "team:read",
        "usergroups:read",
        "users:read",
        "users:read.email",
    ]
)

NEEDED = {
    "assistant.threads.setStatus": ("chat:write", "assistant:write"),
    "assistant.threads.setSuggestedPrompts": ("assistant:write",),
    "assistant.threads.setTitle": ("assistant:write",),
    "bookmarks.list": ("bookmarks:read",),
    "bots.info": ("users:read",),
    "canvases.sections.lookup": ("canvases:read",),
    "chat.getPermalink": (),
    "chat.scheduledMessages.list": (),
    "chat.unfurl": ("links:write",),
    "conversations.canvases.create": ("canvases:write",),
    "conversations.join": ("channels:join",),
    "files.info": ("files:read",),
    "files.list": ("files:read",),
    "pins.list": ("pins:read",),
    "reactions.get": ("reactions:read",),
    "reactions.list": ("reactions:read",),
    "team.info": ("team:read",),
    "usergroups.list": ("usergroups:read",),
    "usergroups.users.list": ("usergroups:read",),
    "users.lookupByEmail": ("users:read.email",),
    "users.profile.get": ("users:read",),
}
NEEDED_BY_FAMILY = {
    "bookmarks": ("bookmarks:write",),
    "canvases": ("canvases:write",),
    "chat": ("chat:write",),
    "files": ("files:write",),
    "pins": ("pins:write",),
    "reactions": ("reactions:write",),
    "users": ("users:read",),
}

READ = {ChannelKind.PUBLIC: "channels:read", ChannelKind.PRIVATE: "groups:read", ChannelKind.IM: "im:read"}
HISTORY = {ChannelKind.PUBLIC: "channels:history", ChannelKind.PRIVATE: "groups:history", ChannelKind.IM: "im:history"}
MANAGE = {ChannelKind.PUBLIC: "channels:manage", ChannelKind.PRIVATE: "groups:write", ChannelKind.IM: "im:write"}


def needed(method: str) -> tuple[str, ...]:
    return NEEDED.get(method, NEEDED_BY_FAMILY.get(method.partition(".")[0], ()))


def check(granted: Collection[str], alternatives: Collection[str]) -> None:
    if alternatives and not set(alternatives) & set(granted):
        raise SlackError("missing_scope", needed=",".join(alternatives), provided=",".join(sorted(granted)))
