"""chat.*: posting, editing, deleting, scheduling, permalinks and unfurls."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sandbox.slack import messages
from sandbox.slack.api.call import ApiCall, Method
from sandbox.slack.api.drafts import read_attachments, read_blocks, read_draft, read_metadata
from sandbox.slack.errors import SlackError
from sandbox.slack.ids import random_id
from sandbox.slack.messages import Draft
from sandbox.slack.values import Channel, ChannelKind, JsonObject, Message, Scheduled
from sandbox.slack.wire import message_json
from sandbox.slack.workspace import Workspace

MAX_UPDATE_TEXT = 4000
MAX_SCHEDULE_SECONDS = 120 * 24 * 3600


def target(call: ApiCall) -> Channel:
    """Where to write: a channel's id or name, or a user's id for the direct messages with them."""
    where = call.need("channel", "channel_not_found")
    if where in call.workspace.members:
        channel = call.workspace.im_with(where)
    else:
        found = call.workspace.find_channel(where)
        if found is None or not call.workspace.visible(found, call.bot.id):
            raise SlackError("channel_not_found")
        channel = found
    if channel.is_archived:
        raise SlackError("is_archived")
    public = channel.kind is ChannelKind.PUBLIC and "chat:write.public" in call.workspace.scopes
    return channel if public else call.joined(channel)


def in_thread(call: ApiCall, channel: Channel, draft: Draft) -> Draft:
    """A reply to a reply goes to the thread's parent, as Slack does it."""
    if draft.thread_ts is None:
        return draft
    parent = channel.messages.get(draft.thread_ts)
    if parent is None:
        raise SlackError("thread_not_found")
    if parent.subtype and parent.subtype not in {"file_share", "thread_broadcast", "tombstone", "bot_message"}:
        raise SlackError("cannot_reply_to_message")
    return replace(draft, thread_ts=parent.thread_ts or parent.ts)


def post_message(call: ApiCall) -> JsonObject:
    channel = target(call)
    draft = in_thread(call, channel, read_draft(call))
    message = messages.post(call.workspace, channel, call.bot.id, draft)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(call.workspace, message)}


def post_ephemeral(call: ApiCall) -> JsonObject:
    channel = target(call)
    user = call.need("user", "user_not_found")
    if user not in call.workspace.members:
        raise SlackError("user_not_found")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    message = messages.post_ephemeral(call.workspace, channel, user, read_draft(call))
    return {"message_ts": message.ts}


def own_message(call: ApiCall, refusal: str) -> tuple[Channel, Message]:
    channel = call.channel()
    message = call.message(channel, "ts", missing="message_not_found")
    if message.user != call.bot.id or message.subtype not in {None, "file_share", "thread_broadcast", "bot_message"}:
        raise SlackError(refusal)
    return channel, message


def update(call: ApiCall) -> JsonObject:
    channel, message = own_message(call, "cant_update_message")
    if channel.is_archived:
        raise SlackError("is_inactive")
    if message.streaming:
        raise SlackError("streaming_state_conflict")
    changed = messages.edit(call.workspace, channel, message, call.bot.id, _changed(call, message))
    shown = message_json(call.workspace, changed)
    return {"channel": channel.id, "ts": message.ts, "text": changed.text, "message": shown}


def _changed(call: ApiCall, message: Message) -> Message:
    """Text alone replaces the blocks; attachments and metadata stay unless they are given."""
    markdown, text = call.text("markdown_text"), call.text("text")
    if len(text) > MAX_UPDATE_TEXT:
        raise SlackError("msg_too_long")
    blocks, attachments = read_blocks(call), read_attachments(call)
    metadata = read_metadata(call)
    if markdown:
        draft = read_draft(call)
        text, blocks = draft.text, list(draft.blocks)
    if not text and blocks is None and attachments is None and not call.words("file_ids"):
        raise SlackError("no_text")
    return replace(
        message,
        text=text or message.text if "text" not in call.args else text,
        blocks=messages.with_ids(blocks) if blocks is not None else ([] if text else message.blocks),
        attachments=attachments if attachments is not None else message.attachments,
        metadata=message.metadata if metadata is None else (metadata or None),
        files=call.words("file_ids") or message.files,
    )


