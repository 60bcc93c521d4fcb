"""What happens to messages: posted, edited, deleted, reacted to, pinned; and which events that makes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sandbox.slack import pings
from sandbox.slack.errors import SlackError
from sandbox.slack.ids import random_block_id
from sandbox.slack.pings import Ping
from sandbox.slack.values import Channel, ChannelKind, JsonObject, Message, Pin
from sandbox.slack.wire import message_json
from sandbox.slack.workspace import Workspace

MESSAGE_EVENT = {
    ChannelKind.PUBLIC: "message.channels",
    ChannelKind.PRIVATE: "message.groups",
    ChannelKind.IM: "message.im",
}
CHANNEL_TYPE = {ChannelKind.PUBLIC: "channel", ChannelKind.PRIVATE: "group", ChannelKind.IM: "im"}
MAX_PINS = 100  # slack.com/help: 100 pins in a conversation
MAX_DISTINCT_REACTIONS = 50  # slack.com/help: 50 different emoji on a message
MAX_REACTIONS_PER_PERSON = 23  # and 23 by one person


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What someone wants to say."""

    text: str = ""
    blocks: Sequence[JsonObject] = ()
    attachments: Sequence[JsonObject] = ()
    thread_ts: str | None = None
    broadcast: bool = False
    metadata: JsonObject | None = None
    files: Sequence[str] = ()
    subtype: str | None = None


def with_ids(blocks: Sequence[JsonObject]) -> list[JsonObject]:
    """Slack gives every block a block_id and every interactive element an action_id where the app gave none."""
    return [_named(block) for block in blocks]


def _named(block: JsonObject) -> JsonObject:
    named = {**block, "block_id": block.get("block_id") or random_block_id()}
    if isinstance(block.get("elements"), list) and block.get("type") in {"actions", "context_actions"}:
        named["elements"] = [_actionable(element) for element in block["elements"]]
    for key in ("accessory", "element"):
        if isinstance(block.get(key), dict) and block[key].get("type") != "image":
            named[key] = _actionable(block[key])
    return named


def _actionable(element: JsonObject) -> JsonObject:
    return {**element, "action_id": element.get("action_id") or random_block_id()}


def post(workspace: Workspace, channel: Channel, user: str, draft: Draft) -> Message:
    """Adds a message and tells everybody. The caller has checked that `user` may."""
    author = workspace.members[user]
    message = Message(
        ts=workspace.stamps.next(),
        channel=channel.id,
        user=user,
        text=draft.text,
        blocks=with_ids(draft.blocks),
        attachments=[dict(attachment) for attachment in draft.attachments],
        bot_id=author.bot_id,
        subtype=draft.subtype,
        thread_ts=draft.thread_ts,
        metadata=draft.metadata,
        files=list(draft.files),
        client_msg_id=None if author.is_bot or draft.subtype else str(uuid.uuid4()),
    )
    if draft.thread_ts is not None:
        if draft.broadcast:
            message = replace(message, subtype="thread_broadcast", root=draft.thread_ts)
        _start_thread(workspace, channel, draft.thread_ts)
    channel.messages[message.ts] = message
    _count_pings(workspace, message, edited=False)
    _tell_new(workspace, channel, message)
    _clear_status(workspace, message)
    return message


def _start_thread(workspace: Workspace, channel: Channel, thread_ts: str) -> None:
    parent = channel.messages.get(thread_ts)
    if parent is not None:
        parent.thread_ts = thread_ts
        workspace.live.announce("message_changed", channel=channel.id, ts=thread_ts)


def _clear_status(workspace: Workspace, message: Message) -> None:
    """A reply by the app ends its "is thinking ..." in that thread."""
    thread = workspace.threads.get((message.channel, message.thread_ts or ""))
    if thread is not None and thread.status and message.user == workspace.bot.id:
        thread.status = ""
        workspace.live.announce("status", channel=message.channel, ts=thread.thread_ts)


def _count_pings(workspace: Workspace, message: Message, *, edited: bool) -> None:
    for target in pings.targets(message.text, message.blocks, message.attachments):
        workspace.pings.append(
            Ping(channel=message.channel, ts=message.ts, by=message.user, target=target, edited=edited)
        )


def _tell_new(workspace: Workspace, channel: Channel, message: Message) -> None:
    workspace.live.announce("message", channel=channel.id, ts=message.ts, user=message.user)
    event = {
        **message_json(workspace, message, metadata=True),
        "channel": channel.id,
        "channel_type": CHANNEL_TYPE[channel.kind],
        "event_ts": message.ts,
    }
    if message.root is not None and message.root in channel.messages:
        event["root"] = message_json(workspace, channel.messages[message.root])
    workspace.publish(MESSAGE_EVENT[channel.kind], event, channel=channel)
    mentioned = f"<@{workspace.bot.id}>" in message.text or f"<@{workspace.bot.id}|" in message.text
    if mentioned and message.user != workspace.bot.id and not channel.is_im and message.subtype in _MENTIONING:
        mention = {**event, "type": "app_mention"}
        mention.pop("channel_type")
        mention.pop("subtype", None)
        workspace.publish("app_mention", mention, channel=channel)


_MENTIONING = {None, "file_share", "thread_broadcast"}


def notice(workspace: Workspace, channel: Channel, user: str, subtype: str, text: str) -> None:
    """One of Slack's grey lines: someone joined, the topic was set."""
    post(workspace, channel, user, Draft(text=text, subtype=subtype))


