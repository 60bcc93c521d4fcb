"""What happens to channels: made, joined, renamed, archived; and which events that makes."""

from __future__ import annotations

import re

from sandbox.slack.errors import SlackError
from sandbox.slack.messages import notice
from sandbox.slack.values import Channel, ChannelKind, JsonObject, Note
from sandbox.slack.workspace import Workspace

NAME_LENGTH = 80
NOTE_LENGTH = 250  # topic and purpose
LETTERS = re.compile(r"[\w-]", re.UNICODE)


def check_name(workspace: Workspace, name: str) -> None:
    """Slack's rules for a channel's name; archived channels keep theirs."""
    if not name.strip():
        raise SlackError("invalid_name_required")
    if len(name) > NAME_LENGTH:
        raise SlackError("invalid_name_maxlength")
    if not any(character.isalnum() for character in name):
        raise SlackError("invalid_name_punctuation")
    if name != name.lower() or any(not LETTERS.fullmatch(character) for character in name):
        raise SlackError("invalid_name_specials")
    if any(channel.name == name for channel in workspace.channels.values()):
        raise SlackError("name_taken")


def create(workspace: Workspace, name: str, *, creator: str, is_private: bool) -> Channel:
    check_name(workspace, name)
    channel = workspace.new_channel(name, ChannelKind.PRIVATE if is_private else ChannelKind.PUBLIC, creator=creator)
    workspace.live.announce("channel", channel=channel.id)
    if not is_private:
        workspace.publish("channel_created", {"type": "channel_created", "channel": _summary(channel)})
    notice(workspace, channel, creator, "channel_join", f"<@{creator}> has joined the channel")
    _tell_joined(workspace, channel, creator, inviter=None)
    return channel


def _summary(channel: Channel) -> JsonObject:
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "created": channel.created,
        "creator": channel.creator,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
    }


def join(workspace: Workspace, channel: Channel, user: str, *, inviter: str | None = None) -> None:
    channel.members.append(user)
    text = f"<@{user}> has joined the channel"
    notice(workspace, channel, user, "channel_join", text)
    workspace.live.announce("channel", channel=channel.id, user=user)
    _tell_joined(workspace, channel, user, inviter=inviter)


def _tell_joined(workspace: Workspace, channel: Channel, user: str, *, inviter: str | None) -> None:
    event = {
        "type": "member_joined_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": "G" if channel.is_private else "C",
        "team": workspace.team_id,
    }
    event |= {"inviter": inviter} if inviter else {}
    workspace.publish("member_joined_channel", event, channel=channel)


def leave(workspace: Workspace, channel: Channel, user: str) -> None:
    event = {
        "type": "member_left_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": "G" if channel.is_private else "C",
        "team": workspace.team_id,
    }
    workspace.publish("member_left_channel", event, channel=channel)
    channel.members.remove(user)
    notice(workspace, channel, user, "channel_leave", f"<@{user}> has left the channel")
    workspace.live.announce("channel", channel=channel.id, user=user)


def rename(workspace: Workspace, channel: Channel, name: str, by: str) -> None:
    if name != channel.name:
        check_name(workspace, name)
    channel.previous_names.insert(0, channel.name)
    old, channel.name = channel.name, name
    notice(workspace, channel, by, "channel_name", f'<@{by}> has renamed the channel from "{old}" to "{name}"')
    event = {"type": "channel_rename", "channel": _summary(channel)}
    workspace.publish("channel_rename", event, channel=channel if channel.is_private else None)
    workspace.live.announce("channel", channel=channel.id)


def set_archived(workspace: Workspace, channel: Channel, by: str, *, archived: bool) -> None:
    subtype = "channel_archive" if archived else "channel_unarchive"
    if archived:
        notice(workspace, channel, by, subtype, f"<@{by}> archived the channel")
    channel.is_archived = archived
    if not archived:
        if by not in channel.members:
            channel.members.append(by)
        notice(workspace, channel, by, subtype, f"<@{by}> un-archived the channel")
    event = {"type": subtype, "channel": channel.id, "user": by}
    workspace.publish(subtype, event, channel=channel if channel.is_private else None)
    workspace.live.announce("channel", channel=channel.id)


def set_topic(workspace: Workspace, channel: Channel, value: str, by: str) -> None:
    if len(value) > NOTE_LENGTH:
        raise SlackError("too_long")
    channel.topic = Note(value=value, creator=by, last_set=workspace.now())
    text = f"<@{by}> set the channel topic: {value}" if value else f"<@{by}> cleared the channel topic"
    notice(workspace, channel, by, "channel_topic", text)
    workspace.live.announce("channel", channel=channel.id)


def set_purpose(workspace: Workspace, channel: Channel, value: str, by: str) -> None:
    if len(value) > NOTE_LENGTH:
        raise SlackError("too_long")
    channel.purpose = Note(value=value, creator=by, last_set=workspace.now())
    notice(workspace, channel, by, "channel_purpose", f"<@{by}> set the channel description: {value}")
    workspace.live.announce("channel", channel=channel.id)


def set_group_members(workspace: Workspace, group_id: str, users: list[str]) -> None:
    """Changes who is in a user group; the app hears subteam_members_changed and subteam_updated."""
    group = workspace.groups[group_id]
    added = [user for user in users if user not in group.users]
    removed = [user for user in group.users if user not in users]
    previous, group.users, group.updated = group.updated, list(users), workspace.now()
    workspace.publish(
        "subteam_members_changed",
        {
            "type": "subteam_members_changed",
            "subteam_id": group.id,
            "team_id": workspace.team_id,
            "date_previous_update": previous,
            "date_update": group.updated,
            "added_users": added,
            "added_users_count": len(added),
            "removed_users": removed,
            "removed_users_count": len(removed),
        },
    )