def delete(call: ApiCall) -> JsonObject:
    channel, message = own_message(call, "cant_delete_message")
    messages.delete(call.workspace, channel, message)
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(call: ApiCall) -> JsonObject:
    channel = call.channel()
    message = call.message(channel, "message_ts", missing="message_not_found")
    return {"channel": channel.id, "permalink": call.workspace.permalink(message)}


def schedule(call: ApiCall) -> JsonObject:
    channel = target(call)
    post_at = call.number("post_at", 0)
    now = call.workspace.clock()
    if post_at <= now:
        raise SlackError("time_in_past")
    if post_at - now > MAX_SCHEDULE_SECONDS:
        raise SlackError("time_too_far")
    draft = in_thread(call, channel, read_draft(call))
    workspace = call.workspace
    planned = Scheduled(
        id=random_id("Q"), channel=channel.id, text=draft.text, post_at=post_at, created=workspace.now()
    )
    workspace.scheduled[planned.id] = planned
    workspace.background.start(_post_later(workspace, channel, draft, planned))
    return {
        "channel": channel.id,
        "scheduled_message_id": planned.id,
        "post_at": post_at,
        "message": {"text": draft.text, "type": "delayed_message", "bot_id": call.bot.bot_id, "user": call.bot.id},
    }


async def _post_later(workspace: Workspace, channel: Channel, draft: Draft, planned: Scheduled) -> None:
    await asyncio.sleep(planned.post_at - workspace.clock())
    if workspace.scheduled.pop(planned.id, None) is not None and not channel.is_archived:
        messages.post(workspace, channel, workspace.bot.id, draft)


def delete_scheduled(call: ApiCall) -> JsonObject:
    planned = call.workspace.scheduled.get(call.need("scheduled_message_id", "invalid_scheduled_message_id"))
    if planned is None or planned.channel != call.channel().id:
        raise SlackError("invalid_scheduled_message_id")
    del call.workspace.scheduled[planned.id]
    return {}


def list_scheduled(call: ApiCall) -> JsonObject:
    wanted = call.text("channel")
    found = [one for one in call.workspace.scheduled.values() if wanted in ("", one.channel)]
    page, more = call.page(sorted(found, key=lambda planned: planned.post_at))
    shown = [
        {"id": one.id, "channel_id": one.channel, "post_at": one.post_at, "date_created": one.created, "text": one.text}
        for one in page
    ]
    return {"scheduled_messages": shown, "response_metadata": more}


def unfurl(call: ApiCall) -> JsonObject:
    channel = call.channel()
    message = call.message(channel, "ts", missing="cannot_unfurl_message")
    unfurls = call.object("unfurls", "invalid_unfurls_format")
    if not unfurls:
        raise SlackError("missing_unfurls")
    before = message_json(call.workspace, message)
    known = {attachment.get("from_url") for attachment in message.attachments}
    message.attachments += [
        {**shown, "from_url": url, "app_unfurl_url": url, "is_app_unfurl": True, "id": index}
        for index, (url, shown) in enumerate(unfurls.items(), start=1)
        if url not in known
    ]
    messages.tell_changed(call.workspace, channel, message, before)
    return {}


METHODS: dict[str, Method] = {
    "chat.postMessage": post_message,
    "chat.postEphemeral": post_ephemeral,
    "chat.update": update,
    "chat.delete": delete,
    "chat.getPermalink": get_permalink,
    "chat.scheduleMessage": schedule,
    "chat.deleteScheduledMessage": delete_scheduled,
    "chat.scheduledMessages.list": list_scheduled,
    "chat.unfurl": unfurl,
}