def post_ephemeral(workspace: Workspace, channel: Channel, to: str, draft: Draft) -> Message:
    message = Message(
        ts=workspace.stamps.next(),
        channel=channel.id,
        user=workspace.bot.id,
        text=draft.text,
        blocks=with_ids(draft.blocks),
        attachments=[dict(attachment) for attachment in draft.attachments],
        bot_id=workspace.bot.bot_id,
        thread_ts=draft.thread_ts,
        ephemeral_to=to,
    )
    channel.ephemerals.append(message)
    workspace.live.announce("ephemeral", channel=channel.id, ts=message.ts, user=to)
    return message


def edit(workspace: Workspace, channel: Channel, message: Message, by: str, changed: Message) -> Message:
    """Replaces a message by its changed form; the app hears message_changed with both."""
    before = message_json(workspace, message)
    stamp = workspace.stamps.next()
    changed = replace(changed, edited_by=by, edited_at=stamp)
    channel.messages[message.ts] = changed
    known = set(pings.targets(message.text, message.blocks, message.attachments))
    if set(pings.targets(changed.text, changed.blocks, changed.attachments)) - known:
        _count_pings(workspace, changed, edited=True)
    tell_changed(workspace, channel, changed, before)
    return changed


def tell_changed(workspace: Workspace, channel: Channel, message: Message, before: JsonObject) -> None:
    workspace.live.announce("message_changed", channel=channel.id, ts=message.ts)
    event = {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "message": message_json(workspace, message),
        "previous_message": before,
        "channel": channel.id,
        "channel_type": CHANNEL_TYPE[channel.kind],
        "ts": workspace.stamps.next(),
    }
    workspace.publish(MESSAGE_EVENT[channel.kind], event | {"event_ts": event["ts"]}, channel=channel)


def delete(workspace: Workspace, channel: Channel, message: Message) -> None:
    """A parent with replies becomes a tombstone, which the app hears of as a change; anything else is gone."""
    before = message_json(workspace, message)
    channel.pins = [pin for pin in channel.pins if pin.ts != message.ts]
    workspace.streams.pop((channel.id, message.ts), None)
    if channel.replies(message.ts):
        tombstone = Message(
            ts=message.ts,
            channel=channel.id,
            user="USLACKBOT",
            text="This message was deleted.",
            subtype="tombstone",
            thread_ts=message.ts,
        )
        channel.messages[message.ts] = tombstone
        tell_changed(workspace, channel, tombstone, before)
        return
    del channel.messages[message.ts]
    workspace.live.announce("message_deleted", channel=channel.id, ts=message.ts)
    event = {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "deleted_ts": message.ts,
        "previous_message": before,
        "channel": channel.id,
        "channel_type": CHANNEL_TYPE[channel.kind],
        "ts": workspace.stamps.next(),
    }
    workspace.publish(MESSAGE_EVENT[channel.kind], event | {"event_ts": event["ts"]}, channel=channel)


def react(workspace: Workspace, channel: Channel, message: Message, user: str, name: str) -> None:
    users = message.reactions.get(name, [])
    if user in users:
        raise SlackError("already_reacted")
    if name not in message.reactions and len(message.reactions) >= MAX_DISTINCT_REACTIONS:
        raise SlackError("too_many_emoji")
    if sum(user in others for others in message.reactions.values()) >= MAX_REACTIONS_PER_PERSON:
        raise SlackError("too_many_reactions")
    message.reactions.setdefault(name, []).append(user)
    _tell_reaction(workspace, channel, message, user, name, "reaction_added")


def unreact(workspace: Workspace, channel: Channel, message: Message, user: str, name: str) -> None:
    users = message.reactions.get(name, [])
    if user not in users:
        raise SlackError("no_reaction")
    users.remove(user)
    if not users:
        del message.reactions[name]
    _tell_reaction(workspace, channel, message, user, name, "reaction_removed")


def _tell_reaction(
    workspace: Workspace, channel: Channel, message: Message, user: str, name: str, event_type: str
) -> None:
    workspace.live.announce("reaction", channel=channel.id, ts=message.ts, user=user)
    event = {
        "type": event_type,
        "user": user,
        "reaction": name,
        "item": {"type": "message", "channel": channel.id, "ts": message.ts},
        "item_user": message.user,
    }
    workspace.publish(event_type, event, channel=channel)


def pin(workspace: Workspace, channel: Channel, message: Message, user: str) -> None:
    if any(pin.ts == message.ts for pin in channel.pins):
        raise SlackError("already_pinned")
    if len(channel.pins) >= MAX_PINS:
        raise SlackError("too_many_pins")
    channel.pins.append(Pin(ts=message.ts, user=user, created=workspace.now()))
    _tell_pin(workspace, channel, message, user, "pin_added")


def unpin(workspace: Workspace, channel: Channel, message: Message, user: str) -> None:
    kept = [pin for pin in channel.pins if pin.ts != message.ts]
    if len(kept) == len(channel.pins):
        raise SlackError("no_pin")
    channel.pins = kept
    _tell_pin(workspace, channel, message, user, "pin_removed")


def _tell_pin(workspace: Workspace, channel: Channel, message: Message, user: str, event_type: str) -> None:
    workspace.live.announce("pin", channel=channel.id, ts=message.ts, user=user)
    event = {
        "type": event_type,
        "user": user,
        "channel_id": channel.id,
        "item": {
            "type": "message",
            "channel": channel.id,
            "message": message_json(workspace, message),
            "created": workspace.now(),
            "created_by": user,
        },
        "item_user": message.user,
        "pin_count": len(channel.pins),
    }
    workspace.publish(event_type, event, channel=channel)
